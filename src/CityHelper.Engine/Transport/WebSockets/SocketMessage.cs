using System.Text.Json;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Transport.Http;

namespace CityHelper.Engine.Transport.WebSockets;

/// <summary>What a client may send.</summary>
internal enum SocketMessageType
{
    /// <summary>Who it is; the first message, once.</summary>
    ConnectionInit,

    /// <summary>A sign of life that wants an answer.</summary>
    Ping,

    /// <summary>The answer to a ping.</summary>
    Pong,

    /// <summary>Starts an operation.</summary>
    Subscribe,

    /// <summary>Ends an operation.</summary>
    Complete,
}

/// <summary>A message of a client, checked as far as the protocol says (graphql-transport-ws). Dispose it: it owns its JSON.</summary>
internal sealed class SocketMessage : IDisposable
{
    private static readonly Dictionary<string, SocketMessageType> s_types = new(StringComparer.Ordinal)
    {
        ["connection_init"] = SocketMessageType.ConnectionInit,
        ["ping"] = SocketMessageType.Ping,
        ["pong"] = SocketMessageType.Pong,
        ["subscribe"] = SocketMessageType.Subscribe,
        ["complete"] = SocketMessageType.Complete,
    };

    // What the protocol says of a request. `query` may be missing here: then `id` or a hash names the operation, as over HTTP.
    private static readonly (string Name, JsonValueKind Kind)[] s_members =
    [
        ("query", JsonValueKind.String), ("operationName", JsonValueKind.String), ("variables", JsonValueKind.Object),
        ("extensions", JsonValueKind.Object),
    ];

    private SocketMessage(OperationRequest request) => Request = request;

    /// <summary>What it is.</summary>
    public SocketMessageType Type { get; private set; }

    /// <summary>The id of its operation; empty where it is about none.</summary>
    public string Id { get; private set; } = "";

    /// <summary>Its payload: an object, null or undefined; an object for <see cref="SocketMessageType.Subscribe"/>.</summary>
    public JsonElement Payload { get; private set; }

    /// <summary>Owns the JSON. Of an operation it becomes the request.</summary>
    public OperationRequest Request { get; }

    /// <summary>Reads a message.</summary>
    /// <param name="utf8">Its text; it must not change while the message is used.</param>
    /// <returns>The message; or why it is none of the protocol, which ends the connection.</returns>
    public static (SocketMessage? Message, SocketClose? Wrong) Parse(byte[] utf8)
    {
        var message = new SocketMessage(new OperationRequest());
        string? wrong;
        try
        {
            wrong = message.Read(RequestReader.Parse(message.Request, utf8));
        }
        catch (JsonException)
        {
            wrong = "Invalid JSON: send one message as a JSON object";
        }

        if (wrong is null)
        {
            return (message, null);
        }

        message.Dispose();
        return (null, SocketClose.BadRequest(wrong));
    }

    public void Dispose() => Request.Dispose();

    private string? Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            return "Invalid message: send a JSON object";
        }

        if (!root.TryGetProperty("type", out JsonElement type)
            || type.ValueKind != JsonValueKind.String
            || !s_types.TryGetValue(type.GetString()!, out SocketMessageType known))
        {
            return "Invalid message: `type` is connection_init, ping, pong, subscribe or complete";
        }

        Type = known;
        Payload = root.TryGetProperty("payload", out JsonElement payload) ? payload : default;
        return (known is SocketMessageType.Subscribe or SocketMessageType.Complete ? ReadId(root) : null)
            ?? (known is SocketMessageType.Complete ? null : CheckPayload());
    }

    private string? ReadId(JsonElement root)
    {
        Id = root.TryGetProperty("id", out JsonElement id) && id.ValueKind == JsonValueKind.String ? id.GetString()! : "";
        return Id.Length is 0 or > Limits.SocketIdCharsMax
            ? $"Invalid message: `id` is a string of 1 to {Limits.SocketIdCharsMax} characters"
            : null;
    }

    private string? CheckPayload()
    {
        if (Payload.ValueKind != JsonValueKind.Object)
        {
            bool isAllowed = Type != SocketMessageType.Subscribe && Payload.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;
            return isAllowed ? null : "Invalid message: `payload` is an object";
        }

        return Type switch
        {
            SocketMessageType.Subscribe => s_members
                .Where(member => !Has(member.Name, member.Kind))
                .Select(member => $"Invalid message: `payload.{member.Name}` is {NameOf(member.Kind)}")
                .FirstOrDefault(),
            SocketMessageType.ConnectionInit => SocketClient.Members
                .Where(member => !Has(member, JsonValueKind.String))
                .Select(member => $"Invalid message: `payload.{member}` is {NameOf(JsonValueKind.String)}")
                .FirstOrDefault(),
            _ => null,
        };
    }

    private bool Has(string member, JsonValueKind kind) =>
        !Payload.TryGetProperty(member, out JsonElement value) || value.ValueKind == kind || value.ValueKind == JsonValueKind.Null;

    private static string NameOf(JsonValueKind kind) => kind == JsonValueKind.String ? "a string" : "an object";
}

/// <summary>Who a client says it is, in the payload of <c>connection_init</c>: in place of the headers that browsers cannot send.</summary>
/// <param name="Key">Its API key; null for none.</param>
/// <param name="Name">Its name; null for none.</param>
internal readonly record struct SocketClient(string? Key, string? Name)
{
    private const string KeyMember = "apiKey";
    private const string NameMember = "clientId";

    /// <summary>The members that are read; others are the client's own.</summary>
    public static readonly string[] Members = [KeyMember, NameMember];

    /// <summary>Reads a payload, whose members are strings. An empty one counts as none, like an empty header.</summary>
    public static SocketClient Of(JsonElement payload) => new(Text(payload, KeyMember), Text(payload, NameMember));

    private static string? Text(JsonElement payload, string member) =>
        payload.ValueKind == JsonValueKind.Object
        && payload.TryGetProperty(member, out JsonElement value)
        && value.GetString() is { Length: > 0 } text
            ? text
            : null;
}
