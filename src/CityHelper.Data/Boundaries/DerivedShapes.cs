using CityHelper.Data.Import;
using NetTopologySuite.Geometries;
using NetTopologySuite.Geometries.Utilities;
using Npgsql;

namespace CityHelper.Data.Boundaries;

/// <summary>
/// Writes what is derived from boundary geometries: outlines by zoom, and the pieces for point lookups. A change rewrites all boundaries of
/// its kind, because neighbours share the edges of their outlines.
/// </summary>
public static class DerivedShapes
{
    // ST_Subdivide runs in the database: it is made for such indexes, and the pieces do not cross the network.
    private const string PartsSql =
        """
        insert into boundary_part (city_id, boundary_id, number, geometry)
        select b.city_id, b.id, row_number() over (partition by b.id), piece.geom
        from boundary b
        cross join lateral (
            select polygon.geom from st_subdivide(b.geometry, $3) as cut(geom) cross join lateral st_dump(cut.geom) as polygon
            where st_dimension(polygon.geom) = 2) piece
        where b.city_id = $1 and b.kind = $2
        """;

    /// <summary>Writes the derived geometries of all boundaries of a kind, in the connection's transaction.</summary>
    /// <exception cref="BrokenInputException">They have too many vertices, or overlap too much, to be simplified together.</exception>
    /// <returns>Total vertices by zoom; those of the full geometries are under <see cref="int.MaxValue"/>.</returns>
    public static async Task<IReadOnlyList<(int Zoom, int Vertices)>> WriteAsync(
        NpgsqlConnection connection, short cityId, string kind, CancellationToken cancellation = default)
    {
        double latitude = await LatitudeAsync(connection, cityId, cancellation);
        (List<int> ids, List<MultiPolygon> shapes) = await ReadAsync(connection, cityId, kind, cancellation);
        RequireFew(shapes, kind);
        var vertices = new List<(int Zoom, int Vertices)>();
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { Clear("boundary_outline", cityId, kind) } };
        var outlines = new Outlines(shapes, latitude);
        foreach (short zoom in Outlines.Zooms)
        {
            IReadOnlyList<MultiPolygon> atZoom = outlines.At(zoom);
            vertices.Add((zoom, atZoom.Sum(o => o.NumPoints)));
            for (int i = 0; i < ids.Count; i++)
            {
                const string Insert = "insert into boundary_outline (city_id, boundary_id, zoom, geometry) values ($1, $2, $3, $4)";
                batch.BatchCommands.Add(Command(Insert, cityId, ids[i], zoom, atZoom[i]));
            }
        }

        await batch.ExecuteNonQueryAsync(cancellation);
        await WritePartsAsync(connection, cityId, kind, cancellation);
        vertices.Add((int.MaxValue, shapes.Sum(s => s.NumPoints)));
        return vertices;
    }

    /// <summary>Writes the pieces only.</summary>
    public static async Task WritePartsAsync(
        NpgsqlConnection connection, short cityId, string kind, CancellationToken cancellation = default)
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands = { Clear("boundary_part", cityId, kind), Command(PartsSql, cityId, kind, Limits.BoundaryPartVertices) },
        };
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    // Each boundary was checked alone when imported, perhaps from separate files. Here they are checked together.
    private static void RequireFew(List<MultiPolygon> shapes, string kind)
    {
        IEnumerable<Coordinate[]> rings = shapes
            .SelectMany(shape => LinearComponentExtracter.GetLines(shape))
            .Select(line => line.Coordinates);
        int vertices = shapes.Sum(shape => shape.NumPoints);
        if (vertices > Limits.BoundaryVerticesMax)
        {
            throw new BrokenInputException(
                $"With these the boundaries of the kind {kind} would have {vertices:N0} vertices, and {Limits.BoundaryVerticesMax:N0} are "
                    + "simplified together: simplify them, or split them by kind.");
        }

        if (ShapeWork.EdgePairs(rings, Limits.KindEdgePairsMax) > Limits.KindEdgePairsMax)
        {
            throw new BrokenInputException(
                $"With these the boundaries of the kind {kind} would overlap so much that they cannot be simplified together in seconds: "
                    + "simplify them, or split them by kind.");
        }
    }

    internal static NpgsqlBatchCommand Command(string sql, params object[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (object value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return command;
    }

    private static NpgsqlBatchCommand Clear(string table, short cityId, string kind) =>
        Command(
            $"delete from {table} d where d.city_id = $1 "
                + "and d.boundary_id in (select b.id from boundary b where b.city_id = $1 and b.kind = $2)",
            cityId,
            kind);

    private static async Task<double> LatitudeAsync(NpgsqlConnection connection, short cityId, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select st_y(st_centroid(bounds)) from city where id = $1", connection)
        {
            Parameters = { new() { Value = cityId } },
        };
        return (double)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private static async Task<(List<int> Ids, List<MultiPolygon> Shapes)> ReadAsync(
        NpgsqlConnection connection, short cityId, string kind, CancellationToken cancellation)
    {
        var ids = new List<int>();
        var shapes = new List<MultiPolygon>();
        await using var command = new NpgsqlCommand(
            "select id, geometry from boundary where city_id = $1 and kind = $2 order by id", connection)
        {
            Parameters = { new() { Value = cityId }, new() { Value = kind } },
        };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            ids.Add(reader.GetInt32(0));
            shapes.Add(reader.GetFieldValue<MultiPolygon>(1));
        }

        return (ids, shapes);
    }
}
