namespace CityHelper.Server;

/// <summary>Every number that bounds something in the server, with its reason.</summary>
public static class Limits
{
    /// <summary>
    /// Milliseconds that a request waits for Redis. A call takes one on a good day; one that takes this long says that Redis is in trouble, and
    /// what is asked of it can be done without.
    /// </summary>
    public const int RedisCallMs = 500;

    /// <summary>Milliseconds for which nothing is asked of a Redis that let a call wait: else every request would wait, and calls pile up.</summary>
    public const int RedisRestMs = 1_000;

    /// <summary>Milliseconds that connecting may take. A server that starts waits for it once.</summary>
    public const int RedisConnectMs = 1_000;

    /// <summary>Milliseconds between two attempts to connect again: about as long as a Redis that was restarted is missed.</summary>
    public const int RedisReconnectMs = 1_000;

    /// <summary>Milliseconds that a verb waits for Redis, to connect as for each call: nobody else waits for it, and it says why it ends.</summary>
    public const int RedisVerbMs = 2_000;

    /// <summary>
    /// How long a text that a client registered is kept after its last use: an app that is opened once a week finds its operations. Redis evicts it
    /// earlier when memory is short.
    /// </summary>
    public static readonly TimeSpan RegisteredTextKept = TimeSpan.FromDays(14);

    /// <summary>How long the count of a day's registrations is kept: the day itself, and clocks of servers that differ.</summary>
    public static readonly TimeSpan RegistrationCountKept = TimeSpan.FromDays(2);

    /// <summary>Keys that one step of a listing looks at in Redis, which does nothing else meanwhile: well under a millisecond.</summary>
    public const int RedisScanKeys = 1_000;

    /// <summary>
    /// Bytes of a value that are read from Redis: the longest document there can be. A longer value is none of ours, and its beginning does not hash
    /// to its id.
    /// </summary>
    public const int StoredTextBytesMax = Engine.Limits.DocumentCharsMax * Utf8BytesPerCharMax;

    /// <summary>
    /// Megabytes that PostgreSQL may use for one sort of a reading statement, and twice that for one table of groups, before it goes to disk: the clusters
    /// of a city of 200,000 requests take 34 at the zoom where they are most, and the default allows 8. It is taken when it is needed and given back at the
    /// statement's end.
    /// </summary>
    public const int WorkMemoryMegabytes = 32;

    /// <summary>
    /// Runs of one operation with different variables, when it is proven: some seconds. Each extreme of each variable comes first, pairs of them take what is left.
    /// </summary>
    public const int ProofTrialsMax = 100;

    /// <summary>Characters of a run's variables that a finding shows: enough to run it again but for a polygon of many corners.</summary>
    public const int ProofVariablesCharsMax = 1_000;

    /// <summary>
    /// Bytes of answers that Kestrel keeps for a connection until the socket takes them (its default). A write waits while there are more, so a reader who reads nothing
    /// holds these and one more piece of <see cref="Engine.Limits.ResponsePieceBytes"/>.
    /// </summary>
    public const int ConnectionBufferBytes = 64 * 1024;

    /// <summary>
    /// Bytes of answers that the kernel keeps for a connection until its client has confirmed them; Linux takes twice that with its own book-keeping. 20 Mbit/s at a round
    /// trip of 100 ms.
    /// </summary>
    public const int SocketSendBytes = 256 * 1024;

    /// <summary>
    /// Bytes a second that a reader must take: a link of 80 kbit/s (EDGE). Kestrel's default of 240 let 60 connections hold 1.9 GB for as long as they liked (measured). It
    /// counts what waits for the socket, over HTTP/2 for the connection as a whole; what waits for the window of a stream is bounded by
    /// <see cref="Engine.Limits.ResponseTimeoutMs"/> alone.
    /// </summary>
    public const int ResponseBytesPerSecondMin = 10 * 1024;

    /// <summary>How long a reader may be slower than that: a phone that changes its cell (Kestrel's default).</summary>
    public static readonly TimeSpan ResponseRateGrace = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Streams of an HTTP/2 connection at once: no fewer than 100 are recommended (RFC 9113, 6.5.2), and a proxy sends the requests of many clients over one connection.
    /// </summary>
    public const int Http2StreamsMax = 100;

    /// <summary>Bytes of a request's body that a stream may send before they are read: half of the largest body, so that it arrives in two windows.</summary>
    public const int Http2StreamWindowBytes = Engine.Limits.RequestBytesMax / 2;

    /// <summary>Bytes of bodies that a connection may send before they are read: what all of its streams hold of the server together. Kestrel's default is a megabyte.</summary>
    public const int Http2ConnectionWindowBytes = 2 * Engine.Limits.RequestBytesMax;

    /// <summary>Silence after which an HTTP/2 connection is asked whether its client is there; one that is gone holds what was sent to it.</summary>
    public static readonly TimeSpan Http2PingDelay = TimeSpan.FromSeconds(30);

    /// <summary>Characters of one line of the console's log: the longest statements have some 10,000.</summary>
    public const int LogLineCharsMax = 16 * 1024;

    /// <summary>Lines of an exception in the console's log: the deepest stacks of ours have 60.</summary>
    public const int LoggedExceptionLinesMax = 100;

    /// <summary>Limits that contradict each other must not start a server.</summary>
    /// <exception cref="InvalidOperationException">A relation between two limits is broken.</exception>
    public static void Verify()
    {
        Check(
            Engine.Limits.ResponseMemoryOrdinaryBytes <= (long)ResponseBytesPerSecondMin * Engine.Limits.ResponseTimeoutMs / 1_000,
            "an ordinary answer must be whole in time at the lowest rate");
        Check(Http2StreamWindowBytes <= Http2ConnectionWindowBytes, "one stream must not need more than its connection has");
    }

    private static void Check(bool holds, string relation)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"CityHelper.Server.Limits contradict each other: {relation}.");
        }
    }

    private const int Utf8BytesPerCharMax = 3;
}
