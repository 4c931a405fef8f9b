using CityHelper.Engine.Cursors;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;

namespace CityHelper.Engine.Binding;

/// <summary>A root of a plan with the values of one request: all that is known before anything is read. Immutable.</summary>
/// <param name="Plan">The root.</param>
/// <param name="Values">What its statements are given.</param>
internal sealed record BoundRoot(RootPlan Plan, RootValues Values)
{
    /// <summary>Why the field is not read.</summary>
    public RequestError? Error { get; init; }

    /// <summary>Whether the row is known not to be there, so that nothing is read.</summary>
    public bool IsAbsent { get; init; }

    /// <summary>Signs the cursors of this question; null when neither given nor asked for.</summary>
    public CursorSeal? Cursors { get; init; }

    /// <summary>The nested lists, by their numbers; none where the root is not read.</summary>
    public IReadOnlyList<BoundNested> Nested { get; init; } = [];

    /// <summary>The connections of the partition that this root's row stands for; none where the root is not read.</summary>
    public IReadOnlyList<BoundRoot> Below { get; init; } = [];

    /// <summary>What <c>node</c> and <c>nodes</c> ask for, in the order of the ids.</summary>
    public IReadOnlyList<AskedNode> Nodes { get; init; } = [];

    /// <summary>Units of field cost beyond the price: of what no value tells by its size.</summary>
    public double CountedCost { get; init; }

    /// <summary>The same with the connections below.</summary>
    public double CountedCostInAll => CountedCost + Below.Sum(below => below.CountedCostInAll);

    /// <summary>Whether statements are sent for it.</summary>
    public bool IsRead => Error is null && !IsAbsent;

    /// <summary>This root and those below it.</summary>
    public IEnumerable<BoundRoot> All => Below.SelectMany(below => below.All).Prepend(this);

    /// <summary>How the rows of a connection are reached, as <c>serviceRequests=late cells=6 window=enough</c>.</summary>
    public string AccessPath => AccessPathWith(Values);

    /// <summary>The same with the values of a later batch.</summary>
    public string AccessPathWith(RootValues values) => $"{Plan.Field.ResponseName}={values.Access}{values.Keys?.WindowText}";

    /// <summary>Why something of it is not read.</summary>
    public IEnumerable<RequestError> Errors => Nested.Select(nested => nested.Error).Concat(Nodes.Select(node => node.Error)).Prepend(Error)
        .Concat(Below.SelectMany(below => below.Errors)).OfType<RequestError>();
}

/// <summary>A nested list with the values of one request.</summary>
/// <param name="Values">What its statements are given; null when it is not read.</param>
/// <param name="Error">Why it is not read; null too where the list that it hangs on is not.</param>
/// <param name="Cursors">Signs its cursors; null for a list that has none.</param>
internal sealed record BoundNested(NestedValues? Values, RequestError? Error, CursorSeal? Cursors);

/// <summary>One id of <c>node</c> or <c>nodes</c>.</summary>
/// <param name="Error">Why it is none.</param>
/// <param name="Key">The row that it names.</param>
internal readonly record struct AskedNode(RequestError? Error, NodeKey Key);

/// <summary>A row that is asked for by global id.</summary>
/// <param name="Plan">What is read of it; a field of its own has a plan of its own.</param>
/// <param name="Partition">The partition it is in, or which it is; null for an id that no partition has.</param>
/// <param name="Row">Its key.</param>
internal readonly record struct NodeKey(RowsByKeyPlan Plan, short? Partition, long Row);

/// <summary>What is known of a root before its arguments are looked at.</summary>
/// <param name="Variables">The request's variables.</param>
internal readonly record struct RootSeed(VariableValues Variables)
{
    /// <summary>The partition that the row above stands for; 0 without one.</summary>
    public short Partition { get; init; }

    /// <summary>The key of the area that the row above stands for.</summary>
    public long? AreaKey { get; init; }

    /// <summary>The rows that a loader asks for.</summary>
    public long[] RowKeys { get; init; } = [];
}
