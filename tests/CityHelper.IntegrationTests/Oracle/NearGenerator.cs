using System.Text.Json.Nodes;
using NetTopologySuite.Geometries;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>Random positions and distances around requests, and the values of a draft.</summary>
internal sealed class NearGenerator(OracleRows rows, Dice dice)
{
    private const double MetresMax = 5_000;

    /// <summary>A <c>PositionInput</c>: mostly a request's exact point, so that distances are equal and 0.</summary>
    public JsonObject Position(short city)
    {
        Point point = dice.Pick([.. rows.Requests.Where(r => r.CityId == city).Select(r => r.Location).OfType<Point>()]);
        bool exact = dice.Chance(60);
        return new JsonObject
        {
            ["longitude"] = exact ? point.X : Math.Round(point.X + (dice.Fraction() - 0.5) * 0.02, 5),
            ["latitude"] = exact ? point.Y : Math.Round(point.Y + (dice.Fraction() - 0.5) * 0.02, 5),
        };
    }

    /// <summary>A radius of the nearest, from a few metres to the limit.</summary>
    public JsonNode Radius() => dice.Chance(10) ? MetresMax : Math.Round(Math.Pow(10, 1 + dice.Fraction() * 2.69), 3);

    /// <summary>The radius of duplicates.</summary>
    public JsonNode SmallRadius(double most) =>
        dice.Chance(30) ? most : Math.Round(Math.Min(most, Math.Pow(10, 1 + dice.Fraction() * 1.69)), 2);

    /// <summary>The days between duplicates.</summary>
    public JsonNode Days(int most) => dice.Chance(30) ? most : dice.Between(1, Math.Min(most, 60));

    /// <summary>The code of a category with requests.</summary>
    public JsonNode Category(short city) => rows.CategoryOf(dice.Pick([.. rows.Requests.Where(r => r.CityId == city)])).Code;

    /// <summary>A draft's text: words that requests have, or none of them.</summary>
    public JsonNode Description(short city) =>
        dice.Pick([.. rows.Requests.Where(r => r.CityId == city).Select(r => r.Title ?? r.Description ?? "nothing")]);
}
