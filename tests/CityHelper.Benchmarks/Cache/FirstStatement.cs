using System.Diagnostics;
using System.Text.Json;
using CityHelper.Benchmarks.Log;
using CityHelper.Benchmarks.Scale;
using CityHelper.Engine.Binding;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Writing;
using CityHelper.Server.Database;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace CityHelper.Benchmarks.Cache;

/// <summary>
/// PostgreSQL's CPU time for the batches of a miss, with their first statement, which reads the log position, and without it: the very
/// batches of a server, prepared on one connection of its pool, over drawn questions in turns.
/// </summary>
internal sealed class FirstStatement : IAsyncDisposable
{
    /// <summary>What it is called in <c>--only</c>.</summary>
    public const string Name = "statement";

    private const int RoundsMin = 8;

    private readonly WebApplication _app;
    private readonly NpgsqlDataSource _pool;

    private FirstStatement(WebApplication app, NpgsqlDataSource pool) => (_app, _pool) = (app, pool);

    /// <summary>Starts a server in this process, whose plans are used.</summary>
    public static async Task<FirstStatement> StartAsync(string database) => new(
        await ServerInProcess.StartAsync(database),
        ReadingConnections.Create(database, connectionsMax: 1, NullLoggerFactory.Instance));

    /// <summary>Measures an operation in rounds over drawn questions, for some time.</summary>
    /// <returns>Microseconds of a batch with and without the statement, and the middle ratio of two neighbouring rounds.</returns>
    public async Task<(double With, double Without, double Ratio)> MeasureAsync(
        CacheOperation operation, CacheQuestions questions, TimeSpan length)
    {
        await using NpgsqlConnection connection = await _pool.OpenConnectionAsync();
        BoundOperation[] bound = await Task.WhenAll(questions.Draw(operation, operation.TurnQuestions).Select(question => BindAsync(
            operation, question.Variables)));
        await RoundAsync(connection, bound, isWithLog: true);
        await RoundAsync(connection, bound, isWithLog: false);
        List<double> with = [];
        List<double> without = [];
        for (long start = Stopwatch.GetTimestamp(); with.Count < RoundsMin || Stopwatch.GetElapsedTime(start) < length;)
        {
            // Each is first in every second round.
            bool isWithFirst = with.Count % 2 == 0;
            double first = await RoundAsync(connection, bound, isWithFirst);
            double second = await RoundAsync(connection, bound, !isWithFirst);
            with.Add(isWithFirst ? first : second);
            without.Add(isWithFirst ? second : first);
        }

        return (LogTable.Median(with), LogTable.Median(without), LogTable.Median(with.Zip(without, (one, other) => one / other)));
    }

    public async ValueTask DisposeAsync()
    {
        await _pool.DisposeAsync();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task<BoundOperation> BindAsync(CacheOperation asked, JsonElement variables)
    {
        CompiledOperation compiled = await _app.Services.GetRequiredService<OperationRegistry>()
            .CompileAsync(asked.Published.Body, null, CancellationToken.None);
        (PreparedOperation? prepared, _) = await _app.Services.GetRequiredService<OperationPreparer>()
            .PrepareAsync(compiled.Operation!, variables, CancellationToken.None);
        return await _app.Services.GetRequiredService<OperationBinder>().BindAsync(prepared!, CancellationToken.None);
    }

    private async Task<double> RoundAsync(NpgsqlConnection connection, BoundOperation[] operations, bool isWithLog)
    {
        CpuTimes before = CpuTimes.Of(connection.ProcessID);
        foreach (BoundOperation bound in operations)
        {
            await ExecuteAsync(connection, bound, isWithLog);
        }

        return CpuTimes.Of(connection.ProcessID).Since(before).TotalMicroseconds / operations.Length;
    }

    private async Task ExecuteAsync(NpgsqlConnection connection, BoundOperation bound, bool isWithLog)
    {
        RootExecution[] roots =
            [.. bound.Roots.Select(root => new RootExecution(root, MemoryLease.Uncounted, bound.Prepared.Costed.Life.Token))];
        RootExecution[] all = [.. roots.SelectMany(root => root.All)];
        LogRead log = LogRead.Of(
            bound.Roots, _app.Services.GetRequiredService<LogStatements>(), _app.Services.GetRequiredService<LogPositionCursors>());
        List<(StatementPlan Statement, RootExecution Root)> counts = BatchRunner.Counts(all);
        List<(StatementPlan Statement, RootExecution Root)> reads = BatchRunner.FirstReads(all, counts, log);
        await using NpgsqlBatch batch = connection.CreateBatch();
        _app.Services.GetRequiredService<BatchRunner>().Fill(batch, isWithLog ? reads : reads[1..], counts);

        // No round trip when all of them are already prepared.
        await batch.PrepareAsync();
        await using (NpgsqlDataReader reader = await batch.ExecuteReaderAsync())
        {
            do
            {
                while (await reader.ReadAsync())
                {
                    // Rows are sent all the same.
                }
            }
            while (await reader.NextResultAsync());
        }

        Array.ForEach(roots, root => root.Dispose());
    }
}
