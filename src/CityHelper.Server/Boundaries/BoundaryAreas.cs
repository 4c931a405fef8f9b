using System.Collections.Concurrent;
using CityHelper.Data.Boundaries;
using CityHelper.Data.Model;
using CityHelper.Engine.Database;
using CityHelper.Engine.Lookups;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;
using NetTopologySuite.Geometries;
using Npgsql;

namespace CityHelper.Server.Boundaries;

/// <summary>
/// Geometries of the boundaries that requests name by id or compare with, from memory. Each city is checked for changed boundaries at most
/// once a second; until then an answer may use the previous geometry.
/// </summary>
public sealed class BoundaryAreas(ReadingDatabase database, TimeProvider time) : IAreaDirectory
{
    private static readonly TimeSpan s_checkPause = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<short, CityShapes> _cities = new();
    private readonly Coalescer<short, CityShapes?> _checks = new();
    private readonly Coalescer<(short City, long Revision, long Key), Shape?> _lookups = new();

    public string TypeName => nameof(Boundary);

    public async ValueTask<StoredArea?> FindAsync(short tenant, long key, CancellationToken cancellation)
    {
        if (await CurrentAsync(tenant, cancellation) is not { } shapes)
        {
            return null;
        }

        Shape? shape = shapes.Known.GetValueOrDefault(key)
            ?? await _lookups.AskAsync(
                (tenant, shapes.Revision, key), (_, ending) => LookUpAsync(shapes, tenant, key, ending), cancellation);
        return shape is null ? null : new StoredArea(key, shape.Geometry, shape.Revision, shapes.IsCounted && shape.IsCounted);
    }

    public async ValueTask<IReadOnlyList<Geometry>> OverlappingAsync(short tenant, Viewport box, CancellationToken cancellation)
    {
        if (await CurrentAsync(tenant, cancellation) is not { } shapes)
        {
            return [];
        }

        long[] keys = await database.ReadAsync(connection => KeysAsync(connection, tenant, box, cancellation), cancellation);
        Dictionary<long, Shape> read = await ReadAsync(tenant, [.. keys.Where(key => !shapes.Known.ContainsKey(key))], cancellation);
        foreach ((long key, Shape shape) in read)
        {
            Keep(shapes, key, shape);
        }

        return
        [
            .. keys.Select(key => read.GetValueOrDefault(key) ?? shapes.Known.GetValueOrDefault(key))
                .OfType<Shape>()
                .Select(shape => shape.Geometry),
        ];
    }

    private async Task<Shape?> LookUpAsync(CityShapes shapes, short city, long key, CancellationToken cancellation)
    {
        if (!shapes.Known.TryGetValue(key, out Shape? shape))
        {
            shape = (await ReadAsync(city, [key], cancellation)).GetValueOrDefault(key);
            Keep(shapes, key, shape);
        }

        return shape;
    }

    // Null when no boundary was ever imported or the city does not exist. Neither is cached, because an id may name any city.
    private async ValueTask<CityShapes?> CurrentAsync(short city, CancellationToken cancellation) =>
        Checked(city) ?? await _checks.AskAsync(city, CheckAsync, cancellation);

    private CityShapes? Checked(short city) =>
        _cities.GetValueOrDefault(city) is { } shapes && time.GetUtcNow() - shapes.CheckedAt < s_checkPause ? shapes : null;

    private async Task<CityShapes?> CheckAsync(short city, CancellationToken cancellation)
    {
        if (Checked(city) is { } known)
        {
            return known;
        }

        CityShapes shapes = _cities.GetValueOrDefault(city) ?? CityShapes.None;
        (long revision, bool isCounted) = await database.ReadAsync(
            connection => BoundaryImporter.RevisionAsync(connection, city, cancellation), cancellation);
        return revision == 0
            ? null
            : _cities[city] = new CityShapes(revision, isCounted, time.GetUtcNow(), revision == shapes.Revision ? shapes.Known : []);
    }

    private static void Keep(CityShapes shapes, long key, Shape? shape)
    {
        if (shape is not null && shapes.Known.Count < Data.Limits.BoundaryShapesMax)
        {
            shapes.Known[key] = shape;
        }
    }

    private static async Task<long[]> KeysAsync(NpgsqlConnection connection, short city, Viewport box, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "select id::bigint from boundary where city_id = $1 and bounds && st_makeenvelope($2, $3, $4, $5, 4326)", connection);
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = city });
        foreach (double edge in new[] { box.West, box.South, box.East, box.North })
        {
            command.Parameters.Add(new NpgsqlParameter<double> { TypedValue = edge });
        }

        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        List<long> keys = [];
        while (await reader.ReadAsync(cancellation))
        {
            keys.Add(reader.GetInt64(0));
        }

        return [.. keys];
    }

    private Task<Dictionary<long, Shape>> ReadAsync(short city, long[] keys, CancellationToken cancellation) => keys.Length == 0
        ? Task.FromResult<Dictionary<long, Shape>>([])
        : database.ReadAsync(connection => ReadAsync(connection, city, keys, cancellation), cancellation);

    private static async Task<Dictionary<long, Shape>> ReadAsync(
        NpgsqlConnection connection, short city, long[] keys, CancellationToken cancellation)
    {
        Dictionary<long, Shape> shapes = [];
        await using var command = new NpgsqlCommand(
            "select id::bigint, geometry, revision, is_counted from boundary where city_id = $1 and id = any($2)", connection);
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = city });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = keys });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            shapes.Add(reader.GetInt64(0), new Shape(reader.GetFieldValue<Geometry>(1), reader.GetInt64(2), reader.GetBoolean(3)));
        }

        return shapes;
    }

    private sealed record Shape(Geometry Geometry, long Revision, bool IsCounted);

    private sealed record CityShapes(long Revision, bool IsCounted, DateTimeOffset CheckedAt, ConcurrentDictionary<long, Shape> Known)
    {
        public static CityShapes None { get; } = new(-1, false, DateTimeOffset.MinValue, []);
    }
}
