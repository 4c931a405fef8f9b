namespace CityHelper.Engine;

/// <content>Subscriptions: how many, how far behind, how long.</content>
public static partial class Limits
{
    /// <summary>Subscriptions of a server. An idle one takes about 8 kB, so these take half a gigabyte.</summary>
    public const int StreamsMax = 60_000;

    /// <summary>Subscriptions of a client that is known by key, host or name: a sixth of the server's.</summary>
    public const int StreamsOfClientMax = 10_000;

    /// <summary>Subscriptions of all clients that nobody knows: what they leave is for the known ones.</summary>
    public const int StreamsOfDefaultMax = 50_000;

    /// <summary>
    /// New subscriptions in a second. Each is planned, bound and replayed, about a millisecond. 5,000 that come back after a deploy are
    /// admitted in 10 s.
    /// </summary>
    public const int StreamsPerSecond = 500;

    /// <summary>New subscriptions at once: two seconds' worth, for clients that come back together.</summary>
    public const int StreamsBurst = 2 * StreamsPerSecond;

    /// <summary>When to ask again for a stream that was refused: by then a burst is admitted.</summary>
    public const int StreamRetrySeconds = 5;

    /// <summary>Events that wait for a slow reader. More become one RESYNC.</summary>
    public const int StreamEventsMax = 64;

    /// <summary>Bytes of the events that wait for a slow reader; they are shared with other streams. More become one RESYNC.</summary>
    public const int StreamBytesMax = 1 << 20;

    /// <summary>
    /// Bytes of an event: a row with its text and history has 2 to 20 kB. Of a larger one the row is left out, and an error says so.
    /// </summary>
    public const int EventBytesMax = 128 << 10;

    /// <summary>Missed changes that are replayed. Of more, reading the query again costs less.</summary>
    public const int ReplayedMatchesMax = 1_000;

    /// <summary>
    /// Events of the log that are looked through for what a subscription missed: ten minutes of a city that changes 30 times a second.
    /// </summary>
    public const int ReplayedEventsMax = 20_000;

    /// <summary>Events of the log read at once: a few hundred kilobytes.</summary>
    public const int ReplayPageEvents = 1_000;

    /// <summary>
    /// Replays that read the log in the database at the same time. Those behind them wait <see cref="ReplayWaitMax"/>, then get RESYNC.
    /// </summary>
    public const int ReplaysFromLogMax = 2;

    /// <summary>How long a replay waits for its turn to read the log.</summary>
    public static readonly TimeSpan ReplayWaitMax = TimeSpan.FromSeconds(5);

    /// <summary>Events that a replay makes at once, so that 10,000 that begin together hold few.</summary>
    public const int ReplayChunkEvents = 32;

    /// <summary>How long a place above this server's head is waited for: two pulses, and the reading.</summary>
    public static readonly TimeSpan AheadWaitMax = TimeSpan.FromSeconds(1);

    /// <summary>Rows of events read with one statement.</summary>
    public const int EventRowsMax = 256;

    /// <summary>Selections whose rows are read in one batch, if each needs one statement.</summary>
    public const int EventSelectionsMax = 16;

    /// <summary>Bytes of the events that are kept for those who come back: a minute of 200 events a second of 2 kB.</summary>
    public const int KeptEventBytesMax = 32 << 20;

    /// <summary>How long an event is kept for those who come back: longer than a deploy takes.</summary>
    public static readonly TimeSpan KeptEventTime = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Connections that read for events, beside those of requests: a slow event must not wait for them, nor they for it. Each city reads
    /// in turn.
    /// </summary>
    public const int EventReadsAtOnce = 2;

    /// <summary>
    /// Changes that wait for the dispatcher of a tenant: five minutes of 30 a second. When the database hangs for longer, every
    /// subscription gets RESYNC.
    /// </summary>
    public const int DispatchedChangesMax = 10_000;

    /// <summary>Changes that are dispatched together: their rows are read with one statement.</summary>
    public const int DispatchedTogetherMax = 64;

    /// <summary>RESYNCs of one import or boundary are spread over this time, since each is followed by a query.</summary>
    public static readonly TimeSpan ResyncSpread = TimeSpan.FromSeconds(10);

    /// <summary>Positions of a polygon that a client sends with a subscription: it stays in memory, 100 bytes for each.</summary>
    public const int SubscriptionPositionsMax = 1_000;

    /// <summary>Positions of all polygons that clients sent with their subscriptions: 200 MB.</summary>
    public const int SubscriptionPositionsOfAllMax = 2_000_000;

    /// <summary>Values of a condition's <c>in</c>: a city has some hundred categories.</summary>
    public const int SubscriptionValuesMax = 1_000;

    /// <summary>Requests whose redaction is remembered, so that what was read before it is not sent after it.</summary>
    public const int RedactedRowsMax = 1_000;

    /// <summary>Comments of an idle stream: CloudFront ends an origin's answer after 30 s of silence.</summary>
    public static readonly TimeSpan KeepAliveInterval = TimeSpan.FromSeconds(12);

    /// <summary>How often a quiet stream is told its place, so that it need not resume from an old one.</summary>
    public static readonly TimeSpan PlaceInterval = TimeSpan.FromMinutes(1);

    /// <summary>How long a reader may take nothing of what it is sent.</summary>
    public static readonly TimeSpan StreamTakeTimeMax = TimeSpan.FromSeconds(30);

    /// <summary>When an EventSource is to come back: between these, so that a server's streams do not come all at once.</summary>
    public const int StreamRetryMsMin = 1_000;

    /// <summary>The longest of it.</summary>
    public const int StreamRetryMsMax = 5_000;

    /// <summary>Streams end within this time when the server stops: 60,000 would otherwise come to the others in one moment.</summary>
    public static readonly TimeSpan DrainTimeMax = TimeSpan.FromSeconds(20);
}
