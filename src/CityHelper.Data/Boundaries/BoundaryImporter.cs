using CityHelper.Data.Changes;
using CityHelper.Data.Cities;
using CityHelper.Data.Import;
using NetTopologySuite.Geometries;
using Npgsql;

namespace CityHelper.Data.Boundaries;

/// <summary>Imports a city's boundaries of one kind.</summary>
/// <remarks>
/// (1) Read the whole file and make its geometries valid, before anything is written. (2) Lock the city's boundaries; other imports queue.
/// (3) Write the differences under the next revision. (4) Rebuild outlines and pieces. (5) ANALYZE. Steps (2) to (4) are one transaction.
/// A file that changes nothing writes nothing.
/// </remarks>
public sealed class BoundaryImporter(NpgsqlDataSource dataSource)
{
    /// <summary>Imports a GeoJSON file. Repeatable: a boundary is identified by its code and keeps its id.</summary>
    /// <exception cref="NpgsqlException">The database failed. Nothing was changed, unless only the final ANALYZE failed.</exception>
    public async Task<BoundaryImportOutcome> ImportFileAsync(
        CityEntry city, string path, BoundaryImportOptions options, CancellationToken cancellation = default)
    {
        if (!IsKind(options.Kind))
        {
            return new(
                null,
                $"A kind has 1 to {Limits.BoundaryKindCharsMax} lower-case letters, digits and dashes, "
                    + "and begins with a letter: community-district.");
        }

        try
        {
            FeatureFile file = await FeatureFile.ReadAsync(path, options, await BoundsAsync(city.Id, cancellation), cancellation);  // (1)
            return Refusal(Path.GetFileName(path), file, options) is { } refusal
                ? new(null, refusal)
                : new(await StoreAsync(city.Id, file, options, cancellation), null);
        }
        catch (BrokenInputException broken)
        {
            return new(null, broken.Message);
        }
    }

    /// <summary>
    /// The revision of a city's boundaries: it changes whenever one is added, changed or removed, and is 0 before the first. IsCounted says
    /// whether the requests of that revision are counted (<see cref="Statistics.BoundaryCounters"/>).
    /// </summary>
    public static async Task<(long Revision, bool IsCounted)> RevisionAsync(
        NpgsqlConnection connection, short cityId, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "select revision, counted_revision = revision from boundary_revision where city_id = $1", connection);
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = cityId });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation) ? (reader.GetInt64(0), reader.GetBoolean(1)) : (0, false);
    }

    private static bool IsKind(string kind) =>
        kind.Length is > 0 and <= Limits.BoundaryKindCharsMax
        && char.IsAsciiLetterLower(kind[0])
        && kind.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    // Replace would remove a stored boundary only because its feature is broken.
    private static string? Refusal(string name, FeatureFile file, BoundaryImportOptions options) =>
        file.Features.Count == 0 ? $"{name}: all {file.Read:N0} features are refused; {file.Refused[0]}."
        : options.Replace && file.Refused.Count > 0
            ? $"{name}: {file.Refused.Count:N0} of {file.Read:N0} features are refused, and what they stand for would be removed; "
                + $"{file.Refused[0]}. Put the file right, or leave --replace out."
        : null;

    private async Task<BoundaryImportSummary> StoreAsync(
        short cityId, FeatureFile file, BoundaryImportOptions options, CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await dataSource.OpenConnectionAsync(cancellation);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        (long revision, int lastId) = await LockAsync(connection, cityId, cancellation);                                           // (2)
        Dictionary<string, Stored> stored = await StoredAsync(connection, cityId, options.Kind, cancellation);
        BoundaryFeature[] added = [.. file.Features.Where(f => !stored.ContainsKey(f.Code))];
        BoundaryFeature[] changed = [.. file.Features.Where(f => stored.TryGetValue(f.Code, out Stored? known) && known.DiffersFrom(f))];
        HashSet<string> there = [.. file.Features.Select(f => f.Code)];
        int[] missing = [.. stored.Where(s => !there.Contains(s.Key)).Select(s => s.Value.Id)];
        bool changes = added.Length + changed.Length > 0 || (options.Replace && missing.Length > 0);
        IReadOnlyList<(int Zoom, int Vertices)> vertices = [];
        if (changes)
        {
            revision++;
            await using var batch = new NpgsqlBatch(connection);                                                                   // (3)
            AddRows(batch, cityId, options.Kind, added, lastId, revision);
            AddChanges(batch, cityId, changed.Select(f => (f, stored[f.Code].Id)), revision);
            if (options.Replace)
            {
                batch.BatchCommands.Add(DerivedShapes.Command("delete from boundary where city_id = $1 and id = any($2)", cityId, missing));
            }

            batch.BatchCommands.Add(DerivedShapes.Command(
                "update boundary_revision set revision = $2, last_id = $3 where city_id = $1", cityId, revision, lastId + added.Length));
            await batch.ExecuteNonQueryAsync(cancellation);
            vertices = await DerivedShapes.WriteAsync(connection, cityId, options.Kind, cancellation);                             // (4)
            await ChangeOutbox.AppendAsync(connection, cityId, ChangeKind.Boundary, "import", cancellation);
        }

        await transaction.CommitAsync(cancellation);
        if (changes)
        {
            await ChangeOutbox.TryNumberAsync(dataSource, cityId, cancellation);
            await using var analyze = new NpgsqlCommand("analyze boundary, boundary_outline, boundary_part", connection);          // (5)
            await analyze.ExecuteNonQueryAsync(cancellation);
        }

        return new BoundaryImportSummary
        {
            Read = file.Read,
            Inserted = added.Length,
            Updated = changed.Length,
            Unchanged = file.Features.Count - added.Length - changed.Length,
            Kept = options.Replace ? 0 : missing.Length,
            Removed = options.Replace ? missing.Length : 0,
            Repaired = file.Repaired,
            Refused = file.Refused,
            Revision = revision,
            Vertices = vertices,
        };
    }

    private static void AddRows(NpgsqlBatch batch, short cityId, string kind, BoundaryFeature[] added, int lastId, long revision)
    {
        for (int i = 0; i < added.Length; i++)
        {
            batch.BatchCommands.Add(DerivedShapes.Command(
                "insert into boundary (city_id, id, kind, code, name, geometry, revision) values ($1, $2, $3, $4, $5, $6, $7)",
                cityId, lastId + 1 + i, kind, added[i].Code, added[i].Name, added[i].Geometry, revision));
        }
    }

    private static void AddChanges(NpgsqlBatch batch, short cityId, IEnumerable<(BoundaryFeature Feature, int Id)> changed, long revision)
    {
        foreach ((BoundaryFeature feature, int id) in changed)
        {
            batch.BatchCommands.Add(DerivedShapes.Command(
                "update boundary set name = $3, geometry = $4, revision = $5 where city_id = $1 and id = $2",
                cityId, id, feature.Name, feature.Geometry, revision));
        }
    }

    private async Task<Envelope> BoundsAsync(short cityId, CancellationToken cancellation)
    {
        await using NpgsqlCommand command = dataSource.CreateCommand("select bounds from city where id = $1");
        command.Parameters.Add(new() { Value = cityId });
        return ((Polygon)(await command.ExecuteScalarAsync(cancellation))!).EnvelopeInternal;
    }

    private static async Task<(long Revision, int LastId)> LockAsync(
        NpgsqlConnection connection, short cityId, CancellationToken cancellation)
    {
        await using var make = new NpgsqlCommand(
            "insert into boundary_revision (city_id, revision, last_id) values ($1, 0, 0) on conflict do nothing", connection)
        {
            Parameters = { new() { Value = cityId } },
        };
        await make.ExecuteNonQueryAsync(cancellation);
        await using var command = new NpgsqlCommand(
            "select revision, last_id from boundary_revision where city_id = $1 for update", connection)
        {
            Parameters = { new() { Value = cityId } },
        };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return (reader.GetInt64(0), reader.GetInt32(1));
    }

    private static async Task<Dictionary<string, Stored>> StoredAsync(
        NpgsqlConnection connection, short cityId, string kind, CancellationToken cancellation)
    {
        var stored = new Dictionary<string, Stored>(StringComparer.Ordinal);
        await using var command = new NpgsqlCommand(
            "select code, id, name, geometry from boundary where city_id = $1 and kind = $2", connection)
        {
            Parameters = { new() { Value = cityId }, new() { Value = kind } },
        };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            stored.Add(reader.GetString(0), new Stored(reader.GetInt32(1), reader.GetString(2), reader.GetFieldValue<Geometry>(3)));
        }

        return stored;
    }

    /// <summary>A stored boundary. Geometries are equal when all their coordinates are.</summary>
    private sealed record Stored(int Id, string Name, Geometry Geometry)
    {
        public bool DiffersFrom(BoundaryFeature feature) => Name != feature.Name || !Geometry.EqualsExact(feature.Geometry);
    }
}
