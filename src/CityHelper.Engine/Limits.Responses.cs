namespace CityHelper.Engine;

/// <content>What answers may hold of the server while they are made and read.</content>
public static partial class Limits
{
    /// <summary>
    /// Bytes that all answers may hold at once: the rows they are made of, the answers themselves, and what of them their readers have not
    /// taken. A server of today has some 200 MB without; 60 connections that read 430 B/s held 1.9 GB before there was a bound (measured).
    /// </summary>
    public const int ResponseMemoryBytes = 128 * 1024 * 1024;

    /// <summary>
    /// The part of it that answers of any size may fill. A handful of the largest does, and is cut off in <see cref="ResponseTimeoutMs"/>;
    /// the rest is for the answers that our clients ask for.
    /// </summary>
    public const int ResponseMemoryForLargeBytes = 96 * 1024 * 1024;

    /// <summary>
    /// The part of it that answers up to <see cref="ResponseMemoryOrdinaryBytes"/> may fill; what is left is for those up to
    /// <see cref="ResponseMemorySmallBytes"/>.
    /// </summary>
    public const int ResponseMemoryForOrdinaryBytes = 112 * 1024 * 1024;

    /// <summary>Bytes that an ordinary answer holds: the largest page of our clients is under 200 kB.</summary>
    public const int ResponseMemoryOrdinaryBytes = 256 * 1024;

    /// <summary>
    /// Bytes that a small answer holds: a map's page of 50 requests is 10 kB, with its rows beside it while it is assembled 25.
    /// </summary>
    public const int ResponseMemorySmallBytes = 64 * 1024;

    /// <summary>
    /// Bytes that the answers of one connection may hold, all streams of HTTP/2 together: the largest answer once, with its rows beside it
    /// while it is assembled. A connection of a hundred streams held 660 MB before there was a bound (measured).
    /// </summary>
    public const int ConnectionMemoryBytes = 2 * ResponseBytesMax + 4 * 1024 * 1024;

    /// <summary>Seconds after which a client that found no room tries again: who reads nothing at all is cut off within this.</summary>
    public const int ResponseMemoryRetrySeconds = 5;

    /// <summary>
    /// Bytes of the arrays that an answer is made of, and of one write: below the large object heap (85,000), and little enough to be
    /// copied into the transport's buffers for each of a hundred streams.
    /// </summary>
    public const int ResponsePieceBytes = 32 * 1024;

    /// <summary>Bytes of an answer's first array: a list of cities fits, and a page of 50 rows takes three arrays.</summary>
    public const int ResponseFirstBytes = 4 * 1024;

    /// <summary>
    /// Milliseconds from the first byte of an answer that its reader may take; then the connection ends. The largest answer needs 4.5
    /// Mbit/s, an ordinary one of 256 kB needs 70 kbit/s, uncompressed.
    /// </summary>
    public const int ResponseTimeoutMs = 30_000;

    /// <summary>Bytes that are encoded before other requests have a turn on the thread: 5 ms of Brotli at its fastest level.</summary>
    public const int EncodedBytesPerTurn = 1024 * 1024;

    /// <summary>
    /// Characters of one client's text in a log message: a name, an id, a path. What is longer helps nobody, and fills the disk.
    /// </summary>
    public const int LoggedCharsMax = 200;

    /// <summary>Characters of <c>CityHelper-Forms</c>: twenty connections; the names in it are the client's, and may have 64,000.</summary>
    public const int FormsHeaderCharsMax = 1_000;

    private static void VerifyResponses()
    {
        Check(ResponseMemorySmallBytes < ResponseMemoryOrdinaryBytes && ResponseMemoryOrdinaryBytes < ResponseBytesMax, "answers must be told apart by their size");
        Check(ResponseMemoryForLargeBytes < ResponseMemoryForOrdinaryBytes && ResponseMemoryForOrdinaryBytes < ResponseMemoryBytes, "smaller answers must keep a share");
        Check(2 * ResponseBytesMax <= ConnectionMemoryBytes, "a connection must have room for the largest answer and its rows");
        Check(2 * ConnectionMemoryBytes <= ResponseMemoryForLargeBytes, "one connection must not fill what is there for all");
        Check(ResponseFirstBytes <= ResponsePieceBytes && ResponsePieceBytes < 85_000, "arrays must grow, and stay out of the large object heap");
    }
}
