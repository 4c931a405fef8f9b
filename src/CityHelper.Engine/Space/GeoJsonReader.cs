using System.Text.Json;
using NetTopologySuite.Geometries;

namespace CityHelper.Engine.Space;

/// <summary>
/// Reads clients' GeoJSON geometries (RFC 7946). Sizes are limited before a geometry is created: the client chooses the number of
/// positions, and later work on them costs more than counting them.
/// </summary>
/// <remarks>Checks the structure only; whether a polygon is valid (simple rings, holes inside) is checked where it is used.</remarks>
internal sealed class GeoJsonReader
{
    private const string World = "longitudes -180 to 180 and latitudes -90 to 90";

    private static readonly string[] s_kinds = ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"];

    private static readonly GeometryFactory s_factory = new(new PrecisionModel(), srid: 4326);

    private readonly string _path;
    private int _vertices;
    private int _rings;

    private GeoJsonReader(string path) => _path = path;

    /// <summary>The geometry of a JSON object.</summary>
    /// <param name="json">The object.</param>
    /// <param name="path">Its path in error messages.</param>
    /// <exception cref="InputException">It is no geometry, or exceeds the limits; the message says what to send.</exception>
    public static Geometry Read(JsonElement json, string path) => new GeoJsonReader(path).Geometry(json, isPart: false);

    private Geometry Geometry(JsonElement json, bool isPart)
    {
        if (json.ValueKind != JsonValueKind.Object
            || !json.TryGetProperty("type", out JsonElement type)
            || type.ValueKind != JsonValueKind.String)
        {
            throw Refused("must be a GeoJSON geometry: an object with `type` and `coordinates`");
        }

        CheckReferenceSystem(json);
        string kind = type.GetString()!;
        if (kind == "GeometryCollection")
        {
            return isPart
                ? throw Refused("holds a GeometryCollection within another: send its parts in one")
                : s_factory.CreateGeometryCollection([.. Items(Member(json, "geometries")).Select(part => Geometry(part, isPart: true))]);
        }

        JsonElement coordinates = s_kinds.Contains(kind)
            ? Member(json, "coordinates")
            : throw Refused($"is of type `{Shortened(kind)}`: send a geometry, such as a Polygon");
        return kind switch
        {
            "Point" => s_factory.CreatePoint(Position(coordinates)),
            "MultiPoint" => s_factory.CreateMultiPointFromCoords(Positions(coordinates, least: 0)),
            "LineString" => s_factory.CreateLineString(Positions(coordinates, least: 2)),
            "MultiLineString" => s_factory.CreateMultiLineString([
                .. Items(coordinates).Select(line => s_factory.CreateLineString(Positions(line, least: 2))),
            ]),
            "Polygon" => Polygon(coordinates),
            _ => s_factory.CreateMultiPolygon([.. Items(coordinates).Select(Polygon)]),
        };
    }

    // RFC 7946 allows WGS 84 only. HotChocolate's clients name it by number, older GeoJSON by name.
    private void CheckReferenceSystem(JsonElement json)
    {
        if (!json.TryGetProperty("crs", out JsonElement crs) || crs.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        bool known = crs.ValueKind switch
        {
            JsonValueKind.Number => crs.TryGetInt32(out int srid) && srid == 4326,
            JsonValueKind.Object => crs.TryGetProperty("properties", out JsonElement properties)
                && properties.ValueKind == JsonValueKind.Object
                && properties.TryGetProperty("name", out JsonElement name)
                && name.ValueKind == JsonValueKind.String
                && name.GetString() is "urn:ogc:def:crs:OGC:1.3:CRS84" or "urn:ogc:def:crs:EPSG::4326" or "EPSG:4326",
            _ => false,
        };
        if (!known)
        {
            throw new InputException(new CoordinateSystemUnknownError(_path));
        }
    }

    private Polygon Polygon(JsonElement coordinates)
    {
        LinearRing[] rings = [.. Items(coordinates).Select(Ring)];
        if (rings.Length == 0)
        {
            CountRing();
        }

        return rings.Length == 0 ? s_factory.CreatePolygon() : s_factory.CreatePolygon(rings[0], rings[1..]);
    }

    private LinearRing Ring(JsonElement coordinates)
    {
        CountRing();
        Coordinate[] positions = Positions(coordinates, least: 4);
        return positions[0].Equals2D(positions[^1])
            ? s_factory.CreateLinearRing(positions)
            : throw Refused("has a ring that is not closed: repeat its first position at its end");
    }

    // A polygon without rings counts as one ring: a MultiPolygon could hold 85,000 of them.
    private void CountRing()
    {
        if (++_rings > Limits.GeometryRingsMax)
        {
            throw Refused($"has more than {Limits.GeometryRingsMax} rings: simplify it");
        }
    }

    private Coordinate[] Positions(JsonElement coordinates, int least)
    {
        Coordinate[] positions = [.. Items(coordinates).Select(Position)];
        return positions.Length >= least
            ? positions
            : throw Refused($"has {positions.Length} positions where at least {least} are needed");
    }

    private Coordinate Position(JsonElement position)
    {
        if (++_vertices > Limits.GeometryVerticesMax)
        {
            throw Refused($"has more than {Limits.GeometryVerticesMax} positions: simplify it");
        }

        // An altitude is allowed and ignored.
        int numbers = position.ValueKind == JsonValueKind.Array ? position.GetArrayLength() : 0;
        if (numbers is not (2 or 3)
            || position.EnumerateArray().Any(number => number.ValueKind != JsonValueKind.Number || !double.IsFinite(number.GetDouble())))
        {
            throw Refused("has a position that is none: send [longitude, latitude] as finite numbers");
        }

        (double longitude, double latitude) = (Numbers.Calculable(position[0].GetDouble()), Numbers.Calculable(position[1].GetDouble()));
        bool isSwapped = Math.Abs(latitude) > 90 && Math.Abs(latitude) <= 180 && Math.Abs(longitude) <= 90;
        return Math.Abs(longitude) <= 180 && Math.Abs(latitude) <= 90
            ? new Coordinate(longitude, latitude)
            : throw Refused($"has a position outside {World}{(isSwapped ? ": the longitude comes first" : "")}");
    }

    private JsonElement Member(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement member)
        ? member
        : throw Refused($"has no `{name}`");

    private JsonElement.ArrayEnumerator Items(JsonElement json) => json.ValueKind == JsonValueKind.Array
        ? json.EnumerateArray()
        : throw Refused("has coordinates that are not nested as its type says");

    private InputException Refused(string what) => new($"{_path} {what}.");

    private static string Shortened(string text) => text.Length <= 40 ? text : text[..40] + "…";
}
