using CityHelper.Engine.Space;

namespace CityHelper.Engine.Planning.Statistics;

/// <summary>Where rows are counted.</summary>
internal enum AggregateReach
{
    /// <summary>In the whole tenant, with or without a location.</summary>
    Tenant,

    /// <summary>In coarse interior cells.</summary>
    Coarse,

    /// <summary>In fine interior cells.</summary>
    Fine,
}

/// <summary>What is counted, as far as it decides which counters can answer.</summary>
internal enum AggregateGrain
{
    /// <summary>Rows, whenever they were created.</summary>
    Any,

    /// <summary>Rows by the month of their creation.</summary>
    Month,

    /// <summary>Rows by the day of their creation.</summary>
    Day,

    /// <summary>Rows by the time until they were done.</summary>
    Duration,

    /// <summary>The rows themselves: no counter suffices.</summary>
    Row,
}

/// <summary>The selects that a request's aggregates are added up from. Their presence decides the SQL; values are parameters.</summary>
[Flags]
internal enum AggregateParts
{
    None = 0,

    /// <summary>Counters of the tenant by month.</summary>
    Months = 1,

    /// <summary>Counters of the tenant by day, outside the months.</summary>
    Days = 1 << 1,

    /// <summary>Rows of the tenant, older than the counted time.</summary>
    Before = 1 << 2,

    /// <summary>Rows of the tenant, younger than the counted time.</summary>
    After = 1 << 3,

    /// <summary>Counters of coarse interior cells by year.</summary>
    InteriorYears = 1 << 4,

    /// <summary>Counters of coarse interior cells by month, outside the years.</summary>
    InteriorMonths = 1 << 5,

    /// <summary>Rows of coarse interior cells, older than the counted time.</summary>
    InteriorBefore = 1 << 6,

    /// <summary>Rows of coarse interior cells, younger than the counted time.</summary>
    InteriorAfter = 1 << 7,

    /// <summary>Counters of fine interior cells by year.</summary>
    FineYears = 1 << 8,

    /// <summary>Rows of fine interior cells, older than the counted time.</summary>
    FineBefore = 1 << 9,

    /// <summary>Rows of fine interior cells, younger than the counted time.</summary>
    FineAfter = 1 << 10,

    /// <summary>Rows of coarse boundary cells that lie in the area.</summary>
    Boundary = 1 << 11,

    /// <summary>Rows of fine boundary cells that lie in the area.</summary>
    BoundaryFine = 1 << 12,

    /// <summary>Coarse interior cells are given as runs.</summary>
    InteriorRuns = 1 << 13,

    /// <summary>Fine interior cells are given as runs.</summary>
    FineRuns = 1 << 14,

    /// <summary>Coarse boundary cells are given as runs.</summary>
    BoundaryRuns = 1 << 15,

    /// <summary>Fine boundary cells are given as runs.</summary>
    BoundaryFineRuns = 1 << 16,

    /// <summary>Rows of interior cells are tested against the area too, because the cells are those of a filter's rectangle.</summary>
    AreaOfAll = 1 << 17,

    /// <summary>The map's cells are the coarse ones of the counters.</summary>
    CoarseCells = 1 << 18,

    /// <summary>The map's cells are the fine ones.</summary>
    FineCells = 1 << 19,

    /// <summary>Counters of the area by month, and the rows of the months that are not counted.</summary>
    AreaMonths = 1 << 20,

    /// <summary>There are so many cells that those beyond the outermost rows are removed first.</summary>
    Reached = 1 << 21,

    /// <summary>
    /// Rows are found by the filter, which leaves few, and their cells are looked up among the area's cells; otherwise by the cells.
    /// </summary>
    ByFilter = 1 << 22,
}

/// <summary>The area and time range of one request's statistics.</summary>
/// <param name="Area">The area's cells; null for the whole tenant.</param>
/// <param name="Times">The time range, in the tenant's days.</param>
/// <param name="IsCounted">Whether counters can evaluate the filter.</param>
/// <param name="ZoneName">The time zone of the tenant's days.</param>
/// <param name="Now">The full minute before the request, by which due times are judged.</param>
internal sealed record AggregateScope(AreaCells? Area, AggregateTimes Times, bool IsCounted, string ZoneName, DateTime Now)
{
    private AreaCells? _joined;

    /// <summary>Whether durations are taken from counters, because there are too many rows to sort.</summary>
    public bool EstimatesDurations { get; init; }

    /// <summary>The zoom of the cells that a map is clustered by; 0 for statistics.</summary>
    public int CellZoom { get; init; }

    /// <summary>Whether those are the coarse or the fine cells of the counters.</summary>
    public AggregateParts CounterCells { get; init; }

    /// <summary>Whether <see cref="Area"/> holds the cells of a smaller rectangle that the filter leaves, and not the area's own.</summary>
    public bool CellsAreOfFilter { get; init; }

    /// <summary>Whether the area has its own counters.</summary>
    public bool IsAreaCounted { get; init; }

    /// <summary>The tiles of the finest zoom around the area. Changes outside them do not affect it.</summary>
    public TileRange Around { get; init; }

    /// <summary>Whether the filter leaves far fewer rows than the area has.</summary>
    public bool FindsByFilter { get; init; }

    /// <summary>What is read from packed blocks instead of rows; null without blocks.</summary>
    public BlockReads? Blocks { get; init; }

    /// <summary>
    /// The area's cells for a statement: joined into runs when all times are asked for, unless single months may be missing.
    /// </summary>
    public AreaCells? CellsFor(AggregateGrain grain) => Times.IsUnbounded && !TakesAreaMonths(grain) ? _joined ??= Area?.Joined() : Area;

    private bool TakesAreaMonths(AggregateGrain grain) =>
        IsAreaCounted && IsCounted && CellZoom == 0 && !CellsAreOfFilter && grain is AggregateGrain.Any or AggregateGrain.Month;

    /// <summary>The time range at a reach, split into what its counters cover and the rest.</summary>
    public CountedTime Time(AggregateReach reach, AggregateGrain grain) => !IsCounted ? Times.Rows : (reach, grain) switch
    {
        (_, AggregateGrain.Row) => Times.Rows,
        (AggregateReach.Tenant, AggregateGrain.Duration) => Times.Months,
        (AggregateReach.Tenant, _) => Times.Days,
        (AggregateReach.Coarse, AggregateGrain.Duration) => Times.Years,
        (AggregateReach.Coarse, AggregateGrain.Any or AggregateGrain.Month) => Times.Months,
        (AggregateReach.Fine, AggregateGrain.Any) => Times.Years,
        _ => Times.Rows,
    };

    /// <summary>The larger spans in that time range, which fewer counters cover; empty where there are none.</summary>
    public CountedTime Larger(AggregateReach reach, AggregateGrain grain) => (reach, grain) switch
    {
        (AggregateReach.Tenant, AggregateGrain.Any or AggregateGrain.Month) => Times.Months,
        (AggregateReach.Coarse, AggregateGrain.Any) => Times.Years,
        _ => Times.Rows,
    };

    /// <summary>The selects of a statement.</summary>
    public AggregateParts Parts(AggregateGrain grain) =>
        CellsFor(grain) is not { } cells
            ? Of(AggregateReach.Tenant, grain, AggregateParts.Months, AggregateParts.Days, AggregateParts.Before, AggregateParts.After)
            : (cells.Runs > Limits.AreaRunsUnreachedMax ? AggregateParts.Reached : AggregateParts.None)
                | (FindsByFilter ? AggregateParts.ByFilter : AggregateParts.None)
                | (TakesAreaMonths(grain) ? AreaMonthParts(cells)
                    : Blocks is not null && grain == AggregateGrain.Any ? CountedParts(cells)
                    : CoarseParts(grain, cells)
                        | FineParts(grain, cells)
                        | BoundaryParts(cells)
                        | (CellsAreOfFilter ? AggregateParts.AreaOfAll : AggregateParts.None)
                        | CounterCells);

    /// <summary>
    /// Cells that would be read row by row unless the area has its own counters: boundary cells, and interior cells outside counted times.
    /// </summary>
    public IEnumerable<BlockCells> CellsOfRows(int coarse, int fine)
    {
        if (Area is not { } cells || TakesAreaMonths(AggregateGrain.Any))
        {
            return [];
        }

        CountedTime coarseTime = Time(AggregateReach.Coarse, AggregateGrain.Any);
        CountedTime fineTime = Time(AggregateReach.Fine, AggregateGrain.Any);
        BlockCells[] all =
        [
            new(cells.Interior, coarse, coarseTime.Before, IsBoundary: false),
            new(cells.Interior, coarse, coarseTime.After, IsBoundary: false),
            new(cells.InteriorFine, fine, fineTime.Before, IsBoundary: false),
            new(cells.InteriorFine, fine, fineTime.After, IsBoundary: false),
            new(cells.Boundary, coarse, Times.All, IsBoundary: true),
            new(cells.BoundaryFine, fine, Times.All, IsBoundary: true),
        ];
        return all.Where(p => !p.Runs.IsEmpty && p.Keys.Low < p.Keys.High);
    }

    // Packed blocks hold what would otherwise be read row by row.
    private AggregateParts CountedParts(AreaCells cells) => (CoarseParts(AggregateGrain.Any, cells) | FineParts(AggregateGrain.Any, cells))
        & ~(AggregateParts.InteriorBefore | AggregateParts.InteriorAfter | AggregateParts.FineBefore | AggregateParts.FineAfter);

    // For missing months the rows of all cells are read, those of boundary cells with the area test.
    private static AggregateParts AreaMonthParts(AreaCells cells) => AggregateParts.AreaMonths
        | (cells.Interior.IsEmpty ? AggregateParts.None : AggregateParts.InteriorAfter | Runs(cells.Interior, AggregateParts.InteriorRuns))
        | (cells.InteriorFine.IsEmpty ? AggregateParts.None : AggregateParts.FineAfter | Runs(cells.InteriorFine, AggregateParts.FineRuns))
        | BoundaryParts(cells);

    private AggregateParts CoarseParts(AggregateGrain grain, AreaCells cells) =>
        cells.Interior.IsEmpty
            ? AggregateParts.None
            : Runs(cells.Interior, AggregateParts.InteriorRuns) | Of(
                AggregateReach.Coarse,
                grain,
                AggregateParts.InteriorYears,
                AggregateParts.InteriorMonths,
                AggregateParts.InteriorBefore,
                AggregateParts.InteriorAfter);

    private AggregateParts FineParts(AggregateGrain grain, AreaCells cells) =>
        cells.InteriorFine.IsEmpty
            ? AggregateParts.None
            : Runs(cells.InteriorFine, AggregateParts.FineRuns) | Of(
                AggregateReach.Fine,
                grain,
                AggregateParts.FineYears,
                AggregateParts.FineYears,
                AggregateParts.FineBefore,
                AggregateParts.FineAfter);

    private static AggregateParts BoundaryParts(AreaCells cells) =>
        (cells.Boundary.IsEmpty ? AggregateParts.None : AggregateParts.Boundary | Runs(cells.Boundary, AggregateParts.BoundaryRuns))
        | (cells.BoundaryFine.IsEmpty
            ? AggregateParts.None
            : AggregateParts.BoundaryFine | Runs(cells.BoundaryFine, AggregateParts.BoundaryFineRuns));

    private AggregateParts Of(
        AggregateReach reach,
        AggregateGrain grain,
        AggregateParts larger,
        AggregateParts smaller,
        AggregateParts before,
        AggregateParts after)
    {
        CountedTime time = Time(reach, grain);
        CountedTime within = IsCounted ? Larger(reach, grain) : Times.Rows;
        bool isLargerAlone = within.HasCounters && within.From == time.From && within.To == time.To;

        // Durations have one span only: the larger one, where the reach has two.
        AggregateParts counted = !time.HasCounters ? AggregateParts.None
            : grain == AggregateGrain.Duration ? larger
            : (within.HasCounters ? larger : AggregateParts.None) | (isLargerAlone ? AggregateParts.None : smaller);
        return counted | (time.HasBefore ? before : AggregateParts.None) | (time.HasAfter ? after : AggregateParts.None);
    }

    private static AggregateParts Runs(CellRuns runs, AggregateParts flag) => runs.AreSingle ? AggregateParts.None : flag;
}
