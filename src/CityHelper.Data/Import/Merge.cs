using CityHelper.Data.Changes;
using CityHelper.Data.Statistics;
using Npgsql;

namespace CityHelper.Data.Import;

/// <summary>Turns staged rows into requests, batch by batch, on several connections at once.</summary>
internal sealed class Merge(
    NpgsqlDataSource dataSource,
    short cityId,
    ImportRun run,
    RequestCounters counters,
    IProgress<ImportProgress>? progress,
    bool writesEvents)
{
    private readonly Lock _progressLock = new();
    private int _rowsMerged = run.RowsMerged;
    private int _changesMerged;

    /// <summary>Merges the batches that are not merged yet. Each is one transaction, which also records the batch as merged.</summary>
    public async Task RunAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        IReadOnlyList<MergeBatch> batches = await BatchesAsync(connection, cancellation);
        var options = new ParallelOptions
        {
            // Rows with the same key are merged one after the other, to decide which is newer.
            MaxDegreeOfParallelism = run.HasDuplicates ? 1 : Limits.MergeWorkers,
            CancellationToken = cancellation,
        };
        Report();
        await Parallel.ForEachAsync(batches.Where(batch => !run.MergedBatches.Contains(batch.Number)), options, MergeAsync);
    }

    private async Task<IReadOnlyList<MergeBatch>> BatchesAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(new ImportSql(run.Id).Batches, connection)
        {
            CommandTimeout = 0,
            Parameters = { new() { Value = run.BatchRows } },
        };
        var batches = new List<MergeBatch>();
        (long Id, int Number) after = (long.MinValue, 0);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            (long Id, int Number) last = (reader.GetInt64(0), reader.GetInt32(1));
            batches.Add(new(batches.Count, after, last));
            after = last;
        }

        return batches;
    }

    private async ValueTask MergeAsync(MergeBatch batch, CancellationToken cancellation)
    {
        BatchResult result = await AttemptAsync(batch, cancellation);
        if (writesEvents)
        {
            await ChangeOutbox.TryNumberAsync(dataSource, cityId, cancellation);
        }

        // One at a time, so that the reported progress only grows.
        lock (_progressLock)
        {
            _rowsMerged += result.Rows;
            Report();
        }

        await CompactAsync(result.Inserted + result.Updated, cancellation);
    }

    /// <summary>Merges a batch. Staff write meanwhile: what fails because of that is rolled back whole, and repeated.</summary>
    private async Task<BatchResult> AttemptAsync(MergeBatch batch, CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await using NpgsqlConnection connection = await dataSource.OpenConnectionAsync(cancellation);
                return await new BatchMerge(connection, cityId, run, writesEvents).RunAsync(batch, cancellation);
            }
            catch (PostgresException cause) when (IsOfOtherWriters(cause) && attempt < Limits.BatchAttemptsMax)
            {
                // The next attempt finds what the other writer left.
            }
        }
    }

    // A deadlock, or a key that was linked after the batch had found it unknown: it is known to the next attempt.
    private static bool IsOfOtherWriters(PostgresException cause) =>
        cause.SqlState == PostgresErrorCodes.DeadlockDetected
        || cause is { SqlState: PostgresErrorCodes.UniqueViolation, TableName: "service_request_external_id" };

    /// <summary>
    /// After enough changes, one worker compacts while the other goes on: readers meet the deltas of a few compactions, not of the file.
    /// </summary>
    private async Task CompactAsync(int changes, CancellationToken cancellation)
    {
        if (Interlocked.Add(ref _changesMerged, changes) >= counters.CompactionRows)
        {
            Interlocked.Exchange(ref _changesMerged, 0);
            await counters.TryCompactAsync(cityId, cancellation);
        }
    }

    private void Report() =>
        progress?.Report(new(ImportPhase.Merging, _rowsMerged, (double)_rowsMerged / Math.Max(1, run.RowsStaged)));
}

/// <param name="Number">From 0.</param>
/// <param name="After">Key of the last row of the previous batch.</param>
/// <param name="Last">Key of the last row of this batch.</param>
internal readonly record struct MergeBatch(int Number, (long Id, int Number) After, (long Id, int Number) Last);
