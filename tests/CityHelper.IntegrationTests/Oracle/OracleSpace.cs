using System.Text.Json.Nodes;
using NetTopologySuite.Geometries;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>The meaning of areas and spatial conditions for one geometry, by NetTopologySuite alone.</summary>
internal static class OracleSpace
{
    /// <summary>The geometry of a GeoJSON point or polygon.</summary>
    public static Geometry Geometry(JsonNode json)
    {
        JsonArray coordinates = json["coordinates"]!.AsArray();
        return json["type"]!.GetValue<string>() == "Point"
            ? new Point(Position(coordinates))
            : new Polygon(Ring(coordinates[0]!), [.. coordinates.Skip(1).Select(ring => Ring(ring!))]);
    }

    /// <summary>The predicate of a filter of a geometry; a missing one has no relation to anything.</summary>
    public static Predicate<Geometry?> Filter(JsonNode filter)
    {
        List<Predicate<Geometry?>> conditions = [.. filter.AsObject().Select(m => Member(m.Key, m.Value))];
        return point => conditions.All(holds => holds(point));
    }

    private static Predicate<Geometry?> Member(string name, JsonNode? value)
    {
        if (value is null)
        {
            return _ => true;
        }

        switch (name)
        {
            case "and":
                List<Predicate<Geometry?>> all = [.. OracleFilters.Items(value).Select(i => Filter(i!))];
                return point => all.All(holds => holds(point));
            case "or":
                List<Predicate<Geometry?>> any = [.. OracleFilters.Items(value).Select(i => Filter(i!))];
                return point => any.Count == 0 || any.Any(holds => holds(point));
            case "x":
                return Numbers(value, point => ((Point?)point)?.X);
            case "y":
                return Numbers(value, point => ((Point?)point)?.Y);
            case "distance":
                Geometry from = Geometry(value["geometry"]!);
                return Numbers(value, point => point?.Distance(from));
            default:
                Geometry other = Geometry(value["geometry"]!);
                double buffer = value["buffer"]?.GetValue<double>() ?? 0;
                bool Holds(string relation, Geometry? point) =>
                    buffer > 0 ? IsWithinReach(relation, point, other, buffer) : Relates(relation, point, other);
                return name[0] == 'n' ? point => !Holds(name[1..], point) : point => Holds(name, point);
        }
    }

    private static bool Relates(string relation, Geometry? point, Geometry other) => point is not null && relation switch
    {
        "contains" => point.Contains(other),
        "intersects" => point.Intersects(other),
        "overlaps" => point.Overlaps(other),
        "touches" => point.Touches(other),
        "within" => point.Within(other),
        _ => throw new ArgumentException($"The oracle knows no spatial operation `{relation}`."),
    };

    // A buffered geometry is everything within the distance, to the last bit: no buffer polygon is built.
    private static bool IsWithinReach(string relation, Geometry? point, Geometry other, double distance) =>
        point is not null
        && relation switch
        {
            "intersects" => point.Distance(other) <= distance,
            "within" => point.Distance(other) < distance,
            "touches" => point.Distance(other) == distance,
            _ => false,
        };

    private static Predicate<Geometry?> Numbers(JsonNode operations, Func<Geometry?, double?> number)
    {
        List<Predicate<double?>> conditions =
        [
            .. operations.AsObject().Where(o => o.Key is not ("geometry" or "buffer")).Select(o => Comparison(o.Key, o.Value)),
        ];
        return point => conditions.All(holds => holds(number(point)));
    }

    private static Predicate<double?> Comparison(string name, JsonNode? operand)
    {
        double bound = operand!.GetValue<double>();
        return name switch
        {
            "eq" => value => value == bound,
            "neq" => value => value != bound,
            "gt" => value => value > bound,
            "ngt" => value => !(value > bound),
            "gte" => value => value >= bound,
            "lt" => value => value < bound,
            "lte" => value => value <= bound,
            "nlte" => value => !(value <= bound),
            _ => throw new ArgumentException($"The oracle knows no comparison `{name}`."),
        };
    }

    private static LinearRing Ring(JsonNode positions) => new([.. positions.AsArray().Select(p => Position(p!.AsArray()))]);

    private static Coordinate Position(JsonArray position) => new(position[0]!.GetValue<double>(), position[1]!.GetValue<double>());
}
