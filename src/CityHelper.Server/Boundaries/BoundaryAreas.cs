using System.Collections.Concurrent;
using CityHelper.Data;
using CityHelper.Data.Boundaries;
using CityHelper.Data.Model;
using CityHelper.Engine.Bindings;
using NetTopologySuite.Geometries;
using Npgsql;

namespace CityHelper.Server.Boundaries;

/// <summary>
/// The shapes of boundaries that requests name by id, from memory. At most once a second a city is asked whether any of its boundaries changed; until then an answer may
/// be that of the shape as it was.
/// </summary>
public sealed class BoundaryAreas(NpgsqlDataSource database, TimeProvider time) : IAreaDirectory
{
    private static readonly TimeSpan s_checkPause = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<short, CityShapes> _cities = new();

    public string TypeName => nameof(Boundary);

    public async ValueTask<Geometry?> FindAsync(short partition, long key, CancellationToken cancellation)
    {
        CityShapes shapes = _cities.GetValueOrDefault(partition) ?? CityShapes.None;
        if (time.GetUtcNow() - shapes.CheckedAt >= s_checkPause)
        {
            long revision = await BoundaryImporter.RevisionAsync(database, partition, cancellation);
            if (revision == 0)
            {
                // Nothing was ever imported, or there is no such city: an id may name any, and none is remembered for it.
                return null;
            }

            shapes = revision == shapes.Revision ? shapes with { CheckedAt = time.GetUtcNow() } : new CityShapes(revision, time.GetUtcNow(), []);
            _cities[partition] = shapes;
        }

        if (shapes.Known.TryGetValue(key, out Geometry? known))
        {
            return known;
        }

        Geometry? read = await ReadAsync(partition, key, cancellation);
        if (read is not null && shapes.Known.Count < Limits.BoundaryShapesMax)
        {
            shapes.Known[key] = read;
        }

        return read;
    }

    private async Task<Geometry?> ReadAsync(short city, long key, CancellationToken cancellation)
    {
        await using NpgsqlCommand command = database.CreateCommand("select geometry from boundary where city_id = $1 and id = $2");
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = city });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = key });
        return await command.ExecuteScalarAsync(cancellation) as Geometry;
    }

    private sealed record CityShapes(long Revision, DateTimeOffset CheckedAt, ConcurrentDictionary<long, Geometry> Known)
    {
        public static CityShapes None { get; } = new(-1, DateTimeOffset.MinValue, []);
    }
}
