using System.Collections.Concurrent;
using CityHelper.Data.Boundaries;
using CityHelper.Data.Changes;
using CityHelper.Data.Model;
using CityHelper.Engine.Database;
using CityHelper.Engine.Lookups;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;
using CityHelper.Server.Changes;
using NetTopologySuite.Geometries;
using Npgsql;

namespace CityHelper.Server.Boundaries;

/// <summary>
/// Geometries of the boundaries that requests name by id or compare with, from memory. They follow the change log: a changed boundary ends
/// those of its city. An answer may still be about the geometry before; then it is not stored (<see cref="StoredArea.TenantRevision"/>).
/// </summary>
/// <remarks>
/// A city is checked again, at most once a second, while its boundaries are not counted, since the log does not tell when they are; and
/// while nobody knows whether the log goes on (<see cref="ILogAge"/>).
/// </remarks>
public sealed class BoundaryAreas(ReadingDatabase database, ILogAge log, TimeProvider time) : IAreaDirectory, IChangeObserver
{
    private static readonly TimeSpan s_checkPause = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<short, CityShapes> _cities = new();
    private readonly Coalescer<short, CityShapes?> _checks = new();
    private readonly Coalescer<(short City, long Revision, long Key), Shape?> _lookups = new();

    public string TypeName => nameof(Boundary);

    public void Apply(ChangeEvent change)
    {
        if (change.Kind == ChangeKind.Boundary || change.IsAll)
        {
            _cities.TryRemove(change.CityId, out _);
        }
    }

    public void Reset(short cityId, ChangePosition position, IReadOnlyList<ChangeEvent> recent) => _cities.TryRemove(cityId, out _);

    public void Drop(short tenant, long revision)
    {
        if (_cities.TryGetValue(tenant, out CityShapes? shapes) && shapes.Revision == revision)
        {
            _cities.TryRemove(new(tenant, shapes));
        }
    }

    public async ValueTask<StoredArea?> FindAsync(short tenant, long key, CancellationToken cancellation)
    {
        if (await CurrentAsync(tenant, cancellation) is not { } shapes)
        {
            return null;
        }

        Shape? shape = shapes.Known.GetValueOrDefault(key)
            ?? await _lookups.AskAsync(
                (tenant, shapes.Revision, key), (_, ending) => LookUpAsync(shapes, tenant, key, ending), cancellation);
        return shape is null ? null : new StoredArea(key, shape.Geometry, shape.Revision, shapes.IsCounted && shape.IsCounted)
        {
            TenantRevision = shape.CityRevision,
        };
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
        _cities.GetValueOrDefault(city) is { } shapes
        && ((shapes.IsCounted && log.Of(city) < Engine.Limits.LogAgeMax) || time.GetUtcNow() - shapes.CheckedAt < s_checkPause)
            ? shapes
            : null;

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
            """
            select b.id::bigint, b.geometry, b.revision, b.is_counted, (select r.revision from boundary_revision r where r.city_id = $1)
            from boundary b where b.city_id = $1 and b.id = any($2)
            """,
            connection);
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = city });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = keys });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            shapes.Add(
                reader.GetInt64(0),
                new Shape(reader.GetFieldValue<Geometry>(1), reader.GetInt64(2), reader.GetBoolean(3), reader.GetInt64(4)));
        }

        return shapes;
    }

    /// <param name="Geometry">The geometry.</param>
    /// <param name="Revision">Its own revision.</param>
    /// <param name="IsCounted">Whether its months were counted.</param>
    /// <param name="CityRevision">The revision of the city's boundaries, in one snapshot with the geometry.</param>
    private sealed record Shape(Geometry Geometry, long Revision, bool IsCounted, long CityRevision);

    private sealed record CityShapes(long Revision, bool IsCounted, DateTimeOffset CheckedAt, ConcurrentDictionary<long, Shape> Known)
    {
        public static CityShapes None { get; } = new(-1, false, DateTimeOffset.MinValue, []);
    }
}
