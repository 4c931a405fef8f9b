using System.Text.Json.Nodes;
using NetTopologySuite.Geometries;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>Random polygons and conditions on points, with corners on points of rows, so that points lie on edges.</summary>
internal sealed class SpatialGenerator(OracleRows rows, Dice dice)
{
    private const double Few = 0.01;

    private static readonly string[] s_relations = ["contains", "intersects", "overlaps", "touches", "within"];

    /// <summary>A filter of a geometry.</summary>
    public JsonObject Filter(short city, bool ofPoint)
    {
        var filter = new JsonObject();
        for (int i = dice.Between(1, 2); i > 0; i--)
        {
            switch (ofPoint ? dice.Below(6) : dice.Between(2, 5))
            {
                case 0:
                    filter["x"] = Number(Some(city).X);
                    break;
                case 1:
                    filter["y"] = Number(Some(city).Y);
                    break;
                case 2:
                    JsonObject distance = Number(dice.Fraction() * Few);
                    distance["geometry"] = Geometry(city);
                    filter["distance"] = distance;
                    break;
                case 3:
                    filter[dice.Pick(["and", "or"])] = new JsonArray([
                        .. Enumerable.Range(0, dice.Between(0, 2)).Select(_ => (JsonNode)Filter(city, ofPoint)),
                    ]);
                    break;
                default:
                    var operand = new JsonObject { ["geometry"] = Geometry(city) };
                    string relation = dice.Pick(s_relations);
                    if (dice.Chance(25))
                    {
                        // For areas, only this relation can be computed as a distance.
                        operand["buffer"] = dice.Fraction() * Few;
                        relation = ofPoint ? relation : "intersects";
                    }

                    filter[dice.Pick(["", "n"]) + relation] = operand;
                    break;
            }
        }

        return filter;
    }

    /// <summary>GeoJSON of a triangle or quadrangle whose corners go around its centre.</summary>
    public JsonObject Polygon(short city, double width)
    {
        Point middle = Some(city);
        double[] angles = [.. Enumerable.Range(0, dice.Between(3, 6)).Select(_ => dice.Fraction() * 2 * Math.PI).Order()];
        List<Coordinate> corners = [.. angles.Select(a => new Coordinate(middle.X + width * Math.Cos(a), middle.Y + width * Math.Sin(a)))];
        corners.Add(corners[0].Copy());
        var ring = new JsonArray([.. corners.Select(c => (JsonNode)new JsonArray(c.X, c.Y))]);
        return new JsonObject { ["type"] = "Polygon", ["coordinates"] = new JsonArray(ring) };
    }

    private JsonObject Geometry(short city)
    {
        if (dice.Chance(30))
        {
            Point point = Some(city);
            return new JsonObject { ["type"] = "Point", ["coordinates"] = new JsonArray(point.X, point.Y) };
        }

        // A rectangle from one row's point to another's: both lie on its edge.
        Point[] ends = [Some(city), Some(city)];
        if (dice.Chance(50) && ends[0].X != ends[1].X && ends[0].Y != ends[1].Y)
        {
            (double x, double y) = (ends[1].X, ends[1].Y);
            JsonNode At(double a, double b) => new JsonArray(a, b);
            var ring = new JsonArray(At(ends[0].X, ends[0].Y), At(x, ends[0].Y), At(x, y), At(ends[0].X, y), At(ends[0].X, ends[0].Y));
            return new JsonObject { ["type"] = "Polygon", ["coordinates"] = new JsonArray(ring) };
        }

        return Polygon(city, 0.0001 + dice.Fraction() * Few);
    }

    private JsonObject Number(double beside) =>
        new()
        {
            [dice.Pick(["eq", "neq", "gt", "gte", "lt", "lte", "ngt", "nlte"])] = dice.Chance(60)
                ? beside
                : beside + (dice.Fraction() - 0.5) * Few,
        };

    private Point Some(short city) => dice.Pick([.. rows.Requests.Where(r => r.CityId == city).Select(r => r.Location).OfType<Point>()]);
}
