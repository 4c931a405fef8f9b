using System.Text.Json.Nodes;
using NetTopologySuite.Geometries;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>Random areas around requests, with edges on points, down to zero width.</summary>
internal sealed class AreaGenerator(OracleRows rows, Dice dice)
{
    /// <summary>A few kilometres in degrees.</summary>
    private const double Few = 0.015;

    private readonly SpatialGenerator _space = new(rows, dice);

    /// <summary>An <c>AreaInput</c>; a small one is at most a few kilometres wide.</summary>
    public JsonObject Area(short city, bool isSmall)
    {
        Point[] points = [.. rows.Requests.Where(r => r.CityId == city).Select(r => r.Location).OfType<Point>()];
        Point centre = dice.Pick(points);
        Point[] near = isSmall ? [.. points.Where(p => Math.Abs(p.X - centre.X) < Few && Math.Abs(p.Y - centre.Y) < Few)] : points;
        double widest = isSmall ? Few : Math.Pow(10, -dice.Between(0, 4));
        if (dice.Chance(30))
        {
            return new JsonObject { ["polygon"] = _space.Polygon(city, isSmall ? Few * dice.Fraction() + 0.0001 : widest) };
        }

        double[] x = [Edge(near, p => p.X, centre.X, widest), Edge(near, p => p.X, centre.X, widest)];
        double[] y = [Edge(near, p => p.Y, centre.Y, widest), Edge(near, p => p.Y, centre.Y, widest)];
        return new JsonObject
        {
            ["viewport"] = new JsonObject { ["west"] = x.Min(), ["south"] = y.Min(), ["east"] = x.Max(), ["north"] = y.Max() },
        };
    }

    private double Edge(Point[] near, Func<Point, double> coordinate, double centre, double widest) => dice.Below(3) == 0
        ? coordinate(dice.Pick(near))
        : centre + (dice.Fraction() - 0.5) * 2 * widest;
}
