using CityHelper.Engine.Bindings;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Space;
using CityHelper.Engine.Types;

namespace CityHelper.Engine.Planning;

/// <summary>One row of a partition by id or foreign key.</summary>
internal sealed class RowOfPartitionPlan(
    FieldWriter field,
    IReadOnlyList<StatementPlan> statements,
    RowOfPartitionBinding binding,
    InputNode partition,
    InputNode? id) : RootPlan(field, statements)
{
    public override async ValueTask BindAsync(RootRun run, CancellationToken cancellation)
    {
        if (!await PartitionOf.TryBindAsync(binding.Partition, partition, run, cancellation) || id is null)
        {
            return;
        }

        // An ID may be sent as a number; no id of ours is one.
        GlobalId? parsed = id.Evaluate(run.Variables) is string text ? GlobalId.Parse(text) : null;
        if (parsed is null || parsed.Type != binding.Entity.Name || parsed.Partition is null)
        {
            run.Error = new IdInvalidError(binding.Entity.Name);
            return;
        }

        run.RowKey = parsed.Row;
        run.IsForeign = parsed.Partition != run.Partition;
    }
}

/// <summary>A root whose arguments are refused by the plan itself, whatever their values.</summary>
internal sealed class RefusedRootPlan(FieldWriter field, RequestError error) : RootPlan(field, [])
{
    public override ValueTask BindAsync(RootRun run, CancellationToken cancellation)
    {
        run.Error = error;
        return ValueTask.CompletedTask;
    }
}

/// <summary>A connection's page.</summary>
internal sealed class ConnectionPlan(
    FieldWriter field, IReadOnlyList<StatementPlan> statements, ConnectionBinding binding, ConnectionArguments arguments, CursorKeys keys, bool needsCursors)
    : RootPlan(field, statements)
{
    private readonly int[] _zooms = [.. binding.Grid.Levels.Select(l => l.Zoom)];

    public override async ValueTask BindAsync(RootRun run, CancellationToken cancellation)
    {
        run.First = PageArguments.Rows(arguments.First, run);
        run.Error = PageArguments.Check(ConnectionBinding.FirstArgument, run.First, arguments.Coordinate);
        if (run.Error is null && await PartitionOf.TryBindAsync(binding.Partition, arguments.Partition, run, cancellation))
        {
            run.Error = BindCursor(run) ?? BindArea(run);
        }
    }

    private RequestError? BindCursor(RootRun run)
    {
        if (!needsCursors && arguments.After is null)
        {
            return null;
        }

        run.Cursors = new CursorSeal(keys, arguments.Question(run));
        if (arguments.After is null)
        {
            return null;
        }

        run.After = run.Cursors.Open((string)arguments.After.Evaluate(run.Variables)!);
        return run.After is null ? new CursorInvalidError(arguments.Coordinate) : null;
    }

    private RequestError? BindArea(RootRun run)
    {
        if (arguments.Area is null)
        {
            return null;
        }

        var area = (Dictionary<string, object?>)arguments.Area.Evaluate(run.Variables)!;
        var edges = (Dictionary<string, object?>)area[AreaInput.Viewport]!;
        run.Area = new Viewport((double)edges["west"]!, (double)edges["south"]!, (double)edges["east"]!, (double)edges["north"]!);
        if (run.Area.Check() is { } error)
        {
            return error;
        }

        run.Cover = CellCover.Of(run.Area, _zooms);
        return null;
    }
}

/// <summary>The argument that names the partition.</summary>
internal static class PartitionOf
{
    public static async ValueTask<bool> TryBindAsync(
        PartitionArgument argument, InputNode value, RootRun run, CancellationToken cancellation)
    {
        var name = (string)value.Evaluate(run.Variables)!;
        short? key = await argument.Directory.FindAsync(name, cancellation);
        if (key is null)
        {
            run.Error = argument.Directory.NotFound(name);
            return false;
        }

        run.Partition = key.Value;
        return true;
    }
}
