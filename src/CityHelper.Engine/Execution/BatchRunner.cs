using System.Diagnostics;
using System.Text.Json.Nodes;
using CityHelper.Engine.Database;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Telemetry;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CityHelper.Engine.Execution;

/// <summary>How PostgreSQL executed one statement.</summary>
/// <param name="Sql">The statement.</param>
/// <param name="AccessPath">The access path of its root.</param>
/// <param name="Json">The JSON of EXPLAIN.</param>
public sealed record StatementExplanation(string Sql, string AccessPath, string Json)
{
    /// <summary>The response name of the root field that the statement belongs to.</summary>
    public string Field { get; init; } = "";

    /// <summary>The purpose of the statement.</summary>
    public StatementKind Kind { get; init; }

    /// <summary>The key of the tenant that it reads.</summary>
    public short Tenant { get; init; }

    /// <summary>The number of rows that the statement returned.</summary>
    internal int Rows => (int)JsonNode.Parse(Json)![0]!["Plan"]!["Actual Rows"]!.GetValue<double>();
}

/// <summary>
/// Sends the statements of a plan in one batch. Connections default to repeatable read, so a batch is one transaction with one snapshot,
/// without BEGIN and COMMIT.
/// </summary>
internal sealed class BatchRunner(
    ReadingDatabase database,
    PreparedStatements prepared,
    StatementCache statements,
    ILogger<BatchRunner> logger)
{
    private const string CountTimeoutSql = "select set_config('statement_timeout', $1, true)";

    /// <summary>Reads the rows of all roots. A second batch completes pages that the initial key range left short.</summary>
    /// <param name="roots">The roots.</param>
    /// <param name="log">The log positions of the answer.</param>
    /// <param name="signature">Names the execution to the watcher of long statements.</param>
    /// <param name="cancellation">Cancels the batch in PostgreSQL too.</param>
    /// <returns>The statements, rows and time it took.</returns>
    public async Task<BatchUsage> RunAsync(
        IReadOnlyList<RootExecution> roots, LogRead log, ExecutionSignature? signature, CancellationToken cancellation)
    {
        RootExecution[] all = [.. roots.SelectMany(r => r.All)];
        List<(StatementPlan Statement, RootExecution Root)> counts = Counts(all);
        BatchUsage first = await RunAsync(FirstReads(all, counts, log), counts, log.Source, signature, cancellation);

        // The second batch has another snapshot but reads other keys: no row appears twice.
        RootExecution[] unfinished = [.. all.Where(r => r.TryWiden())];
        return first
            + await RunAsync(WithLog(Reads(unfinished, isFirst: false), [], log), [], log.Source, signature, cancellation);
    }

    /// <summary>Explains the statements, and those that complete a page.</summary>
    /// <param name="roots">The roots.</param>
    /// <param name="log">The log positions of the answer; null to leave out the statement that reads them.</param>
    /// <param name="cancellation">Cancels the statements.</param>
    public async Task<IReadOnlyList<StatementExplanation>> ExplainAsync(
        IReadOnlyList<RootExecution> roots, LogRead? log, CancellationToken cancellation)
    {
        var explanations = new List<StatementExplanation>();
        RootExecution[] all = [.. roots.SelectMany(r => r.All)];
        List<(StatementPlan Statement, RootExecution Root)> counts = Counts(all);
        List<(StatementPlan Statement, RootExecution Root)> first =
            log is null ? Reads(all, isFirst: true) : FirstReads(all, counts, log);
        foreach ((StatementPlan statement, RootExecution root) in first.Concat(counts))
        {
            StatementExplanation explanation = await ExplainAsync(statement, root, cancellation);
            explanations.Add(explanation);
            if (statement is RootStatement)
            {
                root.Rows.Rows.Count = Math.Min(explanation.Rows, root.Values.PageRows);
                root.Rows.Rows.HasMore = explanation.Rows > root.Values.PageRows;
            }
        }

        RootExecution[] unfinished = [.. all.Where(r => r.TryWiden())];
        List<(StatementPlan Statement, RootExecution Root)> rest = Reads(unfinished, isFirst: false);
        foreach ((StatementPlan statement, RootExecution root) in log is null ? rest : WithLog(rest, [], log))
        {
            explanations.Add(await ExplainAsync(statement, root, cancellation));
        }

        return explanations;
    }

    private async Task<BatchUsage> RunAsync(
        List<(StatementPlan Statement, RootExecution Root)> reads,
        List<(StatementPlan Statement, RootExecution Root)> counts,
        ReadSource source,
        ExecutionSignature? signature,
        CancellationToken cancellation)
    {
        int statements = reads.Count + counts.Count;
        if (statements == 0 || source.HasFailed)
        {
            return default;
        }

        using Activity? activity = EngineTelemetry.Source.StartActivity("GraphQL Operation Execution");
        activity?.SetTag("db.operation.batch.size", statements);
        long start = Stopwatch.GetTimestamp();
        var use = new DatabaseRead(signature) { Source = source };
        try
        {
            long rows = await database.ReadAsync(use, read => ReadAsync(read, reads, counts, cancellation), cancellation);
            return new BatchUsage(statements, rows, Stopwatch.GetElapsedTime(start));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (NpgsqlException cause) when (use.IsOfReplica(cause))
        {
            source.HasFailed = true;
            LogMessages.ReplicaFailed(logger, use.Replica!.ToString(), cause.Message);
            return new BatchUsage(statements, 0, Stopwatch.GetElapsedTime(start));
        }
        catch (NpgsqlException cause)
        {
            RequestError error = use.IsTimeout(cause) ? new RequestTimeoutError() : DatabaseFailure.Of(cause);
            activity?.SetTag(EngineTelemetry.ErrorType, error.Code).SetStatus(ActivityStatusCode.Error);
            if (use.IsTimeout(cause))
            {
                LogMessages.BatchTimedOut(
                    logger, signature?.OperationName ?? "no operation", Stopwatch.GetElapsedTime(start).TotalMilliseconds, cause.Message);
            }
            else if (DatabaseFailure.IsOfGeometry(cause))
            {
                LogMessages.GeometryNotCompared(logger, signature?.OperationName ?? "no operation", cause.Message);
            }
            else
            {
                LogMessages.BatchFailed(logger, error.Code, cause);
            }

            source.HasError = true;

            // Roots without statements are answered anyway.
            foreach ((_, RootExecution root) in reads.Concat(counts))
            {
                root.Rows.Error ??= error;
            }

            return new BatchUsage(statements, 0, Stopwatch.GetElapsedTime(start));
        }
        finally
        {
            EngineTelemetry.BatchDuration.Record(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
    }

    private async Task<long> ReadAsync(
        DatabaseRead use,
        List<(StatementPlan Statement, RootExecution Root)> reads,
        List<(StatementPlan Statement, RootExecution Root)> counts,
        CancellationToken cancellation)
    {
        await using NpgsqlBatch batch = use.Connection.CreateBatch();
        await prepared.PrepareAsync(use, batch, Fill(batch, reads, counts), cancellation);
        await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellation);
        use.HasBegun = true;
        await ReadAsync(reader, reads, cancellation);
        await ReadCountsAsync(reader, counts, cancellation);
        return RowsOf(batch);
    }

    private static long RowsOf(NpgsqlBatch batch)
    {
        long rows = 0;
        foreach (NpgsqlBatchCommand command in batch.BatchCommands)
        {
            rows += command.CommandText == CountTimeoutSql ? 0 : (long)command.Rows;
        }

        return rows;
    }

    private async Task<StatementExplanation> ExplainAsync(StatementPlan statement, RootExecution root, CancellationToken cancellation)
    {
        CompiledStatement compiled = statements.For(statement, root.Values, root.PlanLife);
        string json = await database.ReadAsync(
            async connection =>
            {
                await using var command = new NpgsqlCommand("explain (analyze, buffers, verbose, format json) " + compiled.Sql, connection);
                foreach (ParameterSource source in compiled.Parameters)
                {
                    command.Parameters.Add(source(root.Values));
                }

                return (string)(await command.ExecuteScalarAsync(cancellation))!;
            },
            cancellation);
        return new StatementExplanation(compiled.Sql, root.Values.Access.ToString(), json)
        {
            Field = root.Bound.Plan.Field.ResponseName,
            Kind = statement.Kind,
            Tenant = root.Values.Tenant,
        };
    }

    /// <summary>What the first batch reads before its counts.</summary>
    internal static List<(StatementPlan Statement, RootExecution Root)> FirstReads(
        RootExecution[] roots, List<(StatementPlan Statement, RootExecution Root)> counts, LogRead log) =>
        WithLog(Reads(roots, isFirst: true), counts, log);

    // Order matters: positions are read before the data. The batch has one snapshot, but a position must not depend on that: read after the
    // data, it would promise changes that the data does not have. A batch that reads nothing else reads no positions either.
    private static List<(StatementPlan Statement, RootExecution Root)> WithLog(
        List<(StatementPlan Statement, RootExecution Root)> reads,
        List<(StatementPlan Statement, RootExecution Root)> counts,
        LogRead log)
    {
        if (reads.Count + counts.Count == 0)
        {
            return reads;
        }

        foreach ((_, RootExecution root) in reads.Concat(counts))
        {
            root.Rows.Log = log.Positions;
        }

        RootExecution first = (reads.Count > 0 ? reads : counts)[0].Root;
        first.ReadLogOf(log.Tenants);
        return [(log.Statement, first), .. reads];
    }

    private static List<(StatementPlan Statement, RootExecution Root)> Reads(IEnumerable<RootExecution> roots, bool isFirst) =>
        [.. roots.Where(root => root.IsRead).SelectMany(root => root.Bound.Plan.Statements.Concat(isFirst ? root.Bound.Plan.Probes : [])
            .Where(s => s.IsNeeded(root.Values))
            .Select(s => (s, root)))];

    /// <summary>What the first batch reads after its rows.</summary>
    internal static List<(StatementPlan Statement, RootExecution Root)> Counts(IEnumerable<RootExecution> roots) =>
        [.. roots.Where(root => root.IsRead).SelectMany(root => root.Bound.Plan.Aggregates.Where(s => s.IsNeeded(root.Values))
            .Concat(root.Bound.Plan.Count is { } count ? [count] : [])
            .Select(s => (s, root)))];

    // Order matters: a count that times out aborts the transaction, and so every statement after it.
    internal List<CompiledStatement> Fill(
        NpgsqlBatch batch,
        List<(StatementPlan Statement, RootExecution Root)> reads,
        List<(StatementPlan Statement, RootExecution Root)> counts)
    {
        List<CompiledStatement> added = [.. reads.Select(read => Add(batch, read.Statement, read.Root))];
        if (counts.Count == 0)
        {
            return added;
        }

        string milliseconds = Limits.CountTimeoutMs.ToString(System.Globalization.CultureInfo.InvariantCulture);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(CountTimeoutSql) { Parameters = { StatementBuilder.Text(milliseconds) } });
        added.AddRange(counts.Select(count => Add(batch, count.Statement, count.Root)));
        return added;
    }

    private CompiledStatement Add(NpgsqlBatch batch, StatementPlan statement, RootExecution root)
    {
        CompiledStatement compiled = statements.For(statement, root.Values, root.PlanLife);
        var command = new NpgsqlBatchCommand(compiled.Sql);
        foreach (ParameterSource source in compiled.Parameters)
        {
            command.Parameters.Add(source(root.Values));
        }

        LogMessages.Statement(logger, compiled.Sql);
        batch.BatchCommands.Add(command);
        return compiled;
    }

    private static async Task ReadAsync(
        NpgsqlDataReader reader, List<(StatementPlan Statement, RootExecution Root)> reads, CancellationToken cancellation)
    {
        foreach ((StatementPlan statement, RootExecution root) in reads)
        {
            await StatementReader.ReadAsync(statement, reader, root, cancellation);
            await reader.NextResultAsync(cancellation);
        }
    }

    private async Task ReadCountsAsync(
        NpgsqlDataReader reader, List<(StatementPlan Statement, RootExecution Root)> counts, CancellationToken cancellation)
    {
        for (int i = 0; i < counts.Count; i++)
        {
            try
            {
                await reader.NextResultAsync(cancellation);
                await StatementReader.ReadAsync(counts[i].Statement, reader, counts[i].Root, cancellation);
            }
            catch (PostgresException cause)
                when (cause.SqlState == PostgresErrorCodes.QueryCanceled && !cancellation.IsCancellationRequested)
            {
                LogMessages.CountTimedOut(logger, Limits.CountTimeoutMs);
                foreach ((_, RootExecution root) in counts.Skip(i))
                {
                    root.Rows.TotalCountError = new CountTimeoutError();
                }

                return;
            }
        }
    }
}
