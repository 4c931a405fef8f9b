namespace CityHelper.Checks;

/// <summary>Every limit of the checks, with its reason.</summary>
public static class Limits
{
    /// <summary>
    /// Rows that a page of a published operation may read for each row it returns. A row with its index entry, its category and agency is
    /// four; the rest is for rows that a filter drops.
    /// </summary>
    public const int RowsReadPerRow = 10;

    /// <summary>Rows that a page may always read: ten for each row of the largest page.</summary>
    public const int RowsReadMin = RowsReadPerRow * Engine.Limits.PageRowsMax;

    /// <summary>
    /// Rows of a table that may be read by a sequential scan: categories are 300, areas too. 1,000 take under a millisecond.
    /// </summary>
    public const int ScannedRowsMax = 1_000;

    /// <summary>
    /// Partitions of one table that a statement may read: twenty years, and the next one. Each costs planning time, whatever it holds.
    /// </summary>
    public const int PartitionsMax = 21;

    /// <summary>Buffers of 8 kB that the rows of a published operation may touch: some 10 ms of CPU while they are cached.</summary>
    public const int PageBuffersMax = 10_000;

    /// <summary>
    /// Buffers of 8 kB that the aggregates of a published operation may touch: some 30 ms. All statistics at once, for an area as large as
    /// a city and between any two moments, take 54,000.
    /// </summary>
    public const int AggregateBuffersMax = 60_000;

    /// <summary>Pages that are read to find a deep one, where a list cannot be read from its end. Nobody pages past 2,000 rows.</summary>
    public const int PagesTurnedMax = 20;

    /// <summary>
    /// Test cases of one operation: some seconds. Each worst-case value of each variable comes first; pairs of them fill the rest.
    /// </summary>
    public const int TestCasesMax = 100;

    /// <summary>Characters of a run's variables that a finding shows: enough to repeat it, except for a polygon of many corners.</summary>
    public const int VariablesCharsMax = 1_000;
}
