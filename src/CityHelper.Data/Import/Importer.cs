using CityHelper.Data.Changes;
using CityHelper.Data.Cities;
using CityHelper.Data.Partitions;
using CityHelper.Data.Statistics;
using Npgsql;

namespace CityHelper.Data.Import;

/// <summary>Imports a source's rows into the database.</summary>
/// <remarks>
/// (1) Lock the city: one import at a time. (2) Copy the rows to a staging table, in one transaction. (3) Create partitions for their
/// years. (4) Merge batches into requests, each in one transaction. (5) Compact the counters, VACUUM and ANALYZE. (6) Set the agencies of
/// categories and finish the run. An interrupted run continues at (3) when the same input is given again; it never skips (5) and (6).
/// </remarks>
public sealed class Importer(NpgsqlDataSource dataSource, TimeProvider time, string rejectsDirectory)
{
    /// <summary>Class of the advisory lock of an import; its second key is the city.</summary>
    public const int LockClass = 0x0C17_0002;

    private readonly CityPartitions _partitions = new(dataSource, time);
    private readonly RequestCounters _counters = new(dataSource, time);

    /// <summary>Rows of one merge transaction; <see cref="Limits.MergeRowsMax"/> unless a test wants several small ones.</summary>
    public int BatchRows { get; init; } = Limits.MergeRowsMax;

    /// <summary>Whether batches write their events. A benchmark alone leaves them out, to measure what they cost.</summary>
    internal bool WritesEvents { get; init; } = true;

    /// <summary>Imports a <c>.csv</c> or <c>.csv.gz</c> file. Repeatable: the same file changes nothing.</summary>
    /// <exception cref="NpgsqlException">The database failed; merged batches stay, and a repeated call continues.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; merged batches stay, and a repeated call continues.</exception>
    public Task<ImportOutcome> ImportFileAsync(
        CityEntry city,
        IImportSource source,
        string path,
        IProgress<ImportProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        var context = new ImportContext(TimeZoneInfo.FindSystemTimeZoneById(city.TimeZone), time.GetUtcNow().UtcDateTime);
        return RunAsync(city, async () => await FileFeed.OpenAsync(path, source, context, cancellation), progress, cancellation);
    }

    /// <summary>Imports generated requests of New York; the same arguments make the same rows.</summary>
    public Task<ImportOutcome> GenerateAsync(
        CityEntry city, GeneratorOptions options, IProgress<ImportProgress>? progress = null, CancellationToken cancellation = default) =>
        RunAsync(city, () => Task.FromResult<RowFeed>(new GeneratedFeed(options)), progress, cancellation);

    /// <summary>Imports the rows of a feed, which is opened when the city is locked.</summary>
    internal async Task<ImportOutcome> RunAsync(
        CityEntry city, Func<Task<RowFeed>> openFeed, IProgress<ImportProgress>? progress, CancellationToken cancellation)
    {
        long started = time.GetTimestamp();
        await using NpgsqlConnection connection = await dataSource.OpenConnectionAsync(cancellation);
        if (!await TryLockAsync(connection, city.Id, cancellation))                                                       // (1)
        {
            return new(null, $"Another import of {city.Slug} is running; repeat this one when it has ended.");
        }

        try
        {
            await using RowFeed feed = await openFeed();
            ImportRun run = await StageOrContinueAsync(connection, city, feed, progress, cancellation);                   // (2)
            int continuedAt = run.RowsMerged;
            await _partitions.EnsureYearsAsync(city.Id, run.StagedYears, cancellation);                        // (3)
            await new Merge(dataSource, city.Id, run, _counters, progress, WritesEvents).RunAsync(connection, cancellation); // (4)
            run = await run.ReloadAsync(connection, cancellation);
            progress?.Report(new(ImportPhase.Tidying, run.RowsMerged, 0));
            await _counters.CompactAsync(city.Id, cancellation);                                                             // (5)
            await TidyAsync(connection, city, run, cancellation);
            await FinishAsync(connection, city.Id, run, cancellation);                                                    // (6)
            return new(Summary(run, continuedAt, time.GetElapsedTime(started)), null);
        }
        catch (BrokenInputException broken)
        {
            return new(null, broken.Message);
        }
        finally
        {
            await UnlockAsync(connection, city.Id);
        }
    }

    private async Task<ImportRun> StageOrContinueAsync(
        NpgsqlConnection connection, CityEntry city, RowFeed feed, IProgress<ImportProgress>? progress, CancellationToken cancellation)
    {
        IReadOnlyList<ImportRun> unfinished = await ImportRun.UnfinishedAsync(connection, city.Id, feed.Source, cancellation);
        ImportRun? earlier = unfinished.FirstOrDefault(run => run.Fingerprint == feed.Fingerprint);
        if (earlier is not null && await StagedRowsAsync(connection, earlier.Id, cancellation) == earlier.RowsStaged)
        {
            return earlier;
        }

        DateTime now = time.GetUtcNow().UtcDateTime;
        await using var rejects = new RejectsFile(rejectsDirectory, feed.Input, now);
        try
        {
            return await new Staging(connection, city.Id, BatchRows, progress).FillAsync(feed, rejects, earlier, now, cancellation);
        }
        catch
        {
            await rejects.DeleteAsync();
            throw;
        }
    }

    /// <summary>The rows in a run's staging table; -1 when the table no longer exists.</summary>
    private static async Task<long> StagedRowsAsync(NpgsqlConnection connection, long runId, CancellationToken cancellation)
    {
        string table = ImportSql.StagedTable(runId);
        await using var exists = new NpgsqlCommand($"select to_regclass('{table}') is not null", connection);
        if (await exists.ExecuteScalarAsync(cancellation) is not true)
        {
            return -1;
        }

        await using var count = new NpgsqlCommand($"select count(*) from {table}", connection) { CommandTimeout = 0 };
        return (long)(await count.ExecuteScalarAsync(cancellation))!;
    }

    private async Task FinishAsync(NpgsqlConnection connection, short cityId, ImportRun run, CancellationToken cancellation)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        bool hasNewAgencies = false;
        if (run.Inserted + run.Updated > 0)
        {
            await using var agencies = new NpgsqlCommand(ImportSql.Agencies, connection)
            {
                CommandTimeout = 0,
                Parameters = { new() { Value = cityId }, new() { Value = Limits.AgencySampleRows } },
            };
            hasNewAgencies = await agencies.ExecuteNonQueryAsync(cancellation) > 0;
        }

        await using var finish = new NpgsqlCommand("update import_run set finished_at = $2 where id = $1", connection)
        {
            Parameters = { new() { Value = run.Id }, new() { Value = time.GetUtcNow().UtcDateTime } },
        };
        await finish.ExecuteNonQueryAsync(cancellation);
        await using var drop = new NpgsqlCommand($"drop table if exists {ImportSql.StagedTable(run.Id)}", connection);
        await drop.ExecuteNonQueryAsync(cancellation);
        if (hasNewAgencies)
        {
            await ChangeOutbox.AppendAsync(connection, cityId, ChangeKind.Reference, "import", cancellation);
        }

        await transaction.CommitAsync(cancellation);
        await ChangeOutbox.TryNumberAsync(dataSource, cityId, cancellation);
    }

    /// <summary>
    /// Index-only scans need the visibility map and the planner needs statistics; autovacuum provides both, but minutes later.
    /// </summary>
    private static async Task TidyAsync(NpgsqlConnection connection, CityEntry city, ImportRun run, CancellationToken cancellation)
    {
        foreach (string partition in await CityPartitions.PartitionsAsync(connection, city.Id, run.TouchedYears, cancellation))
        {
            await using var vacuum = new NpgsqlCommand($"vacuum (analyze) {partition}", connection) { CommandTimeout = 0 };
            await vacuum.ExecuteNonQueryAsync(cancellation);
        }

        if (run.Inserted + run.Updated > 0)
        {
            await RequestCounters.TidyAsync(connection, cancellation);
        }

        if (run.Inserted > 0)
        {
            await using var keys = new NpgsqlCommand("analyze service_request_external_id", connection) { CommandTimeout = 0 };
            await keys.ExecuteNonQueryAsync(cancellation);
        }
    }

    private static ImportSummary Summary(ImportRun run, int continuedAt, TimeSpan duration) => new()
    {
        RunId = run.Id,
        Read = run.RowsRead,
        Inserted = run.Inserted,
        Updated = run.Updated,
        Unchanged = run.Unchanged,
        Rejected = run.RowsRejected,
        WithoutLocation = run.WithoutLocation,
        Corrected = run.Corrected,
        NewCategories = run.NewCategories,
        UnknownStatuses = run.UnknownStatuses,
        RejectsFile = run.RejectsFile,
        ContinuedAt = continuedAt,
        Duration = duration,
    };

    private static async Task<bool> TryLockAsync(NpgsqlConnection connection, short cityId, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"select pg_try_advisory_lock({LockClass}, {cityId})", connection);
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    /// <summary>Unlocks explicitly: a pooled connection may keep its session, and the lock with it.</summary>
    private static async Task UnlockAsync(NpgsqlConnection connection, short cityId)
    {
        if (connection.FullState == System.Data.ConnectionState.Open)
        {
            await using var command = new NpgsqlCommand($"select pg_advisory_unlock({LockClass}, {cityId})", connection);
            await command.ExecuteNonQueryAsync(CancellationToken.None);
        }
    }
}
