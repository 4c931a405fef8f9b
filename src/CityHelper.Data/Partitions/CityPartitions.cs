using Npgsql;

namespace CityHelper.Data.Partitions;

/// <summary>Makes the partitions of <c>service_request</c> and <c>status_update</c>: one per city, and in it one leaf per UTC year.</summary>
/// <remarks>
/// A leaf is made as a plain table and then attached. <c>create table … partition of</c> would take the AccessExclusive lock on
/// the city's table and stop its readers; ATTACH takes ShareUpdateExclusive. Everything is safe to repeat, and two
/// processes that make the same leaf queue on an advisory lock.
/// </remarks>
public sealed class CityPartitions(NpgsqlDataSource dataSource, TimeProvider time)
{
    private const int LockClass = 0x0C17_0001;

    // The newest rows are read most, by index-only scans, which read the table until VACUUM has seen its pages. By default that is
    // when a fifth of a leaf is new: two months of a city.
    private const string LeafSettings = " with (autovacuum_vacuum_insert_scale_factor = 0.01)";

    private const string Requests = "service_request";

    private const string Updates = "status_update";

    /// <summary>Table of a city: <c>service_request_new_york</c>.</summary>
    public static string CityTable(string parent, string slug) => $"{parent}_{slug.Replace('-', '_')}";

    /// <summary>Table of a city's year: <c>service_request_new_york_2026</c>.</summary>
    public static string YearTable(string parent, string slug, int year) => $"{CityTable(parent, slug)}_{year}";

    /// <summary>Makes the leaves of this year and the next.</summary>
    public async Task CreateAheadAsync(short cityId, string slug, CancellationToken cancellation = default)
    {
        int year = time.GetUtcNow().Year;
        await EnsureYearsAsync(cityId, slug, [year, year + 1], cancellation);
    }

    /// <summary>Makes the city's own level and the leaves of these UTC years, where they do not exist yet.</summary>
    public async Task EnsureYearsAsync(short cityId, string slug, IEnumerable<int> years, CancellationToken cancellation = default)
    {
        int[] ordered = [.. years.Order()];
        foreach (int year in ordered)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(year, Limits.YearMin, nameof(years));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(year, Limits.YearMax, nameof(years));
        }

        await AttachAsync(cityId, Requests, CityTable(Requests, slug), $"in ({cityId})", " partition by range (id)", null, cancellation);
        await AttachAsync(cityId, Updates, CityTable(Updates, slug), $"in ({cityId})", " partition by range (service_request_id)", null, cancellation);
        foreach (int year in ordered)
        {
            string bounds = $"from (public.id_floor('{year}-01-01 00:00+00')) to (public.id_floor('{year + 1}-01-01 00:00+00'))";
            string requests = YearTable(Requests, slug, year);
            await AttachAsync(cityId, CityTable(Requests, slug), requests, bounds, LeafSettings, null, cancellation);
            await AttachAsync(cityId, CityTable(Updates, slug), YearTable(Updates, slug, year), bounds, LeafSettings, requests, cancellation);
        }
    }

    /// <summary>One table in one short transaction of its own: locks are gone before the next table is looked at.</summary>
    private async Task AttachAsync(
        short cityId, string parent, string table, string bounds, string partitioning, string? requests, CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await dataSource.OpenConnectionAsync(cancellation);
        if (await IsAttachedAsync(connection, parent, table, cancellation))
        {
            return;
        }

        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        await ExecuteAsync(connection, $"select pg_advisory_xact_lock({LockClass}, {cityId})", cancellation);
        // Asked again under the lock: the other process may have made it while this one waited.
        if (!await IsAttachedAsync(connection, parent, table, cancellation))
        {
            // Generated columns and indexes come along, so that ATTACH finds them and has nothing left to build; the
            // parent's foreign keys are not copied by LIKE, ATTACH makes them.
            await ExecuteAsync(connection, $"create table public.{table} (like public.{parent} including all){partitioning}", cancellation);
            if (requests is not null)
            {
                await ExecuteAsync(
                    connection,
                    $"alter table public.{table} add foreign key (city_id, service_request_id) references public.{requests} (city_id, id) "
                    + "on delete cascade",
                    cancellation);
            }

            await ExecuteAsync(connection, $"alter table public.{parent} attach partition public.{table} for values {bounds}", cancellation);
        }

        await transaction.CommitAsync(cancellation);
    }

    private static async Task<bool> IsAttachedAsync(
        NpgsqlConnection connection, string parent, string table, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "select exists (select from pg_inherits where inhrelid = to_regclass($1) and inhparent = to_regclass($2))", connection)
        {
            Parameters = { new() { Value = "public." + table }, new() { Value = "public." + parent } },
        };
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
