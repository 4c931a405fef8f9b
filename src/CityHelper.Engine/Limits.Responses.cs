namespace CityHelper.Engine;

/// <content>How much memory and time responses may take while they are produced and sent.</content>
public static partial class Limits
{
    /// <summary>
    /// Bytes that all responses may hold at once: their rows, the responses themselves, and what clients have not yet read of them. Without
    /// any, the server takes some 200 MB. 60 connections that read 430 B/s held 1.9 GB before there was a limit (measured).
    /// </summary>
    public const int ResponseMemoryBytes = 128 * 1024 * 1024;

    /// <summary>
    /// The part of <see cref="ResponseMemoryBytes"/> that responses of any size may fill. A handful of the largest fills it, until
    /// <see cref="ResponseTimeoutMs"/> cuts them off; the rest is for the responses that our clients request.
    /// </summary>
    public const int ResponseMemoryForLargeBytes = 96 * 1024 * 1024;

    /// <summary>
    /// The part that responses up to <see cref="ResponseMemoryOrdinaryBytes"/> may fill; the rest is for those up to
    /// <see cref="ResponseMemorySmallBytes"/>.
    /// </summary>
    public const int ResponseMemoryForOrdinaryBytes = 112 * 1024 * 1024;

    /// <summary>Bytes of an ordinary response; the largest page of our clients is under 200 kB.</summary>
    public const int ResponseMemoryOrdinaryBytes = 256 * 1024;

    /// <summary>Bytes of a small response. A map's page of 50 requests is 10 kB, and 25 kB with its rows while it is assembled.</summary>
    public const int ResponseMemorySmallBytes = 64 * 1024;

    /// <summary>
    /// Bytes that the responses of one connection may hold, all HTTP/2 streams together: the largest response once, with its rows while it
    /// is assembled. A connection of a hundred streams held 660 MB before there was a limit (measured).
    /// </summary>
    public const int ConnectionMemoryBytes = 2 * ResponseBytesMax + 4 * 1024 * 1024;

    /// <summary><c>Retry-After</c> when response memory is full: a client that reads nothing is cut off within these seconds.</summary>
    public const int ResponseMemoryRetrySeconds = 5;

    /// <summary>
    /// Bytes of the arrays that make up a response, and of one write: below the large object heap (85,000), and small enough to be copied
    /// into the transport's buffers for each of a hundred streams.
    /// </summary>
    public const int ResponsePieceBytes = 32 * 1024;

    /// <summary>Bytes of a response's first array: a list of cities fits, and a page of 50 rows takes three arrays.</summary>
    public const int ResponseFirstBytes = 4 * 1024;

    /// <summary>
    /// Milliseconds that a client may take to read a response, from its first byte; then the connection ends. Uncompressed, the largest
    /// response needs 4.5 Mbit/s, an ordinary one of 256 kB needs 70 kbit/s.
    /// </summary>
    public const int ResponseTimeoutMs = 30_000;

    /// <summary>Bytes that are compressed before other requests get a turn on the thread: 5 ms of Brotli at its fastest level.</summary>
    public const int EncodedBytesPerTurn = 1024 * 1024;

    /// <summary>
    /// Characters of one text of a client in a log message, such as a name, an id or a path. Longer ones help nobody and fill the disk.
    /// </summary>
    public const int LoggedCharsMax = 200;

    /// <summary>Characters of <c>CityHelper-Access-Paths</c>: twenty connections. It holds the client's names, of up to 64,000.</summary>
    public const int AccessPathsHeaderCharsMax = 1_000;

    private static void VerifyResponses()
    {
        Check(
            ResponseMemorySmallBytes < ResponseMemoryOrdinaryBytes && ResponseMemoryOrdinaryBytes < ResponseBytesMax,
            "the size classes must increase");
        Check(
            ResponseMemoryForLargeBytes < ResponseMemoryForOrdinaryBytes && ResponseMemoryForOrdinaryBytes < ResponseMemoryBytes,
            "smaller answers must keep a share");
        Check(2 * ResponseBytesMax <= ConnectionMemoryBytes, "a connection must have room for the largest answer and its rows");
        Check(2 * ConnectionMemoryBytes <= ResponseMemoryForLargeBytes, "a connection's limit must be below the server's");
        Check(
            ResponseFirstBytes <= ResponsePieceBytes && ResponsePieceBytes < 85_000,
            "arrays must grow, and stay out of the large object heap");
    }
}
