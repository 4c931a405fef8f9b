using CityHelper.Engine.Database;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Figures;
using CityHelper.Engine.Planning.Nearby;
using CityHelper.Engine.Planning.Similar;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Binding;

/// <summary>
/// Makes of each root's plan and a request's variables what is run: checks the arguments' values, looks up what they name, chooses how rows
/// are reached.
/// </summary>
/// <param name="context">Keys, statistics, look-ups.</param>
internal sealed class RootBinder(BindingContext context)
{
    /// <summary>Binds a root with its nested lists and the connections below it.</summary>
    /// <returns>The bound root; what is refused is an error in it.</returns>
    public async ValueTask<BoundRoot> BindAsync(RootPlan plan, RootSeed seed, CancellationToken cancellation)
    {
        var budget = new GeometryBudget();
        BoundRoot own = await BindOwnAsync(plan, seed, budget, cancellation);
        if (!own.IsRead || (plan.Nested.Count == 0 && plan.Below.Count == 0))
        {
            // What was counted before it was refused counts too.
            return budget.FieldCost > 0 ? own with { CountedCost = budget.FieldCost } : own;
        }

        IReadOnlyList<BoundNested> nested = await new NestedBinder(own.Values, budget, context).BindAsync(plan.Nested, cancellation);
        RequestError? failure = nested.Select(list => list.Error).FirstOrDefault(DatabaseFailure.IsOne);
        var below = new BoundRoot[failure is null ? plan.Below.Count : 0];
        RootSeed seedBelow = seed with { Partition = own.Values.Partition, AreaKey = plan is RowByIdPlan ? own.Values.RowKeys[0] : null };
        for (int i = 0; i < below.Length && failure is null; i++)
        {
            below[i] = await BindAsync(plan.Below[i], seedBelow, cancellation);
            failure = DatabaseFailure.IsOne(below[i].Error) ? below[i].Error : null;
        }

        // A database that does not answer is not asked again for each field: the whole root has the error.
        return failure is not null ? Refused(plan, seed, failure) : own with
        {
            Values = own.Values with { Nested = [.. nested.Select(list => list.Values)] },
            Nested = nested,
            Below = below,
            CountedCost = budget.FieldCost,
        };
    }

    /// <summary>A root that is not read.</summary>
    internal static BoundRoot Refused(RootPlan plan, RootSeed seed, RequestError error) => new(plan, new RootValues(seed.Variables)) { Error = error };

    private async ValueTask<BoundRoot> BindOwnAsync(RootPlan plan, RootSeed seed, GeometryBudget budget, CancellationToken cancellation) => plan switch
    {
        ConnectionPlan connection => await new ConnectionBinder(connection, context).BindAsync(seed, budget, cancellation),
        FigurePlan figures => await new FigureBinder(figures, context).BindAsync(seed, budget, cancellation),
        NearbyPlan nearby => await new NearbyBinder(nearby, context).BindAsync(seed, budget, cancellation),
        SimilarToDraftPlan draft => await DraftAsync(draft, seed, cancellation),
        UniqueRowPlan row => await UniqueRowAsync(row, seed, cancellation),
        RowOfPartitionPlan row => await RowOfPartitionAsync(row, seed, cancellation),
        RowByIdPlan row => RowById(row, seed),
        NodePlan node => Nodes(node, seed),
        RefusedRootPlan { Error: var error } => Refused(plan, seed, error),
        RowsByKeyPlan => new BoundRoot(plan, new RootValues(seed.Variables) { Partition = seed.Partition, RowKeys = seed.RowKeys, PageRows = seed.RowKeys.Length }),
        _ => new BoundRoot(plan, new RootValues(seed.Variables) { PageRows = plan.RowsMax }),
    };

    private async ValueTask<BoundRoot> UniqueRowAsync(UniqueRowPlan plan, RootSeed seed, CancellationToken cancellation)
    {
        if (plan.Below.Count == 0)
        {
            return new BoundRoot(plan, new RootValues(seed.Variables));
        }

        (short? key, RequestError? error) = await context.Lookups.PartitionAsync(
            plan.Binding.Partition!, (string)plan.Name.Evaluate(seed.Variables)!, cancellation);
        return error is not null
            ? Refused(plan, seed, error)
            : new BoundRoot(plan, new RootValues(seed.Variables) { Partition = key ?? 0 }) { IsAbsent = key is null };
    }

    private async ValueTask<BoundRoot> RowOfPartitionAsync(RowOfPartitionPlan plan, RootSeed seed, CancellationToken cancellation)
    {
        (short partition, RequestError? error) = await context.Lookups.PartitionAsync(plan.Partition, seed.Variables, cancellation);
        if (error is not null)
        {
            return Refused(plan, seed, error);
        }

        var values = new RootValues(seed.Variables) { Partition = partition };
        if (plan.Id is null)
        {
            return new BoundRoot(plan, values);
        }

        return IdOf(plan.Id, plan.Binding.Entity, seed) is { } id
            ? new BoundRoot(plan, values with { RowKeys = [id.Row] }) { IsAbsent = id.Partition != partition }
            : Refused(plan, seed, new IdInvalidError(plan.Binding.Entity.Name));
    }

    private static BoundRoot RowById(RowByIdPlan plan, RootSeed seed) => IdOf(plan.Id, plan.Binding.Entity, seed) is { } id
        ? new BoundRoot(plan, new RootValues(seed.Variables) { Partition = id.Partition!.Value, RowKeys = [id.Row] })
        : Refused(plan, seed, new IdInvalidError(plan.Binding.Entity.Name));

    private async ValueTask<BoundRoot> DraftAsync(SimilarToDraftPlan plan, RootSeed seed, CancellationToken cancellation)
    {
        RequestError? error = plan.Arguments.Check(seed.Variables) ?? plan.Draft.Position.Check(seed.Variables, plan.Arguments.Coordinate);
        short partition = 0;
        if (error is null)
        {
            (partition, error) = await context.Lookups.PartitionAsync(plan.Partition, seed.Variables, cancellation);
        }

        return error is not null ? Refused(plan, seed, error) : new BoundRoot(plan, new RootValues(seed.Variables)
        {
            Partition = partition,
            PageRows = plan.Arguments.RowsOf(seed.Variables),
            Moment = context.Time.GetUtcNow(),
        });
    }

    private static BoundRoot Nodes(NodePlan plan, RootSeed seed)
    {
        object? ids = plan.Ids.Evaluate(seed.Variables);
        if (plan.Binding.IsList && ids is List<object?> { Count: > Limits.NodeIdsMax } many)
        {
            return Refused(plan, seed, new TooManyNodesError(many.Count));
        }

        return new BoundRoot(plan, new RootValues(seed.Variables)) { Nodes = [.. (ids as List<object?> ?? [ids]).Select(id => Node(plan, id))] };
    }

    private static AskedNode Node(NodePlan plan, object? id)
    {
        // An ID may be sent as a number; no id of ours is one.
        if (GlobalId.Parse(id as string ?? "") is not { } parsed)
        {
            return new AskedNode(new NodeIdInvalidError(), default);
        }

        if (!plan.Types.TryGetValue(parsed.Type, out RowsByKeyPlan? type))
        {
            return new AskedNode(new NotANodeError(parsed.Type), default);
        }

        return GlobalId.Parse((string)id!, type.Entity) is null
            ? new AskedNode(new NodeIdInvalidError(), default)
            : new AskedNode(null, new NodeKey(type, type.IsPartition ? (short)parsed.Row : parsed.Partition, parsed.Row));
    }

    /// <returns>The argument that is a row's global id; null when it is none of the type.</returns>
    private static GlobalId? IdOf(InputNode id, EntityMap entity, RootSeed seed) =>
        // An ID may be sent as a number; no id of ours is one.
        id.Evaluate(seed.Variables) is string text && GlobalId.Parse(text, entity) is { Partition: not null } parsed ? parsed : null;
}
