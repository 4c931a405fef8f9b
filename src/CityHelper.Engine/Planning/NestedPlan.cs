using CityHelper.Engine.Bindings;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Execution;

namespace CityHelper.Engine.Planning;

/// <summary>One nested list of a root's plan: checks its arguments' values and fills its run.</summary>
/// <param name="number">Its number.</param>
/// <param name="parent">The number of the list it hangs on, -1 for the root's own rows.</param>
internal abstract class NestedPlan(int number, int parent)
{
    /// <summary>Binds the list. A refused one is null with each of its parents, and nothing is read for it or below it.</summary>
    public async ValueTask BindAsync(RootRun run, CancellationToken cancellation)
    {
        NestedRun nested = run.Nested[number];
        NestedRun? outer = parent < 0 ? null : run.Nested[parent];
        nested.IsSkipped = outer is { Error: not null } or { IsSkipped: true };
        if (nested.IsSkipped)
        {
            return;
        }

        nested.Parents = outer?.RowsMax ?? Math.Max(1, run.PageRows);
        nested.Error = BindOwn(run, nested);
        nested.RowsMax = nested.Parents * Math.Max(1, nested.PageRows);
        run.NestedRows += nested.RowsMax;
        if (nested.Error is null && run.NestedRows > Limits.NestedRowsMax)
        {
            nested.Error = new OperationTooLargeError(
                $"The nested lists may hold {run.NestedRows} rows, {Limits.NestedRowsMax} are allowed: ask for smaller pages.");
        }

        nested.Error ??= await CheckShapesAsync(run, cancellation);
    }

    protected abstract RequestError? BindOwn(RootRun run, NestedRun nested);

    /// <summary>Why the shapes of its filter cannot be compared with, or null.</summary>
    protected virtual ValueTask<RequestError?> CheckShapesAsync(RootRun run, CancellationToken cancellation) => ValueTask.FromResult<RequestError?>(null);
}

/// <summary>A list of the newest rows.</summary>
internal sealed class NestedListPlan(int number, int parent, InputNode? last, string coordinate) : NestedPlan(number, parent)
{
    protected override RequestError? BindOwn(RootRun run, NestedRun nested)
    {
        nested.PageRows = PageArguments.Rows(last, run.Variables);
        return PageArguments.Check(ChildrenBinding.LastArgument, nested.PageRows, coordinate);
    }
}

/// <summary>The rows whose areas hold the row's point.</summary>
internal sealed class AroundPlan(int number, int parent) : NestedPlan(number, parent)
{
    protected override RequestError? BindOwn(RootRun run, NestedRun nested)
    {
        nested.PageRows = Limits.AroundRowsMax;
        return null;
    }
}

/// <summary>A nested connection: the same arguments for each parent.</summary>
internal sealed class NestedConnectionPlan(
    int number,
    int parent,
    ConnectionArguments arguments,
    ConnectionQuestion question,
    CompiledFilter filter,
    PlanningContext context,
    string childColumn,
    int outputs) : NestedPlan(number, parent)
{
    protected override RequestError? BindOwn(RootRun run, NestedRun nested)
    {
        nested.Backward = question.Backward;
        nested.OutputCount = outputs;
        (nested.PageRows, RequestError? error) = arguments.Page(run.Variables, mustBeGiven: true);
        if ((error ?? filter.Check(run) ?? CheckIndexes(run, nested)) is { } refused)
        {
            return refused;
        }

        nested.Cursors = new CursorSeal(context.CursorKeys, arguments.Question(run.Partition, question.Order, run.Variables));
        (nested.After, nested.Before, error) = arguments.Places(nested.Cursors, run.Variables);
        nested.Keys = new KeyRanges(filter.Created(run.Variables).Keys(question.Rows.Access), question.Order, nested.After, nested.Before);
        return error;
    }

    protected override ValueTask<RequestError?> CheckShapesAsync(RootRun run, CancellationToken cancellation) => filter.CheckShapesAsync(run, cancellation);

    private RequestError? CheckIndexes(RootRun run, NestedRun nested) =>
        filter.CheckIndexesBelow(run, context.Statistics, childColumn, (int)nested.Parents, arguments.Coordinate);
}
