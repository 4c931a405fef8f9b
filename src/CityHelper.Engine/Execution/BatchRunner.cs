using System.Diagnostics;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Telemetry;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CityHelper.Engine.Execution;

/// <summary>How PostgreSQL ran one statement.</summary>
/// <param name="Sql">The statement.</param>
/// <param name="Json">EXPLAIN's JSON.</param>
public sealed record StatementExplanation(string Sql, string Json);

/// <summary>
/// Sends the statements of a plan in one batch. The connections run with repeatable read, so a batch is one transaction and one
/// snapshot without a BEGIN or COMMIT of its own.
/// </summary>
internal sealed class BatchRunner(NpgsqlDataSource database, ILogger<BatchRunner> logger)
{
    private const string CountTimeoutSql = "select set_config('statement_timeout', $1, true)";

    public async Task RunAsync(OperationPlan plan, RootRun[] runs, CancellationToken cancellation)
    {
        List<(StatementPlan Statement, RootRun Run)> reads = Reads(plan, runs);
        List<(StatementPlan Statement, RootRun Run)> counts = Counts(plan, runs);
        if (reads.Count + counts.Count == 0)
        {
            return;
        }

        using Activity? activity = EngineTelemetry.Source.StartActivity("GraphQL Operation Execution");
        activity?.SetTag("cityhelper.batch.statements", reads.Count + counts.Count);
        long start = Stopwatch.GetTimestamp();
        try
        {
            await using NpgsqlBatch batch = database.CreateBatch();
            Fill(batch, reads, counts);
            await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellation);
            await ReadAsync(reader, reads, cancellation);
            await ReadCountsAsync(reader, counts, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (NpgsqlException cause)
        {
            Fail(runs, cause);
        }
        finally
        {
            EngineTelemetry.BatchDuration.Record(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
    }

    public async Task<IReadOnlyList<StatementExplanation>> ExplainAsync(OperationPlan plan, RootRun[] runs, CancellationToken cancellation)
    {
        var explanations = new List<StatementExplanation>();
        foreach ((StatementPlan statement, RootRun run) in Reads(plan, runs).Concat(Counts(plan, runs)))
        {
            CompiledStatement compiled = statement.For(run.Cover);
            await using NpgsqlCommand command = database.CreateCommand("explain (analyze, buffers, format json) " + compiled.Sql);
            foreach (ParameterSource source in compiled.Parameters)
            {
                command.Parameters.Add(source(run));
            }

            explanations.Add(new StatementExplanation(compiled.Sql, (string)(await command.ExecuteScalarAsync(cancellation))!));
        }

        return explanations;
    }

    private static List<(StatementPlan Statement, RootRun Run)> Reads(OperationPlan plan, RootRun[] runs)
    {
        var reads = new List<(StatementPlan, RootRun)>();
        for (int i = 0; i < runs.Length; i++)
        {
            RootRun run = runs[i];
            if (run.Error is null && !run.IsForeign)
            {
                reads.AddRange(plan.Roots[i].Statements.Select(s => (s, run)));
            }
        }

        return reads;
    }

    private static List<(StatementPlan Statement, RootRun Run)> Counts(OperationPlan plan, RootRun[] runs)
    {
        var counts = new List<(StatementPlan, RootRun)>();
        for (int i = 0; i < runs.Length; i++)
        {
            if (plan.Roots[i].Count is { } count && runs[i].Error is null)
            {
                counts.Add((count, runs[i]));
            }
        }

        return counts;
    }

    // Order matters: a count that runs into its time limit aborts the transaction, and with it whatever would come after.
    private void Fill(
        NpgsqlBatch batch, List<(StatementPlan Statement, RootRun Run)> reads, List<(StatementPlan Statement, RootRun Run)> counts)
    {
        foreach ((StatementPlan statement, RootRun run) in reads)
        {
            Add(batch, statement, run);
        }

        if (counts.Count == 0)
        {
            return;
        }

        string milliseconds = Limits.CountTimeoutMs.ToString(System.Globalization.CultureInfo.InvariantCulture);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(CountTimeoutSql) { Parameters = { StatementBuilder.Text(milliseconds) } });
        foreach ((StatementPlan statement, RootRun run) in counts)
        {
            Add(batch, statement, run);
        }
    }

    private void Add(NpgsqlBatch batch, StatementPlan statement, RootRun run)
    {
        CompiledStatement compiled = statement.For(run.Cover);
        var command = new NpgsqlBatchCommand(compiled.Sql);
        foreach (ParameterSource source in compiled.Parameters)
        {
            command.Parameters.Add(source(run));
        }

        LogMessages.Statement(logger, compiled.Sql);
        batch.BatchCommands.Add(command);
    }

    private static async Task ReadAsync(
        NpgsqlDataReader reader, List<(StatementPlan Statement, RootRun Run)> reads, CancellationToken cancellation)
    {
        foreach ((StatementPlan statement, RootRun run) in reads)
        {
            await statement.ReadAsync(reader, run, cancellation);
            await reader.NextResultAsync(cancellation);
        }
    }

    private async Task ReadCountsAsync(
        NpgsqlDataReader reader, List<(StatementPlan Statement, RootRun Run)> counts, CancellationToken cancellation)
    {
        for (int i = 0; i < counts.Count; i++)
        {
            try
            {
                await reader.NextResultAsync(cancellation);
                await counts[i].Statement.ReadAsync(reader, counts[i].Run, cancellation);
            }
            catch (PostgresException cause) when (cause.SqlState == PostgresErrorCodes.QueryCanceled && !cancellation.IsCancellationRequested)
            {
                LogMessages.CountTimedOut(logger, Limits.CountTimeoutMs);
                foreach ((_, RootRun run) in counts.Skip(i))
                {
                    run.TotalCountError = new CountTimeoutError();
                }

                return;
            }
        }
    }

    private void Fail(RootRun[] runs, NpgsqlException cause)
    {
        RequestError error = DatabaseFailure.Of(cause);
        LogMessages.BatchFailed(logger, error.Code, cause);
        foreach (RootRun run in runs)
        {
            run.Error ??= error;
        }
    }
}
