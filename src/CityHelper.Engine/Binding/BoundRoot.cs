using CityHelper.Engine.Cursors;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;

namespace CityHelper.Engine.Binding;

/// <summary>A root of a plan with the values of one request, complete before anything is read. Immutable.</summary>
/// <param name="Plan">The root.</param>
/// <param name="Values">The values of its statements' parameters.</param>
internal sealed record BoundRoot(RootPlan Plan, RootValues Values)
{
    /// <summary>Why the field is refused.</summary>
    public RequestError? Error { get; init; }

    /// <summary>Whether the row is known to be missing, so that nothing is read.</summary>
    public bool IsAbsent { get; init; }

    /// <summary>The grid cells that all its rows lie in; null when they may lie anywhere.</summary>
    public IReadOnlyList<long>? Cells { get; init; }

    /// <summary>Signs and checks the cursors of the root; null when the request neither sends nor selects any.</summary>
    public CursorSigner? Cursors { get; init; }

    /// <summary>The nested lists, by their numbers; empty where the root is not read.</summary>
    public IReadOnlyList<BoundNested> Nested { get; init; } = [];

    /// <summary>The connections nested in the row of this root; empty where the root is not read.</summary>
    public IReadOnlyList<BoundRoot> NestedRoots { get; init; } = [];

    /// <summary>The ids of <c>node</c> and <c>nodes</c>, in their order.</summary>
    public IReadOnlyList<AskedNode> Nodes { get; init; } = [];

    /// <summary>The typed input of a mutation; null for another root.</summary>
    public object? Input { get; init; }

    /// <summary>Field cost counted while binding, for work that the size of no argument predicts.</summary>
    public double CountedCost { get; init; }

    /// <summary>The same, with the nested connections.</summary>
    public double CountedCostInAll => CountedCost + NestedRoots.Sum(nested => nested.CountedCostInAll);

    /// <summary>The tenants that it reads, without its nested roots; 0 for what belongs to no tenant.</summary>
    public IEnumerable<short> Tenants => Plan switch
    {
        NodePlan => Nodes.Where(node => node.Error is null).Select(node => node.Key.Tenant ?? 0),
        { Statements.Count: 0, Probes.Count: 0, Aggregates.Count: 0, Count: null } => [],
        _ => [Values.Tenant],
    };

    /// <summary>Whether statements are sent for it.</summary>
    public bool IsRead => Error is null && !IsAbsent;

    /// <summary>This root and its nested roots.</summary>
    public IEnumerable<BoundRoot> All => NestedRoots.SelectMany(nested => nested.All).Prepend(this);

    /// <summary>The access path of a connection, as <c>serviceRequests=deferred-join cells=6 initial-range=enough</c>.</summary>
    public string AccessPath => AccessPathWith(Values);

    /// <summary>The same with the values of a later batch.</summary>
    public string AccessPathWith(RootValues values) => $"{Plan.Field.ResponseName}={values.Access}{values.Keys?.InitialText}";

    /// <summary>Why the root, or a part of it, is refused.</summary>
    public IEnumerable<RequestError> Errors => Nested.Select(nested => nested.Error).Concat(Nodes.Select(node => node.Error)).Prepend(Error)
        .Concat(NestedRoots.SelectMany(nested => nested.Errors)).OfType<RequestError>();
}

/// <summary>A nested list with the values of one request.</summary>
/// <param name="Values">The values of its statements' parameters; null when it is not read.</param>
/// <param name="Error">Why it is refused; null also where its parent list is not read.</param>
/// <param name="Cursors">Signs its cursors; null for a list without cursors.</param>
internal sealed record BoundNested(NestedValues? Values, RequestError? Error, CursorSigner? Cursors);

/// <summary>One id of <c>node</c> or <c>nodes</c>.</summary>
/// <param name="Error">Why the id is invalid.</param>
/// <param name="Key">The row that it names.</param>
internal readonly record struct AskedNode(RequestError? Error, NodeKey Key);

/// <summary>A row requested by global id.</summary>
/// <param name="Plan">What is read of the row; each field has its own plan.</param>
/// <param name="Tenant">The tenant that holds the row, or that the row is; null for an id of no tenant.</param>
/// <param name="Row">Its key.</param>
internal readonly record struct NodeKey(RowsByKeyPlan Plan, short? Tenant, long Row);

/// <summary>What is known of a root before its arguments are evaluated.</summary>
/// <param name="Variables">The request's variables.</param>
internal readonly record struct RootSeed(VariableValues Variables)
{
    /// <summary>The tenant of the parent row; 0 without one.</summary>
    public short Tenant { get; init; }

    /// <summary>The key of the area that the parent row is.</summary>
    public long? AreaKey { get; init; }

    /// <summary>The keys that a DataLoader requests.</summary>
    public long[] RowKeys { get; init; } = [];
}
