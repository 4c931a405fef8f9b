namespace CityHelper.Server;

/// <content>Limits of the change log.</content>
public static partial class Limits
{
    /// <summary>
    /// Tags of an event: 256 cells of zoom 14, each with those it lies in and the 16 in it. More take the follower more than the
    /// microseconds that it has, so they become one for everything.
    /// </summary>
    public const int ChangedTagsMax = 5_000;

    /// <summary>Events that <c>log tail</c> shows when no number is given: a screen.</summary>
    public const int TailEvents = 10;

    /// <summary>Events that <c>log tail</c> reads at once.</summary>
    public const int TailBatchEvents = Data.Limits.ChangesReadMax;

    /// <summary>How often <c>log tail --follow</c> looks for new events: a person does not see the difference.</summary>
    public static readonly TimeSpan TailInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>How long one attempt to read the recent events may take: ten minutes of fifty cities are read in a second.</summary>
    public static readonly TimeSpan FillTimeMax = TimeSpan.FromSeconds(5);

    /// <summary>How often old events and idempotency keys are removed.</summary>
    public static readonly TimeSpan TrimInterval = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The age of the last proof of freshness from which the server says that it is degraded: a hundred pulses were missed.
    /// </summary>
    public static readonly TimeSpan ChangesStaleAfter = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long the stream keeps events, as servers keep them in memory: followers that are further behind, after an outage, read
    /// PostgreSQL.
    /// </summary>
    public static readonly TimeSpan StreamKept = Data.Limits.RecentChangesKept;

    /// <summary>
    /// Events of a city that the stream keeps, some hundred more or less: ten minutes of 33 changes per second, 16 MB at 800 bytes each.
    /// </summary>
    public const int StreamEventsMax = 20_000;

    /// <summary>Entries that a step removes beside those that it appends: some tenths of a millisecond, in which Redis does nothing
    /// else.</summary>
    public const int StreamTrimmedMax = 200;

    /// <summary>Events that one script appends: two milliseconds, in which Redis does nothing else.</summary>
    public const int StreamBatchEvents = 500;

    /// <summary>How long <c>log compare</c> waits for servers to copy what the log had when it began: a few pulses.</summary>
    public static readonly TimeSpan CopyAwaitedMax = TimeSpan.FromSeconds(3);

    /// <summary>How long a stream that is prepared waits for its place: far longer than that takes, and who prepares it may die.</summary>
    public static readonly TimeSpan StreamPreparedKept = TimeSpan.FromMinutes(1);

    /// <summary>Events of a city that one read of the stream takes, as one of the log does: 1 MB, and 10 MB at the worst.</summary>
    public const int StreamReadEvents = Data.Limits.ChangesReadMax;

    /// <summary>
    /// Bytes of an event: 256 cells of at most 25 characters, a cause whose characters are all escaped, and 1 kB for the rest. An event of
    /// a request has some 800.
    /// </summary>
    public const int EventBytesMax = 10_000;

    /// <summary>Characters of an event's cause: ours are words; services and operators give their own.</summary>
    public const int EventCauseCharsMax = 200;

    /// <summary>Nudges that wait for their reader, which reads all that is new at once.</summary>
    public const int NudgesMax = 1_000;

    /// <summary>
    /// Depth of an event's JSON: ours have four levels. Later versions may have more, and what is deeper was not written by a server.
    /// </summary>
    public const int EventDepthMax = 8;

    /// <summary>
    /// How long after a look at the table of cities the next one is made for a city that is missing or unfinished: a flood of requests that
    /// name it causes no flood of statements, and a city that was just added is found after a second.
    /// </summary>
    public static readonly TimeSpan CitiesRefreshPause = TimeSpan.FromSeconds(1);

    /// <summary>How long the list of cities is kept: a new city's inbox is read after as long.</summary>
    public static readonly TimeSpan CityNamesKept = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How often inboxes are read, and with <see cref="InboxEntriesPerStep"/> the rate: 20 entries per second of a city for each server.
    /// The rest of a flood waits in the stream, whose length its writers bound.
    /// </summary>
    public static readonly TimeSpan InboxInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>Entries of a city's inbox that a server takes in one step.</summary>
    public const int InboxEntriesPerStep = 10;

    /// <summary>Entries of a city's inbox that a server holds: twice those of the seconds between their two announcements.</summary>
    public const int InboxHeldMax = 200;

    /// <summary>
    /// How long after the first announcement the second one follows: a service that announced before its own commit has committed by then.
    /// </summary>
    public static readonly TimeSpan InboxAgainAfter = TimeSpan.FromSeconds(5);

    /// <summary>How long a server holds an entry before another claims it: it needs six seconds, unless the database is away.</summary>
    public static readonly TimeSpan InboxClaimAfter = TimeSpan.FromSeconds(30);

    /// <summary>How long a consumer that holds nothing is remembered: each start of a server is another one.</summary>
    public static readonly TimeSpan InboxConsumerKept = TimeSpan.FromHours(1);

    /// <summary>
    /// How old an entry may be: servers that were away for a night announce what waited. An entry that somebody sends again is either found
    /// in the log, which keeps a day, or older than this.
    /// </summary>
    public static readonly TimeSpan InboxAgeMax = TimeSpan.FromHours(12);

    /// <summary>How far an entry's time may be ahead: clocks of services differ by less.</summary>
    public static readonly TimeSpan InboxAheadMax = TimeSpan.FromMinutes(5);

    /// <summary>Bytes of an entry's fields and values: 256 cells of 15 characters, and room for the rest.</summary>
    public const int InboxEntryBytesMax = 5_000;

    /// <summary>Fields and values of an entry that a server reads: it has five fields.</summary>
    public const int InboxEntryValuesMax = 20;

    /// <summary>Characters of a service's name.</summary>
    public const int InboxNameCharsMax = 40;

    /// <summary>Refused entries of a city that are kept for people to look at, some hundred more or less: 2 MB at the worst.</summary>
    public const int DeadLettersMax = 1_000;

    /// <summary>Bytes of each value of a refused entry that are kept.</summary>
    public const int DeadLetterValueBytesMax = 200;

    private static void VerifyChanges()
    {
        Check(InboxAgeMax + InboxAheadMax < Data.Limits.ChangesKept, "an inbox entry that is sent again must be in the log or too old");
        Check(InboxAgainAfter + InboxInterval < InboxClaimAfter, "a server must be done with an entry before another claims it");
        Check(
            Data.Limits.EventCellsMax * (CellNameCharsMax + 3) + EventCauseCharsMax * EscapedCharBytesMax < EventBytesMax - 1_000,
            "the largest event must fit");
        Check(Data.Limits.EventCellsMax * CellNameCharsOfEvents < InboxEntryBytesMax - 500, "the largest announcement must fit");
    }

    private const int CellNameCharsMax = 22;

    private const int CellNameCharsOfEvents = 14;

    private const int EscapedCharBytesMax = 6;
}
