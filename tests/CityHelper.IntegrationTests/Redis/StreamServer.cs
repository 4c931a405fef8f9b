using CityHelper.Data.Changes;
using CityHelper.Server.Changes;
using CityHelper.Server.Redis;

namespace CityHelper.IntegrationTests.Redis;

/// <summary>The stream as one server has it, and events to append.</summary>
internal sealed class StreamServer : IAsyncDisposable
{
    /// <summary>The city of the events.</summary>
    public const short City = 7;

    private StreamServer(string redis, TimeProvider time)
    {
        Connection = new RedisConnection(redis, TimeProvider.System, Log.For<RedisConnection>());
        Stream = new RedisChangeStream(Connection, new Names(), time, Log.For<RedisChangeStream>());
    }

    public RedisConnection Connection { get; }

    public RedisChangeStream Stream { get; }

    public StoreFixture.LogLines Log { get; } = new();

    /// <param name="redis">The connection string.</param>
    /// <param name="time">The clock by which old events are removed.</param>
    public static async Task<StreamServer> OpenAsync(string redis, TimeProvider time)
    {
        var server = new StreamServer(redis, time);
        await server.Connection.StartAsync(CancellationToken.None);
        return server;
    }

    /// <summary>Events with numbers one after the other. An event of a place has the same id, whoever makes it.</summary>
    /// <param name="epoch">Their epoch.</param>
    /// <param name="from">The first number.</param>
    /// <param name="to">The last number.</param>
    /// <param name="time">When they were numbered.</param>
    /// <param name="history">Of another history they have other ids.</param>
    public static ChangeEvent[] Events(int epoch, long from, long to, DateTimeOffset time, int history = 0) =>
    [
        .. from.To(to).Select(n => EventExamples.Of(ChangeKind.Bulk) with
        {
            CityId = City,
            Epoch = epoch,
            Number = n,
            EventId = new Guid(epoch, (short)history, 0, BitConverter.GetBytes(n)),
            RecordedAt = time.UtcDateTime,
            NumberedAt = time.UtcDateTime,
        }),
    ];

    /// <summary>Appends events behind the one before the first, as <see cref="Events"/> makes it.</summary>
    public static Task<StreamAppend?> AppendAsync(RedisChangeStream stream, IReadOnlyList<ChangeEvent> events, int history = 0)
    {
        ChangeEvent first = events[0];
        ChangeEvent before = Events(first.Epoch, first.Number - 1, first.Number - 1, new(first.NumberedAt), history)[0];
        return stream.AppendAsync(City, before.Identity, events, CancellationToken.None);
    }

    public ValueTask DisposeAsync() => Connection.DisposeAsync();

    private sealed class Names : ICityNames
    {
        public ValueTask<string?> FindAsync(short cityId, CancellationToken cancellation) =>
            new(cityId is City or City + 1 ? $"city-{cityId}" : null);

        public ValueTask<IReadOnlyDictionary<short, string>> AllAsync(CancellationToken cancellation) =>
            new(new Dictionary<short, string> { [City] = $"city-{City}" });
    }
}

/// <summary>Calls of a Redis that runs, on a machine so busy that an answer may take longer than a server waits.</summary>
internal static class Answers
{
    /// <summary>Repeats a call until there is an answer.</summary>
    public static async Task<T> OfAsync<T>(Func<Task<T?>> call)
        where T : struct
    {
        for (int i = 0; i < 20; i++)
        {
            if (await call() is { } answer)
            {
                return answer;
            }

            await Task.Delay(Server.Limits.RedisRestMs);
        }

        throw new TimeoutException("Redis does not answer.");
    }
}

/// <summary>Numbers one after the other.</summary>
internal static class Numbers
{
    public static IEnumerable<long> To(this long from, long to)
    {
        for (long n = from; n <= to; n++)
        {
            yield return n;
        }
    }
}
