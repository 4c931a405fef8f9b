using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Telemetry;
using CityHelper.Server.Redis;
using CityHelper.Server.Telemetry;
using StackExchange.Redis;

namespace CityHelper.Server.Operations;

/// <summary>
/// The operations that servers share through Redis. Each text is checked against its id: write access to Redis cannot make a server run
/// another text.
/// </summary>
public sealed class RedisOperationStore(RedisConnection redis, TimeProvider time, ILogger<RedisOperationStore> logger) : IOperationStore
{
    /// <summary>
    /// Counts a text. The ids of a client's day are a set as large as its quota, so a text counts once, whichever server receives it. Keys:
    /// the set. Arguments: the id, the quota, the seconds that the set lives.
    /// </summary>
    private const string CountScript = """
        if redis.call('sismember', KEYS[1], ARGV[1]) == 1 then
          return 1
        end
        if redis.call('scard', KEYS[1]) >= tonumber(ARGV[2]) then
          return 0
        end
        redis.call('sadd', KEYS[1], ARGV[1])
        redis.call('expire', KEYS[1], ARGV[3])
        return 1
        """;

    /// <summary>
    /// One step; otherwise two servers could both count the last text of the quota. The text is written before it is counted: a full Redis
    /// refuses the first write and ends the script, so nothing is counted either. Keys: the set, the text's key. Arguments: as above, the
    /// text, the seconds that it lives.
    /// </summary>
    private const string RegisterScript = """
        if redis.call('get', KEYS[2]) == ARGV[4] then
          redis.call('expire', KEYS[2], ARGV[5])
          return 1
        end
        local counted = redis.call('sismember', KEYS[1], ARGV[1]) == 1
        if not counted and redis.call('scard', KEYS[1]) >= tonumber(ARGV[2]) then
          return 0
        end
        redis.call('set', KEYS[2], ARGV[4], 'ex', ARGV[5])
        if not counted then
          redis.call('sadd', KEYS[1], ARGV[1])
          redis.call('expire', KEYS[1], ARGV[3])
        end
        return 1
        """;

    public async ValueTask<StoredOperation?> FindPublishedAsync(string id, CancellationToken cancellation)
    {
        if (!OperationKeys.IsId(id))
        {
            return null;
        }

        (_, (RedisValue value, HashEntry[]? clients)) = await redis.TryAsync(RedisUse.Read, async database =>
        {
            // Sends both calls before it waits for the first answer.
            Task<RedisValue> text = OperationKeys.ReadAsync(database, id);
            Task<HashEntry[]> known = database.HashGetAllAsync(OperationKeys.Clients(id));
            return (await text, await known);
        }, cancellation);
        if (Verified(id, id, value) is not { } text)
        {
            return null;
        }

        HashEntry first = (clients ?? []).OrderBy(entry => (string?)entry.Name, StringComparer.Ordinal).FirstOrDefault();
        return new StoredOperation(id, (string?)first.Value ?? "", (string?)first.Name ?? "", text);
    }

    public async ValueTask<string?> FindRegisteredAsync(string id, CancellationToken cancellation)
    {
        if (!OperationKeys.IsId(id))
        {
            return null;
        }

        RedisKey key = OperationKeys.Registered(id);
        (_, RedisValue value) = await redis.TryAsync(RedisUse.Read, database => OperationKeys.ReadAsync(database, key), cancellation);
        if (Verified(id, key, value) is not { } text)
        {
            return null;
        }

        // Not awaited: a text whose expiry is not extended now is extended at its next use.
        await redis.TryAsync(
            RedisUse.Write, database => database.KeyExpireAsync(key, Limits.RegisteredTextKept, CommandFlags.FireAndForget), cancellation);
        return text;
    }

    public ValueTask<Registration> CountAsync(string client, string id, int quotaPerDay, CancellationToken cancellation) =>
        RunAsync(CountScript, [CountKey(client)], CountArguments(id, quotaPerDay), cancellation);

    /// <exception cref="ArgumentException">The id is not the text's.</exception>
    public ValueTask<Registration> RegisterAsync(string client, string id, string text, int quotaPerDay, CancellationToken cancellation) =>
        OperationCompiler.IdOf(text) == id
            ? RunAsync(
                RegisterScript,
                [CountKey(client), OperationKeys.Registered(id)],
                [.. CountArguments(id, quotaPerDay), text, (long)Limits.RegisteredTextKept.TotalSeconds],
                cancellation)
            : throw new ArgumentException("A text is kept under its own SHA-256 and no other id.", nameof(id));

    private async ValueTask<Registration> RunAsync(string script, RedisKey[] keys, RedisValue[] arguments, CancellationToken cancellation)
    {
        (bool answered, RedisResult? kept) = await redis.TryAsync(
            RedisUse.Write, database => database.ScriptEvaluateAsync(script, keys, arguments), cancellation);
        return !answered ? Registration.Unavailable
            : (bool)kept! ? Registration.Kept
            : Registration.QuotaExceeded;
    }

    private RedisKey CountKey(string client) => OperationKeys.RegisteredOn(client, DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime));

    private static RedisValue[] CountArguments(string id, int quotaPerDay) =>
        [id, quotaPerDay, (long)Limits.RegistrationCountKept.TotalSeconds];

    private string? Verified(string id, RedisKey key, RedisValue value)
    {
        if (value.IsNullOrEmpty)
        {
            return null;
        }

        string? text = OperationKeys.TextOf(id, value);
        if (text is null)
        {
            LogMessages.OperationTampered(logger, key.ToString());
        }

        return text;
    }
}

/// <summary>The log messages of the shared operations.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(EventIds.OperationTampered, LogLevel.Error,
        "The value of {Key} in Redis is not the text of its id: it is not run. Somebody else has written it; delete the key")]
    public static partial void OperationTampered(ILogger logger, LogText key);
}
