using Npgsql;

namespace CityHelper.Data.Partitions;

/// <summary>Creates the partitions of <c>service_request</c> and <c>status_update</c>: one per city, and in it one per UTC year.</summary>
/// <remarks>
/// The function <c>ensure_partition</c> creates them (0012_change_log.sql), so that a server whose role owns nothing can. It is safe to
/// repeat, and blocks no reader. Other code reads a name from the catalogue, by parent and bounds.
/// </remarks>
public sealed class CityPartitions(NpgsqlDataSource dataSource, TimeProvider time)
{
    private const string Requests = "service_request";

    private const string Updates = "status_update";

    /// <summary>Creates the partitions of this year and the next.</summary>
    public Task CreateAheadAsync(short cityId, CancellationToken cancellation = default) =>
        EnsureYearsAsync(cityId, YearsAhead(), cancellation);

    /// <summary>The same in the caller's transaction, together with the city's row.</summary>
    internal Task CreateAheadAsync(NpgsqlConnection connection, short cityId, CancellationToken cancellation) =>
        EnsureAsync(YearsAhead(), (root, year) => EnsureAsync(connection, root, cityId, year, cancellation));

    /// <summary>Creates the city's own level and the partitions of these UTC years, where they are missing.</summary>
    public Task EnsureYearsAsync(short cityId, IEnumerable<int> years, CancellationToken cancellation = default)
    {
        int[] ordered = [.. years.Order()];
        foreach (int year in ordered)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(year, Limits.YearMin, nameof(years));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(year, Limits.YearMax, nameof(years));
        }

        // One partition in one short transaction, so that its locks are released before the next.
        return EnsureAsync(ordered, async (root, year) =>
        {
            await using NpgsqlConnection connection = await dataSource.OpenConnectionAsync(cancellation);
            await EnsureAsync(connection, root, cityId, year, cancellation);
        });
    }

    /// <summary>The partitions of a city's years, of requests and of updates, by their names in the catalogue, where they exist.</summary>
    public static async Task<IReadOnlyList<string>> PartitionsAsync(
        NpgsqlConnection connection, short cityId, IEnumerable<int> years, CancellationToken cancellation = default)
    {
        await using var command = new NpgsqlCommand(
            """
            select p.name
            from unnest($2) with ordinality root (name, place)
            cross join unnest($3) with ordinality y (year, place)
            cross join lateral find_partition(root.name, $1, y.year) p (name)
            where p.name is not null
            order by root.place, y.place
            """, connection)
        {
            Parameters = { new() { Value = cityId }, new() { Value = new[] { Requests, Updates } }, new() { Value = years.ToArray() } },
        };
        List<string> partitions = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            partitions.Add(reader.GetString(0));
        }

        return partitions;
    }

    private int[] YearsAhead()
    {
        int year = time.GetUtcNow().Year;
        return [year, year + 1];
    }

    private static async Task EnsureAsync(int[] years, Func<string, int?, Task> ensure)
    {
        await ensure(Requests, null);
        await ensure(Updates, null);
        foreach (int year in years)
        {
            await ensure(Requests, year);
            await ensure(Updates, year);
        }
    }

    private static async Task EnsureAsync(
        NpgsqlConnection connection, string root, short cityId, int? year, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select ensure_partition($1, $2, $3)", connection)
        {
            Parameters =
            {
                new() { Value = root },
                new() { Value = cityId },
                new() { Value = (object?)year ?? DBNull.Value, DataTypeName = "integer" },
            },
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
