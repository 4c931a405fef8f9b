using CityHelper.Engine.Documents;
using StackExchange.Redis;

namespace CityHelper.Server.Operations;

/// <summary>
/// What operations are called in Redis. A published one is a string whose key is its id and whose value is its text, without a time to
/// live: as HotChocolate's store keeps them, so that either can read what the other wrote. Beside it stands a hash with its clients.
/// </summary>
internal static class OperationKeys
{
    private const int IdChars = 64;

    /// <summary>Matches the ids among all keys, in the glob of Redis.</summary>
    public static readonly string IdPattern = string.Concat(Enumerable.Repeat("[0-9a-f]", IdChars));

    /// <summary>Whether something can be an id. Nothing else is ever asked for: clients must not name other keys.</summary>
    public static bool IsId(string text) => text.Length == IdChars && text.All(char.IsAsciiHexDigitLower);

    /// <summary>The hash beside a published text: its fields are the clients, its values the operation's name.</summary>
    public static RedisKey Clients(string id) => $"operation:{id}";

    /// <summary>A text that a client registered.</summary>
    public static RedisKey Registered(string id) => $"apq:{id}";

    /// <summary>The set of the ids that a client sent texts of on a day of UTC: what counts against its quota.</summary>
    public static RedisKey RegisteredOn(string client, DateOnly day) => $"apq-texts:{client}:{day:yyyy-MM-dd}";

    /// <summary>The text that a value holds; null when it is not the one of its id.</summary>
    public static string? TextOf(string id, RedisValue value) => (string?)value is { } text && OperationCompiler.IdOf(text) == id ? text : null;

    /// <summary>Reads the value of a key, bounded. A key that holds no string is as one that is not there.</summary>
    public static async Task<RedisValue> ReadAsync(IDatabaseAsync redis, RedisKey key)
    {
        try
        {
            return await redis.StringGetRangeAsync(key, 0, Limits.StoredTextBytesMax);
        }
        catch (RedisServerException other) when (other.Message.StartsWith("WRONGTYPE", StringComparison.Ordinal))
        {
            return RedisValue.Null;
        }
    }
}
