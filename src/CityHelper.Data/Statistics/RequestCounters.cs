using System.Data;
using Npgsql;

namespace CityHelper.Data.Statistics;

/// <summary>The counters of a city's service requests: how many there are, and how long they took to close.</summary>
/// <remarks>
/// A writer of a request appends a delta in the same transaction. Compaction moves deltas into the counters. A reader takes both in one
/// snapshot, so it sees each request exactly once. One compaction or rebuild of a city runs at a time, under an advisory lock. Reasons:
/// docs/decisions/0006-counters.md.
/// </remarks>
public sealed class RequestCounters(NpgsqlDataSource dataSource, TimeProvider time)
{
    /// <summary>Class of the advisory lock of compaction and rebuild; its second key is the city.</summary>
    public const int LockClass = 0x0C17_0005;

    // Grouping a full compaction takes 15 MB; with the default it would spill to disk.
    private const string WorkMemory = "set local work_mem = '64MB'";

    // One index lookup per counter, whatever the planner thinks of the sizes.
    private const string ByKey =
        $"{WorkMemory}; set local enable_hashjoin = off; set local enable_mergejoin = off; set local enable_seqscan = off";

    /// <summary>Deltas of one transaction; <see cref="Limits.CompactionRowsMax"/> unless a test wants several small ones.</summary>
    public int CompactionRows { get; init; } = Limits.CompactionRowsMax;

    /// <summary>
    /// Compacts all visible deltas, in transactions of <see cref="CompactionRows"/>. Waits for another compaction or a rebuild to end.
    /// </summary>
    /// <returns>How many deltas were compacted.</returns>
    /// <exception cref="NpgsqlException">The database failed; committed transactions stay, and a repeated call continues.</exception>
    public async Task<int> CompactAsync(short cityId, CancellationToken cancellation = default) =>
        (await CompactAsync(cityId, wait: true, cancellation))!.Value;

    /// <summary>
    /// As <see cref="CompactAsync(short, CancellationToken)"/>, but does not wait when another process compacts or rebuilds the city.
    /// </summary>
    /// <returns>How many deltas were compacted; null when another process holds the lock.</returns>
    public Task<int?> TryCompactAsync(short cityId, CancellationToken cancellation = default) =>
        CompactAsync(cityId, wait: false, cancellation);

    /// <summary>Ids of the cities that have deltas.</summary>
    public Task<IReadOnlyList<short>> CitiesToCompactAsync(CancellationToken cancellation = default) => ListAsync<short>(
        "select c.id from city c where exists (select from service_request_delta d where d.city_id = c.id) order by c.id", cancellation);

    /// <summary>Slugs of the cities whose counters are not valid, because they had requests before there were counters.</summary>
    public Task<IReadOnlyList<string>> UncountedCitiesAsync(CancellationToken cancellation = default) => ListAsync<string>(
        "select slug from city where counted_at is null order by slug", cancellation);

    /// <summary>
    /// Counts all rows again and marks the counters as valid. Writers continue meanwhile: what they commit after the snapshot is in their
    /// deltas, which stay.
    /// </summary>
    /// <exception cref="NpgsqlException">The database failed. The counters are the old or the new ones; call it again.</exception>
    public async Task<CounterRebuild> RebuildAsync(short cityId, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await dataSource.OpenConnectionAsync(cancellation);
        CounterRebuild rebuild;
        // A session lock, taken before the transaction: the snapshot must be younger than the last compaction's commit.
        await ExecuteAsync(connection, $"select pg_advisory_lock({LockClass}, {cityId})", cancellation);
        try
        {
            await ExecuteAsync(connection, CounterSql.CounterChange, cancellation);
            // Before the snapshot: without the deltas deleted below, nothing tells which boundary months changed. Blocks are rebuilt too.
            await BoundaryCounters.ClearAsync(connection, cityId, cancellation);
            await PackedBlocks.ClearAsync(connection, cityId, cancellation);
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellation);
            await ExecuteAsync(connection, "delete from service_request_delta where city_id = $1", cancellation, cityId);
            await ExecuteAsync(connection, "delete from service_request_count where city_id = $1", cancellation, cityId);
            await ExecuteAsync(connection, "delete from service_request_closing_count where city_id = $1", cancellation, cityId);
            int requests = await ExecuteAsync(connection, CounterSql.Rows, cancellation, cityId);
            int counters = await MergeAsync(connection, cityId, cancellation);
            DateTime now = time.GetUtcNow().UtcDateTime;
            await PackedBlocks.MarkAsync(connection, cityId, now, cancellation);
            await ExecuteAsync(connection, "update city set counted_at = $2 where id = $1", cancellation, cityId, now);
            await transaction.CommitAsync(cancellation);
            rebuild = new(requests, counters);
        }
        finally
        {
            await UnlockAsync(connection, cityId);
        }

        await CompactAsync(cityId, cancellation);
        await new BoundaryCounters(dataSource, time).BackfillAsync(cityId, cancellation);
        await new PackedBlocks(dataSource, time).BackfillAsync(cityId, cancellation);
        await TidyAsync(connection, cancellation);
        return rebuild;
    }

    /// <summary>Compares counters and deltas with the rows, in one snapshot.</summary>
    /// <param name="cityId">The city.</param>
    /// <param name="differencesMax">How many differences are listed, the first by key.</param>
    /// <param name="cancellation">Cancels the comparison.</param>
    public async Task<CounterComparison> CompareAsync(short cityId, int differencesMax, CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await dataSource.OpenConnectionAsync(cancellation);
        await ExecuteAsync(connection, CounterSql.CounterChange, cancellation);
        // Rolled back at its end: it writes only into the session's temporary table.
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellation);
        await ExecuteAsync(connection, WorkMemory, cancellation);
        await using NpgsqlCommand counted = Command(connection, "select counted_at is not null from city where id = $1", cityId);
        if (await counted.ExecuteScalarAsync(cancellation) is not true)
        {
            return new(IsCounted: false, 0, 0, 0, []);
        }

        int requests = await ExecuteAsync(connection, CounterSql.Rows, cancellation, cityId);
        await ExecuteAsync(connection, CounterSql.DeltasAway, cancellation, cityId);
        await ExecuteAsync(connection, "analyze pg_temp.counter_change", cancellation);
        (long counters, long differing, IReadOnlyList<CounterDifference> first) = await DifferencesAsync(
            connection, cityId, differencesMax, cancellation);
        IReadOnlyList<BoundaryComparison> boundaries = await BoundaryCounters.CompareAsync(
            connection, cityId, differencesMax, cancellation);
        BlockComparison blocks = await PackedBlocks.CompareAsync(connection, cityId, differencesMax, cancellation);
        return new(IsCounted: true, requests, counters, differing, first) { Boundaries = boundaries, Blocks = blocks };
    }

    /// <summary>Index-only scans need the visibility map, and compaction leaves dead rows; autovacuum comes minutes later.</summary>
    internal static async Task TidyAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        string[] tables =
        [
            "service_request_count", "service_request_closing_count", "service_request_delta",
            "service_request_boundary_month", "service_request_boundary_count", "service_request_pack",
        ];
        foreach (string table in tables)
        {
            await ExecuteAsync(connection, $"vacuum (analyze) public.{table}", cancellation);
        }
    }

    private async Task<IReadOnlyList<T>> ListAsync<T>(string sql, CancellationToken cancellation)
    {
        await using NpgsqlCommand command = dataSource.CreateCommand(sql);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        var list = new List<T>();
        while (await reader.ReadAsync(cancellation))
        {
            list.Add(reader.GetFieldValue<T>(0));
        }

        return list;
    }

    private async Task<int?> CompactAsync(short cityId, bool wait, CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await dataSource.OpenConnectionAsync(cancellation);
        int compacted = 0;
        int? step;
        do
        {
            step = await StepAsync(connection, cityId, wait, cancellation);
            compacted += step ?? 0;
        }
        while (step == CompactionRows);

        return step is null ? null : compacted;
    }

    /// <summary>One transaction; null when another session holds the lock.</summary>
    private async Task<int?> StepAsync(NpgsqlConnection connection, short cityId, bool wait, CancellationToken cancellation)
    {
        // Read committed: each statement has its own snapshot, so the first after the lock sees what the last compaction committed.
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation);
        if (!await LockAsync(connection, cityId, wait, cancellation))
        {
            return null;
        }

        // In the transaction: the next one may have another session, which a pooler gives it.
        await ExecuteAsync(connection, CounterSql.CounterChange, cancellation);
        int taken = await ExecuteAsync(connection, CounterSql.Take, cancellation, cityId, CompactionRows);
        if (taken > 0)
        {
            await ExecuteAsync(connection, ByKey, cancellation);
            await ExecuteAsync(connection, CounterSql.BoundaryChanges, cancellation, cityId, Limits.BoundaryChangesMax);
            await MergeAsync(connection, cityId, cancellation);
            await transaction.CommitAsync(cancellation);
        }

        return taken;
    }

    /// <summary>Takes the lock until the transaction ends; without <paramref name="wait"/>, false when another session holds it.</summary>
    internal static async Task<bool> LockAsync(NpgsqlConnection connection, short cityId, bool wait, CancellationToken cancellation)
    {
        await using NpgsqlCommand locking = Command(connection, wait
            ? $"select pg_advisory_xact_lock({LockClass}, {cityId})"
            : $"select pg_try_advisory_xact_lock({LockClass}, {cityId})");
        return await locking.ExecuteScalarAsync(cancellation) is not false;
    }

    /// <summary>One transaction under the lock; without <paramref name="wait"/>, null when another session holds it.</summary>
    /// <remarks>Read committed: each statement after the lock sees what the last compaction committed.</remarks>
    internal static async Task<int?> LockedAsync(
        NpgsqlConnection connection, short cityId, bool wait, Func<Task<int>> act, CancellationToken cancellation)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        if (!await LockAsync(connection, cityId, wait, cancellation))
        {
            return null;
        }

        // Many lookups of few rows each: JIT compilation would take longer than they do.
        await ExecuteAsync(connection, "set local jit = off; set local random_page_cost = 1.1", cancellation);
        int done = await act();
        await transaction.CommitAsync(cancellation);
        return done;
    }

    /// <summary>Adds the session's changes to the counters.</summary>
    /// <returns>How many counters changed.</returns>
    private static async Task<int> MergeAsync(NpgsqlConnection connection, short cityId, CancellationToken cancellation)
    {
        await ExecuteAsync(connection, ByKey, cancellation);
        return await ExecuteAsync(connection, CounterSql.CountMerge, cancellation, cityId)
            + await ExecuteAsync(connection, CounterSql.ClosingMerge, cancellation, cityId);
    }

    private static async Task<(long Counters, long Differing, IReadOnlyList<CounterDifference> First)> DifferencesAsync(
        NpgsqlConnection connection, short cityId, int differencesMax, CancellationToken cancellation)
    {
        await using NpgsqlCommand command = Command(connection, CounterSql.Differences, cityId, differencesMax);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        var first = new List<CounterDifference>();
        (long counters, long differing) = (0, 0);
        while (await reader.ReadAsync(cancellation))
        {
            (counters, differing) = (reader.GetInt64(0), reader.GetInt64(1));
            if (!reader.IsDBNull(2))
            {
                first.Add(new(
                    reader.GetInt16(2),
                    reader.GetString(3),
                    reader.GetInt64(4),
                    reader.GetFieldValue<DateOnly>(5),
                    reader.GetInt32(6),
                    reader.GetInt32(7),
                    reader.GetString(8),
                    reader.IsDBNull(9) ? null : reader.GetInt16(9),
                    reader.GetInt32(10),
                    reader.GetInt32(11)));
            }
        }

        return (counters, differing, first);
    }

    internal static async Task<List<T>> IdsAsync<T>(
        NpgsqlConnection connection, string sql, CancellationToken cancellation, params object[] parameters)
    {
        await using NpgsqlCommand command = Command(connection, sql, parameters);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        var ids = new List<T>();
        while (await reader.ReadAsync(cancellation))
        {
            ids.Add(reader.GetFieldValue<T>(0));
        }

        return ids;
    }

    internal static async Task<int> ExecuteAsync(
        NpgsqlConnection connection, string sql, CancellationToken cancellation, params object[] parameters)
    {
        await using NpgsqlCommand command = Command(connection, sql, parameters);
        return await command.ExecuteNonQueryAsync(cancellation);
    }

    // No timeout: a rebuild of a large city takes long, and compaction may wait for it.
    internal static NpgsqlCommand Command(NpgsqlConnection connection, string sql, params object[] parameters)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        foreach (object parameter in parameters)
        {
            command.Parameters.Add(new() { Value = parameter });
        }

        return command;
    }

    /// <summary>Unlocks explicitly: a pooled connection may keep its session, and the lock with it.</summary>
    private static async Task UnlockAsync(NpgsqlConnection connection, short cityId)
    {
        if (connection.FullState == ConnectionState.Open)
        {
            await ExecuteAsync(connection, $"select pg_advisory_unlock({LockClass}, {cityId})", CancellationToken.None);
        }
    }
}

/// <summary>What a rebuild counted.</summary>
public sealed record CounterRebuild(int Requests, int Counters);

/// <param name="IsCounted">Whether the city's counters are marked as valid; else nothing is compared, and the rest is empty.</param>
/// <param name="Requests">Rows of the city.</param>
/// <param name="Counters">Counters that exist or should exist.</param>
/// <param name="Differing">How many of them are wrong.</param>
/// <param name="First">The first of those.</param>
public sealed record CounterComparison(bool IsCounted, int Requests, long Counters, long Differing, IReadOnlyList<CounterDifference> First)
{
    /// <summary>The comparison of each boundary, in the order of ids.</summary>
    public IReadOnlyList<BoundaryComparison> Boundaries { get; init; } = [];

    /// <summary>The comparison of the blocks.</summary>
    public BlockComparison Blocks { get; init; } = new(0, 0, []);
}

/// <summary>A wrong counter. Key columns are as in <c>service_request_count</c>.</summary>
/// <param name="Zoom">0, 14 or 16.</param>
/// <param name="Span">DAY, MONTH or YEAR.</param>
/// <param name="Cell">0 at zoom 0.</param>
/// <param name="Period">First day of the span.</param>
/// <param name="CategoryId">Category.</param>
/// <param name="AgencyId">Agency, 0 for none.</param>
/// <param name="Status">Its label.</param>
/// <param name="Bucket">The bucket of a counter of closing times; else null.</param>
/// <param name="Expected">Requests by the rows without deltas; when equal to <paramref name="Counted"/>, coordinate sums differ.</param>
/// <param name="Counted">Requests according to the counter.</param>
public sealed record CounterDifference(
    short Zoom,
    string Span,
    long Cell,
    DateOnly Period,
    int CategoryId,
    int AgencyId,
    string Status,
    short? Bucket,
    int Expected,
    int Counted);
