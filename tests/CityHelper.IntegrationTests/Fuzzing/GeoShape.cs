using System.Globalization;
using System.Text;
using CityHelper.Engine;
using NetTopologySuite.Geometries;

namespace CityHelper.IntegrationTests.Fuzzing;

/// <summary>A geometry as a client writes it: it may be invalid, so it is not yet a <see cref="Geometry"/>.</summary>
/// <param name="Type">GeoJSON's name of the type.</param>
/// <param name="Parts">
/// Polygons of rings of positions. A line is a part of one ring; a point or several points are one ring of one part.
/// </param>
/// <param name="Members">The geometries of a GeometryCollection; null for others.</param>
internal sealed record GeoShape(
    string Type, IReadOnlyList<IReadOnlyList<IReadOnlyList<Coordinate>>> Parts, IReadOnlyList<GeoShape>? Members = null)
{
    private const int RingPositionsMin = 4;

    private static readonly GeometryFactory s_factory = new(new PrecisionModel(), 4326);

    public bool IsSurface => Type is "Polygon" or "MultiPolygon";

    public bool IsPoints => Type is "Point" or "MultiPoint";

    public int Positions => Parts.Sum(part => part.Sum(ring => ring.Count)) + (Members?.Sum(m => m.Positions) ?? 0);

    public int Rings => IsSurface ? Parts.Sum(part => Math.Max(1, part.Count)) : 0;

    public static GeoShape Polygon(params IReadOnlyList<Coordinate>[] rings) => new("Polygon", [rings]);

    public static GeoShape Line(IReadOnlyList<Coordinate> positions) => new("LineString", [[positions]]);

    public static GeoShape Lines(IEnumerable<IReadOnlyList<Coordinate>> lines) =>
        new("MultiLineString", [.. lines.Select(l => (IReadOnlyList<IReadOnlyList<Coordinate>>)[l])]);

    public static GeoShape Points(IReadOnlyList<Coordinate> positions) =>
        positions.Count == 1
            ? new(
                "Point",
                [
                    [positions],
                ])
            : new(
                "MultiPoint",
                [
                    [positions],
                ]);

    /// <summary>The geometry of a stored area.</summary>
    public static GeoShape Of(Geometry surface) =>
        new(
            surface is Polygon ? "Polygon" : "MultiPolygon",
            [
                .. Enumerable
                    .Range(0, surface.NumGeometries)
                    .Select(i => (Polygon)surface.GetGeometryN(i))
                    .Select(p =>
                        (IReadOnlyList<IReadOnlyList<Coordinate>>)
                            [.. p.InteriorRings.Prepend(p.ExteriorRing).Select(ring => ring.Coordinates)]),
            ]);

    /// <summary>The same geometry with every position changed.</summary>
    public GeoShape Map(Func<Coordinate, Coordinate> change) =>
        this with
        {
            Parts =
            [
                .. Parts.Select(part =>
                    (IReadOnlyList<IReadOnlyList<Coordinate>>)[.. part.Select(ring => (IReadOnlyList<Coordinate>)[.. ring.Select(change)])]
                ),
            ],
            Members = Members is null ? null : [.. Members.Select(m => m.Map(change))],
        };

    /// <summary>The geometry; null where RFC 7946 has none: open or short rings, lines of one position.</summary>
    public Geometry? ToGeometry()
    {
        if (Members is not null)
        {
            Geometry?[] members = [.. Members.Select(m => m.ToGeometry())];
            return members.Any(m => m is null or GeometryCollection and not (MultiPoint or MultiLineString or MultiPolygon))
                ? null
                : s_factory.CreateGeometryCollection(members!);
        }

        bool isWhole = IsSurface
            ? Parts.All(part => part.All(ring => ring.Count >= RingPositionsMin && ring[0].Equals2D(ring[^1])))
            : IsPoints || Parts.All(line => line[0].Count >= 2);
        if (!isWhole)
        {
            return null;
        }

        return Type switch
        {
            "Point" => s_factory.CreatePoint(Taken(Parts[0][0][0])),
            "MultiPoint" => s_factory.CreateMultiPointFromCoords(Copies(Parts[0][0])),
            "LineString" => s_factory.CreateLineString(Copies(Parts[0][0])),
            "MultiLineString" => s_factory.CreateMultiLineString([.. Parts.Select(line => s_factory.CreateLineString(Copies(line[0])))]),
            "Polygon" => Surface(Parts[0]),
            _ => s_factory.CreateMultiPolygon([.. Parts.Select(Surface)]),
        };
    }

    /// <summary>GeoJSON, with numbers to the last bit.</summary>
    public void WriteJson(StringBuilder json)
    {
        json.Append(CultureInfo.InvariantCulture, $"{{\"type\":\"{Type}\",");
        if (Members is not null)
        {
            json.Append("\"geometries\":");
            WriteList(json, Members, (member, _) => member.WriteJson(json));
            json.Append('}');
            return;
        }

        json.Append("\"coordinates\":");
        switch (Type)
        {
            case "Point":
                Position(json, Parts[0][0][0]);
                break;
            case "MultiPoint" or "LineString":
                WriteList(json, Parts[0][0], (c, _) => Position(json, c));
                break;
            case "MultiLineString":
                WriteList(json, Parts, (line, _) => WriteList(json, line[0], (c, _) => Position(json, c)));
                break;
            case "Polygon":
                Rings(Parts[0]);
                break;
            default:
                WriteList(json, Parts, (polygon, _) => Rings(polygon));
                break;
        }

        json.Append('}');
        void Rings(IReadOnlyList<IReadOnlyList<Coordinate>> rings) =>
            WriteList(json, rings, (ring, _) => WriteList(json, ring, (c, _) => Position(json, c)));
    }

    public override string ToString()
    {
        var json = new StringBuilder();
        WriteJson(json);
        return json.ToString();
    }

    private static void WriteList<T>(StringBuilder json, IReadOnlyList<T> items, Action<T, int> write)
    {
        json.Append('[');
        for (int i = 0; i < items.Count; i++)
        {
            if (i > 0)
            {
                json.Append(',');
            }

            write(items[i], i);
        }

        json.Append(']');
    }

    private static void Position(StringBuilder json, Coordinate c) => json.Append(CultureInfo.InvariantCulture, $"[{c.X:R},{c.Y:R}]");

    /// <summary>A number as the server reads it: numbers too small to calculate with become 0.</summary>
    public static double Taken(double number) => Math.Abs(number) < Limits.NumberMin ? 0 : number;

    private static Coordinate Taken(Coordinate c) => new(Taken(c.X), Taken(c.Y));

    private static Coordinate[] Copies(IReadOnlyList<Coordinate> positions) => [.. positions.Select(Taken)];

    private static Polygon Surface(IReadOnlyList<IReadOnlyList<Coordinate>> rings) =>
        rings.Count == 0
            ? s_factory.CreatePolygon()
            : s_factory.CreatePolygon(
                s_factory.CreateLinearRing(Copies(rings[0])), [.. rings.Skip(1).Select(ring => s_factory.CreateLinearRing(Copies(ring)))]);
}
