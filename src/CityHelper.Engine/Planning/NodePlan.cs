using CityHelper.Engine.Bindings;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Loading;
using GraphQL.DataLoader;

namespace CityHelper.Engine.Planning;

/// <summary><c>node</c> or <c>nodes</c>: which rows of which types they are is known when the ids are, so a loader reads them.</summary>
/// <param name="field">Its name and writer.</param>
/// <param name="binding">Which of the two.</param>
/// <param name="ids">The id or the list of ids.</param>
/// <param name="types">What is read of each type of node.</param>
internal sealed class NodePlan(FieldWriter field, NodeBinding binding, InputNode ids, IReadOnlyDictionary<string, RowsByKeyPlan> types) : RootPlan(field)
{
    /// <summary>Those of the type that needs most; ids of several types are bounded when they are known.</summary>
    public override int StatementCount => types.Values.Max(t => t.StatementCount);

    /// <summary>Which of the types the ids are of is not known yet.</summary>
    public override bool AddsUp => types.Values.Any(type => type.AddsUp);

    /// <summary>Asks for the rows of the ids.</summary>
    public void Ask(RootRun run, BatchLoader<NodeKey, NodeRow> loader) =>
        run.AskedNodes = [.. Asked(run).Select(asked => (asked.Error, asked.Error is null ? loader.Load(asked.Key) : null))];

    /// <summary>Takes the rows that were found.</summary>
    public static async Task TakeAsync(RootRun run, CancellationToken cancellation)
    {
        var results = new List<NodeResult>(run.AskedNodes.Count);
        foreach ((RequestError? error, IDataLoaderResult<NodeRow?>? row) in run.AskedNodes)
        {
            results.Add(new NodeResult(error, row is null ? null : await row.GetResultAsync(cancellation)));
        }

        run.Nodes = results;
    }

    protected override ValueTask BindOwnAsync(RootRun run, CancellationToken cancellation)
    {
        if (binding.IsList && ids.Evaluate(run.Variables) is List<object?> { Count: > Limits.NodeIdsMax } many)
        {
            run.Error = new TooManyNodesError(many.Count);
        }

        return ValueTask.CompletedTask;
    }

    private IEnumerable<(RequestError? Error, NodeKey Key)> Asked(RootRun run) =>
        (ids.Evaluate(run.Variables) is List<object?> list ? list : [ids.Evaluate(run.Variables)]).Select(Parse);

    private (RequestError? Error, NodeKey Key) Parse(object? id)
    {
        // An ID may be sent as a number; no id of ours is one.
        if (GlobalId.Parse(id as string ?? "") is not { } parsed)
        {
            return (new NodeIdInvalidError(), default);
        }

        if (!types.TryGetValue(parsed.Type, out RowsByKeyPlan? plan))
        {
            return (new NotANodeError(parsed.Type), default);
        }

        return GlobalId.Parse((string)id!, plan.Entity) is null
            ? (new NodeIdInvalidError(), default)
            : (null, new NodeKey(plan, plan.IsPartition ? (short)parsed.Row : parsed.Partition, parsed.Row));
    }
}

/// <summary>The rows that a loader found, in the order of the ids.</summary>
internal sealed class NodesWriter(bool isList) : ValueWriter
{
    public override WriteOutcome Write(WriteContext context)
    {
        if (!isList)
        {
            return Write(context, context.Run.Nodes[0]);
        }

        context.Json.WriteByte((byte)'[');
        for (int i = 0; i < context.Run.Nodes.Count; i++)
        {
            if (i > 0)
            {
                context.Json.WriteByte((byte)',');
            }

            int errorsBefore = context.Errors.Count;
            if (Write(context, context.Run.Nodes[i]) != WriteOutcome.Written)
            {
                context.Json.WriteNull();
            }

            context.Locate(errorsBefore, i);
        }

        context.Json.WriteByte((byte)']');
        return WriteOutcome.Written;
    }

    private static WriteOutcome Write(WriteContext context, NodeResult result) => result switch
    {
        { Error: { } error } => context.Fail(error),
        { Row: null } => WriteOutcome.Null,
        { Row: { Run.Error: { } error } } => context.Fail(error),
        _ => result.Row.Output!.WriteSingle(context),
    };
}
