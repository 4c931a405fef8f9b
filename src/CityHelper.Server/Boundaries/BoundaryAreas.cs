using System.Collections.Concurrent;
using CityHelper.Data.Boundaries;
using CityHelper.Data.Model;
using CityHelper.Engine.Bindings;
using CityHelper.Engine.Database;
using NetTopologySuite.Geometries;
using Npgsql;

namespace CityHelper.Server.Boundaries;

/// <summary>
/// The shapes of boundaries that requests name by id, from memory. At most once a second a city is asked whether any of its boundaries changed; until then an answer may
/// be that of the shape as it was.
/// </summary>
public sealed class BoundaryAreas(ReadingDatabase database, TimeProvider time) : IAreaDirectory
{
    private static readonly TimeSpan s_checkPause = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<short, CityShapes> _cities = new();

    public string TypeName => nameof(Boundary);

    public async ValueTask<KeptArea?> FindAsync(short partition, long key, CancellationToken cancellation)
    {
        CityShapes shapes = _cities.GetValueOrDefault(partition) ?? CityShapes.None;
        if (time.GetUtcNow() - shapes.CheckedAt >= s_checkPause)
        {
            (long revision, bool isCounted) = await database.ReadAsync(
                connection => BoundaryImporter.RevisionAsync(connection, partition, cancellation), cancellation);
            if (revision == 0)
            {
                // Nothing was ever imported, or there is no such city: an id may name any, and none is remembered for it.
                return null;
            }

            shapes = new CityShapes(revision, isCounted, time.GetUtcNow(), revision == shapes.Revision ? shapes.Known : []);
            _cities[partition] = shapes;
        }

        if (!shapes.Known.TryGetValue(key, out Shape? shape))
        {
            shape = await ReadAsync(partition, key, cancellation);
            if (shape is not null && shapes.Known.Count < Data.Limits.BoundaryShapesMax)
            {
                shapes.Known[key] = shape;
            }
        }

        return shape is null ? null : new KeptArea(key, shape.Geometry, shape.Revision, shapes.IsCounted && shape.IsCounted);
    }

    private Task<Shape?> ReadAsync(short city, long key, CancellationToken cancellation) =>
        database.ReadAsync(connection => ReadAsync(connection, city, key, cancellation), cancellation);

    private static async Task<Shape?> ReadAsync(NpgsqlConnection connection, short city, long key, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select geometry, revision, is_counted from boundary where city_id = $1 and id = $2", connection);
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = city });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = key });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation) ? new Shape(reader.GetFieldValue<Geometry>(0), reader.GetInt64(1), reader.GetBoolean(2)) : null;
    }

    private sealed record Shape(Geometry Geometry, long Revision, bool IsCounted);

    private sealed record CityShapes(long Revision, bool IsCounted, DateTimeOffset CheckedAt, ConcurrentDictionary<long, Shape> Known)
    {
        public static CityShapes None { get; } = new(-1, false, DateTimeOffset.MinValue, []);
    }
}
