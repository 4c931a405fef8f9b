using CityHelper.Engine.Documents;
using StackExchange.Redis;

namespace CityHelper.Server.Operations;

/// <summary>
/// The Redis keys of operations. A published operation is a string without a time to live: its key is its id, its value its text.
/// HotChocolate's store keeps them the same way, so either can read what the other wrote. A hash beside it holds its clients.
/// </summary>
internal static class OperationKeys
{
    private const int IdChars = 64;

    /// <summary>A Redis glob that matches the ids among all keys.</summary>
    public static readonly string IdPattern = string.Concat(Enumerable.Repeat("[0-9a-f]", IdChars));

    /// <summary>Whether a text can be an id. Nothing else is ever looked up: clients must not name other keys.</summary>
    public static bool IsId(string text) => text.Length == IdChars && text.All(char.IsAsciiHexDigitLower);

    /// <summary>The hash beside a published text: its fields are the clients, its values the operation's name.</summary>
    public static RedisKey Clients(string id) => $"operation:{id}";

    /// <summary>A text that a client registered.</summary>
    public static RedisKey Registered(string id) => $"apq:{id}";

    /// <summary>The set of ids whose texts a client sent on a UTC day. It counts against the client's quota.</summary>
    public static RedisKey RegisteredOn(string client, DateOnly day) => $"apq-texts:{client}:{day:yyyy-MM-dd}";

    /// <summary>The text in a value; null when its hash is not the id.</summary>
    public static string? TextOf(string id, RedisValue value) =>
        (string?)value is { } text && OperationCompiler.IdOf(text) == id ? text : null;

    /// <summary>Reads the value of a key, up to a limit. A key that holds no string counts as missing.</summary>
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
