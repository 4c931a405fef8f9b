using CityHelper.Engine.Binding;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Execution;

/// <summary>
/// Fetches the rows of all <c>node</c> and <c>nodes</c> fields of a request together: one root per type, tenant and selection, known
/// only once the ids are.
/// </summary>
/// <param name="bound">The operation.</param>
/// <param name="binder">Binds the plan of each type.</param>
/// <param name="batches">Sends the statements.</param>
/// <param name="log">The log positions of the answer.</param>
/// <param name="memory">Counts the bytes of the response.</param>
internal sealed class NodeLoader(
    BoundOperation bound, RootBinder binder, BatchRunner batches, LogRead log, MemoryLease memory) : IDisposable
{
    private readonly List<RootExecution> _roots = [];

    /// <summary>Collects explanations; when set, statements are explained and no rows are fetched.</summary>
    public List<StatementExplanation>? Explanations { get; init; }

    /// <summary>The statements, rows and time so far.</summary>
    public BatchUsage Usage { get; private set; }

    /// <summary>The loader of this request.</summary>
    public BatchLoader<NodeKey, NodeResult> Create() => new(FetchAsync);

    public void Dispose() => _roots.ForEach(root => root.Dispose());

    private async Task<IReadOnlyDictionary<NodeKey, NodeResult>> FetchAsync(
        IReadOnlyCollection<NodeKey> keys, CancellationToken cancellation)
    {
        var found = new Dictionary<NodeKey, NodeResult>();
        var groups = keys.Where(k => k.Tenant is not null).GroupBy(k => (k.Plan, Tenant: k.Tenant!.Value)).ToList();

        // A batch holds a limited number of statements; ids of many tenants take several batches. Each reads first the log positions of
        // the answer.
        int statements = Math.Max(1, groups.Max(g => (int?)g.Key.Plan.StatementCount) ?? 1);
        var chunks = groups.Chunk(Math.Max(1, (Limits.BatchStatementsMax - 1) / statements)).ToList();
        if (groups.Sum(g => g.Key.Plan.StatementCount) + chunks.Count > Limits.NodeStatementsMax)
        {
            return Refuse(keys);
        }

        foreach (var chunk in chunks)
        {
            var roots = new List<(RootExecution Root, NodeKey[] Keys)>();
            foreach (var group in chunk)
            {
                var seed = new RootSeed(bound.Prepared.Variables) { Tenant = group.Key.Tenant, RowKeys = [.. group.Select(k => k.Row)] };
                BoundRoot own = await binder.BindAsync(group.Key.Plan, seed, cancellation);
                var root = new RootExecution(own, memory, bound.Prepared.Costed.Life.Token);
                _roots.Add(root);
                roots.Add((root, [.. group]));
            }

            RootExecution[] all = [.. roots.Select(r => r.Root)];
            if (Explanations is not null)
            {
                Explanations.AddRange(await batches.ExplainAsync(all, log.IsShown ? log : null, cancellation));
                continue;
            }

            Usage += await batches.RunAsync(all, log, bound.Signature, cancellation);
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
                "The ids are of so many types and cities that reading them needs more than "
                    + $"{Limits.NodeStatementsMax} statements: send fewer."),
            Row: null);
        return keys.ToDictionary(k => k, _ => refused);
    }
}
