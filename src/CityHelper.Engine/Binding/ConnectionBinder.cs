using CityHelper.Engine.Cost;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Binding;

/// <summary>Binds a connection's page.</summary>
/// <param name="plan">The connection.</param>
/// <param name="context">Keys, statistics, look-ups.</param>
internal sealed class ConnectionBinder(ConnectionPlan plan, BindingContext context)
{
    private readonly RowAccess _access = plan.Question.Rows.Access;

    // Order matters: what is cheap to refuse comes before what looks at each edge of a polygon; a cursor belongs to a partition, the form
    // depends on the area and on the keys that the cursors leave.
    public async ValueTask<BoundRoot> BindAsync(RootSeed seed, GeometryBudget budget, CancellationToken cancellation)
    {
        (int pageRows, RequestError? error) = plan.Arguments.Page(seed.Variables, mustBeGiven: false);
        short partition = seed.Partition;
        if (error is null && plan.Partition is { } named)
        {
            (partition, error) = await context.Lookups.PartitionAsync(named, seed.Variables, cancellation);
        }

        if (error is not null)
        {
            return RootBinder.Refused(plan, seed, error);
        }

        var filter = new BoundFilter(plan.Filter, seed.Variables, partition, context);
        if (filter.Check() is { } unfit)
        {
            return RootBinder.Refused(plan, seed, unfit);
        }

        BoundArea area = await new AreaBinder(context.Lookups).BindAsync(plan.Arguments.Area, seed, partition, cancellation);
        if (area.Error is not null)
        {
            return RootBinder.Refused(plan, seed, area.Error);
        }

        CursorSeal? cursors = plan.NeedsCursors || plan.Question.HasAfter || plan.Question.HasBefore
            ? new CursorSeal(context.CursorKeys, plan.Arguments.Question(partition, plan.Question.Order, seed.Variables, seed.AreaKey))
            : null;
        (CursorPosition? after, CursorPosition? before, error) = plan.Arguments.Places(cursors, seed.Variables);
        if ((error ?? await filter.CheckShapesAsync(area.Area, budget, cancellation)) is { } refused)
        {
            return RootBinder.Refused(plan, seed, refused);
        }

        var values = new RootValues(seed.Variables)
        {
            Partition = partition,
            PageRows = pageRows,
            After = after,
            Before = before,
            Keys = new KeyRanges(filter.Keys, plan.Question.Order, after, before),
            Area = area.Area,
            KeptArea = area.Kept,
            Cover = await CoverAsync(area.Area, filter, cancellation),
        };
        return CheckIndexes(values, filter) is { } notIndexed ? RootBinder.Refused(plan, seed, notIndexed) : Bound(values, filter, cursors, budget);
    }

    private BoundRoot Bound(RootValues values, BoundFilter filter, CursorSeal? cursors, GeometryBudget budget)
    {
        (Access access, KeyRange window) = new AccessChooser(plan.Question, plan.Filter).Choose(values, filter.Known);

        // A count looks at all rows once more.
        budget.FieldCost = budget.FieldCost * (plan.Count is null ? 1 : 2) + CountCost(values, filter);
        return new BoundRoot(plan, values with { Access = access, Keys = values.Keys! with { Window = window } }) { Cursors = cursors };
    }

    // An exact count holds all rows of the cells against the polygon.
    private double CountCost(RootValues values, BoundFilter filter)
    {
        if (plan.Count is null || values.Area?.Sent is not { } polygon || filter.Known is not { } known)
        {
            return 0;
        }

        Estimation estimation = filter.Estimate(known);
        return ValueWeights.OfRowsHeldAgainst(polygon, values.Cover.Level >= 0
            ? estimation.ShareOf(values.Cover, _access.Grid!.Levels[values.Cover.Level].Column)
            : estimation.ShareOf(values.Area, _access.Grid!.Levels[0].Column));
    }

    // Of two places the smaller one says better where to look.
    private ValueTask<CellCover> CoverAsync(Area? area, BoundFilter filter, CancellationToken cancellation) => GeometryWork.RunAsync(
        area?.Positions ?? 0,
        () => new[] { area, filter.LocationIn(area) }.OfType<Area>().Select(place => place.Cover(_access.Grid!.Zooms))
            .MaxBy(cover => (cover.Level, -cover.Cells.Count)) ?? CellCover.None,
        cancellation);

    // What only a request's values tell: whether its time or its area is small enough to be read row by row.
    private RequestError? CheckIndexes(RootValues values, BoundFilter filter)
    {
        // The coarsest cells are as large as a city: sixteen of them are 30 kilometres square.
        if (values.Cover.Level <= 0 && filter.CheckIndexes(AreaShare, plan.Arguments.Coordinate) is { } notIndexed)
        {
            return notIndexed;
        }

        double AreaShare(Estimation estimation) => _access.Grid is { } grid && values.Cover.Level >= 0
            ? estimation.ShareOf(values.Cover, grid.Levels[values.Cover.Level].Column)
            : 1;

        bool isSmall = values.Cover.Level >= 0 && values.Cover.Level == _access.Grid!.Levels.Count - 1;
        return plan.Question is { HasArea: true, Order.Kind: not OrderKind.Key } && !filter.Created.IsShort && !isSmall
            ? new OrderNotIndexedError(
                plan.Question.Order.Name, "beside `within`, add a `createdAt` range of at most a month, or a smaller area", plan.Arguments.Coordinate)
            : null;
    }
}
