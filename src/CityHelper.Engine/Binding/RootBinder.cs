using CityHelper.Engine.Database;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Statistics;
using CityHelper.Engine.Planning.Nearby;
using CityHelper.Engine.Planning.Similar;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Binding;

/// <summary>
/// Binds a root's plan to a request's variables: checks the argument values, looks up what they name, chooses the access path.
/// </summary>
/// <param name="context">Keys, statistics, lookups.</param>
internal sealed class RootBinder(BindingContext context)
{
    /// <summary>Binds a root with its nested lists and nested connections.</summary>
    /// <returns>The bound root; a refusal is an error in it.</returns>
    public async ValueTask<BoundRoot> BindAsync(RootPlan plan, RootSeed seed, CancellationToken cancellation)
    {
        var budget = new GeometryBudget();
        BoundRoot own = await BindOwnAsync(plan, seed, budget, cancellation);
        if (!own.IsRead || (plan.Nested.Count == 0 && plan.NestedRoots.Count == 0))
        {
            // Work done before a refusal counts too.
            return budget.FieldCost > 0 ? own with { CountedCost = budget.FieldCost } : own;
        }

        IReadOnlyList<BoundNested> lists = await new NestedBinder(own.Values, budget, context).BindAsync(plan.Nested, cancellation);
        RequestError? failure = lists.Select(list => list.Error).FirstOrDefault(DatabaseFailure.IsOne);
        var nested = new BoundRoot[failure is null ? plan.NestedRoots.Count : 0];
        RootSeed nestedSeed = seed with { Tenant = own.Values.Tenant, AreaKey = plan is RowByIdPlan ? own.Values.RowKeys[0] : null };
        for (int i = 0; i < nested.Length && failure is null; i++)
        {
            nested[i] = await BindAsync(plan.NestedRoots[i], nestedSeed, cancellation);
            failure = DatabaseFailure.IsOne(nested[i].Error) ? nested[i].Error : null;
        }

        // A database failure refuses the whole root, so the other fields do not ask again.
        return failure is not null ? Refused(plan, seed, failure) : own with
        {
            Values = own.Values with { Nested = [.. lists.Select(list => list.Values)] },
            Nested = lists,
            NestedRoots = nested,
            CountedCost = budget.FieldCost,
        };
    }

    /// <summary>A root that is not read.</summary>
    internal static BoundRoot Refused(RootPlan plan, RootSeed seed, RequestError error) =>
        new(plan, new RootValues(seed.Variables)) { Error = error };

    private async ValueTask<BoundRoot> BindOwnAsync(RootPlan plan, RootSeed seed, GeometryBudget budget, CancellationToken cancellation) =>
        plan switch
        {
            ConnectionPlan connection => await new ConnectionBinder(connection, context).BindAsync(seed, budget, cancellation),
            AggregatePlan aggregates => await new AggregateBinder(aggregates, context).BindAsync(seed, budget, cancellation),
            NearbyPlan nearby => await new NearbyBinder(nearby, context).BindAsync(seed, budget, cancellation),
            SimilarToDraftPlan draft => await DraftAsync(draft, seed, cancellation),
            UniqueRowPlan row => await UniqueRowAsync(row, seed, cancellation),
            RowOfTenantPlan row => await RowOfTenantAsync(row, seed, cancellation),
            RowByIdPlan row => RowById(row, seed),
            NodePlan node => Nodes(node, seed),
            MutationPlan mutation => new BoundRoot(plan, new RootValues(seed.Variables)) { Input = InputOf(mutation, seed.Variables) },

            // Binding has a binder of its own; nothing is read before there is an event.
            SubscriptionPlan => new BoundRoot(plan, new RootValues(seed.Variables)) { IsAbsent = true },
            RefusedRootPlan { Error: var error } => Refused(plan, seed, error),
            RowsByKeyPlan => new BoundRoot(
                plan, new RootValues(seed.Variables) { Tenant = seed.Tenant, RowKeys = seed.RowKeys, PageRows = seed.RowKeys.Length }),
            _ => new BoundRoot(plan, new RootValues(seed.Variables) { PageRows = plan.RowsMax }),
        };

    private async ValueTask<BoundRoot> UniqueRowAsync(UniqueRowPlan plan, RootSeed seed, CancellationToken cancellation)
    {
        // The statement finds the row by its name. What else is read needs the tenant: nested roots, and the position in its log.
        (short? key, RequestError? error) = await context.Lookups.TenantAsync(
            plan.Binding.Tenant, (string)plan.Name.Evaluate(seed.Variables)!, cancellation);
        return error is not null
            ? Refused(plan, seed, error)
            : new BoundRoot(plan, new RootValues(seed.Variables) { Tenant = key ?? 0 }) { IsAbsent = key is null };
    }

    private async ValueTask<BoundRoot> RowOfTenantAsync(RowOfTenantPlan plan, RootSeed seed, CancellationToken cancellation)
    {
        (short tenant, RequestError? error) = await context.Lookups.TenantAsync(plan.Tenant, seed.Variables, cancellation);
        if (error is not null)
        {
            return Refused(plan, seed, error);
        }

        var values = new RootValues(seed.Variables) { Tenant = tenant };
        if (plan.Id is null)
        {
            return new BoundRoot(plan, values);
        }

        return IdOf(plan.Id, plan.Binding.Entity, seed) is { } id
            ? new BoundRoot(plan, values with { RowKeys = [id.Row] }) { IsAbsent = id.Tenant != tenant }
            : Refused(plan, seed, new IdInvalidError(plan.Binding.Entity.Name));
    }

    private static BoundRoot RowById(RowByIdPlan plan, RootSeed seed) => IdOf(plan.Id, plan.Binding.Entity, seed) is { } id
        ? new BoundRoot(plan, new RootValues(seed.Variables) { Tenant = id.Tenant!.Value, RowKeys = [id.Row] })
        : Refused(plan, seed, new IdInvalidError(plan.Binding.Entity.Name));

    private async ValueTask<BoundRoot> DraftAsync(SimilarToDraftPlan plan, RootSeed seed, CancellationToken cancellation)
    {
        RequestError? error = plan.Arguments.Check(seed.Variables) ?? plan.Draft.Position.Check(seed.Variables, plan.Arguments.Coordinate);
        short tenant = 0;
        if (error is null)
        {
            (tenant, error) = await context.Lookups.TenantAsync(plan.Tenant, seed.Variables, cancellation);
        }

        return error is not null ? Refused(plan, seed, error) : new BoundRoot(plan, new RootValues(seed.Variables)
        {
            Tenant = tenant,
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

        return new BoundRoot(plan, new RootValues(seed.Variables))
        {
            Nodes = [.. (ids as List<object?> ?? [ids]).Select(id => Node(plan, id))],
        };
    }

    private static AskedNode Node(NodePlan plan, object? id)
    {
        // An ID may be sent as a number, but no global id is a number.
        if (GlobalId.Parse(id as string ?? "") is not { } parsed)
        {
            return new AskedNode(new NodeIdInvalidError(), default);
        }

        if (!plan.Types.TryGetValue(parsed.Type, out RowsByKeyPlan? type))
        {
            return new AskedNode(new NotANodeError(parsed.Type), default);
        }

        return type.Entity.ParseId((string)id!) is null
            ? new AskedNode(new NodeIdInvalidError(), default)
            : new AskedNode(null, new NodeKey(type, type.IsTenant ? (short)parsed.Row : parsed.Tenant, parsed.Row));
    }

    // All inputs of an operation are made before its first mutation runs: an input that no object can be made of stops them all.
    private static object InputOf(MutationPlan plan, VariableValues variables) =>
        plan.Typed.Read((IReadOnlyDictionary<string, object?>)plan.Input.Evaluate(variables)!);

    /// <returns>The parsed global id of an argument; null when it is not an id of the type.</returns>
    private static GlobalId? IdOf(InputNode id, EntityMap entity, RootSeed seed) =>
        // An ID may be sent as a number, but no global id is a number.
        id.Evaluate(seed.Variables) is string text && entity.ParseId(text) is { Tenant: not null } parsed ? parsed : null;
}
