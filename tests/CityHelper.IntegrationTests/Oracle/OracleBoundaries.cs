using System.Globalization;
using System.Text.Json.Nodes;
using CityHelper.Data.Model;
using NetTopologySuite.Geometries;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>
/// Boundaries around the requests: neighbours with a common edge on which requests lie, overlapping ones, one with a hole and an island,
/// one with its corners on requests, one without requests. Codes and names sort differently from ids; outlines are made up, and some are
/// missing.
/// </summary>
internal static class OracleBoundaries
{
    // Requests lie on these lines: see OracleRequestMaker.
    private const double NycX = 19_296 / 65_536.0 * 360 - 180;
    private const double NycY = 40.75;
    private const double SpringfieldX = -89.65;
    private const double SpringfieldY = 39.78;

    private static readonly GeometryFactory s_factory = new(new PrecisionModel(), 4326);

    public static IReadOnlyList<Boundary> Make(IReadOnlyList<ServiceRequest> requests)
    {
        Coordinate[] corners = [.. requests.Where(r => r.CityId == OracleRows.NycId).Select(r => r.Location).OfType<Point>()
            .Select(p => p.Coordinate).Where(c => Math.Abs(c.X - NycX) > 0.01).Take(3)];
        LinearRing hole = Ring(NycX - 0.002, NycY - 0.001, NycX + 0.003, NycY);
        return
        [
            Boundary(1, 3, "borough", "b1", "Zebra", [8, 12], Box(NycX - 0.03, NycY - 0.03, NycX, NycY + 0.03)),
            Boundary(1, 1, "borough", "a_b", "Ärger 🚮", [10], Box(NycX, NycY - 0.03, NycX + 0.03, NycY + 0.03)),
            Boundary(
                1,
                7,
                "ward",
                "Z",
                "\U0001D538stral",
                [8, 10, 12, 14],
                s_factory.CreatePolygon(Ring(NycX - 0.01, NycY - 0.01, NycX + 0.01, NycY + 0.01), [hole]),
                Box(NycX + 0.02, NycY, NycX + 0.04, NycY + 0.02)),
            Boundary(1, 8, "ward", "b1", "Zebra", [14], s_factory.CreatePolygon([.. corners, corners[0]])),
            Boundary(1, 9, "ward", "nobody", "zebra crossing", [], Box(-74.2, 40.5, -74.19, 40.51)),
            Boundary(1, 20, "city-itself", "ü%", "100% \"quoted\" 'name'", [8], Box(-74.27, 40.48, -73.69, 40.93)),
            Boundary(2, 1, "borough", "b1", "Zebra", [8], Box(SpringfieldX, SpringfieldY - 0.02, SpringfieldX + 0.02, SpringfieldY)),
            Boundary(
                2,
                7,
                "ward",
                "Z",
                "Not the one you think",
                [],
                Box(SpringfieldX - 0.05, SpringfieldY - 0.05, SpringfieldX + 0.01, SpringfieldY + 0.05)),
        ];
    }

    /// <summary>The polygon shown at a zoom: the outline of the next finer zoom, else the full polygon.</summary>
    public static MultiPolygon Shown(Boundary boundary, int? zoom) => zoom is null
        ? boundary.Geometry
        : boundary.Outlines.Where(o => o.Zoom >= zoom).OrderBy(o => o.Zoom).FirstOrDefault()?.Geometry ?? boundary.Geometry;

    /// <summary>The value of a field of a GeoJSON object.</summary>
    public static object OfShape(MultiPolygon shape, string name) =>
        name switch
        {
            "type" => "MultiPolygon",
            "crs" => 4326,
            "bbox" => new[]
            {
                Rounded(shape.EnvelopeInternal.MinX),
                Rounded(shape.EnvelopeInternal.MinY),
                Rounded(shape.EnvelopeInternal.MaxX),
                Rounded(shape.EnvelopeInternal.MaxY),
            },
            "coordinates" => new JsonArray([
                .. shape
                    .Geometries.Cast<Polygon>()
                    .Select(p => (JsonNode)new JsonArray([.. p.Holes.Prepend(p.Shell).Select(ring => (JsonNode)Positions(ring))])),
            ]),
            _ => throw new ArgumentException($"The oracle knows no {name} of a shape."),
        };

    private static JsonArray Positions(LinearRing ring) =>
        new([.. ring.Coordinates.Select(c => (JsonNode)new JsonArray(Rounded(c.X), Rounded(c.Y)))]);

    private static double Rounded(double degrees) =>
        double.Parse(degrees.ToString("F6", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static Boundary Boundary(
        short city, int id, string kind, string code, string name, short[] zooms, params Polygon[] polygons) => new()
    {
        CityId = city,
        Id = id,
        Kind = kind,
        Code = code,
        Name = name,
        Geometry = s_factory.CreateMultiPolygon(polygons),
        Revision = 1,

        // Each has another size, so that none can be mistaken for another.
        Outlines = [.. zooms.Select(zoom => new BoundaryOutline
        {
            CityId = city,
            BoundaryId = id,
            Zoom = zoom,
            Geometry = s_factory.CreateMultiPolygon([Box(-74 - zoom / 1000.0, 40.7, -74 + id / 1000.0, 40.8)]),
        })],
    };

    private static Polygon Box(double west, double south, double east, double north) =>
        s_factory.CreatePolygon(Ring(west, south, east, north));

    private static LinearRing Ring(double west, double south, double east, double north) => s_factory.CreateLinearRing(
        [new(west, south), new(east, south), new(east, north), new(west, north), new(west, south)]);
}
