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

    /// <summary>
    /// New subscriptions that wait to be admitted: five seconds' worth. More are refused, since a request may take 10 s. A refusal ends a
    /// whole WebSocket, and the EventSource of a browser for ever.
    /// </summary>
    public const int StreamsWaitingMax = 5 * StreamsPerSecond;

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
    /// Replays that read the database, or more than a page of memory, at the same time. Those behind them wait
    /// <see cref="ReplayWaitMax"/>, then get RESYNC.
    /// </summary>
    public const int ReplaysFromLogMax = 2;

    /// <summary>How long a replay waits for its turn.</summary>
    public static readonly TimeSpan ReplayWaitMax = TimeSpan.FromSeconds(5);

    /// <summary>Events that a replay makes at once, so that 10,000 that begin together hold few.</summary>
    public const int ReplayChunkEvents = 32;

    /// <summary>How long a position above this server's head is waited for: two pulses, and the reading.</summary>
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

    /// <summary>Positions of all polygons and conditions that clients sent with their subscriptions: 200 MB.</summary>
    public const int SubscriptionPositionsOfAllMax = 2_000_000;

    /// <summary>Characters of a condition's values that count as one position of a polygon: both take about 100 bytes.</summary>
    public const int CharsPerPosition = 50;

    /// <summary>
    /// Different selections among the subscriptions of a client: each is read and written by itself for each event. An application has a
    /// handful; a browser tool that asks for anything else has one for each user.
    /// </summary>
    public const int SelectionsOfClientMax = 1_000;

    /// <summary>Characters of a selection's variables, which stay in memory: they are numbers, Booleans, and cursors of 100.</summary>
    public const int SelectionCharsMax = 4_096;

    /// <summary>
    /// Areas that the database tests for the changes that are dispatched together, a statement each: 20 batches, some 40 ms. The
    /// subscriptions of more get RESYNC.
    /// </summary>
    public const int UndecidedAreasMax = 1_000;

    /// <summary>
    /// Selections that may fail one by one behind a batch that has failed: with more the database itself is the cause, and each may take
    /// until its time limit.
    /// </summary>
    public const int EventSelectionFailuresMax = 2;

    /// <summary>Values of a condition's <c>in</c>: a city has some hundred categories.</summary>
    public const int SubscriptionValuesMax = 1_000;

    /// <summary>Requests whose redaction is remembered, so that what was read before it is not sent after it.</summary>
    public const int RedactedRowsMax = 1_000;

    /// <summary>Comments of an idle stream: CloudFront ends an origin's answer after 30 s of silence.</summary>
    public static readonly TimeSpan KeepAliveInterval = TimeSpan.FromSeconds(12);

    /// <summary>How often a quiet stream is told its cursor, so that it need not resume from an old one.</summary>
    public static readonly TimeSpan CursorInterval = TimeSpan.FromMinutes(1);

    /// <summary>How long a reader may take nothing of what it is sent.</summary>
    public static readonly TimeSpan StreamTakeTimeMax = TimeSpan.FromSeconds(30);

    /// <summary>When an EventSource is to come back: between these, so that a server's streams do not come all at once.</summary>
    public const int StreamRetryMsMin = 1_000;

    /// <summary>The longest of it.</summary>
    public const int StreamRetryMsMax = 5_000;

    /// <summary>Streams end within this time when the server stops: 60,000 would otherwise come to the others in one moment.</summary>
    public static readonly TimeSpan DrainTimeMax = TimeSpan.FromSeconds(20);

    /// <summary>How long a stream lives that comes when the server stops: its headers must arrive, over proxies too.</summary>
    public static readonly TimeSpan BrokenStreamTime = TimeSpan.FromSeconds(1);

    private static void VerifySubscriptions()
    {
        Check(EventBytesMax <= StreamBytesMax, "the largest event must fit the queue");
        Check(ReplayedMatchesMax <= ReplayedEventsMax, "matches are found among the events that are looked through");
        Check(ReplayPageEvents <= ReplayedEventsMax, "a page must not hold more than may be looked through");
        Check(StreamsOfClientMax <= StreamsMax && StreamsOfDefaultMax <= StreamsMax, "a client has a part of the server");
        Check(KeepAliveInterval < StreamTakeTimeMax, "whoever takes nothing must have had something to take");
        Check(DispatchedTogetherMax <= DispatchedChangesMax, "changes that are dispatched together have waited");
    }
}
