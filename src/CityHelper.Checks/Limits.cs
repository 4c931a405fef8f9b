namespace CityHelper.Checks;

/// <summary>Every number that bounds something in the checks, with its reason.</summary>
public static class Limits
{
    /// <summary>
    /// Rows that a page of a published operation may read for each row it returns. A row with its place in an index, its category and
    /// agency is four; the rest is for what a filter drops.
    /// </summary>
    public const int RowsReadPerRow = 10;

    /// <summary>Rows that a page may read whatever it returns: ten for each row of the largest page.</summary>
    public const int RowsReadMin = RowsReadPerRow * Engine.Limits.PageRowsMax;

    /// <summary>
    /// Rows of a table that may be read from the first to the last: categories are 300, areas too; 1,000 take under a millisecond.
    /// </summary>
    public const int ScannedRowsMax = 1_000;

    /// <summary>
    /// Leaves of one table that a statement may read: twenty years, and the next one. Each costs planning time, whatever is in it.
    /// </summary>
    public const int LeavesMax = 21;

    /// <summary>
    /// Buffers of 8 kB that the rows of a published operation may touch: some 10 ms of a processor while they are in the cache.
    /// </summary>
    public const int PageBuffersMax = 10_000;

    /// <summary>
    /// Buffers of 8 kB that the figures of a published operation may touch: some 30 ms. All figures at once of an area as large as a city,
    /// between any two moments, take 54,000.
    /// </summary>
    public const int FigureBuffersMax = 60_000;

    /// <summary>
    /// Pages that are turned to find a deep one, where a list cannot be asked from its end: 2,000 rows are more than anybody turns through.
    /// </summary>
    public const int PagesTurnedMax = 20;

    /// <summary>
    /// Test cases of one operation: some seconds. Each worst-case value of each variable comes first, pairs of them take what is left.
    /// </summary>
    public const int TestCasesMax = 100;

    /// <summary>Characters of a run's variables that a finding shows: enough to run it again but for a polygon of many corners.</summary>
    public const int VariablesCharsMax = 1_000;
}
