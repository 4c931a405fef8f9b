using CityHelper.Data;
using CityHelper.Data.Boundaries;
using CityHelper.Data.Model;
using NetTopologySuite.Geometries;
using NetTopologySuite.IO;
using Npgsql;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>Boundaries for tests that read, written through EF Core; the importer has its own tests.</summary>
public static class BoundaryRows
{
    private static readonly WKTReader s_wkt = new(new NetTopologySuite.NtsGeometryServices(new PrecisionModel(), 4326));

    /// <summary>Two districts of Manhattan with a winding common border, and a neighbourhood with a hole that lies in both.</summary>
    public static IReadOnlyList<Boundary> Manhattan { get; } =
    [
        Boundary(1, "community-district", "105", "Manhattan 5", $"POLYGON ((-74 40.73, {Border()}, -74 40.77, -74 40.73))"),
        Boundary(2, "community-district", "106", "Manhattan 6", $"POLYGON ((-73.94 40.73, {Border()}, -73.94 40.77, -73.94 40.73))"),
        Boundary(3, "neighborhood", "midtown", "Midtown",
            "POLYGON ((-73.985 40.74, -73.965 40.74, -73.965 40.755, -73.985 40.755, -73.985 40.74), "
            + "(-73.9805 40.7445, -73.9805 40.7455, -73.9795 40.7455, -73.9795 40.7445, -73.9805 40.7445))"),
    ];

    /// <summary>A boundary from its polygon as WKT.</summary>
    public static Boundary Boundary(int id, string kind, string code, string name, string wkt, short city = RequestRows.City)
    {
        Geometry shape = s_wkt.Read(wkt);
        return new()
        {
            CityId = city,
            Id = id,
            Kind = kind,
            Code = code,
            Name = name,
            Geometry = shape as MultiPolygon ?? shape.Factory.CreateMultiPolygon([(Polygon)shape]),
            Revision = 1,
        };
    }

    /// <summary>Writes boundaries with the outlines and pieces that the importer would make.</summary>
    public static async Task AddAsync(string database, IReadOnlyList<Boundary> boundaries)
    {
        await using NpgsqlDataSource dataSource = CityHelperDatabase.CreateDataSource(database);
        await using (CityHelperContext context = RequestRows.Context(dataSource))
        {
            context.Boundaries.AddRange(boundaries);
            await context.SaveChangesAsync();
        }

        // As the importer leaves it: a city without a revision has no boundaries.
        await using NpgsqlCommand revisions = dataSource.CreateCommand(
            "insert into boundary_revision (city_id, revision, last_id) select city_id, 1, max(id) from boundary group by city_id on "
                + "conflict (city_id) do nothing");
        await revisions.ExecuteNonQueryAsync();
        await using NpgsqlConnection connection = await dataSource.OpenConnectionAsync();
        foreach ((short city, string kind) in boundaries.Select(b => (b.CityId, b.Kind)).Distinct())
        {
            await DerivedShapes.WriteAsync(connection, city, kind);
        }
    }

    // Forty bends of 30 metres, which a map of the region does not show.
    private static string Border() => string.Join(", ", Enumerable.Range(0, 41)
        .Select(i => FormattableString.Invariant($"{-73.97 + i % 2 * 0.0003:0.####} {40.73 + i * 0.001:0.###}")));
}
