using CityHelper.Engine.Cost;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Statistics;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Binding;

/// <summary>Binds statistics or clusters.</summary>
/// <param name="plan">The plan of the root.</param>
/// <param name="context">Table statistics, the clock, lookups.</param>
internal sealed class AggregateBinder(AggregatePlan plan, BindingContext context)
{
    private readonly CountedRows _counted = plan.Question.Counted;
    private readonly RowAccess _access = plan.Question.Counted.Rows.Access;

    // Order matters: a stored area belongs to a tenant, and which filters an index serves depends on the area.
    public async ValueTask<BoundRoot> BindAsync(RootSeed seed, GeometryBudget budget, CancellationToken cancellation)
    {
        (short tenant, RequestError? error) = plan.Arguments.Tenant is { } named
            ? await context.Lookups.TenantAsync(named, seed.Variables, cancellation)
            : (seed.Tenant, null);
        if (error is not null)
        {
            return RootBinder.Refused(plan, seed, error);
        }

        var filter = new BoundFilter(plan.Filter, seed.Variables, tenant, context);
        if ((CheckNumbers(seed) ?? filter.Check()) is { } unfit)
        {
            return RootBinder.Refused(plan, seed, unfit);
        }

        BoundArea area = await new AreaBinder(context.Lookups).BindAsync(plan.Arguments.Area, seed, tenant, cancellation);
        error = area.Error
            ?? await filter.CheckShapesAsync(area.Area, budget, cancellation)
            ?? await GeometryWork.RunAsync(area.Area?.Positions ?? 0, () => CheckIndexes(area.Area, filter), cancellation);
        TenantCalendar? calendar = null;
        if (error is null)
        {
            (calendar, error) = await context.Lookups.CalendarAsync(_counted.Calendars, tenant, cancellation);
        }

        if (error is not null)
        {
            return RootBinder.Refused(plan, seed, error);
        }

        ((AggregateScope scope, error), IReadOnlyList<long>? cells) = await GeometryWork.RunAsync(
            area.Area?.Positions ?? 0,
            () => (Scope(seed, area, filter, calendar!), SmallerArea(area.Area, filter)?.Covering(_access.Grid!.Zooms).Known),
            cancellation);
        var values = new RootValues(seed.Variables)
        {
            Tenant = tenant,

            // The rows of small tables that the answer may show: the bound on parents of their nested lists.
            PageRows = Limits.AggregateGroupsMax,
            Area = area.Area,
            StoredArea = area.Stored,
            Aggregates = scope,
        };
        budget.FieldCost += BoundaryCost(values, filter);
        return error is null ? new BoundRoot(plan, values) { Cells = cells } : RootBinder.Refused(plan, seed, error);
    }

    // Each statement tests the rows of the boundary cells against the polygon. In the worst case, a comb, the boundary cells hold all
    // rows, and every edge crosses each row's latitude.
    private double BoundaryCost(RootValues values, BoundFilter filter)
    {
        if (values.Area?.Sent is not { } polygon || values.Aggregates?.Area is not { } cells || filter.Known is not { } known)
        {
            return 0;
        }

        (int coarse, int fine) = (_counted.Counters.CoarseZoom, _counted.Counters.FineZoom);
        Estimation estimation = filter.Estimate(known);
        double share = values.Aggregates.CellsAreOfFilter
            ? estimation.ShareOf(SmallerArea(values.Area, filter)!, CoarseColumn)
            : estimation.ShareOfBoundary(cells, CoarseColumn, coarse, fine);
        return ValueWeights.OfRowsComparedWith(polygon, share) * plan.Aggregates.Count(statement => statement.IsNeeded(values));
    }

    // All servers judge by the same moment for a minute, so their answers are equal and may be kept.
    private static DateTime FullMinute(DateTime now) => now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMinute));

    private string CoarseColumn => _access.Grid!.Levels.First(l => l.Zoom == _counted.Counters.CoarseZoom).Column;

    private RequestError? CheckNumbers(RootSeed seed)
    {
        foreach ((string coordinate, InputNode first) in plan.GroupLimits)
        {
            int groups = (int)first.Evaluate(seed.Variables)!;
            if (groups is < 0 or > Limits.AggregateGroupsMax)
            {
                return groups < 0
                    ? new PageSizeNegativeError(StatsType.First, coordinate)
                    : new PageTooLargeError(coordinate, groups, Limits.AggregateGroupsMax);
            }
        }

        return plan.Zoom?.Evaluate(seed.Variables) is int zoom and (< 0 or > Limits.MapZoomMax) ? new ZoomInvalidError(zoom) : null;
    }

    // A filter that no index serves reads every row of its area. So the area must be small, the time range short, or the other conditions
    // selective.
    private RequestError? CheckIndexes(Area? area, BoundFilter filter) =>
        plan.IsCountable || SmallerArea(area, filter)?.Covering(_access.Grid!.Zooms).Level > 0 ? null : filter.CheckIndexes(
            estimation => SmallerArea(area, filter) is { } smaller ? estimation.ShareOf(smaller, _access.Grid!.Levels[0].Column) : 1,
            plan.Arguments.Coordinate);

    private (AggregateScope Scope, RequestError? Error) Scope(RootSeed seed, BoundArea area, BoundFilter filter, TenantCalendar calendar)
    {
        CreationRange range = plan.Question.IsRange
            ? CreationRange.Of(_counted.Rows.Filter, plan.Question.Filter, _access.Created!.Column, seed.Variables)
            : new CreationRange(filter.Created.LowMs, filter.Created.HighMs);
        AggregateTimes times = new AggregateTimes(range, calendar, _access.Created!);

        Area? smaller = SmallerArea(area.Area, filter);
        int cellZoom = plan.Zoom is null ? 0 : ClusterZoom((int)plan.Zoom.Evaluate(seed.Variables)!);
        AreaCells? cells = Cells(smaller, cellZoom);
        AggregateScope scope = new AggregateScope(
            cells, times, plan.IsCountable && calendar.IsCounted, calendar.ZoneName, FullMinute(context.Time.GetUtcNow().UtcDateTime))
        {
            CellZoom = cellZoom,
            CounterCells = cellZoom == _counted.Counters.CoarseZoom ? AggregateParts.CoarseCells
                : cellZoom == _counted.Counters.FineZoom ? AggregateParts.FineCells
                : AggregateParts.None,
            CellsAreOfFilter = area.Area is not null && smaller != area.Area,
            IsAreaCounted = _counted.Counters.Areas is not null && area.Stored is { IsCounted: true },
            Around = area.Area is { } asked ? TileRange.Around(asked.Box, _counted.Counters.FineZoom) : default,
        };
        if (cells is { AreTooMany: true })
        {
            return (scope, new AreaInvalidError("The area is too wide to be counted: send a smaller one, or none for all there is."));
        }

        // Without a filter or an area, rows can be found in one way only.
        bool isFiltered = cells is not null && plan.Filter.Conditions.Count > 0;
        double rows = scope.IsCounted || isFiltered ? RowsIn(smaller, times.All, filter) : 0;
        return (scope with
        {
            Blocks = calendar.IsPacked ? Blocks(area.Area, scope, filter) : null,
            FindsByFilter = isFiltered && filter.RowsByIndex() is { } left && left * Limits.RowsOfFilterTimes <= rows,
            EstimatesDurations = scope.IsCounted && rows > Limits.ExactDurationRowsMax,
        }, null);
    }

    // Null for few rows, which PostgreSQL counts for less than it costs to find the blocks, and for many cells or rows, which it counts
    // within its time limit.
    private BlockReads? Blocks(Area? area, AggregateScope scope, BoundFilter filter)
    {
        int fine = _counted.Counters.FineZoom;
        if (!plan.IsPackable
            || !scope.IsCounted
            || scope.Area is not { Runs: <= Limits.AreaRunsUnreachedMax }
            || filter.Known is not { } known)
        {
            return null;
        }

        BlockCells[] cells = [.. scope.CellsOfRows(_counted.Counters.CoarseZoom, fine)];
        if (cells.Length == 0 || cells.Sum(p => p.CountAt(fine)) > Limits.BlockCellsMax)
        {
            return null;
        }

        Estimation estimation = filter.Estimate(known);
        double rows = cells.Sum(p =>
            AccessPathChooser.RowsIn(p.Keys, known)
            * estimation.ShareOf(new CellCovering(0, [.. p.CellsAt(fine)]), _access.Grid!.Levels[^1].Column));
        bool isWorthIt = rows >= context.BlockRowsMin && rows <= Limits.BlockRowsMax;
        return isWorthIt && area!.Points() is { } points && rows * points.EdgesMax <= Limits.BlockTestsMax
            ? BlockReads.Of(cells, fine, points)
            : null;
    }

    /// <summary>The smaller of the area and the filter's bounding rectangle; null for the whole tenant.</summary>
    private Area? SmallerArea(Area? area, BoundFilter filter)
    {
        Area? ofFilter = plan.Question.IsPlaced ? filter.LocationIn(area) : null;
        return (area, ofFilter) switch
        {
            (null, _) => ofFilter,
            (_, null) => area,
            _ => ofFilter.Covering(_access.Grid!.Zooms).Level > area.Covering(_access.Grid!.Zooms).Level ? ofFilter : area,
        };
    }

    /// <summary>The zoom of the cells: 8 × 8 of them divide a map tile.</summary>
    private int ClusterZoom(int zoom) => Math.Min(zoom + 3, _counted.Counters.FineZoom);

    private AreaCells? Cells(Area? area, int cellZoom)
    {
        (int coarse, int fine) = (_counted.Counters.CoarseZoom, _counted.Counters.FineZoom);
        if (cellZoom > coarse)
        {
            // Counters of coarse cells do not tell apart the fine cells in them.
            AreaCells cells = area is null ? AreaCells.Everywhere(fine) : area.Cells(fine, fine);
            return cells with
            {
                Interior = CellRuns.None,
                InteriorFine = cells.Interior,
                Boundary = CellRuns.None,
                BoundaryFine = cells.Boundary,
            };
        }

        return area is not null ? area.Cells(coarse, fine)
            : cellZoom > 0 ? AreaCells.Everywhere(coarse)
            : null;
    }

    private double RowsIn(Area? area, KeyRange keys, BoundFilter filter) => filter.Known is { } known
        ? AccessPathChooser.RowsIn(keys, known) * (area is null ? 1 : filter.Estimate(known).ShareOf(area, CoarseColumn))
        : double.MaxValue;
}
