namespace CityHelper.Engine;

/// <content>WebSockets: how many, what one may hold, how long it may be silent.</content>
public static partial class Limits
{
    /// <summary>
    /// WebSockets of a server: as many as subscriptions, since most clients have one of each. Kestrel bounds those of HTTP/1.1 as
    /// connections; a connection of HTTP/2 brings as many as it has streams.
    /// </summary>
    public const int SocketsMax = StreamsMax;

    /// <summary>Operations of a WebSocket at once, subscriptions among them: as many as HTTP/2 has streams. A page has a handful.</summary>
    public const int SocketOperationsMax = 100;

    /// <summary>
    /// Operations of a WebSocket whose last message is not sent yet, ended ones included. While there are more, nothing more is read: a
    /// client that does not read its answers is not asked for more work.
    /// </summary>
    public const int SocketAnswersMax = 2 * SocketOperationsMax;

    /// <summary>Bytes of a WebSocket's buffer while no larger message arrives: a question with its variables.</summary>
    public const int SocketReceiveBytes = 4 * 1024;

    /// <summary>Characters of an operation's id: libraries send a UUID, which has 36.</summary>
    public const int SocketIdCharsMax = 256;

    /// <summary>How long a WebSocket may stay open before its client says who it is; the protocol's own server waits 3 s.</summary>
    public static readonly TimeSpan SocketInitTimeMax = TimeSpan.FromSeconds(10);

    /// <summary>How long the end of a WebSocket may take, until its client has confirmed it: two round trips of a bad link.</summary>
    public static readonly TimeSpan SocketCloseTimeMax = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Pings in a row that may go unanswered: with <see cref="KeepAliveInterval"/> a client that is gone is noticed in 36 s.
    /// </summary>
    public const int SocketPingsMax = 2;

    /// <summary>Bytes of the reason of a close frame (RFC 6455, 5.5: 125 with its code).</summary>
    public const int CloseReasonBytesMax = 123;

    private static void VerifySockets()
    {
        Check(SocketOperationsMax <= SocketAnswersMax, "operations that run must have their answers sent");
        Check(SocketReceiveBytes <= RequestBytesMax, "a buffer must not be larger than the largest message");
        Check(SocketInitTimeMax < KeepAliveInterval, "a client must be known before it is pinged");
    }
}
