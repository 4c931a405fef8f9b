using CityHelper.Engine.Bindings;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Pricing;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Planning.Figures;

/// <summary>Figures or clusters: of a partition, of an area in it, or of the area that the row above stands for.</summary>
/// <param name="field">Its name and writer.</param>
/// <param name="question">What is asked.</param>
/// <param name="arguments">Its arguments.</param>
/// <param name="filter">The compiled filter.</param>
/// <param name="context">Statistics and the clock.</param>
internal sealed class FigurePlan(
    FieldWriter field, FigureQuestion question, FigureArguments arguments, CompiledFilter filter, PlanningContext context) : RootPlan(field)
{
    private readonly CountedRows _counted = question.Counted;
    private readonly RowAccess _access = question.Counted.Rows.Access;
    private readonly int[] _zooms = [.. question.Counted.Rows.Access.Grid!.Levels.Select(l => l.Zoom)];

    // Counters know nothing but the dimensions and the time.
    private readonly bool _isCountable = question.IsRange && filter.Conditions
        .Where(c => c.Columns is not [var column] || column != question.Counted.Rows.Access.Created!.Column.Name)
        .All(c => c.Columns.All(column => question.Counted.Dimensions.Any(d => d.Column == column)));

    /// <summary>Whether the rows can be counted from packs: here, where no condition of SQL can be asked, and no geodesic be computed.</summary>
    public bool IsPackable { get; init; }

    /// <summary>Arguments of fields within: how many groups they return.</summary>
    public IReadOnlyList<(string Coordinate, InputNode First)> GroupLimits { get; init; } = [];

    /// <summary>The argument of clusters; null for figures.</summary>
    public InputNode? Zoom { get; init; }

    // Order matters: an area kept under an id belongs to a partition, and what an index serves depends on the area.
    protected override async ValueTask BindOwnAsync(RootRun run, CancellationToken cancellation)
    {
        // Rows of the small tables that figures are shown with; lists below them count by it.
        run.PageRows = Limits.FigureGroupsMax;
        if (arguments.Partition is { } partition && !await PartitionOf.TryBindAsync(partition.Argument, partition.Value, run, cancellation))
        {
            return;
        }

        run.Error = CheckNumbers(run)
            ?? filter.Check(run)
            ?? (arguments.Area is { } area ? await area.BindAsync(run, cancellation) : null)
            ?? await filter.CheckShapesAsync(run, cancellation)
            ?? await GeometryWork.RunAsync(run.Area?.Positions ?? 0, () => CheckIndexes(run), cancellation);
        if (run.Error is null)
        {
            PartitionCalendar calendar = await _counted.Calendars.OfAsync(run.Partition, cancellation);
            run.Figures = await GeometryWork.RunAsync(run.Area?.Positions ?? 0, () => Scope(run, calendar), cancellation);
            run.CountedCost += RimCost(run);
        }
    }

    // Each statement holds the rows of the rim against the polygon. The rim of a comb has all rows, and all its edges are at each one's height.
    private double RimCost(RootRun run)
    {
        if (run.Area?.Sent is not { } polygon || run.Figures?.Area is not { } cells
            || context.Statistics.Of(_access.Entity.Table, run.Partition) is not { } statistics)
        {
            return 0;
        }

        (int coarse, int fine) = (_counted.Counters.CoarseZoom, _counted.Counters.FineZoom);
        var estimation = new Estimation(run, statistics, []);
        double share = run.Figures.CellsAreOfFilter
            ? estimation.ShareOf(Reach(run)!, CoarseColumn)
            : estimation.ShareOfRim(cells, CoarseColumn, coarse, fine);
        return ValueWeights.OfRowsHeldAgainst(polygon, share) * Figures.Count(statement => statement.IsNeeded(run));
    }

    private string CoarseColumn => _access.Grid!.Levels.First(l => l.Zoom == _counted.Counters.CoarseZoom).Column;

    private RequestError? CheckNumbers(RootRun run)
    {
        foreach ((string coordinate, InputNode first) in GroupLimits)
        {
            int groups = (int)first.Evaluate(run.Variables)!;
            if (groups is < 0 or > Limits.FigureGroupsMax)
            {
                return groups < 0
                    ? new PageSizeNegativeError(Types.StatsType.First, coordinate)
                    : new PageTooLargeError(coordinate, groups, Limits.FigureGroupsMax);
            }
        }

        return Zoom?.Evaluate(run.Variables) is int zoom and (< 0 or > Limits.MapZoomMax) ? new ZoomInvalidError(zoom) : null;
    }

    // A filter that no index serves reads each row of its area, so that must be small, or its time short, or the rows that the others name few.
    private RequestError? CheckIndexes(RootRun run)
    {
        if (_isCountable || Reach(run)?.Cover(_zooms).Level > 0)
        {
            return null;
        }

        return filter.CheckIndexes(
            run,
            context.Statistics,
            estimation => Reach(run) is { } reach ? estimation.ShareOf(reach, _access.Grid!.Levels[0].Column) : 1,
            arguments.Coordinate);
    }

    private FigureScope Scope(RootRun run, PartitionCalendar calendar)
    {
        CreationBounds bounds = filter.Created(run.Variables);
        CreationRange range = question.IsRange
            ? CreationRange.Of(_counted.Rows.Filter, question.Filter, _access.Created!.Column, run.Variables)
            : new CreationRange(bounds.LowMs, bounds.HighMs);
        var times = new FigureTimes(range, calendar, _access.Created!);

        Area? reach = Reach(run);
        int cellZoom = Zoom is null ? 0 : ClusterZoom((int)Zoom.Evaluate(run.Variables)!);
        AreaCells? cells = Cells(reach, cellZoom);
        if (cells is { AreTooMany: true })
        {
            run.Error = new AreaInvalidError("The area is too wide to be counted: send a smaller one, or none for all there is.");
        }

        var scope = new FigureScope(cells, times, _isCountable && calendar.IsCounted, calendar.ZoneName, context.Time.GetUtcNow().UtcDateTime)
        {
            CellZoom = cellZoom,
            KeptCells = cellZoom == _counted.Counters.CoarseZoom ? FigureParts.CoarseCells
                : cellZoom == _counted.Counters.FineZoom ? FigureParts.FineCells
                : FigureParts.None,
            CellsAreOfFilter = run.Area is not null && reach != run.Area,
            IsAreaCounted = _counted.Counters.Areas is not null && run.KeptArea is { IsCounted: true },
            Around = run.Area is { } area ? TileRange.Around(area.Box, _counted.Counters.FineZoom) : default,
        };
        // Without a filter, or without an area, there is nothing to choose.
        double rows = scope.IsCounted || (cells is not null && filter.Conditions.Count > 0) ? RowsIn(run, reach, times.All) : 0;
        return scope with
        {
            Packs = calendar.IsPacked ? Packs(run, scope) : null,
            FindsByFilter = cells is not null && filter.Conditions.Count > 0
                && filter.RowsByIndex(run, context.Statistics) is { } left && left * Limits.RowsOfFilterTimes <= rows,
            EstimatesDurations = scope.IsCounted && rows > Limits.ExactDurationRowsMax,
        };
    }

    // What would be many cells, or many rows of them, is counted by PostgreSQL, within its time limit.
    private PackReads? Packs(RootRun run, FigureScope scope)
    {
        int fine = _counted.Counters.FineZoom;
        if (!IsPackable || !scope.IsCounted || scope.Area is not { Runs: <= Limits.AreaRunsUnreachedMax }
            || context.Statistics.Of(_access.Entity.Table, run.Partition) is not { } statistics)
        {
            return null;
        }

        PackPlace[] places = [.. scope.PlacesOfRows(_counted.Counters.CoarseZoom, fine)];
        if (places.Length == 0 || places.Sum(p => p.CountAt(fine)) > Limits.PackCellsMax)
        {
            return null;
        }

        var estimation = new Estimation(run, statistics, []);
        double rows = places.Sum(p => AccessChooser.RowsIn(p.Keys, statistics) * estimation.ShareOf(new CellCover(0, [.. p.CellsAt(fine)]), _access.Grid!.Levels[^1].Column));
        return rows <= Limits.PackRowsMax && run.Area!.Points() is { } points && rows * points.EdgesMax <= Limits.PackTestsMax
            ? PackReads.Of(places, fine, points)
            : null;
    }

    /// <summary>The smaller of the area and the rectangle that the filter leaves; null for the whole partition.</summary>
    private Area? Reach(RootRun run)
    {
        Area? ofFilter = question.IsPlaced ? filter.LocationOf(run) : null;
        return (run.Area, ofFilter) switch
        {
            (null, _) => ofFilter,
            (_, null) => run.Area,
            _ => ofFilter.Cover(_zooms).Level > run.Area.Cover(_zooms).Level ? ofFilter : run.Area,
        };
    }

    /// <summary>The zoom of cells: eight by eight of them divide a tile of the map.</summary>
    private int ClusterZoom(int zoom) => Math.Min(zoom + 3, _counted.Counters.FineZoom);

    private AreaCells? Cells(Area? area, int cellZoom)
    {
        (int coarse, int fine) = (_counted.Counters.CoarseZoom, _counted.Counters.FineZoom);
        if (cellZoom > coarse)
        {
            // Coarse cells know nothing of the fine ones in them.
            AreaCells cells = area is null ? AreaCells.Everywhere(fine) : area.Cells(fine, fine);
            return cells with { Whole = CellRuns.None, WholeFine = cells.Whole, Rim = CellRuns.None, RimFine = cells.Rim };
        }

        return area is not null ? area.Cells(coarse, fine)
            : cellZoom > 0 ? AreaCells.Everywhere(coarse)
            : null;
    }

    private double RowsIn(RootRun run, Area? reach, KeyRange keys)
    {
        if (context.Statistics.Of(_access.Entity.Table, run.Partition) is not { } statistics)
        {
            return double.MaxValue;
        }

        var estimation = new Estimation(run, statistics, []);
        return AccessChooser.RowsIn(keys, statistics) * (reach is null ? 1 : estimation.ShareOf(reach, CoarseColumn));
    }
}

/// <summary>The arguments of figures, null where not given.</summary>
/// <param name="Coordinate">The field, as errors name it.</param>
/// <param name="Partition">The argument that names the partition; null below a row.</param>
/// <param name="Area">The area.</param>
internal sealed record FigureArguments(string Coordinate, (PartitionArgument Argument, InputNode Value)? Partition, AreaArgument? Area);
