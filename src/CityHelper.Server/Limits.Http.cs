namespace CityHelper.Server;

/// <content>Bounds of what connections may hold, and of the console's log.</content>
public static partial class Limits
{
    /// <summary>
    /// Bytes of answers that Kestrel buffers for a connection until the socket takes them (its default). A write waits while there are
    /// more, so a client that reads nothing holds these and one more piece of <see cref="Engine.Limits.ResponsePieceBytes"/>.
    /// </summary>
    public const int ConnectionBufferBytes = 64 * 1024;

    /// <summary>
    /// Bytes of answers that the kernel buffers for a connection until its client acknowledges them; Linux takes twice that with its own
    /// bookkeeping. Enough for 20 Mbit/s at a round trip of 100 ms.
    /// </summary>
    public const int SocketSendBytes = 256 * 1024;

    /// <summary>
    /// Client connections at once, unless configured. The largest measured overload had 800. Each may hold 576 kB outside the counted bytes
    /// of answers (<see cref="ConnectionHeldBytes"/>), all together at most <see cref="ConnectionsHeldBytesMax"/>.
    /// </summary>
    public const int HttpConnectionsDefault = 2_000;

    /// <summary>The most connections that a setting may allow. They may hold 58 GB, more than this server's machines have.</summary>
    public const int HttpConnectionsMax = 100_000;

    /// <summary>
    /// Bytes that a connection holds for a client that reads nothing: Kestrel's buffer, and the socket's, which Linux makes twice as large
    /// as configured.
    /// </summary>
    public const int ConnectionHeldBytes = ConnectionBufferBytes + 2 * SocketSendBytes;

    /// <summary>
    /// Bytes that all connections may hold so, unless configured: what a machine of 4 GB has left beside PostgreSQL. The minimum rate
    /// bounds for how long (<see cref="ResponseBytesPerSecondMin"/>).
    /// </summary>
    public const long ConnectionsHeldBytesMax = 1_200_000_000;

    /// <summary>
    /// Bytes a second that a client must read of an answer that does not fit its socket (<see cref="SocketSendBytes"/>, more than any
    /// answer to our clients): 0.5 Mbit/s. Smaller answers are not held, and may be read as slowly as a link is. Kestrel's default of 240
    /// let 60 connections hold 1.9 GB for as long as they liked (measured). Kestrel counts what it gave to the socket since the answer
    /// began, so a client that stops reading is cut off after some 12 s. Over HTTP/2 it counts the connection as a whole;
    /// <see cref="Engine.Limits.ResponseTimeoutMs"/> alone bounds what waits for a stream's window.
    /// </summary>
    public const int ResponseBytesPerSecondMin = 64 * 1024;

    /// <summary>How long a client may be slower than that, such as a phone that changes its cell (Kestrel's default).</summary>
    public static readonly TimeSpan ResponseRateGrace = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Streams of an HTTP/2 connection at once: RFC 9113, 6.5.2, recommends no fewer than 100, and a proxy sends the requests of many
    /// clients over one connection.
    /// </summary>
    public const int Http2StreamsMax = 100;

    /// <summary>
    /// Bytes of a request body that a stream may send before they are read: half of the largest body, which then arrives in two windows.
    /// </summary>
    public const int Http2StreamWindowBytes = Engine.Limits.RequestBytesMax / 2;

    /// <summary>
    /// Bytes of request bodies that a connection may send before they are read: the sum over all its streams. Kestrel's default is a
    /// megabyte.
    /// </summary>
    public const int Http2ConnectionWindowBytes = 2 * Engine.Limits.RequestBytesMax;

    /// <summary>Silence after which an HTTP/2 connection is pinged; a client that is gone still holds what was sent to it.</summary>
    public static readonly TimeSpan Http2PingDelay = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Bytes of answers held at once after which memory is returned once they are gone: three of the largest answers, or 150 of our
    /// clients' largest.
    /// </summary>
    public const int MemoryTrimBytes = 32 * 1024 * 1024;

    /// <summary>
    /// Time between two checks whether memory can be returned. It is returned after one or two checks without much held: within a minute
    /// after an attack, and attacks in waves cost at most one collection (100 ms) in that time.
    /// </summary>
    public static readonly TimeSpan MemoryTrimInterval = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Bytes by which the process may grow after a trim: what some hundred connections or a few large geometries leave behind.
    /// </summary>
    public const int MemoryTrimGrowthBytes = 16 * 1024 * 1024;

    /// <summary>The longest time between two collections where the load needs the memory: 100 ms in an hour are negligible.</summary>
    public static readonly TimeSpan MemoryTrimWaitMax = TimeSpan.FromHours(1);

    /// <summary>Characters of one line of the console's log: the longest statements have some 10,000.</summary>
    public const int LogLineCharsMax = 16 * 1024;

    /// <summary>Lines of an exception in the console's log: our deepest stacks have 60.</summary>
    public const int LoggedExceptionLinesMax = 100;

    private static void VerifyConnections()
    {
        Check(
            Engine.Limits.ResponseMemoryOrdinaryBytes <= (long)ResponseBytesPerSecondMin * Engine.Limits.ResponseTimeoutMs / 1_000,
            "an ordinary answer must be whole in time at the lowest rate");
        Check(
            ResponseRateGrace + TimeSpan.FromSeconds(3 * SocketSendBytes / ResponseBytesPerSecondMin)
                < TimeSpan.FromMilliseconds(Engine.Limits.ResponseTimeoutMs),
            "the rate must cut off who reads nothing before the total time does");
        Check(Engine.Limits.ResponseMemoryOrdinaryBytes <= SocketSendBytes, "an ordinary answer must fit its socket");
        Check(
            (long)HttpConnectionsDefault * ConnectionHeldBytes <= ConnectionsHeldBytesMax,
            "what readers of all connections hold in buffers must fit the machine");
        Check(HttpConnectionsDefault <= HttpConnectionsMax, "the default must be a value that the setting may have");
        Check(Http2StreamWindowBytes <= Http2ConnectionWindowBytes, "one stream must not need more than its connection has");
    }

    /// <summary>
    /// How long the server may take to stop: its subscriptions end within <see cref="Engine.Limits.DrainTimeMax"/>, and requests that run
    /// then have their <see cref="Engine.Limits.RequestTimeoutMs"/>. Orchestrators usually wait 30 s.
    /// </summary>
    public static readonly TimeSpan ShutdownTime =
        Engine.Limits.DrainTimeMax + TimeSpan.FromMilliseconds(Engine.Limits.RequestTimeoutMs);

    /// <summary>How long a command may take to end by itself: the server's own time, and what closing connections takes.</summary>
    public static readonly TimeSpan TerminationTime = ShutdownTime + TimeSpan.FromSeconds(5);
}
