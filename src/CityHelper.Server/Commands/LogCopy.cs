using CityHelper.Data.Changes;
using CityHelper.Server.Changes;
using CityHelper.Server.Redis;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using StackExchange.Redis;

namespace CityHelper.Server.Commands;

/// <summary>The copies of change logs in Redis, for commands.</summary>
internal sealed class LogCopy : IAsyncDisposable
{
    private readonly RedisConnection _redis;
    private readonly RedisChangeStream _stream;

    private LogCopy(RedisConnection redis, RedisChangeStream stream)
    {
        _redis = redis;
        _stream = stream;
    }

    /// <summary>Connects.</summary>
    /// <exception cref="CommandException">No Redis is configured.</exception>
    public static async Task<LogCopy> OpenAsync(CommandHost host, NpgsqlDataSource database)
    {
        // Says why it fails, which the guarded connection of servers does not.
        await using (ConnectionMultiplexer check = await host.OpenRedisAsync())
        {
        }

        var redis = new RedisConnection(
            host.RedisConnectionString!, host.Time, NullLogger<RedisConnection>.Instance, Limits.RedisCommandMs);
        await redis.StartAsync(CancellationToken.None);
        return new(redis, new(redis, new CityNames(database, host.Time), host.Time, NullLogger<RedisChangeStream>.Instance));
    }

    /// <summary>All events of a city's copy.</summary>
    /// <exception cref="CommandException">Redis does not answer.</exception>
    public async Task<IReadOnlyList<ChangeEvent>> ReadAsync(short city, CancellationToken cancellation)
    {
        var events = new List<ChangeEvent>();
        StreamTail position = default;
        while (true)
        {
            IReadOnlyDictionary<short, IReadOnlyList<ChangeEvent>> read = await _stream.ReadAsync(
                new Dictionary<short, StreamTail> { [city] = position }, Limits.StreamReadEvents, cancellation) ?? throw Away();
            if (!read.TryGetValue(city, out IReadOnlyList<ChangeEvent>? next))
            {
                return events;
            }

            events.AddRange(next);
            position = new(next[^1].Epoch, next[^1].Number);
        }
    }

    /// <summary>Begins a city's copy anew with the recent events of its log.</summary>
    /// <returns>How many; null when a server wrote to it meanwhile.</returns>
    /// <exception cref="CommandException">Redis does not answer.</exception>
    public async Task<int?> BeginAnewAsync(short city, ChangeLog log, CancellationToken cancellation)
    {
        StreamTail seen = await _stream.TailAsync(city, cancellation) ?? throw Away();
        IReadOnlyList<ChangeEvent> recent = ChangeRuns.Newest(await log.ReadRecentAsync(
            city, Data.Limits.RecentChangesKept, Limits.StreamEventsMax, cancellation));
        if (recent.Count == 0)
        {
            return 0;
        }

        return await _stream.ResetAsync(city, seen, recent, cancellation) switch
        {
            true => recent.Count,
            false => null,
            null => throw Away(),
        };
    }

    public ValueTask DisposeAsync() => _redis.DisposeAsync();

    private static CommandException Away() => new("Redis does not answer.");
}
