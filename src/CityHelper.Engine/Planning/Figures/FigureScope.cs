using CityHelper.Engine.Space;

namespace CityHelper.Engine.Planning.Figures;

/// <summary>Where rows are counted.</summary>
internal enum FigureReach
{
    /// <summary>In the whole partition, with or without a place of their own.</summary>
    Partition,

    /// <summary>In coarse cells that lie in the area whole.</summary>
    Whole,

    /// <summary>In fine cells that lie in the area whole.</summary>
    Fine,
}

/// <summary>What is counted, as far as it decides which counters can tell.</summary>
internal enum FigureGrain
{
    /// <summary>Rows, whenever they were created.</summary>
    Any,

    /// <summary>Rows by the month of their creation.</summary>
    Month,

    /// <summary>Rows by the day of their creation.</summary>
    Day,

    /// <summary>Rows by the time until they were done.</summary>
    Duration,

    /// <summary>Rows themselves: no counter will do.</summary>
    Row,
}

/// <summary>The selects that a request's figures are added up from. Which there are decides the SQL; their values are parameters.</summary>
[Flags]
internal enum FigureParts
{
    None = 0,

    /// <summary>Counters of the partition by month.</summary>
    Months = 1,

    /// <summary>Counters of the partition by day, outside the months.</summary>
    Days = 1 << 1,

    /// <summary>Rows of the partition, older than what is counted.</summary>
    Before = 1 << 2,

    /// <summary>Rows of the partition, younger than what is counted.</summary>
    After = 1 << 3,

    /// <summary>Counters of whole coarse cells by year.</summary>
    WholeYears = 1 << 4,

    /// <summary>Counters of whole coarse cells by month, outside the years.</summary>
    WholeMonths = 1 << 5,

    /// <summary>Rows of whole coarse cells, older than what is counted.</summary>
    WholeBefore = 1 << 6,

    /// <summary>Rows of whole coarse cells, younger than what is counted.</summary>
    WholeAfter = 1 << 7,

    /// <summary>Counters of whole fine cells by year.</summary>
    FineYears = 1 << 8,

    /// <summary>Rows of whole fine cells, older than what is counted.</summary>
    FineBefore = 1 << 9,

    /// <summary>Rows of whole fine cells, younger than what is counted.</summary>
    FineAfter = 1 << 10,

    /// <summary>Rows in coarse cells of the rim that lie in the area.</summary>
    Rim = 1 << 11,

    /// <summary>Rows in fine cells of the rim that lie in the area.</summary>
    RimFine = 1 << 12,

    /// <summary>Whole coarse cells are named by runs.</summary>
    WholeRuns = 1 << 13,

    /// <summary>Whole fine cells are named by runs.</summary>
    FineRuns = 1 << 14,

    /// <summary>Coarse cells of the rim are named by runs.</summary>
    RimRuns = 1 << 15,

    /// <summary>Fine cells of the rim are named by runs.</summary>
    RimFineRuns = 1 << 16,

    /// <summary>Rows of whole cells are held against the area too, because the cells are those of a filter's rectangle.</summary>
    AreaOfAll = 1 << 17,

    /// <summary>The map's cells are the coarse ones of the counters.</summary>
    CoarseCells = 1 << 18,

    /// <summary>The map's cells are the fine ones.</summary>
    FineCells = 1 << 19,

    /// <summary>Counters of the area by month, and the rows of the months that are not counted.</summary>
    AreaMonths = 1 << 20,

    /// <summary>Cells are so many that those beyond the outermost rows are left out first.</summary>
    Reached = 1 << 21,

    /// <summary>
    /// Rows are found by the filter, which leaves few, and their cells are looked up in those of the area; otherwise by the cells.
    /// </summary>
    ByFilter = 1 << 22,
}

/// <summary>The place and time of one request's figures.</summary>
/// <param name="Area">The area's cells; null for the whole partition.</param>
/// <param name="Times">The time, in the partition's days.</param>
/// <param name="IsCounted">Whether counters know what the filter asks.</param>
/// <param name="ZoneName">The zone of the partition's days.</param>
/// <param name="Now">The moment of the request.</param>
internal sealed record FigureScope(AreaCells? Area, FigureTimes Times, bool IsCounted, string ZoneName, DateTime Now)
{
    private AreaCells? _joined;

    /// <summary>Whether times until rows are done are taken from counters, because there are too many rows to sort.</summary>
    public bool EstimatesDurations { get; init; }

    /// <summary>The zoom of the cells that a map is clustered by; 0 for figures.</summary>
    public int CellZoom { get; init; }

    /// <summary>Whether those are cells that the counters have.</summary>
    public FigureParts KeptCells { get; init; }

    /// <summary>Whether <see cref="Area"/> is of the cells of a smaller rectangle that the filter leaves, and not of the area.</summary>
    public bool CellsAreOfFilter { get; init; }

    /// <summary>Whether the area has counters of its own.</summary>
    public bool IsAreaCounted { get; init; }

    /// <summary>The tiles of the finest zoom around the area: what changes outside them is not in it.</summary>
    public TileRange Around { get; init; }

    /// <summary>Whether the filter leaves far fewer rows than the area has.</summary>
    public bool FindsByFilter { get; init; }

    /// <summary>What is read of packs instead of rows; null without packs.</summary>
    public PackReads? Packs { get; init; }

    /// <summary>
    /// The area's cells, as they are named for a statement: by runs for all times, except where single months may be missing.
    /// </summary>
    public AreaCells? CellsFor(FigureGrain grain) => Times.IsUnbounded && !TakesAreaMonths(grain) ? _joined ??= Area?.Joined() : Area;

    private bool TakesAreaMonths(FigureGrain grain) =>
        IsAreaCounted && IsCounted && CellZoom == 0 && !CellsAreOfFilter && grain is FigureGrain.Any or FigureGrain.Month;

    /// <summary>The time at a place, cut for what its counters know.</summary>
    public CountedTime Time(FigureReach place, FigureGrain grain) => !IsCounted ? Times.Rows : (place, grain) switch
    {
        (_, FigureGrain.Row) => Times.Rows,
        (FigureReach.Partition, FigureGrain.Duration) => Times.Months,
        (FigureReach.Partition, _) => Times.Days,
        (FigureReach.Whole, FigureGrain.Duration) => Times.Years,
        (FigureReach.Whole, FigureGrain.Any or FigureGrain.Month) => Times.Months,
        (FigureReach.Fine, FigureGrain.Any) => Times.Years,
        _ => Times.Rows,
    };

    /// <summary>The larger spans within that time, which are counted by fewer counters; empty where there are none.</summary>
    public CountedTime Larger(FigureReach place, FigureGrain grain) => (place, grain) switch
    {
        (FigureReach.Partition, FigureGrain.Any or FigureGrain.Month) => Times.Months,
        (FigureReach.Whole, FigureGrain.Any) => Times.Years,
        _ => Times.Rows,
    };

    /// <summary>The selects of a statement.</summary>
    public FigureParts Parts(FigureGrain grain) => CellsFor(grain) is not { } cells
        ? Of(FigureReach.Partition, grain, FigureParts.Months, FigureParts.Days, FigureParts.Before, FigureParts.After)
        : (cells.Runs > Limits.AreaRunsUnreachedMax ? FigureParts.Reached : FigureParts.None)
            | (FindsByFilter ? FigureParts.ByFilter : FigureParts.None)
            | (TakesAreaMonths(grain) ? AreaMonthParts(cells)
            : Packs is not null && grain == FigureGrain.Any ? CountedParts(cells)
            : WholeParts(grain, cells) | FineParts(grain, cells) | RimParts(cells) | (CellsAreOfFilter ? FigureParts.AreaOfAll : FigureParts.None) | KeptCells);

    /// <summary>
    /// What would be read row by row, unless the area has counters of its own: its rim, and the time that no counters of whole cells know.
    /// </summary>
    public IEnumerable<PackPlace> PlacesOfRows(int coarse, int fine)
    {
        if (Area is not { } cells || TakesAreaMonths(FigureGrain.Any))
        {
            return [];
        }

        (CountedTime whole, CountedTime wholeFine) = (Time(FigureReach.Whole, FigureGrain.Any), Time(FigureReach.Fine, FigureGrain.Any));
        PackPlace[] places =
        [
            new(cells.Whole, coarse, whole.Before, IsRim: false),
            new(cells.Whole, coarse, whole.After, IsRim: false),
            new(cells.WholeFine, fine, wholeFine.Before, IsRim: false),
            new(cells.WholeFine, fine, wholeFine.After, IsRim: false),
            new(cells.Rim, coarse, Times.All, IsRim: true),
            new(cells.RimFine, fine, Times.All, IsRim: true),
        ];
        return places.Where(p => !p.Runs.IsEmpty && p.Keys.Low < p.Keys.High);
    }

    // What else would be read row by row stands in packs.
    private FigureParts CountedParts(AreaCells cells) => (WholeParts(FigureGrain.Any, cells) | FineParts(FigureGrain.Any, cells))
        & ~(FigureParts.WholeBefore | FigureParts.WholeAfter | FigureParts.FineBefore | FigureParts.FineAfter);

    // Of the months that are missing the rows of all cells are read, those of the rim with the test.
    private static FigureParts AreaMonthParts(AreaCells cells) => FigureParts.AreaMonths
        | (cells.Whole.IsEmpty ? FigureParts.None : FigureParts.WholeAfter | Runs(cells.Whole, FigureParts.WholeRuns))
        | (cells.WholeFine.IsEmpty ? FigureParts.None : FigureParts.FineAfter | Runs(cells.WholeFine, FigureParts.FineRuns))
        | RimParts(cells);

    private FigureParts WholeParts(FigureGrain grain, AreaCells cells) => cells.Whole.IsEmpty
        ? FigureParts.None
        : Of(FigureReach.Whole, grain, FigureParts.WholeYears, FigureParts.WholeMonths, FigureParts.WholeBefore, FigureParts.WholeAfter)
            | Runs(cells.Whole, FigureParts.WholeRuns);

    private FigureParts FineParts(FigureGrain grain, AreaCells cells) => cells.WholeFine.IsEmpty
        ? FigureParts.None
        : Of(FigureReach.Fine, grain, FigureParts.FineYears, FigureParts.FineYears, FigureParts.FineBefore, FigureParts.FineAfter)
            | Runs(cells.WholeFine, FigureParts.FineRuns);

    private static FigureParts RimParts(AreaCells cells) =>
        (cells.Rim.IsEmpty ? FigureParts.None : FigureParts.Rim | Runs(cells.Rim, FigureParts.RimRuns))
        | (cells.RimFine.IsEmpty ? FigureParts.None : FigureParts.RimFine | Runs(cells.RimFine, FigureParts.RimFineRuns));

    private FigureParts Of(FigureReach place, FigureGrain grain, FigureParts larger, FigureParts smaller, FigureParts before, FigureParts after)
    {
        CountedTime time = Time(place, grain);
        CountedTime within = IsCounted ? Larger(place, grain) : Times.Rows;
        bool isLargerAlone = within.HasCounters && within.From == time.From && within.To == time.To;

        // Of one span only: that of durations is the larger one, where the place has two.
        FigureParts counted = !time.HasCounters ? FigureParts.None
            : grain == FigureGrain.Duration ? larger
            : (within.HasCounters ? larger : FigureParts.None) | (isLargerAlone ? FigureParts.None : smaller);
        return counted | (time.HasBefore ? before : FigureParts.None) | (time.HasAfter ? after : FigureParts.None);
    }

    private static FigureParts Runs(CellRuns runs, FigureParts flag) => runs.AreSingle ? FigureParts.None : flag;
}
