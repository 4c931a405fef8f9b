using System.Text.Json.Nodes;

namespace CityHelper.Benchmarks.Cost.Generated;

/// <summary>
/// Random filters of requests, from a single condition to as many as are allowed: names, times, lists, texts that exist and texts that do
/// not, nested lists, and geometries of all kinds and sizes, which several conditions may share.
/// </summary>
internal sealed class CostConditions(CostCity city, CostDice dice, CostVariables variables)
{
    private const int ListItemsMax = 1_000;
    private const int PositionsMax = 10_000;

    private static readonly string[] s_relations =
        ["intersects", "nintersects", "within", "nwithin", "touches", "ntouches", "contains", "ncontains", "overlaps", "noverlaps"];

    private static readonly string[] s_textFields =
    [
        "title", "description", "address", "resolution", "district", "postalCode", "sourceStatus", "channel",
    ];
    private static readonly string[] s_timeFields = ["updatedAt", "closedAt", "dueAt"];
    private static readonly string[] s_statuses = ["~OPEN", "~IN_PROGRESS", "~PENDING", "~RESOLVED", "~CLOSED", "~CANCELLED", "~DUPLICATE"];

    /// <summary>A filter, mostly combined with a condition that an index serves.</summary>
    public JsonObject Where()
    {
        JsonObject[] conditions = [.. Conditions()];
        JsonObject joined =
            conditions.Length == 1 ? conditions[0] : new JsonObject { [dice.Chance(50) ? "and" : "or"] = new JsonArray([.. conditions]) };
        return dice.Chance(80) ? new JsonObject { ["and"] = new JsonArray(Anchor(), joined) } : joined;
    }

    /// <summary>A geometry of any kind: a new one, or one that the operation already has.</summary>
    public JsonNode Geometry(int positionsMax = PositionsMax)
    {
        IReadOnlyList<string> known = variables.Of("Geometry!");
        if (known.Count > 0 && dice.Chance(60))
        {
            return dice.Pick(known);
        }

        SampledRequest place = dice.Pick(city.Requests);
        double radius = dice.Sized(0.0005, 0.3);
        int positions = dice.Sized(1, positionsMax);
        JsonObject shape = dice.Below(6) switch
        {
            0 => CostShapes.Line(place.Longitude, place.Latitude, radius, positions),
            1 => CostShapes.Points(place.Longitude, place.Latitude, radius, positions),
            2 => CostShapes.Scribble(place.Longitude, place.Latitude, radius, positions),
            4 => CostShapes.Comb(place.Longitude, place.Latitude, radius, positions),
            3 => CostShapes.Lines(place.Longitude, place.Latitude, radius, positions),
            _ => CostShapes.Polygon(place.Longitude, place.Latitude, radius, positions),
        };
        return variables.Add("Geometry!", shape);
    }

    /// <summary>A condition on a geometry.</summary>
    public JsonObject Spatial(bool ofPoints)
    {
        if (dice.Chance(25))
        {
            JsonObject distance = Number(dice.Sized(0.0001, 1));
            distance["geometry"] = Geometry();
            return new JsonObject { ["distance"] = distance };
        }

        if (ofPoints && dice.Chance(10))
        {
            SampledRequest place = dice.Pick(city.Requests);
            return dice.Chance(50) ? new JsonObject { ["x"] = Number(place.Longitude) } : new JsonObject { ["y"] = Number(place.Latitude) };
        }

        var operand = new JsonObject { ["geometry"] = Geometry() };
        if (dice.Chance(30))
        {
            operand["buffer"] = dice.Sized(0.00001, 1) * (dice.Chance(25) ? -0.01 : 1);
        }

        return new JsonObject { [dice.Pick(s_relations)] = operand };
    }

    private IEnumerable<JsonObject> Conditions()
    {
        int count = dice.Chance(85) ? 1 + dice.Below(3) : dice.Sized(4, 45);

        // An attacker sends many of one kind.
        JsonObject? repeated = count > 3 && dice.Chance(60) ? Condition() : null;
        for (int i = 0; i < count; i++)
        {
            yield return repeated?.DeepClone().AsObject() ?? Condition();
        }
    }

    // A condition that an index serves: a category, perhaps the largest; several; an agency; a time; ids.
    private JsonObject Anchor() =>
        dice.Below(7) switch
        {
            0 => new JsonObject { ["category"] = new JsonObject { ["code"] = new JsonObject { ["eq"] = CostCity.LargestCategory } } },
            1 => new JsonObject { ["category"] = new JsonObject { ["code"] = new JsonObject { ["eq"] = dice.Pick(city.Categories) } } },
            2 => new JsonObject
            {
                ["category"] = new JsonObject { ["code"] = Listed("in", city.Categories, dice.Sized(1, city.Categories.Count)) },
            },
            3 => new JsonObject { ["agency"] = new JsonObject { ["code"] = new JsonObject { ["eq"] = dice.Pick(city.Agencies) } } },
            4 => new JsonObject { ["createdAt"] = Range(dice.Sized(0.01, 31)) },
            5 => new JsonObject
            {
                ["createdAt"] = Range(dice.Sized(31.0, 1_000)),
                ["category"] = new JsonObject { ["id"] = Listed("in", city.CategoryIds, dice.Sized(1, 20)) },
            },
            _ => new JsonObject { ["id"] = Listed("in", [.. city.Requests.Select(r => r.Id)], dice.Sized(1, ListItemsMax)) },
        };

    private JsonObject Condition() =>
        dice.Below(12) switch
        {
            0 => new JsonObject { ["status"] = new JsonObject { [dice.Pick(["eq", "neq"])] = dice.Pick(s_statuses) } },
            1 => new JsonObject
            {
                ["status"] = new JsonObject
                {
                    [dice.Pick(["in", "nin"])] = new JsonArray([
                        .. s_statuses.Take(1 + dice.Below(s_statuses.Length)).Select(s => (JsonNode)s),
                    ]),
                },
            },
            2 => Anchor(),
            3 or 4 => new JsonObject { [dice.Pick(s_textFields)] = Text() },
            5 => new JsonObject { [dice.Pick(s_timeFields)] = Range(dice.Sized(0.1, 1_000)) },
            6 => new JsonObject
            {
                ["externalId"] = Listed(
                    dice.Pick(["in", "nin"]), [.. city.Requests.Select(r => r.ExternalId)], dice.Sized(1, ListItemsMax)),
            },
            7 => new JsonObject { ["updates"] = Below() },
            8 => new JsonObject { ["category"] = new JsonObject { [dice.Pick(["name", "code"])] = Text() } },
            _ => new JsonObject { ["location"] = Location() },
        };

    private JsonObject Location() =>
        dice.Chance(80)
            ? Spatial(ofPoints: true)
            : new JsonObject
            {
                [dice.Pick(["and", "or"])] = new JsonArray([
                    .. Enumerable.Range(0, dice.Sized(1, 10)).Select(_ => (JsonNode)Spatial(ofPoints: true)),
                ]),
            };

    private JsonObject Below() => dice.Below(4) switch
    {
        0 => new JsonObject { ["any"] = dice.Chance(50) },
        _ => new JsonObject
        {
            [dice.Pick(["some", "none", "all"])] = dice.Below(3) switch
            {
                0 => new JsonObject { ["note"] = Text() },
                1 => new JsonObject { ["status"] = new JsonObject { ["eq"] = dice.Pick(s_statuses) } },
                _ => [],
            },
        },
    };

    private JsonObject Text()
    {
        SampledRequest some = dice.Pick(city.Requests);
        string text = dice.Chance(50) ? "zqx" : dice.Pick([some.Title, some.Address]);
        return dice.Chance(15)
            ? Listed(dice.Pick(["in", "nin"]), [.. city.Requests.Select(r => r.Title)], dice.Sized(1, ListItemsMax))
            : new JsonObject
            {
                [dice.Pick(["eq", "neq", "contains", "ncontains", "startsWith", "nstartsWith", "endsWith", "nendsWith"])] = text,
            };
    }

    private JsonObject Number(double beside)
    {
        var number = new JsonObject();
        for (int i = dice.Sized(1, 4); i > 0; i--)
        {
            number[dice.Pick(["gt", "gte", "lt", "lte", "ngt", "nlt", "neq"])] = beside * (0.5 + dice.Fraction());
        }

        return number;
    }

    private JsonObject Range(double days)
    {
        DateTimeOffset from = CostCity.From.AddDays(dice.Fraction() * (CostCity.Until - CostCity.From).TotalDays);
        return new JsonObject { ["gte"] = CostCity.TextOf(from), ["lt"] = CostCity.TextOf(from.AddDays(days)) };
    }

    private JsonObject Listed(string operation, IReadOnlyList<string> texts, int count)
    {
        int first = dice.Below(texts.Count);
        return new JsonObject
        {
            [operation] = new JsonArray([.. Enumerable.Range(first, count).Select(i => (JsonNode)texts[i % texts.Count])]),
        };
    }
}
