using Npgsql;

namespace CityHelper.Data.Statistics;

/// <summary>How many requests lie in a city's boundaries, by month.</summary>
/// <remarks>
/// A request does not know its boundaries, and deltas do not either. So no change is added: a fold forgets the months that it touches
/// (<see cref="RequestCounters"/>), and a fill counts them again from the rows. Both hold the fold's lock, so that a change is in the rows
/// that a fill counts, or in a delta that readers see and a later fold takes. Reasons: docs/decisions/0013-counters-of-boundaries.md.
/// </remarks>
public sealed class BoundaryCounters(NpgsqlDataSource dataSource, TimeProvider time)
{
    /// <summary>
    /// Ids of the cities whose boundaries have months to count. Not of those with many deltas: an import runs there, and its next fold
    /// would forget what is counted now.
    /// </summary>
    public async Task<IReadOnlyList<short>> CitiesToFillAsync(CancellationToken cancellation = default)
    {
        await using NpgsqlConnection connection = await dataSource.OpenConnectionAsync(cancellation);
        return await RequestCounters.IdsAsync<short>(
            connection,
            """
            select r.city_id from boundary_revision r join city c on c.id = r.city_id
            where c.counted_at is not null and (r.has_gaps or r.counted_revision <> r.revision)
              and $1 >= (select count(*) from (select from service_request_delta d where d.city_id = r.city_id limit $1 + 1) first)
            order by r.city_id
            """,
            cancellation,
            Limits.FillChangesMax);
    }

    /// <summary>
    /// Counts the months that are not counted, some of a boundary in each transaction. Changes meanwhile leave months for the next time.
    /// </summary>
    /// <returns>How many months were counted.</returns>
    /// <exception cref="NpgsqlException">The database failed; what was committed stays, and a repeated call continues.</exception>
    public async Task<int> FillAsync(short cityId, CancellationToken cancellation = default) => (await FillAsync(cityId, wait: true, cancellation))!.Value;

    /// <summary>
    /// As <see cref="FillAsync(short, CancellationToken)"/>, but leaves the rest for the next time when somebody folds or rebuilds the
    /// city, and when it took as long as folds are apart.
    /// </summary>
    /// <returns>How many months were counted; null when something was left.</returns>
    public Task<int?> TryFillAsync(short cityId, CancellationToken cancellation = default) => FillAsync(cityId, wait: false, cancellation);

    /// <summary>Forgets all; the caller holds the lock.</summary>
    internal static async Task ClearAsync(NpgsqlConnection connection, short cityId, CancellationToken cancellation)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        await RequestCounters.ExecuteAsync(connection, "delete from service_request_boundary_month where city_id = $1", cancellation, cityId);
        await RequestCounters.ExecuteAsync(connection, "delete from service_request_boundary_count where city_id = $1", cancellation, cityId);
        await RequestCounters.ExecuteAsync(connection, "update boundary_revision set has_gaps = true, counted_revision = 0 where city_id = $1", cancellation, cityId);
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>Counts the rows of each boundary's counted months anew, in the caller's snapshot.</summary>
    internal static async Task<IReadOnlyList<BoundaryComparison>> CompareAsync(
        NpgsqlConnection connection, short cityId, int differencesMax, CancellationToken cancellation)
    {
        var comparisons = new List<BoundaryComparison>();
        foreach (int boundary in await RequestCounters.IdsAsync<int>(connection, "select id from boundary where city_id = $1 order by id", cancellation, cityId))
        {
            await using NpgsqlCommand command = RequestCounters.Command(connection, CounterSql.BoundaryDifferences, cityId, boundary, differencesMax);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
            var first = new List<BoundaryDifference>();
            (long counters, long differing) = (0, 0);
            while (await reader.ReadAsync(cancellation))
            {
                (counters, differing) = (reader.GetInt64(0), reader.GetInt64(1));
                if (!reader.IsDBNull(2))
                {
                    first.Add(new(
                        reader.GetFieldValue<DateOnly>(2), reader.GetInt32(3), reader.GetInt32(4), reader.GetString(5), reader.GetInt32(6), reader.GetInt32(7)));
                }
            }

            comparisons.Add(new(boundary, counters, differing, first));
        }

        return comparisons;
    }

    private async Task<int?> FillAsync(short cityId, bool wait, CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await dataSource.OpenConnectionAsync(cancellation);
        if (await RevisionAsync(connection, cityId, cancellation) is not (long revision, long countedRevision))
        {
            return 0;
        }

        long start = time.GetTimestamp();
        Task<int?> Locked(string sql, params object[] parameters) => RequestCounters.LockedAsync(
            connection, cityId, wait, () => RequestCounters.ExecuteAsync(connection, sql, cancellation, [cityId, .. parameters]), cancellation);
        int? months = await Locked(CounterSql.BoundaryForget) is null ? null : 0;
        Queue<int> uncounted = months is null ? [] : new(await RequestCounters.IdsAsync<int>(connection, CounterSql.BoundaryUncounted, cancellation, cityId));
        while (months is not null && uncounted.TryPeek(out int boundary))
        {
            int? step = wait || time.GetElapsedTime(start) < Limits.FoldEvery ? await Locked(CounterSql.BoundaryFill, boundary, Limits.BoundaryMonthsMax) : null;
            months += step;
            if (step < Limits.BoundaryMonthsMax)
            {
                uncounted.Dequeue();
            }
        }

        if (months is null || await RequestCounters.LockedAsync(connection, cityId, wait, () => SayFilledAsync(connection, cityId, revision, cancellation), cancellation) is not { } said)
        {
            return null;
        }

        if (said > 0 && countedRevision != revision)
        {
            await RequestCounters.TidyAsync(connection, cancellation);
        }

        return months;
    }

    private static async Task<(long, long)?> RevisionAsync(NpgsqlConnection connection, short cityId, CancellationToken cancellation)
    {
        await using NpgsqlCommand find = RequestCounters.Command(connection, "select revision, counted_revision from boundary_revision where city_id = $1", cityId);
        await using NpgsqlDataReader reader = await find.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation) ? (reader.GetInt64(0), reader.GetInt64(1)) : null;
    }

    // Asked again under the lock: a fold or an import may have come in between.
    private static async Task<int> SayFilledAsync(NpgsqlConnection connection, short cityId, long revision, CancellationToken cancellation) =>
        (await RequestCounters.IdsAsync<int>(connection, CounterSql.BoundaryUncounted, cancellation, cityId)).Count > 0
            ? 0
            : await RequestCounters.ExecuteAsync(
                connection,
                // A boundary import that holds the row has another revision to tell.
                """
                update boundary_revision set counted_revision = $2, has_gaps = false
                where city_id in (select r.city_id from boundary_revision r where r.city_id = $1 and r.revision = $2 for update skip locked)
                """,
                cancellation,
                cityId,
                revision);
}

/// <param name="BoundaryId">The boundary.</param>
/// <param name="Counters">Counters that are there or should be.</param>
/// <param name="Differing">Of them, those that are not what they must be.</param>
/// <param name="First">The first of those.</param>
public sealed record BoundaryComparison(int BoundaryId, long Counters, long Differing, IReadOnlyList<BoundaryDifference> First);

/// <summary>A counter of a boundary that is not what it must be; the key's parts as in <c>service_request_boundary_count</c>.</summary>
/// <param name="Period">First day of the month.</param>
/// <param name="CategoryId">Category.</param>
/// <param name="AgencyId">Agency, 0 for none.</param>
/// <param name="Status">Its label.</param>
/// <param name="Expected">Requests by the rows.</param>
/// <param name="Counted">Requests by the counter.</param>
public sealed record BoundaryDifference(DateOnly Period, int CategoryId, int AgencyId, string Status, int Expected, int Counted);
