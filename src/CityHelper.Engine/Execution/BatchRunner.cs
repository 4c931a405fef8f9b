using System.Diagnostics;
using System.Text.Json.Nodes;
using CityHelper.Engine.Database;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Telemetry;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CityHelper.Engine.Execution;

/// <summary>How PostgreSQL ran one statement.</summary>
/// <param name="Sql">The statement.</param>
/// <param name="Form">The form that was chosen for its root's rows.</param>
/// <param name="Json">EXPLAIN's JSON.</param>
public sealed record StatementExplanation(string Sql, string Form, string Json)
{
    /// <summary>The response name of the root field that the statement belongs to.</summary>
    public string Field { get; init; } = "";

    /// <summary>What the statement is for.</summary>
    public StatementKind Kind { get; init; }

    /// <summary>The key of the partition that it reads.</summary>
    public short Partition { get; init; }

    /// <summary>The rows that the statement returned.</summary>
    internal int Rows => (int)JsonNode.Parse(Json)![0]!["Plan"]!["Actual Rows"]!.GetValue<double>();
}

/// <summary>
/// Sends the statements of a plan in one batch. The connections run with repeatable read, so a batch is one transaction and one
/// snapshot without a BEGIN or COMMIT of its own.
/// </summary>
internal sealed class BatchRunner(
    ReadingDatabase database, PreparedStatements prepared, StatementCache statements, ILogger<BatchRunner> logger)
{
    private const string CountTimeoutSql = "select set_config('statement_timeout', $1, true)";

    /// <summary>Reads the rows of all roots; pages that came short of their window are completed in a second batch.</summary>
    /// <param name="roots">The roots.</param>
    /// <param name="shape">What the watcher is to call it.</param>
    /// <param name="cancellation">Ends the batch in PostgreSQL too.</param>
    /// <returns>What it took.</returns>
    public async Task<BatchUsage> RunAsync(IReadOnlyList<RootExecution> roots, ExecutionShape? shape, CancellationToken cancellation)
    {
        RootExecution[] all = [.. roots.SelectMany(r => r.All)];
        BatchUsage first = await RunAsync(Reads(all, isFirst: true), Counts(all), shape, cancellation);

        // Another snapshot, but of other keys: no row can stand on the page twice, and the answer's position is that of the first batch.
        RootExecution[] unfinished = [.. all.Where(r => r.TryWiden())];
        return first + await RunAsync(Reads(unfinished, isFirst: false), [], shape, cancellation);
    }

    /// <summary>How PostgreSQL runs the statements, and those that complete a page.</summary>
    public async Task<IReadOnlyList<StatementExplanation>> ExplainAsync(IReadOnlyList<RootExecution> roots, CancellationToken cancellation)
    {
        var explanations = new List<StatementExplanation>();
        RootExecution[] all = [.. roots.SelectMany(r => r.All)];
        foreach ((StatementPlan statement, RootExecution root) in Reads(all, isFirst: true).Concat(Counts(all)))
        {
            StatementExplanation explanation = await ExplainAsync(statement, root, cancellation);
            explanations.Add(explanation);
            if (statement is RootStatement)
            {
                root.Rows.Rows.Count = Math.Min(explanation.Rows, root.Values.PageRows);
                root.Rows.Rows.HasMore = explanation.Rows > root.Values.PageRows;
            }
        }

        foreach ((StatementPlan statement, RootExecution root) in Reads([.. all.Where(r => r.TryWiden())], isFirst: false))
        {
            explanations.Add(await ExplainAsync(statement, root, cancellation));
        }

        return explanations;
    }

    private async Task<BatchUsage> RunAsync(
        List<(StatementPlan Statement, RootExecution Root)> reads,
        List<(StatementPlan Statement, RootExecution Root)> counts,
        ExecutionShape? shape,
        CancellationToken cancellation)
    {
        int statements = reads.Count + counts.Count;
        if (statements == 0)
        {
            return default;
        }

        using Activity? activity = EngineTelemetry.Source.StartActivity("GraphQL Operation Execution");
        activity?.SetTag("db.operation.batch.size", statements);
        long start = Stopwatch.GetTimestamp();
        var use = new DatabaseRead(shape);
        try
        {
            long rows = await database.ReadAsync(use, read => ReadAsync(read, reads, counts, cancellation), cancellation);
            return new BatchUsage(statements, rows, Stopwatch.GetElapsedTime(start));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (NpgsqlException cause)
        {
            RequestError error = use.IsTimeout(cause) ? new RequestTimeoutError() : DatabaseFailure.Of(cause);
            activity?.SetTag(EngineTelemetry.ErrorType, error.Code).SetStatus(ActivityStatusCode.Error);
            if (use.IsTimeout(cause))
            {
                LogMessages.BatchTimedOut(logger, shape?.OperationName ?? "no operation", Stopwatch.GetElapsedTime(start).TotalMilliseconds, cause.Message);
            }
            else if (DatabaseFailure.IsOfGeometry(cause))
            {
                LogMessages.GeometryNotCompared(logger, shape?.OperationName ?? "no operation", cause.Message);
            }
            else
            {
                LogMessages.BatchFailed(logger, error.Code, cause);
            }

            // Roots that read nothing answer all the same.
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
        DatabaseRead use, List<(StatementPlan Statement, RootExecution Root)> reads, List<(StatementPlan Statement, RootExecution Root)> counts, CancellationToken cancellation)
    {
        await using NpgsqlBatch batch = use.Connection.CreateBatch();
        await prepared.PrepareAsync(use.Connection, batch, Fill(batch, reads, counts), cancellation);
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
            Partition = root.Values.Partition,
        };
    }

    private static List<(StatementPlan Statement, RootExecution Root)> Reads(IEnumerable<RootExecution> roots, bool isFirst) =>
        [.. roots.Where(root => root.IsRead).SelectMany(root => root.Bound.Plan.Statements.Concat(isFirst ? root.Bound.Plan.Probes : [])
            .Where(s => s.IsNeeded(root.Values))
            .Select(s => (s, root)))];

    private static List<(StatementPlan Statement, RootExecution Root)> Counts(IEnumerable<RootExecution> roots) =>
        [.. roots.Where(root => root.IsRead).SelectMany(root => root.Bound.Plan.Figures.Where(s => s.IsNeeded(root.Values))
            .Concat(root.Bound.Plan.Count is { } count ? [count] : [])
            .Select(s => (s, root)))];

    // Order matters: a count that runs into its time limit aborts the transaction, and with it whatever would come after.
    private List<CompiledStatement> Fill(
        NpgsqlBatch batch, List<(StatementPlan Statement, RootExecution Root)> reads, List<(StatementPlan Statement, RootExecution Root)> counts)
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
            catch (PostgresException cause) when (cause.SqlState == PostgresErrorCodes.QueryCanceled && !cancellation.IsCancellationRequested)
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
