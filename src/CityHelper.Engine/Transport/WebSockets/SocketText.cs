using System.Text;
using System.Text.Json;

namespace CityHelper.Engine.Transport.WebSockets;

/// <summary>
/// The messages of a server, as JSON. Those about an operation are a head, which is made once, then a payload and a bracket.
/// </summary>
internal static class SocketText
{
    /// <summary>The client is known, and may ask.</summary>
    public static ReadOnlyMemory<byte> Ack { get; } = """{"type":"connection_ack"}"""u8.ToArray();

    /// <summary>Asks for a sign of life.</summary>
    public static ReadOnlyMemory<byte> Ping { get; } = """{"type":"ping"}"""u8.ToArray();

    /// <summary>Ends a message that began with a head.</summary>
    public static ReadOnlyMemory<byte> End { get; } = "}"u8.ToArray();

    /// <summary>The answer to a ping, with its payload.</summary>
    public static ReadOnlyMemory<byte> Pong(JsonElement payload) => Encoding.UTF8.GetBytes(
        payload.ValueKind == JsonValueKind.Undefined ? """{"type":"pong"}""" : $$"""{"type":"pong","payload":{{payload.GetRawText()}}}""");

    /// <summary>The end of an operation, whole.</summary>
    public static ReadOnlyMemory<byte> Complete(string id) => Encoding.UTF8.GetBytes($$"""{"id":{{Quoted(id)}},"type":"complete"}""");

    /// <summary>The beginning of a result, up to its payload.</summary>
    public static byte[] Next(string id) => Head(id, "next");

    /// <summary>The beginning of a refusal, up to its payload: the array of errors.</summary>
    public static byte[] Error(string id) => Head(id, "error");

    private static byte[] Head(string id, string type) => Encoding.UTF8.GetBytes($$"""{"id":{{Quoted(id)}},"type":"{{type}}","payload":""");

    private static string Quoted(string id) => $"\"{JsonEncodedText.Encode(id)}\"";
}
