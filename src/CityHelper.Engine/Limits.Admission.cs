namespace CityHelper.Engine;

/// <content>How much runs at once and waits, and when who is refused may come back.</content>
public static partial class Limits
{
    /// <summary>
    /// Cheap executions of everybody at once, for each processor: two keep it busy while one of them waits for PostgreSQL. With more, each
    /// takes longer for the others' sake.
    /// </summary>
    public const int CheapAtOncePerProcessor = 2;

    /// <summary>
    /// Cheap executions of everybody at once, unless configured, on machines of many processors: each may need a connection, and PostgreSQL
    /// has 100.
    /// </summary>
    public const int CheapAtOnceDefaultMax = 12;

    /// <summary>
    /// Units of dear executions of everybody at once, for each processor: each keeps one busy, in PostgreSQL or here (docs/operating.md has
    /// the table).
    /// </summary>
    public const int DearAtOncePerProcessor = 1;

    /// <summary>
    /// Units of dear executions of everybody at once, unless configured, on machines of many processors: as
    /// <see cref="CheapAtOnceDefaultMax"/>.
    /// </summary>
    public const int DearAtOnceDefaultMax = 6;

    /// <summary>Cheap executions at once of a client with a key or a host, unless configured: enough for some hundred a second.</summary>
    public const int CheapAtOnceOfClient = 2;

    /// <summary>Units of dear executions at once of a client with a key or a host, unless configured.</summary>
    public const int DearAtOnceOfClient = 1;

    /// <summary>
    /// Executions at once that a setting may ask for: PostgreSQL's processes are 10 MB each, and more of them than that serve nobody.
    /// </summary>
    public const int AtOnceMax = 1_000;

    /// <summary>
    /// Field cost up to which an execution is cheap that adds nothing up: a page of 100 with its categories and places is 310 and takes
    /// some 5 ms (measured). Requests that are made to take as long as their cost allows take up to ten times as long, some 50 ms.
    /// </summary>
    public const int CheapCost = 310;

    /// <summary>
    /// Field cost of a dear execution for each place that it takes: a city's statistics are 265, those of a viewport as large as it 477
    /// (12 ms, measured). Text may cost 1,000.
    /// </summary>
    public const int DearUnitCost = 750;

    /// <summary>
    /// Cheap executions of a client that wait: a burst of some pages' requests. They take 2 ms each, so the last waits a tenth of a second.
    /// </summary>
    public const int CheapQueued = 48;

    /// <summary>
    /// Units of dear executions of a client that wait: at 25 a second the last waits a third of a second. More would only be answered
    /// later, and no more of them.
    /// </summary>
    public const int DearQueued = 8;

    /// <summary>
    /// Milliseconds that an execution waits: who sees nothing for a second begins to do something else, and the server would work for
    /// nobody.
    /// </summary>
    public const int QueueMs = 1_000;

    /// <summary>Seconds after which refused clients are asked to come back at least.</summary>
    public const int RetrySecondsMin = 1;

    /// <summary>And at most, but for the lot: a server that had trouble for half a minute is to be found again soon after.</summary>
    public const int RetrySecondsMax = 30;

    /// <summary>
    /// How long refusals and admissions are counted together: long enough for some hundred executions, short enough to notice the end of a
    /// rush.
    /// </summary>
    public static readonly TimeSpan RetryPeriod = TimeSpan.FromSeconds(10);
}
