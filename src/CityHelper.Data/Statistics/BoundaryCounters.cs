using Npgsql;

namespace CityHelper.Data.Statistics;

/// <summary>The number of requests in a city's boundaries, by month.</summary>
/// <remarks>
/// Neither a request nor a delta names its boundaries, so changes are not added up. Compaction (<see cref="RequestCounters"/>) invalidates
/// the months that it touches, and a backfill counts them again from the rows. Both hold the same lock. So a change is in the rows that a
/// backfill counts, or in a delta that readers see and a later compaction takes. Reasons: docs/decisions/0013-counters-of-boundaries.md.
/// </remarks>
public sealed class BoundaryCounters(NpgsqlDataSource dataSource, TimeProvider time)
{
    /// <summary>
    /// Ids of the cities whose boundaries have months to count. Cities with many deltas are left out: an import runs there, and its next
    /// compaction would invalidate the new counts.
    /// </summary>
    public async Task<IReadOnlyList<short>> CitiesToBackfillAsync(CancellationToken cancellation = default)
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
            Limits.BackfillChangesMax);
    }

    /// <summary>
    /// Counts the uncounted months, some of a boundary in each transaction. Changes meanwhile leave months for the next call.
    /// </summary>
    /// <returns>How many months were counted.</returns>
    /// <exception cref="NpgsqlException">The database failed; what was committed stays, and a repeated call continues.</exception>
    public async Task<int> BackfillAsync(short cityId, CancellationToken cancellation = default) =>
        (await BackfillAsync(cityId, wait: true, cancellation))!.Value;

    /// <summary>
    /// As <see cref="BackfillAsync(short, CancellationToken)"/>, but leaves the rest for the next call when another process compacts or
    /// rebuilds the city, or after <see cref="Limits.CompactionInterval"/>.
    /// </summary>
    /// <returns>How many months were counted; null when some were left.</returns>
    public Task<int?> TryBackfillAsync(short cityId, CancellationToken cancellation = default) =>
        BackfillAsync(cityId, wait: false, cancellation);

    /// <summary>Invalidates all months; the caller holds the lock.</summary>
    internal static async Task ClearAsync(NpgsqlConnection connection, short cityId, CancellationToken cancellation)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        await RequestCounters.ExecuteAsync(
            connection, "delete from service_request_boundary_month where city_id = $1", cancellation, cityId);
        await RequestCounters.ExecuteAsync(
            connection, "delete from service_request_boundary_count where city_id = $1", cancellation, cityId);
        await RequestCounters.ExecuteAsync(
            connection, "update boundary_revision set has_gaps = true, counted_revision = 0 where city_id = $1", cancellation, cityId);
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>Compares each boundary's counted months with the rows, in the caller's snapshot.</summary>
    internal static async Task<IReadOnlyList<BoundaryComparison>> CompareAsync(
        NpgsqlConnection connection, short cityId, int differencesMax, CancellationToken cancellation)
    {
        var comparisons = new List<BoundaryComparison>();
        List<int> boundaries = await RequestCounters.IdsAsync<int>(
            connection, "select id from boundary where city_id = $1 order by id", cancellation, cityId);
        foreach (int boundary in boundaries)
        {
            await using NpgsqlCommand command = RequestCounters.Command(
                connection, CounterSql.BoundaryDifferences, cityId, boundary, differencesMax);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
            var first = new List<BoundaryDifference>();
            (long counters, long differing) = (0, 0);
            while (await reader.ReadAsync(cancellation))
            {
                (counters, differing) = (reader.GetInt64(0), reader.GetInt64(1));
                if (!reader.IsDBNull(2))
                {
                    first.Add(new(
                        reader.GetFieldValue<DateOnly>(2),
                        reader.GetInt32(3),
                        reader.GetInt32(4),
                        reader.GetString(5),
                        reader.GetInt32(6),
                        reader.GetInt32(7)));
                }
            }

            comparisons.Add(new(boundary, counters, differing, first));
        }

        return comparisons;
    }

    private async Task<int?> BackfillAsync(short cityId, bool wait, CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await dataSource.OpenConnectionAsync(cancellation);
        if (await RevisionAsync(connection, cityId, cancellation) is not (long revision, long countedRevision))
        {
            return 0;
        }

        long start = time.GetTimestamp();
        Task<int?> Locked(string sql, params object[] parameters) =>
            RequestCounters.LockedAsync(
                connection,
                cityId,
                wait,
                () => RequestCounters.ExecuteAsync(connection, sql, cancellation, [cityId, .. parameters]),
                cancellation);
        int? months = await Locked(CounterSql.BoundaryInvalidation) is null ? null : 0;
        Queue<int> uncounted = months is null
            ? []
            : new(await RequestCounters.IdsAsync<int>(connection, CounterSql.BoundaryUncounted, cancellation, cityId));
        while (months is not null && uncounted.TryPeek(out int boundary))
        {
            int? step = wait || time.GetElapsedTime(start) < Limits.CompactionInterval
                ? await Locked(CounterSql.BoundaryBackfill, boundary, Limits.BoundaryMonthsMax)
                : null;
            months += step;
            if (step < Limits.BoundaryMonthsMax)
            {
                uncounted.Dequeue();
            }
        }

        if (months is null
            || await RequestCounters.LockedAsync(
                connection, cityId, wait, () => RecordBackfillAsync(connection, cityId, revision, cancellation), cancellation)
                is not { } said)
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
        await using NpgsqlCommand find = RequestCounters.Command(
            connection, "select revision, counted_revision from boundary_revision where city_id = $1", cityId);
        await using NpgsqlDataReader reader = await find.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation) ? (reader.GetInt64(0), reader.GetInt64(1)) : null;
    }

    // Checked again under the lock: a compaction or an import may have come in between.
    private static async Task<int> RecordBackfillAsync(
        NpgsqlConnection connection, short cityId, long revision, CancellationToken cancellation) =>
        (await RequestCounters.IdsAsync<int>(connection, CounterSql.BoundaryUncounted, cancellation, cityId)).Count > 0
            ? 0
            : await RequestCounters.ExecuteAsync(
                connection,
                // A boundary import that holds the row is about to write another revision.
                """
                update boundary_revision set counted_revision = $2, has_gaps = false
                where city_id in (select r.city_id from boundary_revision r where r.city_id = $1 and r.revision = $2 for update skip locked)
                """,
                cancellation,
                cityId,
                revision);
}

/// <param name="BoundaryId">The boundary.</param>
/// <param name="Counters">Counters that exist or should exist.</param>
/// <param name="Differing">How many of them are wrong.</param>
/// <param name="First">The first of those.</param>
public sealed record BoundaryComparison(int BoundaryId, long Counters, long Differing, IReadOnlyList<BoundaryDifference> First);

/// <summary>A wrong counter of a boundary. Key columns are as in <c>service_request_boundary_count</c>.</summary>
/// <param name="Period">First day of the month.</param>
/// <param name="CategoryId">Category.</param>
/// <param name="AgencyId">Agency, 0 for none.</param>
/// <param name="Status">Its label.</param>
/// <param name="Expected">Requests according to the rows.</param>
/// <param name="Counted">Requests according to the counter.</param>
public sealed record BoundaryDifference(DateOnly Period, int CategoryId, int AgencyId, string Status, int Expected, int Counted);
