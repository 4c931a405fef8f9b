namespace CityHelper.Engine.Planning;

/// <summary>The statistics of one tenant's rows in a table.</summary>
/// <param name="Partitions">Its partitions, in the order of their keys.</param>
/// <param name="Columns">The statistics of columns of few values, by name.</param>
/// <param name="References">The rows of the small tables that its foreign keys reference, by table.</param>
public sealed record TenantStatistics(
    IReadOnlyList<PartitionStatistics> Partitions,
    IReadOnlyDictionary<string, ColumnStatistics> Columns,
    IReadOnlyDictionary<string, IReadOnlyDictionary<long, ReferenceRow>> References)
{
    /// <summary>Rows in all partitions.</summary>
    public double Rows { get; } = Partitions.Sum(l => l.Rows);
}

/// <summary>One partition: a range of row keys.</summary>
/// <param name="KeyFrom">The smallest key.</param>
/// <param name="KeyTo">The exclusive end of its keys.</param>
/// <param name="Rows">Roughly how many rows it holds.</param>
public sealed record PartitionStatistics(long KeyFrom, long KeyTo, double Rows)
{
    /// <summary>Roughly where its rows begin: a history's first partition is not full, nor is that of a year just begun.</summary>
    public long FirstKey { get; init; } = KeyFrom;

    /// <summary>Roughly where its rows ended when they were sampled.</summary>
    public long LastKey { get; init; } = KeyTo;

    /// <summary>
    /// Roughly how many rows lie in a range of keys. Rows after <see cref="LastKey"/> are assumed to arrive at the same rate.
    /// </summary>
    public double RowsIn(long low, long high)
    {
        bool isSampled = FirstKey < LastKey;
        (double first, double last) = isSampled ? (FirstKey, LastKey) : (KeyFrom, KeyTo);
        double overlap = Math.Min((double)high, KeyTo) - Math.Max(low, first);
        return Rows * Math.Clamp(overlap / (last - first), 0, 1);
    }
}

/// <summary>How the rows are distributed over the values of a column.</summary>
/// <param name="Shares">The share of the rows by value, as text; frequent values only.</param>
/// <param name="OtherShare">The share of the rows that each other value has.</param>
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
