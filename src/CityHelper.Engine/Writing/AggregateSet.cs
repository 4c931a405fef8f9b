namespace CityHelper.Engine.Writing;

/// <summary>The aggregates of one root, as read.</summary>
internal sealed class AggregateSet
{
    /// <summary>The number of rows.</summary>
    public long Total { get; set; }

    /// <summary>By the column of a dimension: the number of rows of each label or key, most frequent first.</summary>
    public Dictionary<string, List<(string? Label, long? Key, long Count)>> ByDimension { get; } = [];

    /// <summary>By unit: the number of rows of each period, named by its first day, in order of time.</summary>
    public Dictionary<string, List<(DateOnly Period, long Count)>> ByPeriod { get; } = [];

    /// <summary>The number of open rows past their due time.</summary>
    public long Overdue { get; set; }

    /// <summary>How long the done rows took.</summary>
    public DurationAggregates Durations { get; set; } = new(0, null, null, 0);

    /// <summary>The rows of small tables that groups show: by the number of the selection, then by key.</summary>
    public Dictionary<int, Dictionary<long, RowOutput>> References { get; } = [];

    /// <summary>The clusters, one per cell of the map.</summary>
    public List<ClusterAggregates> Clusters { get; } = [];
}

/// <summary>One item of a list of aggregates: a group, a period or a cluster.</summary>
/// <param name="Label">The label of an enum.</param>
/// <param name="Key">The key of a small table.</param>
/// <param name="Period">The first day of a period.</param>
/// <param name="Count">The number of rows.</param>
/// <param name="Cluster">The aggregates of a cell.</param>
internal readonly record struct AggregateItem(string? Label, long? Key, DateOnly Period, long Count, ClusterAggregates Cluster);

/// <summary>How long rows took until they were done.</summary>
/// <param name="Count">The number of done rows.</param>
/// <param name="MedianSeconds">The median; null when no row is done.</param>
/// <param name="P90Seconds">The 90th percentile; null when no row is done.</param>
/// <param name="RelativeError">The largest relative error of both; 0 for exact values.</param>
internal sealed record DurationAggregates(long Count, double? MedianSeconds, double? P90Seconds, double RelativeError);

/// <summary>The rows of one cell of a map.</summary>
/// <param name="Cell">The encoded cell.</param>
/// <param name="Count">The number of rows.</param>
/// <param name="LongitudeSum">The sum of longitudes, in ten-millionths of a degree.</param>
/// <param name="LatitudeSum">The sum of latitudes, in the same unit.</param>
/// <param name="TopKey">The most frequent key of the dimension.</param>
internal readonly record struct ClusterAggregates(long Cell, long Count, decimal LongitudeSum, decimal LatitudeSum, long TopKey);
