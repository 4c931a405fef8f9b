using System.Text;

namespace CityHelper.Engine.Transport.WebSockets;

/// <summary>
/// Why a WebSocket ends, as its client reads it. The codes are those of graphql-transport-ws and of RFC 6455. The npm client graphql-ws
/// comes back by itself after 1001, 1012 to 1014, 4403 and 4408; all others are final for it.
/// </summary>
internal sealed record SocketClose
{
    /// <param name="code">1000 to 4999.</param>
    /// <param name="reason">What went wrong, and what to do; cut at <see cref="Limits.CloseReasonBytesMax"/>.</param>
    public SocketClose(int code, string reason) => (Code, Reason) = (code, Shortened(reason));

    /// <summary>The code of the close frame.</summary>
    public int Code { get; }

    /// <summary>The text of the close frame.</summary>
    public string Reason { get; }

    /// <summary>The client asked for no protocol that is spoken here.</summary>
    public static SocketClose SubprotocolNotAcceptable { get; } = new(4406, "Subprotocol not acceptable");

    /// <summary>The client did not say in time who it is.</summary>
    public static SocketClose InitTimeout { get; } = new(4408, "Connection initialisation timeout");

    /// <summary>The client said twice who it is.</summary>
    public static SocketClose TooManyInits { get; } = new(4429, "Too many initialisation requests");

    /// <summary>The client asked before it said who it is.</summary>
    public static SocketClose Unauthorized { get; } = new(4401, "Unauthorized");

    /// <summary>No client has the key that was sent.</summary>
    public static SocketClose KeyUnknown { get; } = new(4401, "Unauthorized: no client has this `apiKey`. Send another, or none");

    /// <summary>The right to a subscription has expired; the client comes back and is asked for it anew.</summary>
    public static SocketClose Forbidden { get; } = new(4403, "Forbidden");

    /// <summary>The server stops; the client comes back, to another one.</summary>
    public static SocketClose ServiceRestart { get; } = new(1012, "Service restart");

    /// <summary>The server has no room for it now; the client comes back later.</summary>
    public static SocketClose TryAgainLater { get; } = new(1013, "Try again later");

    /// <summary>
    /// No ping was answered. Whoever still hears it should come back, and nobody else will: so a code after which clients retry, and none
    /// of the protocol's own, which mean something else.
    /// </summary>
    public static SocketClose PingsUnanswered { get; } = new(1001, "No ping was answered: send a pong for each");

    /// <summary>A message is too large.</summary>
    public static SocketClose MessageTooLarge { get; } = new(1009, $"Message too large: send at most {Limits.RequestBytesMax} bytes");

    /// <summary>A failure of the server.</summary>
    public static SocketClose Unexpected { get; } = new(4500, "Internal server error");

    /// <summary>The client starts an operation under the id of one that runs.</summary>
    public static SocketClose IdTaken(string id) => new(4409, $"Subscriber for {Cut(id, 60)} already exists");

    /// <summary>A message is not one of the protocol.</summary>
    public static SocketClose BadRequest(string reason) => new(4400, reason);

    private static string Shortened(string reason)
    {
        string cut = Cut(reason, Limits.CloseReasonBytesMax);
        return cut.Length == reason.Length ? reason : cut;
    }

    // Whole characters, so that the bytes are UTF-8.
    private static string Cut(string text, int bytesMax)
    {
        int bytes = 0;
        int chars = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > bytesMax)
            {
                break;
            }

            chars += rune.Utf16SequenceLength;
        }

        return text[..chars];
    }
}
