using CityHelper.Engine.Cursors;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Similar;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Binding;

/// <summary>Binds the nested lists of a root, outer lists first.</summary>
/// <param name="root">The root's values.</param>
/// <param name="budget">The work of all geometries of the root.</param>
/// <param name="context">Keys, statistics, lookups.</param>
internal sealed class NestedBinder(RootValues root, GeometryBudget budget, BindingContext context)
{
    private readonly List<BoundNested> _bound = [];
    private readonly List<long> _rowsMax = [];
    private long _rows;

    /// <summary>
    /// The lists in the order of their numbers. A refused list is null in each of its parents; neither it nor its nested lists are read.
    /// </summary>
    public async ValueTask<IReadOnlyList<BoundNested>> BindAsync(IReadOnlyList<NestedPlan> plans, CancellationToken cancellation)
    {
        foreach (NestedPlan plan in plans)
        {
            await AddAsync(plan, cancellation);
        }

        return _bound;
    }

    private async ValueTask AddAsync(NestedPlan plan, CancellationToken cancellation)
    {
        if (plan.Parent >= 0 && _bound[plan.Parent].Values is null)
        {
            _bound.Add(new BoundNested(null, null, null));
            _rowsMax.Add(0);
            return;
        }

        long parents = plan.Parent < 0 ? Math.Max(1, root.PageRows) : _rowsMax[plan.Parent];
        BoundFilter? filter = plan is NestedConnectionPlan filtered
            ? new BoundFilter(filtered.Filter, root.Variables, root.Tenant, context)
            : null;
        (int pageRows, KeyRanges? keys, CursorSigner? cursors, RequestError? error) = Arguments(plan, filter, parents);
        _rowsMax.Add(parents * Math.Max(1, pageRows));
        _rows += _rowsMax[^1];
        if (error is null && _rows > Limits.NestedRowsMax)
        {
            error = new OperationTooLargeError(
                $"The nested lists may hold {_rows} rows, {Limits.NestedRowsMax} are allowed: ask for smaller pages.");
        }

        if (error is null && filter is not null)
        {
            error = await filter.CheckShapesAsync(area: null, budget, cancellation);
        }

        _bound.Add(new BoundNested(error is null ? new NestedValues(pageRows, keys) : null, error, cursors));
    }

    private (int PageRows, KeyRanges? Keys, CursorSigner? Cursors, RequestError? Error) Arguments(
        NestedPlan plan, BoundFilter? filter, long parents)
    {
        switch (plan)
        {
            case NestedListPlan list:
                int rows = PageArguments.Rows(list.Last, root.Variables);
                return (rows, null, null, PageArguments.Check(ChildrenBinding.LastArgument, rows, list.Coordinate));
            case AroundPlan:
                return (Limits.AroundRowsMax, null, null, null);
            case SimilarListPlan { Arguments: var similar }:
                return (similar.RowsOf(root.Variables), null, null, similar.Check(root.Variables) ?? CheckParents(similar, parents));
            case NestedConnectionPlan connection:
                return Connection(connection, filter!, parents);
            default:
                throw new InvalidOperationException($"Nobody binds a {plan.GetType().Name}.");
        }
    }

    private (int PageRows, KeyRanges? Keys, CursorSigner? Cursors, RequestError? Error) Connection(
        NestedConnectionPlan plan, BoundFilter filter, long parents)
    {
        (int pageRows, RequestError? error) = plan.Arguments.Page(root.Variables, mustBeGiven: true);
        error ??= filter.Check() ?? filter.CheckNestedIndexes(plan.ChildColumn, (int)parents, plan.Arguments.Coordinate);
        if (error is not null)
        {
            return (pageRows, null, null, error);
        }

        CursorSigner cursors = new CursorSigner(
            context.CursorKeys, plan.Arguments.Question(root.Tenant, plan.Question.Order, root.Variables));
        (KeysetPosition? after, KeysetPosition? before, error) = plan.Arguments.Positions(cursors, root.Variables);
        return (pageRows, new KeyRanges(filter.Keys, plan.Question.Order, after, before), cursors, error);
    }

    private RequestError? CheckParents(SimilarArguments similar, long parents)
    {
        int most = (int)(Limits.SimilarParentsMax / similar.Work(root.Variables));
        return parents > most
            ? new OperationTooLargeError(
                $"`{similar.Coordinate}` is asked of up to {parents} rows, {most} are allowed: "
                    + "ask for smaller pages, fewer metres or fewer days.")
            : null;
    }
}
