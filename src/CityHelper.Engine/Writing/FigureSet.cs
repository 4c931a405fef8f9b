namespace CityHelper.Engine.Writing;

/// <summary>The figures of one root, as they were read.</summary>
internal sealed class FigureSet
{
    /// <summary>Rows in all.</summary>
    public long Total { get; set; }

    /// <summary>Rows by the label or key of a dimension, by its column; the most frequent first.</summary>
    public Dictionary<string, List<(string? Label, long? Key, long Count)>> ByDimension { get; } = [];

    /// <summary>Rows by the first day of a period, by its unit, in the order of time.</summary>
    public Dictionary<string, List<(DateOnly Period, long Count)>> ByPeriod { get; } = [];

    /// <summary>Open rows that should have been done.</summary>
    public long Overdue { get; set; }

    /// <summary>How long the done ones took.</summary>
    public DurationFigures Durations { get; set; } = new(0, null, null, 0);

    /// <summary>The rows of small tables that figures are shown with, by their keys, by the number of the place.</summary>
    public Dictionary<int, Dictionary<long, RowOutput>> References { get; } = [];

    /// <summary>Cells of the map with what they hold.</summary>
    public List<ClusterFigures> Clusters { get; } = [];
}

/// <summary>One figure of a list: of a group, a period or a cell.</summary>
/// <param name="Label">The label of an enum.</param>
/// <param name="Key">The key of a small table.</param>
/// <param name="Period">The first day of a period.</param>
/// <param name="Count">How many rows.</param>
/// <param name="Cluster">What lies in a cell.</param>
internal readonly record struct FigureItem(string? Label, long? Key, DateOnly Period, long Count, ClusterFigures Cluster);

/// <summary>How long rows took until they were done.</summary>
/// <param name="Count">How many are done.</param>
/// <param name="MedianSeconds">The time within which half of them were; null when none is.</param>
/// <param name="P90Seconds">The time within which nine in ten were.</param>
/// <param name="RelativeError">How far the times may be from the exact ones.</param>
internal sealed record DurationFigures(long Count, double? MedianSeconds, double? P90Seconds, double RelativeError);

/// <summary>The rows of one cell of a map.</summary>
/// <param name="Cell">The packed cell.</param>
/// <param name="Count">How many.</param>
/// <param name="LongitudeSum">Of ten-millionths of a degree.</param>
/// <param name="LatitudeSum">See <paramref name="LongitudeSum"/>.</param>
/// <param name="TopKey">The most frequent key of the dimension.</param>
internal readonly record struct ClusterFigures(long Cell, long Count, decimal LongitudeSum, decimal LatitudeSum, long TopKey);
