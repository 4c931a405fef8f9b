using CityHelper.Engine.Cost;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Figures;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Binding;

/// <summary>Binds figures or clusters.</summary>
/// <param name="plan">What is asked.</param>
/// <param name="context">Statistics, the clock, look-ups.</param>
internal sealed class FigureBinder(FigurePlan plan, BindingContext context)
{
    private readonly CountedRows _counted = plan.Question.Counted;
    private readonly RowAccess _access = plan.Question.Counted.Rows.Access;

    // Order matters: an area kept under an id belongs to a partition, and what an index serves depends on the area.
    public async ValueTask<BoundRoot> BindAsync(RootSeed seed, GeometryBudget budget, CancellationToken cancellation)
    {
        (short partition, RequestError? error) = plan.Arguments.Partition is { } named
            ? await context.Lookups.PartitionAsync(named, seed.Variables, cancellation)
            : (seed.Partition, null);
        if (error is not null)
        {
            return RootBinder.Refused(plan, seed, error);
        }

        var filter = new BoundFilter(plan.Filter, seed.Variables, partition, context);
        if ((CheckNumbers(seed) ?? filter.Check()) is { } unfit)
        {
            return RootBinder.Refused(plan, seed, unfit);
        }

        BoundArea area = await new AreaBinder(context.Lookups).BindAsync(plan.Arguments.Area, seed, partition, cancellation);
        error = area.Error
            ?? await filter.CheckShapesAsync(area.Area, budget, cancellation)
            ?? await GeometryWork.RunAsync(area.Area?.Positions ?? 0, () => CheckIndexes(area.Area, filter), cancellation);
        PartitionCalendar? calendar = null;
        if (error is null)
        {
            (calendar, error) = await context.Lookups.CalendarAsync(_counted.Calendars, partition, cancellation);
        }

        if (error is not null)
        {
            return RootBinder.Refused(plan, seed, error);
        }

        (FigureScope scope, error) = await GeometryWork.RunAsync(
            area.Area?.Positions ?? 0, () => Scope(seed, area, filter, calendar!), cancellation);
        var values = new RootValues(seed.Variables)
        {
            Partition = partition,

            // Rows of the small tables that figures are shown with; lists below them count by it.
            PageRows = Limits.FigureGroupsMax,
            Area = area.Area,
            KeptArea = area.Kept,
            Figures = scope,
        };
        budget.FieldCost += RimCost(values, filter);
        return error is null ? new BoundRoot(plan, values) : RootBinder.Refused(plan, seed, error);
    }

    // Each statement holds the rows of the rim against the polygon. The rim of a comb has all rows, and all its edges are at each one's
    // height.
    private double RimCost(RootValues values, BoundFilter filter)
    {
        if (values.Area?.Sent is not { } polygon || values.Figures?.Area is not { } cells || filter.Known is not { } known)
        {
            return 0;
        }

        (int coarse, int fine) = (_counted.Counters.CoarseZoom, _counted.Counters.FineZoom);
        Estimation estimation = filter.Estimate(known);
        double share = values.Figures.CellsAreOfFilter
            ? estimation.ShareOf(Reach(values.Area, filter)!, CoarseColumn)
            : estimation.ShareOfRim(cells, CoarseColumn, coarse, fine);
        return ValueWeights.OfRowsHeldAgainst(polygon, share) * plan.Figures.Count(statement => statement.IsNeeded(values));
    }

    private string CoarseColumn => _access.Grid!.Levels.First(l => l.Zoom == _counted.Counters.CoarseZoom).Column;

    private RequestError? CheckNumbers(RootSeed seed)
    {
        foreach ((string coordinate, InputNode first) in plan.GroupLimits)
        {
            int groups = (int)first.Evaluate(seed.Variables)!;
            if (groups is < 0 or > Limits.FigureGroupsMax)
            {
                return groups < 0
                    ? new PageSizeNegativeError(StatsType.First, coordinate)
                    : new PageTooLargeError(coordinate, groups, Limits.FigureGroupsMax);
            }
        }

        return plan.Zoom?.Evaluate(seed.Variables) is int zoom and (< 0 or > Limits.MapZoomMax) ? new ZoomInvalidError(zoom) : null;
    }

    // A filter that no index serves reads each row of its area, so that must be small, or its time short, or the rows that the others name
    // few.
    private RequestError? CheckIndexes(Area? area, BoundFilter filter) =>
        plan.IsCountable || Reach(area, filter)?.Cover(_access.Grid!.Zooms).Level > 0 ? null : filter.CheckIndexes(
            estimation => Reach(area, filter) is { } reach ? estimation.ShareOf(reach, _access.Grid!.Levels[0].Column) : 1,
            plan.Arguments.Coordinate);

    private (FigureScope Scope, RequestError? Error) Scope(RootSeed seed, BoundArea area, BoundFilter filter, PartitionCalendar calendar)
    {
        CreationRange range = plan.Question.IsRange
            ? CreationRange.Of(_counted.Rows.Filter, plan.Question.Filter, _access.Created!.Column, seed.Variables)
            : new CreationRange(filter.Created.LowMs, filter.Created.HighMs);
        var times = new FigureTimes(range, calendar, _access.Created!);

        Area? reach = Reach(area.Area, filter);
        int cellZoom = plan.Zoom is null ? 0 : ClusterZoom((int)plan.Zoom.Evaluate(seed.Variables)!);
        AreaCells? cells = Cells(reach, cellZoom);
        var scope = new FigureScope(cells, times, plan.IsCountable && calendar.IsCounted, calendar.ZoneName, context.Time.GetUtcNow().UtcDateTime)
        {
            CellZoom = cellZoom,
            KeptCells = cellZoom == _counted.Counters.CoarseZoom ? FigureParts.CoarseCells
                : cellZoom == _counted.Counters.FineZoom ? FigureParts.FineCells
                : FigureParts.None,
            CellsAreOfFilter = area.Area is not null && reach != area.Area,
            IsAreaCounted = _counted.Counters.Areas is not null && area.Kept is { IsCounted: true },
            Around = area.Area is { } asked ? TileRange.Around(asked.Box, _counted.Counters.FineZoom) : default,
        };
        if (cells is { AreTooMany: true })
        {
            return (scope, new AreaInvalidError("The area is too wide to be counted: send a smaller one, or none for all there is."));
        }

        // Without a filter, or without an area, there is nothing to choose.
        bool isFiltered = cells is not null && plan.Filter.Conditions.Count > 0;
        double rows = scope.IsCounted || isFiltered ? RowsIn(reach, times.All, filter) : 0;
        return (scope with
        {
            Packs = calendar.IsPacked ? Packs(area.Area, scope, filter) : null,
            FindsByFilter = isFiltered && filter.RowsByIndex() is { } left && left * Limits.RowsOfFilterTimes <= rows,
            EstimatesDurations = scope.IsCounted && rows > Limits.ExactDurationRowsMax,
        }, null);
    }

    // What would be many cells, or many rows of them, is counted by PostgreSQL, within its time limit.
    private PackReads? Packs(Area? area, FigureScope scope, BoundFilter filter)
    {
        int fine = _counted.Counters.FineZoom;
        if (!plan.IsPackable || !scope.IsCounted || scope.Area is not { Runs: <= Limits.AreaRunsUnreachedMax } || filter.Known is not { } known)
        {
            return null;
        }

        PackPlace[] places = [.. scope.PlacesOfRows(_counted.Counters.CoarseZoom, fine)];
        if (places.Length == 0 || places.Sum(p => p.CountAt(fine)) > Limits.PackCellsMax)
        {
            return null;
        }

        Estimation estimation = filter.Estimate(known);
        double rows = places.Sum(p => AccessChooser.RowsIn(p.Keys, known) * estimation.ShareOf(new CellCover(0, [.. p.CellsAt(fine)]), _access.Grid!.Levels[^1].Column));
        return rows <= Limits.PackRowsMax && area!.Points() is { } points && rows * points.EdgesMax <= Limits.PackTestsMax
            ? PackReads.Of(places, fine, points)
            : null;
    }

    /// <summary>The smaller of the area and the rectangle that the filter leaves; null for the whole partition.</summary>
    private Area? Reach(Area? area, BoundFilter filter)
    {
        Area? ofFilter = plan.Question.IsPlaced ? filter.LocationIn(area) : null;
        return (area, ofFilter) switch
        {
            (null, _) => ofFilter,
            (_, null) => area,
            _ => ofFilter.Cover(_access.Grid!.Zooms).Level > area.Cover(_access.Grid!.Zooms).Level ? ofFilter : area,
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

    private double RowsIn(Area? reach, KeyRange keys, BoundFilter filter) => filter.Known is { } known
        ? AccessChooser.RowsIn(keys, known) * (reach is null ? 1 : filter.Estimate(known).ShareOf(reach, CoarseColumn))
        : double.MaxValue;
}
