using Npgsql;

namespace CityHelper.Data.Statistics;

/// <summary>The packs of a city: what is counted of its requests, by cell of zoom 16 and stretch of ids, each in one value.</summary>
/// <remarks>
/// As with counters of boundaries no change is added: a trigger leaves the packs null that deltas touch which are taken, and a fill packs
/// those anew from the rows. Folds and fills hold one lock, so that a change is in the rows that a fill packs, or in a delta that readers
/// see and a later fold takes. Reasons: docs/decisions/0014-packs.md.
/// </remarks>
public sealed class RequestPacks(NpgsqlDataSource dataSource, TimeProvider time)
{
    /// <summary>
    /// Ids of the cities that have something to pack. Not of those with many deltas: an import runs there, and its next fold would want
    /// most of them packed again.
    /// </summary>
    public async Task<IReadOnlyList<short>> CitiesToFillAsync(CancellationToken cancellation = default)
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
            Limits.FillChangesMax);
    }

    /// <summary>Packs what must be packed anew, <see cref="Limits.FillPacksMax"/> in each transaction.</summary>
    /// <returns>How many packs.</returns>
    /// <exception cref="NpgsqlException">The database failed; what was committed stays, and a repeated call continues.</exception>
    public async Task<int> FillAsync(short cityId, CancellationToken cancellation = default) => (await FillAsync(cityId, wait: true, cancellation))!.Value;

    /// <summary>
    /// As <see cref="FillAsync(short, CancellationToken)"/>, but leaves the rest for the next time when somebody folds or rebuilds the
    /// city, and when it took as long as folds are apart.
    /// </summary>
    /// <returns>How many packs; null when something was left.</returns>
    public Task<int?> TryFillAsync(short cityId, CancellationToken cancellation = default) => FillAsync(cityId, wait: false, cancellation);

    /// <summary>
    /// All must be packed anew; the caller holds the lock. Nothing is deleted: readers rely on a row for whatever holds requests.
    /// </summary>
    internal static Task ClearAsync(NpgsqlConnection connection, short cityId, CancellationToken cancellation) =>
        RequestCounters.ExecuteAsync(connection, "update service_request_pack set content = null where city_id = $1 and content is not null", cancellation, cityId);

    /// <summary>Sees to it that whatever holds requests has a row, and says so; the caller holds the lock.</summary>
    internal static async Task<int> MarkAsync(NpgsqlConnection connection, short cityId, DateTime now, CancellationToken cancellation)
    {
        int marked = await RequestCounters.ExecuteAsync(connection, CounterSql.PackMark, cancellation, cityId);
        await RequestCounters.ExecuteAsync(connection, "update city set packed_at = $2 where id = $1 and packed_at is null", cancellation, cityId, now);
        return marked;
    }

    /// <summary>Packs the rows of each pack again and compares, in the caller's snapshot.</summary>
    internal static async Task<PackComparison> CompareAsync(NpgsqlConnection connection, short cityId, int differencesMax, CancellationToken cancellation)
    {
        if (await IsUnmarkedAsync(connection, cityId, cancellation))
        {
            return new(0, 0, []);
        }

        await using NpgsqlCommand command = RequestCounters.Command(connection, CounterSql.PackDifferences, cityId, differencesMax);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        var first = new List<PackDifference>();
        (long packs, long differing) = (0, 0);
        while (await reader.ReadAsync(cancellation))
        {
            (packs, differing) = (reader.GetInt64(0), reader.GetInt64(1));
            if (!reader.IsDBNull(2))
            {
                first.Add(new(reader.GetInt64(2), reader.GetInt16(3), reader.GetInt32(4), reader.GetInt32(5)));
            }
        }

        return new(packs, differing, first);
    }

    private static async Task<bool> IsUnmarkedAsync(NpgsqlConnection connection, short cityId, CancellationToken cancellation) =>
        (await RequestCounters.IdsAsync<short>(connection, "select id from city where id = $1 and packed_at is null", cancellation, cityId)).Count > 0;

    private async Task<int?> FillAsync(short cityId, bool wait, CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await dataSource.OpenConnectionAsync(cancellation);
        long start = time.GetTimestamp();
        Task<int?> LockedAsync(Func<Task<int>> act) => RequestCounters.LockedAsync(connection, cityId, wait, act, cancellation);
        if (await IsUnmarkedAsync(connection, cityId, cancellation)
            && await LockedAsync(() => MarkAsync(connection, cityId, time.GetUtcNow().UtcDateTime, cancellation)) is null)
        {
            return null;
        }

        (int packs, int step) = (0, Limits.FillPacksMax);
        while (step == Limits.FillPacksMax)
        {
            if ((!wait && time.GetElapsedTime(start) >= Limits.FoldEvery)
                || await LockedAsync(() => RequestCounters.ExecuteAsync(connection, CounterSql.PackFill, cancellation, cityId, Limits.FillPacksMax)) is not { } filled)
            {
                return null;
            }

            (packs, step) = (packs + filled, filled);
        }

        if (packs >= Limits.FillPacksMax)
        {
            await RequestCounters.ExecuteAsync(connection, "vacuum (analyze) public.service_request_pack", cancellation);
        }

        return packs;
    }
}

/// <param name="Packs">Packs that are there or should be.</param>
/// <param name="Differing">Of them, those that are not what they must be.</param>
/// <param name="First">The first of those.</param>
public sealed record PackComparison(long Packs, long Differing, IReadOnlyList<PackDifference> First);

/// <summary>A pack that is not what it must be.</summary>
/// <param name="Cell">Cell of zoom 16.</param>
/// <param name="Slice">The highest bits of its ids.</param>
/// <param name="Expected">Requests by the rows; when equal to the packed ones, something of them differs.</param>
/// <param name="Packed">Requests in the pack.</param>
public sealed record PackDifference(long Cell, short Slice, int Expected, int Packed);
