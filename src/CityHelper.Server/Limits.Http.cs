namespace CityHelper.Server;

/// <content>What connections may hold of the server, and logs of the disk.</content>
public static partial class Limits
{
    /// <summary>
    /// Bytes of answers that Kestrel keeps for a connection until the socket takes them (its default). A write waits while there are more,
    /// so a reader who reads nothing holds these and one more piece of <see cref="Engine.Limits.ResponsePieceBytes"/>.
    /// </summary>
    public const int ConnectionBufferBytes = 64 * 1024;

    /// <summary>
    /// Bytes of answers that the kernel keeps for a connection until its client has confirmed them; Linux takes twice that with its own
    /// book-keeping. 20 Mbit/s at a round trip of 100 ms.
    /// </summary>
    public const int SocketSendBytes = 256 * 1024;

    /// <summary>
    /// Connections of clients at once, unless configured: 800 is the most that a rush was measured with, and each of them may hold 576 kB
    /// that no count of answers sees (<see cref="ConnectionHeldBytes"/>), together <see cref="ConnectionsHeldBytesMax"/> at most.
    /// </summary>
    public const int HttpConnectionsDefault = 2_000;

    /// <summary>Connections that a setting may ask for: a machine with the 58 GB that they may hold is none of this server's.</summary>
    public const int HttpConnectionsMax = 100_000;

    /// <summary>
    /// Bytes that a reader who reads nothing holds of a connection: Kestrel's buffer, and the socket's, which Linux makes twice as large as
    /// it is told.
    /// </summary>
    public const int ConnectionHeldBytes = ConnectionBufferBytes + 2 * SocketSendBytes;

    /// <summary>
    /// Bytes that all connections may hold so, unless configured: what a machine of 4 GB has beside PostgreSQL. Nobody holds them for
    /// longer than the rate allows (<see cref="ResponseBytesPerSecondMin"/>).
    /// </summary>
    public const long ConnectionsHeldBytesMax = 1_200_000_000;

    /// <summary>
    /// Bytes a second that a reader must take of an answer that does not fit its socket (<see cref="SocketSendBytes"/>, more than any
    /// answer to our clients): 0.5 Mbit/s. Smaller ones are not held, and may be read as slowly as a link is. Kestrel's default of 240 let
    /// 60 connections hold 1.9 GB for as long as they liked (measured). It counts what was given to the socket since the answer began, so a
    /// reader who stops is cut off after some 12 s; over HTTP/2 it counts the connection as a whole, and what waits for the window of a
    /// stream is bounded by <see cref="Engine.Limits.ResponseTimeoutMs"/> alone.
    /// </summary>
    public const int ResponseBytesPerSecondMin = 64 * 1024;

    /// <summary>How long a reader may be slower than that: a phone that changes its cell (Kestrel's default).</summary>
    public static readonly TimeSpan ResponseRateGrace = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Streams of an HTTP/2 connection at once: no fewer than 100 are recommended (RFC 9113, 6.5.2), and a proxy sends the requests of many
    /// clients over one connection.
    /// </summary>
    public const int Http2StreamsMax = 100;

    /// <summary>
    /// Bytes of a request's body that a stream may send before they are read: half of the largest body, so that it arrives in two windows.
    /// </summary>
    public const int Http2StreamWindowBytes = Engine.Limits.RequestBytesMax / 2;

    /// <summary>
    /// Bytes of bodies that a connection may send before they are read: what all of its streams hold of the server together. Kestrel's
    /// default is a megabyte.
    /// </summary>
    public const int Http2ConnectionWindowBytes = 2 * Engine.Limits.RequestBytesMax;

    /// <summary>
    /// Silence after which an HTTP/2 connection is asked whether its client is there; one that is gone holds what was sent to it.
    /// </summary>
    public static readonly TimeSpan Http2PingDelay = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Bytes of answers, held at once, after which memory is given back when they are gone: three of the largest answers, or 150 of our
    /// clients' largest.
    /// </summary>
    public const int MemoryTrimBytes = 32 * 1024 * 1024;

    /// <summary>
    /// Time between two looks whether memory can be given back: it is after one or two of them without much held, so that what attacks let
    /// go of is back within a minute, and so that attacks in waves cost a collection (100 ms) in so much time at most.
    /// </summary>
    public static readonly TimeSpan MemoryTrimInterval = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Bytes by which the heap may be larger than after it was last trimmed: what some hundred connections or a few large geometries leave
    /// behind.
    /// </summary>
    public const int MemoryTrimGrowthBytes = 16 * 1024 * 1024;

    /// <summary>Time between two collections at most where the load needs the memory: 100 ms in an hour are nothing.</summary>
    public static readonly TimeSpan MemoryTrimWaitMax = TimeSpan.FromHours(1);

    /// <summary>Characters of one line of the console's log: the longest statements have some 10,000.</summary>
    public const int LogLineCharsMax = 16 * 1024;

    /// <summary>Lines of an exception in the console's log: the deepest stacks of ours have 60.</summary>
    public const int LoggedExceptionLinesMax = 100;

    private static void VerifyConnections()
    {
        Check(
            Engine.Limits.ResponseMemoryOrdinaryBytes <= (long)ResponseBytesPerSecondMin * Engine.Limits.ResponseTimeoutMs / 1_000,
            "an ordinary answer must be whole in time at the lowest rate");
        Check(
            ResponseRateGrace + TimeSpan.FromSeconds(3 * SocketSendBytes / ResponseBytesPerSecondMin) < TimeSpan.FromMilliseconds(Engine.Limits.ResponseTimeoutMs),
            "the rate must cut off who reads nothing before the total time does");
        Check(Engine.Limits.ResponseMemoryOrdinaryBytes <= SocketSendBytes, "an ordinary answer must fit its socket");
        Check((long)HttpConnectionsDefault * ConnectionHeldBytes <= ConnectionsHeldBytesMax, "what readers of all connections hold in buffers must fit the machine");
        Check(HttpConnectionsDefault <= HttpConnectionsMax, "the default must be a value that the setting may have");
        Check(Http2StreamWindowBytes <= Http2ConnectionWindowBytes, "one stream must not need more than its connection has");
    }
}
