using CityHelper.Engine.Binding;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Database;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Telemetry;
using CityHelper.Engine.Writing;
using GraphQL.DataLoader;

namespace CityHelper.Engine.Execution;

/// <summary>Executes bound operations and assembles their responses.</summary>
/// <param name="batches">Sends statements.</param>
/// <param name="introspection">Answers the meta fields.</param>
/// <param name="binder">Binds the rows of <c>node</c> and <c>nodes</c>.</param>
/// <param name="mutations">Runs mutations.</param>
/// <param name="log">Reads log positions.</param>
/// <param name="cursors">Signs log positions.</param>
/// <param name="replicas">The replicas; null without any.</param>
internal sealed class OperationExecutor(
    BatchRunner batches, IntrospectionRunner introspection, RootBinder binder, MutationRunner mutations, LogStatements log,
    LogPositionCursors cursors, Replicas? replicas)
{
    /// <summary>Whether there are replicas to read from.</summary>
    public bool HasReplicas => replicas is not null;

    /// <summary>
    /// Reads all rows of an operation, or runs its mutations, and assembles the response. Queries are read from a replica where there is
    /// one, and again from the primary when that fails, or its answer is no state that ever was, or older than needed.
    /// </summary>
    /// <param name="bound">The operation.</param>
    /// <param name="options">What the response needs, and what it reports besides its data.</param>
    /// <param name="cancellation">Cancels the batch in PostgreSQL too.</param>
    /// <exception cref="ResponseRefusedException">There is no memory for the response.</exception>
    public async Task<OperationResult> ExecuteAsync(BoundOperation bound, AnswerOptions options, CancellationToken cancellation)
    {
        BatchUsage usage = default;

        // A replica is tried once, and does not count: what it answers says nothing about the primary.
        // Where nobody knows what the answer must have, such as of several tenants, nobody could tell that a replica lacks it.
        bool mayUseReplicas = HasReplicas && options.Needed is not null && bound.Roots.All(root => root.Plan is not MutationPlan);
        for (int reading = 1; ;)
        {
            LogRead read = LogRead.Of(bound.Roots, log, cursors, mayUseReplicas);
            (OperationResult? result, BatchUsage used) = await TryExecuteAsync(
                bound, options, read, isLast: reading == Limits.ReadingsMax, cancellation);
            usage += used;
            if (result is null)
            {
                mayUseReplicas = false;
                reading += read.Source.Replica is null ? 1 : 0;
                continue;
            }

            result.DatabaseTime = usage.Time;
            if (options.Report == CostReport.Report)
            {
                Report(result, bound, usage);
            }

            return result;
        }
    }

    /// <returns>The response; none when everything is to be read again, which no mutation needs.</returns>
    private async Task<(OperationResult? Result, BatchUsage Usage)> TryExecuteAsync(
        BoundOperation bound, AnswerOptions options, LogRead read, bool isLast, CancellationToken cancellation)
    {
        RootExecution[] roots = [.. bound.Roots.Select(root => new RootExecution(root, options.Memory, bound.Prepared.Costed.Life.Token))];
        using NodeLoader? nodes = bound.AsksForNodes ? new NodeLoader(bound, binder, batches, read, options.Memory) : null;
        try
        {
            await AnswerMetaFieldsAsync(bound, roots, options.Memory, cancellation);
            BatchUsage usage = await batches.RunAsync(roots, read, bound.Signature, cancellation)
                + await mutations.RunAsync(bound, roots, options, cancellation);
            await LoadNodesAsync(roots, nodes, cancellation);
            usage += nodes?.Usage ?? default;
            if (read.Source.Replica is { } replica)
            {
                if (WhyUnfit(replica, read, options.Needed) is { } reason)
                {
                    EngineTelemetry.CountUnmet(reason);
                    return (null, usage);
                }
            }
            else if (read.Positions.IsTorn)
            {
                if (!isLast)
                {
                    return (null, usage);
                }

                // A cursor would promise what rows beside it do not have, and rows of two epochs are no state that ever was.
                Array.ForEach(roots, root => root.Rows.Error = new DatabaseUnavailableError());
            }

            OperationResult result = AssembleWhole(bound, roots, options.Memory);
            result.Cost = bound.Cost;
            result.Read = AnswerPosition.Of(read);
            result.AccessPaths = options.WithAccessPaths ? AccessPathsOf(roots) : null;
            return (result, usage);
        }
        finally
        {
            Array.ForEach(roots, root => root.Dispose());
        }
    }

    /// <returns>Why what a replica answered is not sent; null when it is.</returns>
    private string? WhyUnfit(ReplicaServer replica, LogRead read, LogPosition? needed)
    {
        if (read.Source.HasFailed)
        {
            return EngineTelemetry.Failed;
        }

        if (read.Positions.IsTorn)
        {
            return EngineTelemetry.Torn;
        }

        if (read.Source.HasError)
        {
            return null;
        }

        // Of several tenants a position of one says nothing, so an answer that needs one comes from the primary.
        bool isMet = read.Tenants is [var tenant]
            ? replicas!.IsMet(replica, tenant, read.Positions.Of(tenant), needed)
            : needed is null;
        return isMet ? null : EngineTelemetry.Behind;
    }

    /// <summary>
    /// Explains the statements: <c>EXPLAIN (ANALYZE, BUFFERS, VERBOSE, FORMAT JSON)</c> of each, in order. Of a mutation it explains those
    /// that read its row; nothing is written.
    /// </summary>
    /// <exception cref="Npgsql.NpgsqlException">A statement fails or times out.</exception>
    public async Task<IReadOnlyList<StatementExplanation>> ExplainAsync(BoundOperation bound, CancellationToken cancellation)
    {
        RootExecution[] roots =
            [.. bound.Roots.Select(root => new RootExecution(root, MemoryLease.Uncounted, bound.Prepared.Costed.Life.Token))];
        List<StatementExplanation> ofNodes = [];
        LogRead read = LogRead.Of(bound.Roots, log, cursors);
        LogRead? shown = read.IsShown ? read : null;
        using var nodes = new NodeLoader(bound, binder, batches, read, MemoryLease.Uncounted) { Explanations = ofNodes };
        try
        {
            await LoadNodesAsync(roots, nodes, cancellation);
            return
            [
                .. await batches.ExplainAsync(roots, shown, cancellation), .. ofNodes, .. await mutations.ExplainAsync(bound, cancellation),
            ];
        }
        finally
        {
            Array.ForEach(roots, root => root.Dispose());
        }
    }

    /// <summary>
    /// Explains the statements that read the row of an event: of the row that is subscribed to, or of one that does not exist.
    /// </summary>
    /// <exception cref="Npgsql.NpgsqlException">A statement fails or times out.</exception>
    public async Task<IReadOnlyList<StatementExplanation>> ExplainAsync(BoundSubscription bound, CancellationToken cancellation)
    {
        List<StatementExplanation> explanations = [];
        var seed = new RootSeed(bound.Prepared.Variables) { Tenant = bound.Tenant, RowKeys = [bound.RowKey ?? 0] };
        foreach (RowsByKeyPlan plan in bound.Plan.Rows)
        {
            BoundRoot own = await binder.BindAsync(plan, seed, cancellation);
            using var row = new RootExecution(own, MemoryLease.Uncounted, bound.Prepared.Costed.Life.Token);
            explanations.AddRange(await batches.ExplainAsync([row], log: null, cancellation));
        }

        return explanations;
    }

    private async Task AnswerMetaFieldsAsync(
        BoundOperation bound, RootExecution[] roots, MemoryLease memory, CancellationToken cancellation)
    {
        if (bound.Prepared.Plan.MetaFields is not { Count: > 0 } fields)
        {
            return;
        }

        MetaAnswer meta = await introspection.RunAsync(bound.Prepared.Operation, fields, bound.Prepared.Variables, memory, cancellation);
        Array.ForEach(roots, root => root.Rows.Meta = meta);
    }

    // All ids of the operation are known once its roots are bound, so the loader is dispatched once.
    private static async Task LoadNodesAsync(RootExecution[] roots, NodeLoader? nodes, CancellationToken cancellation)
    {
        if (nodes is null)
        {
            return;
        }

        RootExecution[] asking = [.. roots.Where(root => root.IsRead && root.Bound.Nodes.Count > 0)];

        BatchLoader<NodeKey, NodeResult> loader = nodes.Create();
        IDataLoaderResult<NodeResult?>?[][] results =
            [.. asking.Select(root => root.Bound.Nodes.Select(node => node.Error is null ? loader.Load(node.Key) : null).ToArray())];
        await loader.DispatchAsync(cancellation);
        for (int i = 0; i < asking.Length; i++)
        {
            var found = new List<NodeResult>(results[i].Length);
            for (int j = 0; j < results[i].Length; j++)
            {
                NodeResult? read = results[i][j] is { } result ? await result.GetResultAsync(cancellation) : null;
                found.Add(read ?? new NodeResult(asking[i].Bound.Nodes[j].Error, Row: null));
            }

            asking[i].Rows.Nodes = found;
        }
    }

    // What mutations have done must be told, whatever room there is for their rows: then they have an error in the place of the row.
    private static OperationResult AssembleWhole(BoundOperation bound, RootExecution[] roots, MemoryLease memory)
    {
        if (roots.All(root => root.Rows.Mutation is null))
        {
            return Assemble(bound, roots, memory);
        }

        OperationResult Shortened(RequestError error)
        {
            MutationRunner.RefuseRows(bound, roots, error);
            return Assemble(bound, roots, MemoryLease.Uncounted);
        }

        OperationResult result;
        try
        {
            result = Assemble(bound, roots, memory);
        }
        catch (ResponseRefusedException cause)
        {
            result = Shortened(cause.Error);
        }

        result.Shortened = Shortened;
        return result;
    }

    private static OperationResult Assemble(BoundOperation bound, RootExecution[] roots, MemoryLease memory) =>
        ResponseAssembly.Assemble(Array.ConvertAll(roots, root => root.Rows), bound.Prepared.Plan.Cache, memory);

    private static void Report(OperationResult result, BoundOperation bound, BatchUsage usage)
    {
        int bytes = result.Json.Length;
        result.With("operationCost", bound.Cost);
        result.With("cost", new { usage.Statements, usage.Rows, bytes, databaseMs = Math.Round(usage.Time.TotalMilliseconds, 3) });
    }

    private static string AccessPathsOf(IEnumerable<RootExecution> roots) =>
        string.Join(", ", roots.SelectMany(r => r.All).Select(r => r.AccessPath).OfType<string>());
}
