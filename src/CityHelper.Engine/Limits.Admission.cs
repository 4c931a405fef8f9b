namespace CityHelper.Engine;

/// <content>How much runs at once, how much waits, and when a refused client may retry.</content>
public static partial class Limits
{
    /// <summary>
    /// Cheap executions of the default share at once, per processor: two keep it busy while one of them waits for PostgreSQL. With more,
    /// each slows the others down.
    /// </summary>
    public const int CheapAtOncePerProcessor = 2;

    /// <summary>
    /// Default maximum of cheap executions of the default share at once, on machines with many processors. Each may need a connection, and
    /// PostgreSQL has 100.
    /// </summary>
    public const int CheapAtOnceDefaultMax = 12;

    /// <summary>
    /// Units of dear executions of the default share at once, per processor: each keeps one busy, in PostgreSQL or here
    /// (docs/operating.md has the table).
    /// </summary>
    public const int DearAtOncePerProcessor = 1;

    /// <summary>
    /// Default maximum of units of dear executions of the default share at once; see <see cref="CheapAtOnceDefaultMax"/>.
    /// </summary>
    public const int DearAtOnceDefaultMax = 6;

    /// <summary>Default for the cheap executions at once of a client with a key or a host: enough for some hundred a second.</summary>
    public const int CheapAtOnceOfClient = 2;

    /// <summary>Default for the units of dear executions at once of a client with a key or a host.</summary>
    public const int DearAtOnceOfClient = 1;

    /// <summary>
    /// Largest configurable number of executions at once. PostgreSQL's processes take 10 MB each, and more of them make nothing faster.
    /// </summary>
    public const int AtOnceMax = 1_000;

    /// <summary>
    /// Field cost up to which an execution without aggregates is cheap. A page of 100 with its categories and locations is 310 and takes
    /// some 5 ms (measured). A request built to take as long as its cost allows takes up to ten times as long, some 50 ms.
    /// </summary>
    public const int CheapCost = 310;

    /// <summary>
    /// Field cost per permit of a dear execution. A city's statistics cost 265, those of a viewport as large as the city 477 (12 ms,
    /// measured). Text may cost 1,000.
    /// </summary>
    public const int DearUnitCost = 750;

    /// <summary>
    /// Cheap executions of a client that may wait: a burst of some pages' requests. They take 2 ms each, so the last waits a tenth of a
    /// second.
    /// </summary>
    public const int CheapQueued = 48;

    /// <summary>
    /// Units of dear executions of a client that may wait. At 25 a second the last waits a third of a second. A longer queue only
    /// delays responses, and throughput stays the same.
    /// </summary>
    public const int DearQueued = 8;

    /// <summary>
    /// Milliseconds that an execution may wait. A user who sees nothing for a second does something else, and the server would work for
    /// nobody.
    /// </summary>
    public const int QueueMs = 1_000;

    /// <summary>Smallest <c>Retry-After</c> in seconds.</summary>
    public const int RetrySecondsMin = 1;

    /// <summary>Largest <c>Retry-After</c> in seconds, before jitter. Clients return soon after half a minute of trouble.</summary>
    public const int RetrySecondsMax = 30;

    /// <summary>
    /// Period over which refusals and admissions are counted: long enough for some hundred executions, short enough to notice the end of a
    /// rush.
    /// </summary>
    public static readonly TimeSpan RetryPeriod = TimeSpan.FromSeconds(10);
}
