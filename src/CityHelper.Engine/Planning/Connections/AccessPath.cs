using System.Diagnostics;
using CityHelper.Engine.Schema.Bindings;

namespace CityHelper.Engine.Planning.Connections;

/// <summary>How the rows of a connection are reached (docs/decisions/0005).</summary>
internal enum AccessPathKind
{
    /// <summary>One index gives the rows in the order of the list. The scan stops when the page is full.</summary>
    OrderedIndexScan,

    /// <summary>One ordered index scan per cell of the area. Their rows are merged, then tested exactly.</summary>
    MergedIndexScans,

    /// <summary>
    /// As <see cref="MergedIndexScans"/>, but over the columns of the index alone. The rows are fetched only for the keys that pass the
    /// filter.
    /// </summary>
    DeferredJoin,

    /// <summary>
    /// One ordered index scan per value of a column, such as the category, over keys alone. The rows are fetched for the newest keys of
    /// all.
    /// </summary>
    LooseIndexScan,

    /// <summary>
    /// One ordered index scan per alternative of an <c>or</c>, over keys alone. The rows are fetched for the newest keys of all.
    /// </summary>
    UnionOfScans,

    /// <summary>One ordered index scan per group that the order names, one group after the other.</summary>
    GroupScans,

    /// <summary>All rows that pass are read and sorted: for few rows.</summary>
    Sort,

    /// <summary>
    /// For an area that is too large for cells and holds few rows, such as an empty sea. Each column of the coarsest cells is one range of
    /// their index; the ranges are sorted together. An ordered scan would read every row of the city.
    /// </summary>
    RangeScan,
}

/// <summary>An access path with all that decides its SQL.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Level">Index of the grid's level, -1 without cells.</param>
/// <param name="Cells">How many cells; the cells themselves are parameters.</param>
/// <param name="Value">Index of the <see cref="ValueIndex"/> or of the condition whose alternatives are scanned, -1 without one.</param>
internal readonly record struct AccessPath(AccessPathKind Kind, int Level = -1, int Cells = 0, int Value = -1)
{
    /// <summary>The access path of statements that have only one.</summary>
    public static AccessPath Only { get; } = new(AccessPathKind.OrderedIndexScan);

    /// <summary>As the debug header spells it: <c>deferred-join cells=6</c>.</summary>
    public override string ToString() => Name(Kind) + (Cells > 0 ? $" cells={Cells}" : "");

    private static string Name(AccessPathKind kind) => kind switch
    {
        AccessPathKind.OrderedIndexScan => "ordered-index-scan",
        AccessPathKind.MergedIndexScans => "merged-index-scans",
        AccessPathKind.DeferredJoin => "deferred-join",
        AccessPathKind.LooseIndexScan => "loose-index-scan",
        AccessPathKind.UnionOfScans => "union-of-scans",
        AccessPathKind.GroupScans => "group-scans",
        AccessPathKind.Sort => "sort",
        AccessPathKind.RangeScan => "range-scan",
        _ => throw new UnreachableException(),
    };
}
