using CityHelper.Engine.Operations;
using CityHelper.Engine.Telemetry;
using CityHelper.Server.Redis;
using StackExchange.Redis;

namespace CityHelper.Server.Operations;

/// <summary>The operations that servers share through Redis. What is read is held against its id: who can write to Redis can still not make a server run another text.</summary>
public sealed class RedisOperationStore(RedisConnection redis, TimeProvider time, ILogger<RedisOperationStore> logger) : IOperationStore
{
    /// <summary>
    /// One step, or two servers could both count the last one. The text is written before it is counted: a Redis that is full refuses the first write and
    /// ends the script, and then nothing is counted either. Keys: the text's, the count's. Arguments: the text, the quota, seconds of the text, seconds of the count.
    /// </summary>
    private const string RegisterScript = """
        if redis.call('get', KEYS[1]) == ARGV[1] then
          redis.call('expire', KEYS[1], ARGV[3])
          return 1
        end
        if tonumber(redis.call('get', KEYS[2]) or '0') >= tonumber(ARGV[2]) then
          return 0
        end
        redis.call('set', KEYS[1], ARGV[1], 'ex', ARGV[3])
        redis.call('incr', KEYS[2])
        redis.call('expire', KEYS[2], ARGV[4])
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
            // Both are sent before the first answer is waited for.
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

        // Nobody waits for the answer: a text whose life is not prolonged now is so at its next use.
        await redis.TryAsync(
            RedisUse.Write, database => database.KeyExpireAsync(key, Limits.RegisteredTextKept, CommandFlags.FireAndForget), cancellation);
        return text;
    }

    /// <exception cref="ArgumentException">The id is not the text's.</exception>
    public async ValueTask<Registration> RegisterAsync(string client, string id, string text, int quotaPerDay, CancellationToken cancellation)
    {
        if (OperationCompiler.IdOf(text) != id)
        {
            throw new ArgumentException("A text is kept under its own SHA-256 and no other id.", nameof(id));
        }

        RedisKey[] keys = [OperationKeys.Registered(id), OperationKeys.RegistrationCount(client, DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime))];
        RedisValue[] arguments = [text, quotaPerDay, (long)Limits.RegisteredTextKept.TotalSeconds, (long)Limits.RegistrationCountKept.TotalSeconds];
        (bool answered, RedisResult? kept) = await redis.TryAsync(
            RedisUse.Write, database => database.ScriptEvaluateAsync(RegisterScript, keys, arguments), cancellation);
        return !answered ? Registration.Unavailable
            : (bool)kept! ? Registration.Kept
            : Registration.QuotaExceeded;
    }

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

/// <summary>The log messages of the shared operations. Ids: 2200.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(2200, LogLevel.Error, "The value of {Key} in Redis is not the text of its id: it is not run. Somebody else has written it; delete the key")]
    public static partial void OperationTampered(ILogger logger, LogText key);
}
