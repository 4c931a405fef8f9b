using CityHelper.Engine.Admission;
using CityHelper.Engine.Database;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Operations;
using CityHelper.Engine.Planning;

namespace CityHelper.Engine.Loading;

/// <summary>A row that is asked for by global id.</summary>
/// <param name="Plan">What is read of it; a field of its own has a plan of its own.</param>
/// <param name="Partition">The partition it is in, or which it is; null for an id that no partition has.</param>
/// <param name="Row">Its key.</param>
internal readonly record struct NodeKey(RowsByKeyPlan Plan, short? Partition, long Row);

/// <summary>A row that was found.</summary>
/// <param name="Run">The run that read it.</param>
/// <param name="Output">Its JSON; null when the run failed.</param>
internal sealed record NodeRow(RootRun Run, RowOutput? Output);

/// <summary>What became of one id.</summary>
/// <param name="Error">Why it was not looked up.</param>
/// <param name="Row">The row, or null when there is none.</param>
internal sealed record NodeResult(RequestError? Error, NodeRow? Row);

/// <summary>
/// Fetches the rows of all <c>node</c> and <c>nodes</c> of a request in one batch: one statement per type, partition and selection,
/// whose number is not known before the ids are.
/// </summary>
/// <param name="variables">The request's variables.</param>
/// <param name="batches">Sends the statements.</param>
/// <param name="memory">Where the bytes of the answer are counted.</param>
/// <param name="planLife">Cancelled when the operation's plan is kept no longer.</param>
internal sealed class NodeLoader(VariableValues variables, BatchRunner batches, MemoryLease memory, CancellationToken planLife) : IDisposable
{
    private readonly List<RootRun> _runs = [];

    /// <summary>How PostgreSQL runs what would be fetched; with it, nothing is.</summary>
    public List<StatementExplanation>? Explanations { get; init; }

    /// <summary>What the request has in common with others that run the same statements.</summary>
    public ExecutionShape? Shape { get; init; }

    /// <summary>What it took so far.</summary>
    public BatchUsage Usage { get; private set; }

    /// <summary>The loader of this request.</summary>
    public BatchLoader<NodeKey, NodeRow> Create() => new(FetchAsync);

    public void Dispose() => _runs.ForEach(run => run.Dispose());

    private async Task<IReadOnlyDictionary<NodeKey, NodeRow>> FetchAsync(IReadOnlyCollection<NodeKey> keys, CancellationToken cancellation)
    {
        var found = new Dictionary<NodeKey, NodeRow>();
        var groups = keys.Where(k => k.Partition is not null).GroupBy(k => (k.Plan, Partition: k.Partition!.Value)).ToList();
        if (groups.Sum(g => g.Key.Plan.StatementCount) > Limits.NodeStatementsMax)
        {
            return Refuse(keys);
        }

        // As many statements as a batch may hold; ids of many partitions come in several.
        foreach (var chunk in groups.Chunk(Math.Max(1, Limits.BatchStatementsMax / Math.Max(1, groups.Max(g => (int?)g.Key.Plan.StatementCount) ?? 1))))
        {
            var runs = new List<(RootRun Run, NodeKey[] Keys)>();
            foreach (var group in chunk)
            {
                var run = new RootRun(variables, group.Key.Plan, memory, planLife) { Partition = group.Key.Partition, RowKeys = [.. group.Select(k => k.Row)] };
                _runs.Add(run);
                await batches.BindAsync(run, cancellation);
                runs.Add((run, [.. group]));
            }

            RootRun[] all = [.. runs.Select(r => r.Run)];
            if (Explanations is not null)
            {
                Explanations.AddRange(await batches.ExplainAsync(all, cancellation));
                continue;
            }

            Usage += await batches.RunAsync(all, Shape, cancellation);
            foreach ((RootRun run, NodeKey[] asked) in runs)
            {
                foreach (NodeKey key in asked.Where(k => run.Error is not null || run.RowsByKey.ContainsKey(k.Row)))
                {
                    found.Add(key, new NodeRow(run, run.RowsByKey.GetValueOrDefault(key.Row)));
                }
            }
        }

        return found;
    }

    private Dictionary<NodeKey, NodeRow> Refuse(IReadOnlyCollection<NodeKey> keys)
    {
        var refused = new RootRun(variables, keys.First().Plan, memory, planLife)
        {
            Error = new OperationTooLargeError(
                $"The ids are of so many types and partitions that reading them needs more than {Limits.NodeStatementsMax} statements: send fewer."),
        };
        _runs.Add(refused);
        return keys.ToDictionary(k => k, _ => new NodeRow(refused, null));
    }
}
