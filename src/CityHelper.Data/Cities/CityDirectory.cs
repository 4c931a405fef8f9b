using CityHelper.Data.Changes;
using CityHelper.Data.Model;
using CityHelper.Data.Partitions;
using NetTopologySuite.Geometries;
using Npgsql;

namespace CityHelper.Data.Cities;

/// <summary>How adding a city ended.</summary>
public enum CityAddStatus
{
    Added,

    /// <summary>A city with this slug exists; its facts were not changed.</summary>
    Exists,

    /// <summary>The facts are invalid; nothing was changed.</summary>
    Invalid,

    /// <summary>The platform has reached its limit of cities.</summary>
    TooMany,
}

/// <param name="Status">How it ended.</param>
/// <param name="CityId">The city, new or existing; 0 when there is none.</param>
/// <param name="Problems">Sentences to show when no city was added and none exists.</param>
public sealed record CityAddOutcome(CityAddStatus Status, short CityId, IReadOnlyList<string> Problems);

/// <param name="Id">First key column of every table.</param>
/// <param name="Slug">Name in URLs.</param>
/// <param name="Name">Display name.</param>
/// <param name="TimeZone">IANA name.</param>
public sealed record CityEntry(short Id, string Slug, string Name, string TimeZone);

/// <summary>Adds and finds cities.</summary>
public sealed class CityDirectory(NpgsqlDataSource dataSource, TimeProvider time)
{
    private readonly CityPartitions _partitions = new(dataSource, time);

    /// <summary>
    /// Adds a city with its partitions of this year and the next, in one transaction. For an existing city it makes missing partitions.
    /// </summary>
    public async Task<CityAddOutcome> AddAsync(CityFacts facts, CancellationToken cancellation = default)
    {
        IReadOnlyList<string> problems = facts.Problems();
        if (problems.Count > 0)
        {
            return new(CityAddStatus.Invalid, 0, problems);
        }

        short? added = await InsertAsync(facts, cancellation);
        CityEntry? city = await FindAsync(facts.Slug, cancellation);
        if (city is null)
        {
            return new(CityAddStatus.TooMany, 0, [$"The platform holds {Limits.CitiesMax} cities, which is all it may."]);
        }

        if (added is null)
        {
            await _partitions.CreateAheadAsync(city.Id, cancellation);
        }

        return new(added is null ? CityAddStatus.Exists : CityAddStatus.Added, city.Id, []);
    }

    /// <returns>The city, or null when none has this slug.</returns>
    public async Task<CityEntry?> FindAsync(string slug, CancellationToken cancellation = default)
    {
        await using NpgsqlCommand command = dataSource.CreateCommand("select id, slug, name, time_zone from city where slug = $1");
        command.Parameters.Add(new() { Value = slug });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation)
            ? new(reader.GetInt16(0), reader.GetString(1), reader.GetString(2), reader.GetString(3))
            : null;
    }

    /// <returns>The new id, or null when the slug is taken or the platform is full.</returns>
    private async Task<short?> InsertAsync(CityFacts facts, CancellationToken cancellation)
    {
        var factory = new GeometryFactory(new PrecisionModel(), Wgs84.Srid);
        await using NpgsqlConnection connection = await dataSource.OpenConnectionAsync(cancellation);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        // Two cities added at once must not take the same next id. The lock does not block readers.
        await using (var lockCities = new NpgsqlCommand("lock table city in share row exclusive mode", connection))
        {
            await lockCities.ExecuteNonQueryAsync(cancellation);
        }

        await using var command = new NpgsqlCommand(
            """
            insert into city (id, slug, name, time_zone, bounds, centre)
            select next.id, $1, $2, $3, $4, $5
            from (select coalesce(max(id), 0) + 1 as id from city) next
            where next.id <= $6
            on conflict (slug) do nothing
            returning id
            """, connection)
        {
            Parameters =
            {
                new() { Value = facts.Slug },
                new() { Value = facts.Name },
                new() { Value = facts.TimeZone },
                new() { Value = factory.ToGeometry(new Envelope(facts.West, facts.East, facts.South, facts.North)) },
                new() { Value = factory.CreatePoint(new Coordinate(facts.CentreLongitude, facts.CentreLatitude)) },
                new() { Value = Limits.CitiesMax },
            },
        };
        var id = await command.ExecuteScalarAsync(cancellation) as short?;
        if (id is { } added)
        {
            await _partitions.CreateAheadAsync(connection, added, cancellation);
            await ChangeOutbox.AppendAsync(connection, 0, ChangeKind.City, "city added", cancellation);
            await ChangeOutbox.AppendAsync(connection, added, ChangeKind.City, "city added", cancellation);
        }

        await transaction.CommitAsync(cancellation);
        if (id is { } numbered)
        {
            await ChangeOutbox.TryNumberAsync(dataSource, 0, cancellation);
            await ChangeOutbox.TryNumberAsync(dataSource, numbered, cancellation);
        }

        return id;
    }
}
