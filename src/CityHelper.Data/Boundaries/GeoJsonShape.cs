using System.Text.Json;
using CityHelper.Data.Import;
using NetTopologySuite.Geometries;

namespace CityHelper.Data.Boundaries;

/// <summary>A shape as read from a file: numbers, not yet a geometry. The first ring of a polygon is its shell, others are holes.</summary>
/// <param name="Polygons">Rings of positions: longitude, latitude.</param>
/// <param name="Repairs">What was repaired, for messages.</param>
internal sealed record GeoJsonShape(IReadOnlyList<IReadOnlyList<Coordinate[]>> Polygons, List<string> Repairs);

/// <summary>Reads the shapes of one file. It counts rings and vertices, so that geometries are made only within the limits.</summary>
/// <param name="file">The file's name, for messages.</param>
internal sealed class GeoJsonShapes(string file)
{
    private int _vertices;
    private int _rings;

    /// <exception cref="RefusedFeatureException">It is not an area, or is malformed.</exception>
    /// <exception cref="BrokenInputException">The file exceeds the limits.</exception>
    public GeoJsonShape Read(JsonElement geometry)
    {
        var polygons = new List<IReadOnlyList<Coordinate[]>>();
        var repairs = new List<string>();
        Add(geometry, polygons, repairs);
        return polygons.Count == 0 ? throw new RefusedFeatureException("its geometry is empty") : new GeoJsonShape(polygons, repairs);
    }

    // The JSON parser's nesting limit bounds the recursion.
    private void Add(JsonElement geometry, List<IReadOnlyList<Coordinate[]>> polygons, List<string> repairs)
    {
        if (geometry.ValueKind != JsonValueKind.Object
            || !geometry.TryGetProperty("type", out JsonElement named)
            || named.ValueKind != JsonValueKind.String)
        {
            throw new RefusedFeatureException("it has no geometry");
        }

        if (geometry.TryGetProperty("crs", out JsonElement crs) && !ReferenceSystem.IsWgs84(crs))
        {
            throw new RefusedFeatureException(
                $"its coordinates are of another reference system ({ReferenceSystem.NameOf(crs)}): convert them to EPSG:4326");
        }

        string type = GeoJsonText.Of(named);
        switch (type)
        {
            case "Polygon":
                polygons.Add(Polygon(Member(geometry, "coordinates")));
                break;
            case "MultiPolygon":
                polygons.AddRange(Member(geometry, "coordinates").EnumerateArray().Select(Polygon));
                break;
            case "GeometryCollection":
                foreach (JsonElement part in Member(geometry, "geometries").EnumerateArray())
                {
                    Add(part, polygons, repairs);
                }

                repairs.Add("a collection of areas became one area");
                break;
            default:
                throw new RefusedFeatureException($"a {type} is no area");
        }
    }

    private List<Coordinate[]> Polygon(JsonElement rings)
    {
        RequireArray(rings);
        return rings.GetArrayLength() == 0
            ? throw new RefusedFeatureException("it has a polygon without rings")
            : [.. rings.EnumerateArray().Select(Ring)];
    }

    private Coordinate[] Ring(JsonElement ring)
    {
        RequireArray(ring);
        Count(ref _rings, 1, Limits.BoundaryRingsMax, "rings");
        Count(ref _vertices, ring.GetArrayLength(), Limits.BoundaryVerticesMax, "vertices");
        var positions = new Coordinate[ring.GetArrayLength()];
        int next = 0;
        foreach (JsonElement position in ring.EnumerateArray())
        {
            positions[next++] = Position(position);
        }

        return positions;
    }

    // Numbers after longitude and latitude, such as a height, are ignored.
    private static Coordinate Position(JsonElement position)
    {
        RequireArray(position);
        return position.GetArrayLength() < 2 ? throw Malformed() : new Coordinate(Number(position[0]), Number(position[1]));
    }

    // JSON has no infinity, but 1e400 parses as one.
    private static double Number(JsonElement number) =>
        number.ValueKind != JsonValueKind.Number ? throw Malformed()
        : double.IsFinite(number.GetDouble()) ? number.GetDouble()
        : throw new RefusedFeatureException($"{Short(number.GetRawText())} is no coordinate");

    private void Count(ref int counter, int more, int most, string what)
    {
        counter += more;
        if (counter > most)
        {
            throw new BrokenInputException($"{file} has more than {most:N0} {what}: simplify it, or split it by kind.");
        }
    }

    private static JsonElement Member(JsonElement geometry, string name)
    {
        JsonElement member = geometry.TryGetProperty(name, out JsonElement found) ? found : throw Malformed();
        RequireArray(member);
        return member;
    }

    private static void RequireArray(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Array)
        {
            throw Malformed();
        }
    }

    private static RefusedFeatureException Malformed() => new("its coordinates are not nested as GeoJSON nests them");

    private static string Short(string text) => text.Length <= 20 ? text : text[..20] + "…";
}

/// <summary>
/// The reference systems that mean WGS 84 longitude and latitude. RFC 7946 allows no other. Its predecessor did, and portals still write
/// its <c>crs</c> member.
/// </summary>
internal static class ReferenceSystem
{
    private static readonly string[] s_wgs84 =
        ["urn:ogc:def:crs:ogc:1.3:crs84", "urn:ogc:def:crs:ogc::crs84", "ogc:crs84", "crs84", "urn:ogc:def:crs:epsg::4326", "epsg:4326"];

    public static bool IsWgs84(JsonElement crs) => crs.ValueKind == JsonValueKind.Null || s_wgs84.Contains(NameOf(crs).ToLowerInvariant());

    public static string NameOf(JsonElement crs) =>
        crs.ValueKind == JsonValueKind.Object
        && crs.TryGetProperty("properties", out JsonElement properties) && properties.ValueKind == JsonValueKind.Object
        && properties.TryGetProperty("name", out JsonElement name) && name.ValueKind == JsonValueKind.String
            ? GeoJsonText.TryOf(name) ?? "unnamed"
            : "unnamed";
}
