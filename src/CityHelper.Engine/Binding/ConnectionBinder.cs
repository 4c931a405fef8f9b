using CityHelper.Engine.Cost;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Binding;

/// <summary>Binds a page of a connection.</summary>
/// <param name="plan">The connection.</param>
/// <param name="context">Keys, statistics, lookups.</param>
internal sealed class ConnectionBinder(ConnectionPlan plan, BindingContext context)
{
    private readonly RowAccess _access = plan.Question.Rows.Access;

    // Order matters. Cheap checks come before those that read each edge of a polygon. A cursor belongs to a tenant. The access path
    // depends on the area and on the keys that the cursors leave.
    public async ValueTask<BoundRoot> BindAsync(RootSeed seed, GeometryBudget budget, CancellationToken cancellation)
    {
        (int pageRows, RequestError? error) = plan.Arguments.Page(seed.Variables, mustBeGiven: false);
        short tenant = seed.Tenant;
        if (error is null && plan.Tenant is { } named)
        {
            (tenant, error) = await context.Lookups.TenantAsync(named, seed.Variables, cancellation);
        }

        if (error is not null)
        {
            return RootBinder.Refused(plan, seed, error);
        }

        var filter = new BoundFilter(plan.Filter, seed.Variables, tenant, context);
        if (filter.Check() is { } unfit)
        {
            return RootBinder.Refused(plan, seed, unfit);
        }

        BoundArea area = await new AreaBinder(context.Lookups).BindAsync(plan.Arguments.Area, seed, tenant, cancellation);
        if (area.Error is not null)
        {
            return RootBinder.Refused(plan, seed, area.Error);
        }

        CursorSigner? cursors = plan.NeedsCursors || plan.Question.HasAfter || plan.Question.HasBefore
            ? new CursorSigner(context.CursorKeys, plan.Arguments.Question(tenant, plan.Question.Order, seed.Variables, seed.AreaKey))
            : null;
        (KeysetPosition? after, KeysetPosition? before, error) = plan.Arguments.Positions(cursors, seed.Variables);
        if ((error ?? await filter.CheckShapesAsync(area.Area, budget, cancellation)) is { } refused)
        {
            return RootBinder.Refused(plan, seed, refused);
        }

        var values = new RootValues(seed.Variables)
        {
            Tenant = tenant,
            PageRows = pageRows,
            After = after,
            Before = before,
            Keys = new KeyRanges(filter.Keys, plan.Question.Order, after, before),
            Area = area.Area,
            StoredArea = area.Stored,
            Covering = await CoverAsync(area.Area, filter, cancellation),
        };
        return CheckIndexes(values, filter) is { } notIndexed
            ? RootBinder.Refused(plan, seed, notIndexed)
            : Bound(values, filter, cursors, budget);
    }

    private BoundRoot Bound(RootValues values, BoundFilter filter, CursorSigner? cursors, GeometryBudget budget)
    {
        (AccessPath access, KeyRange initial) = new AccessPathChooser(plan.Question, plan.Filter).Choose(values, filter.Known);

        // A count compares all rows a second time.
        budget.FieldCost = budget.FieldCost * (plan.Count is null ? 1 : 2) + CountCost(values, filter);
        return new BoundRoot(plan, values with { Access = access, Keys = values.Keys! with { Initial = initial } })
        {
            Cursors = cursors,
            Cells = values.Covering.Known,
        };
    }

    // An exact count tests all rows of the covering against the polygon.
    private double CountCost(RootValues values, BoundFilter filter)
    {
        if (plan.Count is null || values.Area?.Sent is not { } polygon || filter.Known is not { } known)
        {
            return 0;
        }

        Estimation estimation = filter.Estimate(known);
        return ValueWeights.OfRowsComparedWith(polygon, values.Covering.Level >= 0
            ? estimation.ShareOf(values.Covering, _access.Grid!.Levels[values.Covering.Level].Column)
            : estimation.ShareOf(values.Area, _access.Grid!.Levels[0].Column));
    }

    // The smaller of the area and the filter's rectangle gives the finer covering.
    private ValueTask<CellCovering> CoverAsync(Area? area, BoundFilter filter, CancellationToken cancellation) => GeometryWork.RunAsync(
        area?.Positions ?? 0,
        () => new[] { area, filter.LocationIn(area) }.OfType<Area>().Select(a => a.Covering(_access.Grid!.Zooms))
            .MaxBy(covering => (covering.Level, -covering.Cells.Count)) ?? CellCovering.None,
        cancellation);

    // Checks that need the request's values: whether its time range or area is small enough to filter row by row.
    private RequestError? CheckIndexes(RootValues values, BoundFilter filter)
    {
        // The coarsest cells are too large: sixteen of them cover a city, 30 by 30 kilometres.
        if (values.Covering.Level <= 0 && filter.CheckIndexes(AreaShare, plan.Arguments.Coordinate) is { } notIndexed)
        {
            return notIndexed;
        }

        double AreaShare(Estimation estimation) => _access.Grid is { } grid && values.Covering.Level >= 0
            ? estimation.ShareOf(values.Covering, grid.Levels[values.Covering.Level].Column)
            : 1;

        bool isSmall = values.Covering.Level >= 0 && values.Covering.Level == _access.Grid!.Levels.Count - 1;
        return plan.Question is { HasArea: true, Order.Kind: not OrderKind.Key } && !filter.Created.IsShort && !isSmall
            ? new OrderNotIndexedError(
                plan.Question.Order.Name,
                "beside `within`, add a `createdAt` range of at most a month, or a smaller area",
                plan.Arguments.Coordinate)
            : null;
    }
}
