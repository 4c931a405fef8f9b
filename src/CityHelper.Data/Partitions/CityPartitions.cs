using System.Globalization;
using CityHelper.Data.Model;
using Npgsql;

namespace CityHelper.Data.Partitions;

/// <summary>Creates the partitions of <c>service_request</c> and <c>status_update</c>: one per city, and in it one per UTC year.</summary>
/// <remarks>
/// A partition of a year is created as a plain table and then attached. <c>create table … partition of</c> would take an AccessExclusive
/// lock on the city's table and block its readers; ATTACH takes ShareUpdateExclusive. Everything is safe to repeat, and two processes that
/// create the same partition queue on an advisory lock. Names are made here only, from the city's id and the year, in a schema that holds
/// nothing else. Other code reads a name from the catalogue, by parent and bounds.
/// </remarks>
public sealed class CityPartitions(NpgsqlDataSource dataSource, TimeProvider time)
{
    private const int LockClass = 0x0C17_0001;

    private const string Schema = "partitions";

    // The newest rows are read most, by index-only scans. These read the table too until VACUUM has marked its pages as all-visible: by
    // default when a fifth of a partition is new, two months of a city.
    private const string PartitionSettings = " with (autovacuum_vacuum_insert_scale_factor = 0.01)";

    private const string Requests = "service_request";

    private const string Updates = "status_update";

    /// <summary>A table of a city's requests, or of rows that belong to them.</summary>
    /// <param name="Parent">The parent table, with its schema.</param>
    /// <param name="Name">The name it is created with.</param>
    /// <param name="Bounds">Its bounds as PostgreSQL writes them.</param>
    /// <param name="Suffix">The end of its <c>create table</c>.</param>
    /// <param name="Requests">The partition of requests that its rows refer to, with its schema; null when they refer to none.</param>
    private sealed record Partition(string Parent, string Name, string Bounds, string Suffix, string? Requests = null);

    /// <summary>Creates the partitions of this year and the next.</summary>
    public Task CreateAheadAsync(short cityId, CancellationToken cancellation = default) =>
        EnsureYearsAsync(cityId, YearsAhead(), cancellation);

    /// <summary>The same in the caller's transaction, together with the city's row.</summary>
    internal Task CreateAheadAsync(NpgsqlConnection connection, short cityId, CancellationToken cancellation) =>
        EnsureAsync(
            cityId,
            YearsAhead(),
            async partition =>
                await FindAsync(connection, partition, cancellation) ?? await CreateAsync(connection, partition, cancellation));

    /// <summary>Creates the city's own level and the partitions of these UTC years, where they are missing.</summary>
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

    /// <summary>The partitions of a city's years, of requests and of updates, by their names in the catalogue, where they exist.</summary>
    public static async Task<IReadOnlyList<string>> PartitionsAsync(
        NpgsqlConnection connection, short cityId, IEnumerable<int> years, CancellationToken cancellation = default)
    {
        List<string> partitions = [];
        foreach (string root in new[] { Requests, Updates })
        {
            if (await FindAsync(connection, CityOf(root, cityId), cancellation) is not { } city)
            {
                continue;
            }

            foreach (int year in years)
            {
                if (await FindAsync(connection, YearOf(city, root, cityId, year, null), cancellation) is { } partition)
                {
                    partitions.Add(partition);
                }
            }
        }

        return partitions;
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
            string partition = await ensure(YearOf(requests, Requests, cityId, year, null));
            await ensure(YearOf(updates, Updates, cityId, year, partition));
        }
    }

    private static Partition CityOf(string root, short cityId) =>
        new(
            $"public.{root}",
            $"{root}_{cityId}",
            $"FOR VALUES IN ('{cityId}')",
            $" partition by range ({(root == Requests ? "id" : "service_request_id")})");

    private static Partition YearOf(string city, string root, short cityId, int year, string? requests) => new(
        city, $"{root}_{cityId}_{year}", $"FOR VALUES FROM ('{FirstId(year)}') TO ('{FirstId(year + 1)}')", PartitionSettings, requests);

    private static string FirstId(int year) =>
        RequestId.Floor(new DateTimeOffset(year, 1, 1, 0, 0, 0, TimeSpan.Zero)).ToString(CultureInfo.InvariantCulture);

    /// <summary>One table in one short transaction, so that its locks are released before the next table.</summary>
    private async Task<string> AttachAsync(short cityId, Partition partition, CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await dataSource.OpenConnectionAsync(cancellation);
        if (await FindAsync(connection, partition, cancellation) is { } there)
        {
            return there;
        }

        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        await ExecuteAsync(connection, $"select pg_advisory_xact_lock({LockClass}, {cityId})", cancellation);

        // Checked again under the lock: another process may have created it meanwhile.
        string name = await FindAsync(connection, partition, cancellation) ?? await CreateAsync(connection, partition, cancellation);
        await transaction.CommitAsync(cancellation);
        return name;
    }

    private static async Task<string> CreateAsync(NpgsqlConnection connection, Partition partition, CancellationToken cancellation)
    {
        // LIKE copies generated columns and indexes, so that ATTACH finds them and builds nothing. It does not copy the parent's foreign
        // keys; ATTACH creates them.
        string table = $"{Schema}.{partition.Name}";
        await ExecuteAsync(connection, $"create table {table} (like {partition.Parent} including all){partition.Suffix}", cancellation);
        if (partition.Requests is { } requests)
        {
            await ExecuteAsync(
                connection,
                $"alter table {table} add foreign key (city_id, service_request_id) references {requests} (city_id, id) on delete cascade",
                cancellation);
        }

        await ExecuteAsync(connection, $"alter table {partition.Parent} attach partition {table} {partition.Bounds}", cancellation);
        return table;
    }

    // With its schema; null when no partition has these bounds.
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
