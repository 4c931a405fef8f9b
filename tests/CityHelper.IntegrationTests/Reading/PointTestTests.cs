using CityHelper.Data;
using CityHelper.Engine.Space;
using CityHelper.IntegrationTests.Postgres;
using NetTopologySuite.Geometries;
using Npgsql;
using NpgsqlTypes;
using Xunit;

namespace CityHelper.IntegrationTests.Reading;

/// <summary>
/// Points that the server tests itself have the same result as in PostGIS, especially on edges and within a rounding error of them.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class PointTestTests(PostgresFixture postgres)
{
    private const int Areas = 300;
    private const int PointsOfArea = 400;

    [Fact]
    public async Task Points_lie_in_a_surface_as_PostGIS_says()
    {
        await using NpgsqlDataSource database = CityHelperDatabase.CreateDataSource(await postgres.CreateDatabaseAsync());
        var random = new Random(71);
        var areas = new RandomAreas(random);
        (int inside, int outside) = (0, 0);
        for (int i = 0; i < Areas; i++)
        {
            Geometry surface = areas.Polygon();
            Coordinate[] points = [.. Points(surface, random)];
            bool[] expected = await IntersectsAsync(database, surface, points);
            SurfacePoints test = SurfacePoints.Of(surface, int.MaxValue)!;
            for (int n = 0; n < points.Length; n++)
            {
                bool found = test.Contains(points[n].X, points[n].Y);
                Assert.True(
                    expected[n] == found,
                    FormattableString.Invariant($"area {i}: {found} for {points[n].X:R} {points[n].Y:R} in {surface}"));
                (inside, outside) = (inside + (found ? 1 : 0), outside + (found ? 0 : 1));
            }
        }

        Assert.True(inside > 10_000 && outside > 10_000, $"{inside} inside and {outside} outside prove too little");
    }

    [Fact]
    public void Of_many_edges_a_test_looks_at_those_at_the_points_height()
    {
        Geometry circle = GeometryFactory.Default.CreatePoint(new Coordinate(-73.9, 40.7)).Buffer(0.05, 500);
        Assert.NotNull(SurfacePoints.Of(circle, 64));
        Assert.Null(SurfacePoints.Of(circle, 3));

        // Each of its 2,000 edges spans every height.
        Coordinate[] comb =
        [
            .. Enumerable.Range(0, 1_000).SelectMany(n => new Coordinate[] { new(n, 0), new(n + 0.5, 1) }),
            new(1_000, 2),
            new(0, 2),
            new(0, 0),
        ];
        Assert.Null(SurfacePoints.Of(GeometryFactory.Default.CreatePolygon(comb), 1_000));
    }

    // On corners and edges, a rounding error beside them, at the heights of corners, and anywhere around.
    private static IEnumerable<Coordinate> Points(Geometry surface, Random random)
    {
        Coordinate[] corners = surface.Coordinates;
        Envelope box = surface.EnvelopeInternal;
        for (int n = 0; n < PointsOfArea; n++)
        {
            int at = random.Next(corners.Length - 1);
            (Coordinate a, Coordinate b) = (corners[at], corners[at + 1]);
            double share = random.Next(4) == 0 ? random.Next(2) : random.NextDouble();
            var point = new Coordinate(a.X + (b.X - a.X) * share, a.Y + (b.Y - a.Y) * share);
            yield return random.Next(5) switch
            {
                0 => new Coordinate(
                    box.MinX + (random.NextDouble() * 1.4 - 0.2) * box.Width, box.MinY + (random.NextDouble() * 1.4 - 0.2) * box.Height),
                1 => new Coordinate(box.MinX + random.NextDouble() * box.Width, a.Y),
                2 => new Coordinate(Math.BitIncrement(point.X), point.Y),
                3 => new Coordinate(point.X, Math.BitDecrement(point.Y)),
                _ => point,
            };
        }
    }

    private static async Task<bool[]> IntersectsAsync(NpgsqlDataSource database, Geometry surface, Coordinate[] points)
    {
        await using NpgsqlCommand command = database.CreateCommand(
            """
            select array_agg(st_intersects($1, st_setsrid(st_makepoint(p.x, p.y), 4326)) order by p.n)
            from unnest($2, $3) with ordinality p(x, y, n)
            """);
        command.Parameters.Add(new() { Value = surface, NpgsqlDbType = NpgsqlDbType.Geometry });
        command.Parameters.Add(new() { Value = points.Select(p => p.X).ToArray() });
        command.Parameters.Add(new() { Value = points.Select(p => p.Y).ToArray() });
        return (bool[])(await command.ExecuteScalarAsync())!;
    }
}
