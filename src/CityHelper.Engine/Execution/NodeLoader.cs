using CityHelper.Engine.Binding;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Execution;

/// <summary>
/// Fetches the rows of all <c>node</c> and <c>nodes</c> of a request in one batch: one statement per type, partition and selection,
/// whose number is not known before the ids are.
/// </summary>
/// <param name="bound">The operation.</param>
/// <param name="binder">Binds the plan of each type.</param>
/// <param name="batches">Sends the statements.</param>
/// <param name="memory">Where the bytes of the answer are counted.</param>
internal sealed class NodeLoader(BoundOperation bound, RootBinder binder, BatchRunner batches, MemoryLease memory) : IDisposable
{
    private readonly List<RootExecution> _roots = [];

    /// <summary>How PostgreSQL runs what would be fetched; with it, nothing is.</summary>
    public List<StatementExplanation>? Explanations { get; init; }

    /// <summary>What it took so far.</summary>
    public BatchUsage Usage { get; private set; }

    /// <summary>The loader of this request.</summary>
    public BatchLoader<NodeKey, NodeResult> Create() => new(FetchAsync);

    public void Dispose() => _roots.ForEach(root => root.Dispose());

    private async Task<IReadOnlyDictionary<NodeKey, NodeResult>> FetchAsync(IReadOnlyCollection<NodeKey> keys, CancellationToken cancellation)
    {
        var found = new Dictionary<NodeKey, NodeResult>();
        var groups = keys.Where(k => k.Partition is not null).GroupBy(k => (k.Plan, Partition: k.Partition!.Value)).ToList();
        if (groups.Sum(g => g.Key.Plan.StatementCount) > Limits.NodeStatementsMax)
        {
            return Refuse(keys);
        }

        // As many statements as a batch may hold; ids of many partitions come in several.
        foreach (var chunk in groups.Chunk(Math.Max(1, Limits.BatchStatementsMax / Math.Max(1, groups.Max(g => (int?)g.Key.Plan.StatementCount) ?? 1))))
        {
            var roots = new List<(RootExecution Root, NodeKey[] Keys)>();
            foreach (var group in chunk)
            {
                var seed = new RootSeed(bound.Prepared.Variables) { Partition = group.Key.Partition, RowKeys = [.. group.Select(k => k.Row)] };
                BoundRoot own = await binder.BindAsync(group.Key.Plan, seed, cancellation);
                var root = new RootExecution(own, memory, bound.Prepared.Priced.Life.Token);
                _roots.Add(root);
                roots.Add((root, [.. group]));
            }

            RootExecution[] all = [.. roots.Select(r => r.Root)];
            if (Explanations is not null)
            {
                Explanations.AddRange(await batches.ExplainAsync(all, cancellation));
                continue;
            }

            Usage += await batches.RunAsync(all, bound.Shape, cancellation);
            foreach ((RootExecution root, NodeKey[] asked) in roots)
            {
                foreach (NodeKey key in asked.Where(k => root.Rows.Error is not null || root.Rows.RowsByKey.ContainsKey(k.Row)))
                {
                    found.Add(key, new NodeResult(root.Rows.Error, root.Rows.RowsByKey.GetValueOrDefault(key.Row)));
                }
            }
        }

        return found;
    }

    private static Dictionary<NodeKey, NodeResult> Refuse(IReadOnlyCollection<NodeKey> keys)
    {
        var refused = new NodeResult(
            new OperationTooLargeError(
                $"The ids are of so many types and partitions that reading them needs more than {Limits.NodeStatementsMax} statements: send fewer."),
            Row: null);
        return keys.ToDictionary(k => k, _ => refused);
    }
}
