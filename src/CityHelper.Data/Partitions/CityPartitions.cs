using System.Globalization;
using CityHelper.Data.Model;
using Npgsql;

namespace CityHelper.Data.Partitions;

/// <summary>
/// Makes the partitions of <c>service_request</c> and <c>status_update</c>: one per city, and in it one leaf per UTC year.
/// </summary>
/// <remarks>
/// A leaf is made as a plain table and then attached. <c>create table … partition of</c> would take the AccessExclusive lock on
/// the city's table and stop its readers; ATTACH takes ShareUpdateExclusive. Everything is safe to repeat, and two
/// processes that make the same leaf queue on an advisory lock. Names are made here once, of the city's id and the year, in a schema
/// where nothing else is; who needs one reads it from the catalogue, by its parent and bounds.
/// </remarks>
public sealed class CityPartitions(NpgsqlDataSource dataSource, TimeProvider time)
{
    private const int LockClass = 0x0C17_0001;

    private const string Schema = "partitions";

    // The newest rows are read most, by index-only scans, which read the table until VACUUM has seen its pages. By default that is
    // when a fifth of a leaf is new: two months of a city.
    private const string LeafSettings = " with (autovacuum_vacuum_insert_scale_factor = 0.01)";

    private const string Requests = "service_request";

    private const string Updates = "status_update";

    /// <summary>The table that holds a city's requests, or other rows that hang on them.</summary>
    /// <param name="Parent">The table that it is a partition of, with its schema.</param>
    /// <param name="Name">What it is called when it is made.</param>
    /// <param name="Bounds">Its bounds as PostgreSQL writes them.</param>
    /// <param name="Suffix">What follows in <c>create table</c>.</param>
    /// <param name="Requests">The leaf of requests that its rows belong to, with its schema; null when they belong to none.</param>
    private sealed record Partition(string Parent, string Name, string Bounds, string Suffix, string? Requests = null);

    /// <summary>Makes the leaves of this year and the next.</summary>
    public Task CreateAheadAsync(short cityId, CancellationToken cancellation = default) => EnsureYearsAsync(cityId, YearsAhead(), cancellation);

    /// <summary>The same in the caller's transaction: with the city's row, or not at all.</summary>
    internal Task CreateAheadAsync(NpgsqlConnection connection, short cityId, CancellationToken cancellation) => EnsureAsync(
        cityId, YearsAhead(), async partition => await FindAsync(connection, partition, cancellation) ?? await CreateAsync(connection, partition, cancellation));

    /// <summary>Makes the city's own level and the leaves of these UTC years, where they do not exist yet.</summary>
    public Task EnsureYearsAsync(short cityId, IEnumerable<int> years, CancellationToken cancellation = default)
    {
        int[] ordered = [.. years.Order()];
        foreach (int year in ordered)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(year, Limits.YearMin, nameof(years));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(year, Limits.YearMax, nameof(years));
        }

        return EnsureAsync(cityId, ordered, partition => AttachAsync(cityId, partition, cancellation));
    }

    /// <summary>
    /// The leaves of a city's years, of requests and of their updates, as their names stand in the catalogue; years without leaves have
    /// none.
    /// </summary>
    public static async Task<IReadOnlyList<string>> LeavesAsync(
        NpgsqlConnection connection, short cityId, IEnumerable<int> years, CancellationToken cancellation = default)
    {
        List<string> leaves = [];
        foreach (string root in new[] { Requests, Updates })
        {
            if (await FindAsync(connection, CityOf(root, cityId), cancellation) is not { } city)
            {
                continue;
            }

            foreach (int year in years)
            {
                if (await FindAsync(connection, YearOf(city, root, cityId, year, null), cancellation) is { } leaf)
                {
                    leaves.Add(leaf);
                }
            }
        }

        return leaves;
    }

    private int[] YearsAhead()
    {
        int year = time.GetUtcNow().Year;
        return [year, year + 1];
    }

    private static async Task EnsureAsync(short cityId, int[] years, Func<Partition, Task<string>> ensure)
    {
        string requests = await ensure(CityOf(Requests, cityId));
        string updates = await ensure(CityOf(Updates, cityId));
        foreach (int year in years)
        {
            string leaf = await ensure(YearOf(requests, Requests, cityId, year, null));
            await ensure(YearOf(updates, Updates, cityId, year, leaf));
        }
    }

    private static Partition CityOf(string root, short cityId) => new(
        $"public.{root}", $"{root}_{cityId}", $"FOR VALUES IN ('{cityId}')", $" partition by range ({(root == Requests ? "id" : "service_request_id")})");

    private static Partition YearOf(string city, string root, short cityId, int year, string? requests) => new(
        city, $"{root}_{cityId}_{year}", $"FOR VALUES FROM ('{FirstId(year)}') TO ('{FirstId(year + 1)}')", LeafSettings, requests);

    private static string FirstId(int year) => RequestId.Floor(new DateTimeOffset(year, 1, 1, 0, 0, 0, TimeSpan.Zero)).ToString(CultureInfo.InvariantCulture);

    /// <summary>One table in one short transaction of its own: locks are gone before the next table is looked at.</summary>
    private async Task<string> AttachAsync(short cityId, Partition partition, CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await dataSource.OpenConnectionAsync(cancellation);
        if (await FindAsync(connection, partition, cancellation) is { } there)
        {
            return there;
        }

        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        await ExecuteAsync(connection, $"select pg_advisory_xact_lock({LockClass}, {cityId})", cancellation);

        // Asked again under the lock: the other process may have made it while this one waited.
        string name = await FindAsync(connection, partition, cancellation) ?? await CreateAsync(connection, partition, cancellation);
        await transaction.CommitAsync(cancellation);
        return name;
    }

    private static async Task<string> CreateAsync(NpgsqlConnection connection, Partition partition, CancellationToken cancellation)
    {
        // Generated columns and indexes come along, so that ATTACH finds them and has nothing left to build; the
        // parent's foreign keys are not copied by LIKE, ATTACH makes them.
        string table = $"{Schema}.{partition.Name}";
        await ExecuteAsync(connection, $"create table {table} (like {partition.Parent} including all){partition.Suffix}", cancellation);
        if (partition.Requests is { } requests)
        {
            await ExecuteAsync(
                connection, $"alter table {table} add foreign key (city_id, service_request_id) references {requests} (city_id, id) on delete cascade", cancellation);
        }

        await ExecuteAsync(connection, $"alter table {partition.Parent} attach partition {table} {partition.Bounds}", cancellation);
        return table;
    }

    // With its schema; null when there is none of these bounds.
    private static async Task<string?> FindAsync(NpgsqlConnection connection, Partition partition, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            select format('%I.%I', n.nspname, c.relname)
            from pg_inherits i
            join pg_class c on c.oid = i.inhrelid
            join pg_namespace n on n.oid = c.relnamespace
            where i.inhparent = to_regclass($1) and pg_get_expr(c.relpartbound, c.oid) = $2
            """, connection)
        {
            Parameters = { new() { Value = partition.Parent }, new() { Value = partition.Bounds } },
        };
        return await command.ExecuteScalarAsync(cancellation) as string;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
