using System.Diagnostics;
using CityHelper.Data.Changes;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.Server.Changes;
using CityHelper.Server.Redis;
using StackExchange.Redis;
using Xunit;

namespace CityHelper.IntegrationTests.Redis;

/// <summary>The copy of the log when its Redis is away, hangs, is full, or has lost its end.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ChangeStreamOutageTests
{
    private const short City = StreamServer.City;

    // Far beyond every tested limit: it only keeps a broken test from hanging.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    // The guard, and what a busy machine adds.
    private static readonly TimeSpan s_guard = TimeSpan.FromMilliseconds(4 * Server.Limits.RedisCallMs);

    // An event is the same one, whenever a copier reads it.
    private static readonly DateTimeOffset s_numbered = TimeProvider.System.GetUtcNow();

    [Fact]
    public async Task Of_a_Redis_that_hangs_or_is_away_every_answer_is_null_within_the_guard()
    {
        await using RedisInstance redis = await RedisInstance.StartAsync("--ephemeral");
        await using StreamServer server = await StreamServer.OpenAsync(redis.ConnectionString, TimeProvider.System);
        Assert.True(await server.Stream.ResetAsync(City, default, Events(1, 1), CancellationToken.None));

        await redis.HangAsync();
        await AssertAwayAsync(server.Stream);
        await redis.GoOnAsync();
        await redis.KillAsync();
        await AssertAwayAsync(server.Stream);
    }

    [Fact]
    public async Task A_listener_hears_nudges_of_a_Redis_that_came_later_and_of_one_that_came_back()
    {
        await using RedisInstance redis = await RedisInstance.StartAsync("--ephemeral");
        await redis.KillAsync();
        await using StreamServer server = await StreamServer.OpenAsync(redis.ConnectionString, TimeProvider.System);
        using var patience = new CancellationTokenSource(s_patience);
        await using IAsyncEnumerator<short> nudges =
            new ChangeNudges(server.Connection, TimeProvider.System).ListenAsync(patience.Token).GetAsyncEnumerator(patience.Token);
        Task<bool> first = nudges.MoveNextAsync().AsTask();
        await redis.StartAgainAsync();
        await PublishUntilAsync(redis, first, patience.Token);
        Assert.Equal(City, nudges.Current);

        await redis.KillAsync();
        await redis.StartAgainAsync();
        while (true)
        {
            // Those that were waiting come first.
            Task<bool> next = nudges.MoveNextAsync().AsTask();
            bool waited = next.IsCompleted;
            await PublishUntilAsync(redis, next, patience.Token);
            if (!waited)
            {
                break;
            }
        }
    }

    [Fact]
    public async Task Of_a_file_whose_end_is_cut_the_tail_is_lower_and_a_copier_goes_on_from_there()
    {
        await using RedisInstance redis = await RedisInstance.StartAsync();
        long length;
        await using (StreamServer before = await StreamServer.OpenAsync(redis.ConnectionString, TimeProvider.System))
        {
            Assert.True(await Answers.OfAsync(() => before.Stream.ResetAsync(City, default, Events(1, 10), CancellationToken.None)));
            for (int n = 11; n <= 40; n++)
            {
                ChangeEvent[] next = Events(n, n);
                Assert.Equal(
                    StreamAppend.Done, await Answers.OfAsync(() => StreamServer.AppendAsync(before.Stream, next)));
            }

            await redis.KillAsync();
            length = redis.CutFile(3_000);
        }

        Assert.True(length > 3_000);
        await redis.StartAgainAsync();
        await using StreamServer server = await StreamServer.OpenAsync(redis.ConnectionString, TimeProvider.System);
        StreamTail tail = await Answers.OfAsync(() => server.Stream.TailAsync(City, CancellationToken.None));
        Assert.InRange(tail.Number, 10, 39);
        Assert.Equal(StreamAppend.Gap, await StreamServer.AppendAsync(server.Stream, Events(41, 41)));
        Assert.Equal(StreamAppend.Done, await StreamServer.AppendAsync(server.Stream, Events(tail.Number + 1, 41)));
        IReadOnlyDictionary<short, IReadOnlyList<ChangeEvent>> read = (await server.Stream.ReadAsync(
            new Dictionary<short, StreamTail> { [City] = default }, 100, CancellationToken.None))!;
        Assert.Equal(1L.To(41), read[City].Select(change => change.Number));
    }

    [Fact]
    public async Task A_full_Redis_takes_no_event_is_read_and_has_no_hole_afterwards()
    {
        await using RedisInstance redis = await RedisInstance.StartAsync("--ephemeral");
        await using ConnectionMultiplexer admin = await RedisConnection.ConnectAsync($"{redis.ConnectionString},allowAdmin=true");
        await using StreamServer server = await StreamServer.OpenAsync(redis.ConnectionString, TimeProvider.System);
        await server.Stream.ResetAsync(City, default, Events(1, 5), CancellationToken.None);

        await admin.GetServers()[0].ConfigSetAsync("maxmemory", "1");
        Assert.Null(await StreamServer.AppendAsync(server.Stream, Events(6, 8)));
        Assert.Equal(new StreamTail(1, 5), await server.Stream.TailAsync(City, CancellationToken.None));

        await admin.GetServers()[0].ConfigSetAsync("maxmemory", "100mb");
        Assert.Equal(StreamAppend.Done, await StreamServer.AppendAsync(server.Stream, Events(6, 8)));
    }

    private static ChangeEvent[] Events(long from, long to) => StreamServer.Events(1, from, to, s_numbered);

    private static async Task AssertAwayAsync(RedisChangeStream stream)
    {
        long start = Stopwatch.GetTimestamp();
        Assert.Null(await stream.TailAsync(City, CancellationToken.None));
        Assert.Null(await StreamServer.AppendAsync(stream, Events(2, 2)));
        Assert.Null(await stream.ResetAsync(City, new(1, 1), Events(2, 2), CancellationToken.None));
        Assert.Null(await stream.ReadAsync(new Dictionary<short, StreamTail> { [City] = default }, 10, CancellationToken.None));
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, s_guard);
    }

    private static async Task PublishUntilAsync(RedisInstance redis, Task<bool> nudged, CancellationToken patience)
    {
        await using ConnectionMultiplexer connection = await RedisConnection.ConnectAsync(redis.ConnectionString);
        while (!nudged.IsCompleted)
        {
            await connection.GetSubscriber().PublishAsync(RedisChannel.Literal(ChangeNudges.Channel), (int)City);
            await Task.WhenAny(nudged, Task.Delay(TimeSpan.FromMilliseconds(20), patience));
            patience.ThrowIfCancellationRequested();
        }

        Assert.True(await nudged);
    }
}
