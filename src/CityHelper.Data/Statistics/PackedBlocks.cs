using Npgsql;

namespace CityHelper.Data.Statistics;

/// <summary>A city's packed blocks: what statistics need of its requests, one value per cell of zoom 16 and id bucket.</summary>
/// <remarks>
/// As with the counters of boundaries, changes are not added up. When deltas are taken, a trigger sets the blocks that they touch to null,
/// and a backfill rebuilds these from the rows. Compaction and backfill hold the same lock. So a change is in the rows that a backfill
/// packs into blocks, or in a delta that readers see and a later compaction takes. Reasons: docs/decisions/0014-packed-blocks.md.
/// </remarks>
public sealed class PackedBlocks(NpgsqlDataSource dataSource, TimeProvider time)
{
    /// <summary>
    /// Ids of the cities with blocks to build. Cities with many deltas are left out: an import runs there, and its next compaction would
    /// make most blocks stale again.
    /// </summary>
    public async Task<IReadOnlyList<short>> CitiesToBackfillAsync(CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await dataSource.OpenConnectionAsync(cancellation);
        return await RequestCounters.IdsAsync<short>(
            connection,
            """
            select c.id from city c
            where c.counted_at is not null
              and (c.packed_at is null or exists (select from service_request_pack p where p.city_id = c.id and p.content is null))
              and $1 >= (select count(*) from (select from service_request_delta d where d.city_id = c.id limit $1 + 1) first)
            order by c.id
            """,
            cancellation,
            Limits.BackfillChangesMax);
    }

    /// <summary>Rebuilds stale blocks from the rows, <see cref="Limits.BackfillBlocksMax"/> in each transaction.</summary>
    /// <returns>How many blocks were rebuilt.</returns>
    /// <exception cref="NpgsqlException">The database failed; what was committed stays, and a repeated call continues.</exception>
    public async Task<int> BackfillAsync(short cityId, CancellationToken cancellation = default) =>
        (await BackfillAsync(cityId, wait: true, cancellation))!.Value;

    /// <summary>
    /// As <see cref="BackfillAsync(short, CancellationToken)"/>, but leaves the rest for the next call when another process compacts or
    /// rebuilds the city, or after <see cref="Limits.CompactionInterval"/>.
    /// </summary>
    /// <returns>How many blocks were rebuilt; null when some were left.</returns>
    public Task<int?> TryBackfillAsync(short cityId, CancellationToken cancellation = default) =>
        BackfillAsync(cityId, wait: false, cancellation);

    /// <summary>
    /// Makes all blocks stale; the caller holds the lock. No row is deleted: readers rely on one for each cell and id bucket with requests.
    /// </summary>
    internal static Task ClearAsync(NpgsqlConnection connection, short cityId, CancellationToken cancellation) =>
        RequestCounters.ExecuteAsync(
            connection, "update service_request_pack set content = null where city_id = $1 and content is not null", cancellation, cityId);

    /// <summary>Adds the missing rows for cells and id buckets with requests, and records that; the caller holds the lock.</summary>
    internal static async Task<int> MarkAsync(NpgsqlConnection connection, short cityId, DateTime now, CancellationToken cancellation)
    {
        int marked = await RequestCounters.ExecuteAsync(connection, CounterSql.BlockRegistration, cancellation, cityId);
        await RequestCounters.ExecuteAsync(
            connection, "update city set packed_at = $2 where id = $1 and packed_at is null", cancellation, cityId, now);
        return marked;
    }

    /// <summary>Compares each block with the rows, in the caller's snapshot.</summary>
    internal static async Task<BlockComparison> CompareAsync(
        NpgsqlConnection connection, short cityId, int differencesMax, CancellationToken cancellation)
    {
        if (await IsUnmarkedAsync(connection, cityId, cancellation))
        {
            return new(0, 0, []);
        }

        await using NpgsqlCommand command = RequestCounters.Command(connection, CounterSql.BlockDifferences, cityId, differencesMax);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        var first = new List<BlockDifference>();
        (long blocks, long differing) = (0, 0);
        while (await reader.ReadAsync(cancellation))
        {
            (blocks, differing) = (reader.GetInt64(0), reader.GetInt64(1));
            if (!reader.IsDBNull(2))
            {
                first.Add(new(reader.GetInt64(2), reader.GetInt16(3), reader.GetInt32(4), reader.GetInt32(5)));
            }
        }

        return new(blocks, differing, first);
    }

    private static async Task<bool> IsUnmarkedAsync(NpgsqlConnection connection, short cityId, CancellationToken cancellation)
    {
        List<short> unmarked = await RequestCounters.IdsAsync<short>(
            connection, "select id from city where id = $1 and packed_at is null", cancellation, cityId);
        return unmarked.Count > 0;
    }

    private async Task<int?> BackfillAsync(short cityId, bool wait, CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await dataSource.OpenConnectionAsync(cancellation);
        long start = time.GetTimestamp();
        Task<int?> LockedAsync(Func<Task<int>> act) => RequestCounters.LockedAsync(connection, cityId, wait, act, cancellation);
        if (await IsUnmarkedAsync(connection, cityId, cancellation)
            && await LockedAsync(() => MarkAsync(connection, cityId, time.GetUtcNow().UtcDateTime, cancellation)) is null)
        {
            return null;
        }

        (int blocks, int step) = (0, Limits.BackfillBlocksMax);
        while (step == Limits.BackfillBlocksMax)
        {
            if ((!wait && time.GetElapsedTime(start) >= Limits.CompactionInterval)
                || await LockedAsync(() =>
                    RequestCounters.ExecuteAsync(connection, CounterSql.BlockBackfill, cancellation, cityId, Limits.BackfillBlocksMax))
                    is not { } backfilled)
            {
                return null;
            }

            (blocks, step) = (blocks + backfilled, backfilled);
        }

        if (blocks >= Limits.BackfillBlocksMax)
        {
            await RequestCounters.ExecuteAsync(connection, "vacuum (analyze) public.service_request_pack", cancellation);
        }

        return blocks;
    }
}

/// <param name="Blocks">Blocks that exist or should exist.</param>
/// <param name="Differing">How many of them are wrong.</param>
/// <param name="First">The first of those.</param>
public sealed record BlockComparison(long Blocks, long Differing, IReadOnlyList<BlockDifference> First);

/// <summary>A wrong block.</summary>
/// <param name="Cell">Cell of zoom 16.</param>
/// <param name="Bucket">The id bucket: the highest bits of the ids.</param>
/// <param name="Expected">Requests according to the rows; when equal to <paramref name="Packed"/>, their contents differ.</param>
/// <param name="Packed">Requests in the block.</param>
public sealed record BlockDifference(long Cell, short Bucket, int Expected, int Packed);
