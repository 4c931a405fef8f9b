namespace CityHelper.Engine.Planning;

/// <summary>
/// What is known of the rows without reading them. It guides the choice of a form and is never part of an answer, so it may be old; where
/// it is missing, the engine falls back to forms that are bounded whatever the data.
/// </summary>
public interface ITableStatistics
{
    /// <summary>The statistics of a table's partition, or null when there are none.</summary>
    PartitionStatistics? Of(string table, short partition);
}

/// <summary>The statistics of one partition of a table.</summary>
/// <param name="Leaves">Its leaves, in the order of their keys.</param>
/// <param name="Columns">Columns of few values, by name.</param>
/// <param name="References">The rows of the small tables that its foreign keys point at, by table.</param>
public sealed record PartitionStatistics(
    IReadOnlyList<LeafStatistics> Leaves,
    IReadOnlyDictionary<string, ColumnStatistics> Columns,
    IReadOnlyDictionary<string, IReadOnlyDictionary<long, ReferenceRow>> References)
{
    /// <summary>Rows in all leaves.</summary>
    public double Rows { get; } = Leaves.Sum(l => l.Rows);
}

/// <summary>One leaf: a range of row keys.</summary>
/// <param name="KeyFrom">The smallest key.</param>
/// <param name="KeyTo">The smallest key behind it.</param>
/// <param name="Rows">How many rows it holds, roughly.</param>
public sealed record LeafStatistics(long KeyFrom, long KeyTo, double Rows)
{
    /// <summary>About where its rows begin: the first leaf of a history is not full, nor is that of a year that has just begun.</summary>
    public long FirstKey { get; init; } = KeyFrom;

    /// <summary>About where its rows ended when they were sampled.</summary>
    public long LastKey { get; init; } = KeyTo;

    /// <summary>
    /// About how many rows lie in a range of keys; behind <see cref="LastKey"/> they are taken to go on coming as they came.
    /// </summary>
    public double RowsIn(long low, long high)
    {
        bool isSampled = FirstKey < LastKey;
        (double first, double last) = isSampled ? (FirstKey, LastKey) : (KeyFrom, KeyTo);
        double overlap = Math.Min((double)high, KeyTo) - Math.Max(low, first);
        return Rows * Math.Clamp(overlap / (last - first), 0, 1);
    }
}

/// <summary>How the rows spread over the values of a column.</summary>
/// <param name="Shares">Share of the rows by value, as text; the frequent values only.</param>
/// <param name="OtherShare">Share of the rows that any other value has.</param>
public sealed record ColumnStatistics(IReadOnlyDictionary<string, double> Shares, double OtherShare)
{
    /// <summary>The share of the rows that have the value.</summary>
    public double ShareOf(string value) => Shares.TryGetValue(value, out double share) ? share : OtherShare;
}

/// <summary>A row of a small table: its columns' values as text, null for none.</summary>
public sealed record ReferenceRow(IReadOnlyDictionary<string, string?> Values)
{
    /// <summary>The value of a column, null for none.</summary>
    public string? this[string column] => Values.TryGetValue(column, out string? value) ? value : null;
}
