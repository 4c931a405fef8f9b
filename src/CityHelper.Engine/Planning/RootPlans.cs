using CityHelper.Engine.Bindings;
using CityHelper.Engine.Execution;

namespace CityHelper.Engine.Planning;

/// <summary>One row by a unique column. Where the row is a partition that other statements need, its key is looked up first.</summary>
internal sealed class UniqueRowPlan(FieldWriter field, UniqueRowBinding binding, InputNode name) : RootPlan(field)
{
    protected override async ValueTask BindOwnAsync(RootRun run, CancellationToken cancellation)
    {
        if (Below.Count == 0)
        {
            return;
        }

        short? key = await binding.Partition!.FindAsync((string)name.Evaluate(run.Variables)!, cancellation);
        run.IsAbsent = key is null;
        run.Partition = key ?? 0;
    }
}

/// <summary>One row of a partition by id or foreign key.</summary>
internal sealed class RowOfPartitionPlan(FieldWriter field, RowOfPartitionBinding binding, InputNode partition, InputNode? id) : RootPlan(field)
{
    protected override async ValueTask BindOwnAsync(RootRun run, CancellationToken cancellation)
    {
        if (!await PartitionOf.TryBindAsync(binding.Partition, partition, run, cancellation) || id is null)
        {
            return;
        }

        if (IdOf.Parse(id, binding.Entity, run) is { } parsed)
        {
            run.RowKeys = [parsed.Row];
            run.IsAbsent = parsed.Partition != run.Partition;
        }
    }
}

/// <summary>One row of a partition by global id, which says the partition too.</summary>
internal sealed class RowByIdPlan(FieldWriter field, RowByIdBinding binding, InputNode id) : RootPlan(field)
{
    protected override ValueTask BindOwnAsync(RootRun run, CancellationToken cancellation)
    {
        if (IdOf.Parse(id, binding.Entity, run) is { } parsed)
        {
            run.RowKeys = [parsed.Row];
            run.AreaKey = parsed.Row;
            run.Partition = parsed.Partition!.Value;
        }

        return ValueTask.CompletedTask;
    }
}

/// <summary>The argument that is a row's global id.</summary>
internal static class IdOf
{
    /// <returns>Null when it is none of the type; the run has the error then.</returns>
    public static GlobalId? Parse(InputNode id, EntityMap entity, RootRun run)
    {
        // An ID may be sent as a number; no id of ours is one.
        GlobalId? parsed = id.Evaluate(run.Variables) is string text ? GlobalId.Parse(text, entity) : null;
        if (parsed?.Partition is null)
        {
            run.Error = new IdInvalidError(entity.Name);
            return null;
        }

        return parsed;
    }
}

/// <summary>A root whose arguments are refused by the plan itself, whatever their values.</summary>
internal sealed class RefusedRootPlan(FieldWriter field, RequestError error) : RootPlan(field)
{
    protected override ValueTask BindOwnAsync(RootRun run, CancellationToken cancellation)
    {
        run.Error = error;
        return ValueTask.CompletedTask;
    }
}

/// <summary>Rows by their keys, which a loader gives: no field of its own.</summary>
internal sealed class RowsByKeyPlan(FieldWriter field, EntityMap entity) : RootPlan(field)
{
    /// <summary>The rows' table.</summary>
    public EntityMap Entity { get; } = entity;

    /// <summary>Whether the rows are partitions, so that each is read alone.</summary>
    public bool IsPartition => Entity.PartitionColumn is null;

    protected override ValueTask BindOwnAsync(RootRun run, CancellationToken cancellation)
    {
        run.PageRows = run.RowKeys.Length;
        return ValueTask.CompletedTask;
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
