namespace CityHelper.Engine.Schema.Bindings;

/// <summary>Rows that have statistics: their dimensions, and the tables of their counters (docs/decisions/0006).</summary>
/// <param name="Rows">The rows and their filter. Their key encodes their creation time, and they have grid cells.</param>
/// <param name="Dimensions">The dimensions that they are counted by.</param>
/// <param name="Done">The columns that tell whether a row is closed.</param>
/// <param name="Counters">Their counters.</param>
/// <param name="Calendars">The calendars of the tenants.</param>
public sealed record CountedRows(
    ConnectionRows Rows, IReadOnlyList<CountDimension> Dimensions, DoneColumns Done, CounterTables Counters, ITenantCalendars Calendars)
{
    /// <summary>The tables that their statistics read: rows, counters and deltas.</summary>
    internal IReadOnlyList<TableRead> Tables => [.. Rows.Tables, new(Counters.Counts), new(Counters.Deltas), new(Counters.DoneCounts)];
}

/// <summary>A column that rows are counted by: an enum, or the key of a small table.</summary>
/// <param name="Field">The field of the row that shows it: <c>category</c>, counted as <c>byCategory</c>.</param>
/// <param name="Column">Its column.</param>
public sealed record CountDimension(string Field, string Column);

/// <summary>The columns that tell whether and when a row was closed.</summary>
/// <param name="Status">The enum column.</param>
/// <param name="OpenLabels">The labels of open rows. A partial index on <paramref name="DueAt"/> has the same list.</param>
/// <param name="DueAt">When the row is due.</param>
/// <param name="DoneAt">When the row was closed; null while it is open.</param>
public sealed record DoneColumns(string Status, IReadOnlyList<string> OpenLabels, string DueAt, string DoneAt);

/// <summary>
/// Tables of counters by (tenant, zoom, span, cell, period) and the dimensions, and of deltas that are not compacted into them yet. Zoom 0
/// counts the whole tenant by DAY and MONTH, <paramref name="CoarseZoom"/> by MONTH and YEAR, <paramref name="FineZoom"/> by YEAR. Times
/// until closing are counted for the tenant by MONTH and for the coarse zoom by YEAR.
/// </summary>
/// <param name="Counts">Numbers of rows, and the sums of their coordinates in ten-millionths of a degree.</param>
/// <param name="DoneCounts">Numbers of rows by their time until closing, on a logarithmic scale.</param>
/// <param name="Deltas">Deltas by day and fine cell.</param>
/// <param name="CoarseZoom">A level of the grid.</param>
/// <param name="FineZoom">The finest level of the grid.</param>
/// <param name="Areas">Counters of the stored areas; null without any.</param>
/// <param name="Blocks">The packed blocks of the rows.</param>
public sealed record CounterTables(
    string Counts, string DoneCounts, string Deltas, int CoarseZoom, int FineZoom, AreaCounterTables? Areas, BlockTable Blocks)
{
    /// <summary>The tables that statistics of an area read beside the counters.</summary>
    internal IReadOnlyList<string> OfAreas => Areas is null ? [Blocks.Table] : [Areas.Months, Areas.Counts, Blocks.Table];
}

/// <summary>
/// A table of packed blocks by (tenant, cell, id bucket): the rows of a fine cell whose keys have the same highest bits. A block holds
/// <see cref="RowBytes"/> for each row, big endian: key (8 bytes), longitude and latitude (8 each, IEEE 754), then for each dimension, in
/// the order of <see cref="CountedRows.Dimensions"/>, the number of its label or its key (4), 0 for none. A stale block is null. Each cell
/// and id bucket with rows has a block or a delta that is not compacted yet.
/// </summary>
/// <param name="Table">Its name.</param>
/// <param name="BucketShift">An id bucket is a key without this many of its lowest bits.</param>
/// <param name="Buckets">The function that returns the id buckets of a day's keys.</param>
/// <param name="LabelNumber">The function that returns the number of a label.</param>
/// <param name="Labels">The labels by their numbers.</param>
public sealed record BlockTable(string Table, int BucketShift, string Buckets, string LabelNumber, IReadOnlyList<string> Labels)
{
    public const int LongitudeOffset = 8;

    public const int LatitudeOffset = 16;

    /// <summary>The offset of a dimension in a row.</summary>
    public static int OffsetOf(int dimension) => 24 + 4 * dimension;

    /// <summary>Bytes of a row.</summary>
    public static int RowBytes(int dimensions) => OffsetOf(dimensions);
}

/// <summary>Tables of counters by (tenant, area, period) and the dimensions, where the period is a month.</summary>
/// <param name="Months">The counted months of an area: period, revision of the geometry, and the range of row keys from low to
/// high.</param>
/// <param name="Counts">Numbers of rows, valid for counted months only.</param>
/// <param name="KeyColumn">The column of the area's key in both tables.</param>
public sealed record AreaCounterTables(string Months, string Counts, string KeyColumn);

/// <summary>Provides the calendars of tenants, and whether their counters are valid.</summary>
public interface ITenantCalendars
{
    /// <summary>The calendar of a tenant that exists.</summary>
    ValueTask<TenantCalendar> OfAsync(short tenant, CancellationToken cancellation);
}

/// <summary>The calendar of a tenant, and the state of its counters and blocks.</summary>
/// <param name="Zone">The time zone whose midnights divide its days.</param>
/// <param name="IsCounted">Whether its counters are valid.</param>
/// <param name="IsPacked">Whether its blocks are complete: the first backfill has ended.</param>
public sealed record TenantCalendar(TimeZoneInfo Zone, bool IsCounted, bool IsPacked)
{
    /// <summary>The zone's IANA name, as PostgreSQL takes it.</summary>
    public string ZoneName => Zone.Id;

    /// <summary>
    /// The first millisecond of a day, since 1970. A day without a midnight begins at the first moment after the gap; of two midnights the
    /// first counts.
    /// </summary>
    public long StartOf(DateOnly day)
    {
        DateTime midnight = day.ToDateTime(TimeOnly.MinValue);
        TimeSpan offset = Zone.GetUtcOffset(midnight);
        if (Zone.IsInvalidTime(midnight))
        {
            // The offset before the gap maps midnight to the moment of the change.
            offset = Zone.GetUtcOffset(midnight.AddHours(-3));
        }
        else if (Zone.IsAmbiguousTime(midnight))
        {
            offset = Zone.GetAmbiguousTimeOffsets(midnight).Max();
        }

        return new DateTimeOffset(midnight, TimeSpan.Zero).ToUnixTimeMilliseconds() - (long)offset.TotalMilliseconds;
    }

    /// <summary>The day of a moment.</summary>
    public DateOnly DayOf(long milliseconds) =>
        DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeMilliseconds(milliseconds), Zone).DateTime);
}

/// <summary>Statistics of rows: of a tenant, of an area in it, or of the area that the row represents.</summary>
/// <param name="Counted">The rows.</param>
/// <param name="Tenant">The argument that names the tenant; null for a field of a row.</param>
/// <param name="OfArea">Whether the row represents an area.</param>
public sealed record AggregateBinding(CountedRows Counted, TenantArgument? Tenant, bool OfArea) : RootBinding
{
    internal override IReadOnlyList<TableRead> Tables =>
        [
            .. Counted.Tables,
            .. Counted.Counters.OfAreas.Select(table => new TableRead(table, OfArea ? null : ConnectionBinding.AreaArgument)),
        ];

    public override ConnectionRows ListedRows => Counted.Rows;
}

/// <summary>Clusters of rows on a map.</summary>
/// <param name="Counted">The rows.</param>
/// <param name="Tenant">The argument that names the tenant.</param>
/// <param name="Top">The dimension whose most frequent value is shown.</param>
public sealed record ClusterBinding(CountedRows Counted, TenantArgument Tenant, CountDimension Top) : RootBinding
{
    internal override IReadOnlyList<TableRead> Tables => Counted.Tables;

    public override ConnectionRows ListedRows => Counted.Rows;
}
