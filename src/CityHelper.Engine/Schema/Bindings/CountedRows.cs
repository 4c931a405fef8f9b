namespace CityHelper.Engine.Schema.Bindings;

/// <summary>
/// Rows that statistics are made of: by what they are counted, and where counters of them are kept (docs/decisions/0006).
/// </summary>
/// <param name="Rows">The rows and their filter. They have a creation time that their key carries, and a place on the grid.</param>
/// <param name="Dimensions">What they are counted by.</param>
/// <param name="Done">How it is known that a row is done with.</param>
/// <param name="Counters">Their counters.</param>
/// <param name="Calendars">The days of each partition.</param>
public sealed record CountedRows(
    ConnectionRows Rows, IReadOnlyList<CountDimension> Dimensions, DoneColumns Done, CounterTables Counters, IPartitionCalendars Calendars)
{
    /// <summary>The tables that statistics of them read: rows, counters and changes.</summary>
    internal IReadOnlyList<TableRead> Tables => [.. Rows.Tables, new(Counters.Counts), new(Counters.Deltas), new(Counters.DoneCounts)];
}

/// <summary>A column that rows are counted by: an enum, or the key of a small table.</summary>
/// <param name="Field">The field of the row that shows it: <c>category</c>, counted as <c>byCategory</c>.</param>
/// <param name="Column">Its column.</param>
public sealed record CountDimension(string Field, string Column);

/// <summary>The columns that say whether and when a row is done with.</summary>
/// <param name="Status">The enum column.</param>
/// <param name="OpenLabels">Its labels while there is something to do. A partial index on <paramref name="DueAt"/> has the same
/// list.</param>
/// <param name="DueAt">Until when it should be done.</param>
/// <param name="DoneAt">When it was done; null as long as it was not.</param>
public sealed record DoneColumns(string Status, IReadOnlyList<string> OpenLabels, string DueAt, string DoneAt);

/// <summary>
/// Tables of counters by (partition, zoom, span, cell, period) and the dimensions, and of changes that are not yet in them. Zoom 0 counts
/// the whole partition by DAY and MONTH, <paramref name="CoarseZoom"/> by MONTH and YEAR, <paramref name="FineZoom"/> by YEAR; times until
/// done are counted for the partition by MONTH and for the coarse zoom by YEAR.
/// </summary>
/// <param name="Counts">How many rows, and the sums of their coordinates in ten-millionths of a degree.</param>
/// <param name="DoneCounts">How many by the time until they were done, on a logarithmic scale.</param>
/// <param name="Deltas">Changes by day and fine cell.</param>
/// <param name="CoarseZoom">A level of the grid.</param>
/// <param name="FineZoom">The finest level of the grid.</param>
/// <param name="Areas">Counters of the areas that have an id; null where there are none.</param>
/// <param name="Packs">What rows are counted by, packed.</param>
public sealed record CounterTables(string Counts, string DoneCounts, string Deltas, int CoarseZoom, int FineZoom, AreaCounterTables? Areas, PackTable Packs)
{
    /// <summary>The tables that statistics of an area read beside them.</summary>
    internal IReadOnlyList<string> OfAreas => Areas is null ? [Packs.Table] : [Areas.Months, Areas.Counts, Packs.Table];
}

/// <summary>
/// A table of packs by (partition, cell, slice): the rows of a fine cell whose keys have the same highest bits. A pack is a value of
/// <see cref="RowBytes"/> for each row, big endian: key (8 bytes), longitude and latitude (8 each, IEEE 754), then for each dimension, in
/// the order of <see cref="CountedRows.Dimensions"/>, the number of its label or its key (4), 0 for none. Null is a pack that must be made
/// anew; whatever cell and slice holds rows has a pack or a change that is not folded yet.
/// </summary>
/// <param name="Table">Its name.</param>
/// <param name="SliceShift">A slice is a key without so many of its lowest bits.</param>
/// <param name="Slices">The function that tells the slices of the keys of a day.</param>
/// <param name="LabelNumber">The function that tells the number of a label.</param>
/// <param name="Labels">The labels by their numbers.</param>
public sealed record PackTable(string Table, int SliceShift, string Slices, string LabelNumber, IReadOnlyList<string> Labels)
{
    public const int LongitudeOffset = 8;

    public const int LatitudeOffset = 16;

    /// <summary>Where a dimension stands in a row.</summary>
    public static int OffsetOf(int dimension) => 24 + 4 * dimension;

    /// <summary>Bytes of a row.</summary>
    public static int RowBytes(int dimensions) => OffsetOf(dimensions);
}

/// <summary>Tables of counters by (partition, area, period) and the dimensions, where the period is a month.</summary>
/// <param name="Months">Which months of an area are counted: their period, the revision of the shape, and the range of row keys from low to
/// high.</param>
/// <param name="Counts">How many rows; to be used for counted months alone.</param>
/// <param name="KeyColumn">The area's key in both.</param>
public sealed record AreaCounterTables(string Months, string Counts, string KeyColumn);

/// <summary>Knows the days of partitions, and whether their counters may be used.</summary>
public interface IPartitionCalendars
{
    /// <summary>The calendar of a partition there is.</summary>
    ValueTask<PartitionCalendar> OfAsync(short partition, CancellationToken cancellation);
}

/// <summary>The days of a partition.</summary>
/// <param name="Zone">The zone whose midnights divide its days.</param>
/// <param name="IsCounted">Whether its counters are true.</param>
/// <param name="IsPacked">Whether whatever holds rows has a pack.</param>
public sealed record PartitionCalendar(TimeZoneInfo Zone, bool IsCounted, bool IsPacked)
{
    /// <summary>The zone's IANA name, as PostgreSQL takes it.</summary>
    public string ZoneName => Zone.Id;

    /// <summary>
    /// The first millisecond since 1970 of a day. Where a day has no midnight it begins with the first moment after the gap; of two
    /// midnights the first counts.
    /// </summary>
    public long StartOf(DateOnly day)
    {
        DateTime midnight = day.ToDateTime(TimeOnly.MinValue);
        TimeSpan offset = Zone.GetUtcOffset(midnight);
        if (Zone.IsInvalidTime(midnight))
        {
            // The offset before the gap puts midnight at the moment of the change.
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

/// <summary>Figures of rows: of a partition, of an area in it, or of the area that the row stands for.</summary>
/// <param name="Counted">The rows.</param>
/// <param name="Partition">The argument that names the partition; null below a row.</param>
/// <param name="OfArea">Whether the row stands for an area.</param>
public sealed record FigureBinding(CountedRows Counted, PartitionArgument? Partition, bool OfArea) : RootBinding
{
    internal override IReadOnlyList<TableRead> Tables =>
        [.. Counted.Tables, .. Counted.Counters.OfAreas.Select(table => new TableRead(table, OfArea ? null : ConnectionBinding.AreaArgument))];

    public override ConnectionRows ListedRows => Counted.Rows;
}

/// <summary>Clusters of rows on a map.</summary>
/// <param name="Counted">The rows.</param>
/// <param name="Partition">The argument that names the partition.</param>
/// <param name="Top">The dimension whose most frequent value is shown.</param>
public sealed record ClusterBinding(CountedRows Counted, PartitionArgument Partition, CountDimension Top) : RootBinding
{
    internal override IReadOnlyList<TableRead> Tables => Counted.Tables;

    public override ConnectionRows ListedRows => Counted.Rows;
}
