using System.Globalization;
using System.Text.Json.Nodes;

namespace CityHelper.Benchmarks.Cost.Generated;

/// <summary>Random requests as text, each from its own seed, so that any one can be generated again alone.</summary>
internal sealed class CostGenerator(CostCity city, int seed)
{
    private static readonly string[] s_rows =
    [
        "id",
        "id title status createdAt",
        "id title description address resolution category { code name } agency { code name } location { coordinates }",
        "id title updates(last: 3) { status note createdAt }",
        "id boundaries { id name kind }",
        "id history(first: 3) { nodes { status note } }",
        "id possibleDuplicates(first: 3) { score serviceRequest { id } }",
    ];

    private static readonly string[] s_statistics =
    [
        "total", "open", "overdue", "byStatus { status count }", "byCategory(first: 10) { count category { code } }",
        "byAgency { count agency { code } }", "byDay { period count }", "byWeek { period count }", "byMonth { period count }",
        "timeToClose { count medianSeconds p90Seconds }",
    ];

    private static readonly string[] s_orders =
    [
        "{createdAt: ASC}",
        "{updatedAt: DESC}",
        "{status: ASC}",
        "{category: {name: ASC}}",
        "{category: {code: DESC}}, {createdAt: DESC}",
    ];

    /// <summary>The request with a number.</summary>
    public CostRequest Request(int number)
    {
        var dice = new CostDice(unchecked(seed * 1_000_003 + number));
        var variables = new CostVariables();
        var roots = new List<(string Kind, string Text)>();
        for (int i = dice.Chance(85) ? 1 : dice.Sized(2, 8); i > 0; i--)
        {
            roots.Add(Root(dice, variables));
        }

        string kind = roots.Count == 1 ? roots[0].Kind : "several fields";
        (string text, JsonObject given) = variables.Operation($"{{ {string.Join(' ', roots.Select((r, i) => $"r{i}: {r.Text}"))} }}");
        return new CostRequest(kind, null, text, given);
    }

    private (string Kind, string Text) Root(CostDice dice, CostVariables variables)
    {
        var conditions = new CostConditions(city, dice, variables);
        string where = dice.Chance(75) ? $", where: {CostVariables.Literal(conditions.Where())}" : "";
        string within = dice.Chance(45) ? $", within: {CostVariables.Literal(Area(dice, variables))}" : "";
        string named = $"city: \"{CostCity.Slug}\"";
        return dice.Below(100) switch
        {
            < 50 => (
                "list",
                $"serviceRequests({named}{within}{where}{Order(dice)}, {Page(dice)}) {{ {Counted(dice)} nodes {{ {dice.Pick(s_rows)} }} }}"
            ),
            < 65 => ("statistics", $"serviceRequestStats({named}{within}{where}) {{ {Statistics(dice)} }}"),
            < 71 => (
                "clusters",
                $"serviceRequestClusters({named}{within}{where}, zoom: {dice.Below(17)}) {{ count "
                    + $"{(dice.Chance(50) ? "topCategory { code }" : "")} }}"),
            < 79 => ("nearby", Nearby(dice, named, where)),
            < 86 => ("boundaries", Boundaries(dice, conditions)),
            < 92 => ("nested", Nested(dice, where)),
            < 95 => ("boundary", Boundary(dice, where)),
            < 98 => ("nodes", $"nodes(ids: {CostVariables.Literal(Ids(dice))}) {{ ... on ServiceRequest {{ {dice.Pick(s_rows)} }} }}"),
            _ => ("duplicates", Draft(dice, named)),
        };
    }

    /// <summary>An area of any kind.</summary>
    public JsonObject Area(CostDice dice, CostVariables variables)
    {
        SampledRequest place = dice.Pick(city.Requests);
        double radius = dice.Sized(0.0005, 0.5);
        return dice.Below(4) switch
        {
            0 => new JsonObject { ["viewport"] = CostShapes.Viewport(place.Longitude, place.Latitude, radius) },
            1 => new JsonObject { ["circle"] = CostShapes.Circle(place.Longitude, place.Latitude, Math.Min(50_000, radius * 100_000)) },
            2 when city.Boundaries.Count > 0 => new JsonObject { ["boundary"] = dice.Pick(city.Boundaries) },
            _ => new JsonObject
            {
                ["polygon"] = variables.Add(
                    "Geometry!", CostShapes.Polygon(place.Longitude, place.Latitude, radius, dice.Sized(4, 10_000))),
            },
        };
    }

    private static string Page(CostDice dice) =>
        string.Create(CultureInfo.InvariantCulture, $"{dice.Pick(["first", "last"])}: {dice.Sized(1, 100)}");

    private static string Order(CostDice dice) => dice.Chance(25) ? $", order: [{dice.Pick(s_orders)}]" : "";

    private static string Counted(CostDice dice) => dice.Chance(25) ? "totalCount" : "";

    private static string Statistics(CostDice dice) => string.Join(' ', s_statistics.Where(_ => dice.Chance(30)).DefaultIfEmpty("total"));

    private string Nearby(CostDice dice, string named, string where)
    {
        SampledRequest place = dice.Pick(city.Requests);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"nearbyServiceRequests({named}, to: {{longitude: {place.Longitude}, latitude: {place.Latitude}}}, withinMetres: "
                + $"{dice.Sized(10.0, 5_000):0}{where}, first: {dice.Sized(1, 100)}) {{ edges {{ distanceMetres node {{ id title }} }} }}");
    }

    private static string Boundaries(CostDice dice, CostConditions conditions)
    {
        JsonArray all =
        [
            .. Enumerable
                .Range(0, dice.Chance(85) ? 1 : dice.Sized(2, 20))
                .Select(_ => (JsonNode)new JsonObject { ["geometry"] = conditions.Spatial(ofPoints: false) }),
        ];
        var where = new JsonObject { [dice.Pick(["and", "or"])] = all };
        string shape = dice.Chance(30) ? $"geometry(zoom: {dice.Pick([8, 12, 16])}) {{ coordinates }}" : "";
        return $"boundaries(city: \"{CostCity.Slug}\", {Page(dice)}, where: {CostVariables.Literal(where)}) {{ {Counted(dice)} nodes {{ "
            + $"id name {shape} }} }}";
    }

    private static string Nested(CostDice dice, string where) => string.Create(
        CultureInfo.InvariantCulture,
        $"city(slug: \"{CostCity.Slug}\") {{ {dice.Pick(["categories", "agencies"])}(first: {dice.Sized(1, 100)}) {{ nodes {{ code "
            + $"serviceRequests(first: {dice.Sized(1, 20)}{where}) {{ {Counted(dice)} nodes {{ id title }} }} }} }} }}");

    private string Boundary(CostDice dice, string where) => city.Boundaries.Count == 0
        ? "cities { slug }"
        : $"boundary(id: \"{dice.Pick(city.Boundaries)}\") {{ name stats{(where.Length > 0 ? $"({where[2..]})" : "")} {{ "
            + $"{Statistics(dice)} }} serviceRequests({Page(dice)}{where}) {{ nodes {{ id }} }} }}";

    private JsonArray Ids(CostDice dice) =>
        new([
            .. Enumerable
                .Range(0, dice.Sized(1, 50))
                .Select(_ => (JsonNode)dice.Pick(dice.Chance(80) ? [.. city.Requests.Select(r => r.Id)] : city.CategoryIds)),
        ]);

    private string Draft(CostDice dice, string named)
    {
        SampledRequest place = dice.Pick(city.Requests);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"duplicateCandidates({named}, category: \"{dice.Pick(city.Categories)}\", location: {{longitude: {place.Longitude}, "
                + $"latitude: {place.Latitude}}}, first: {dice.Sized(1, 100)}, withinMetres: {dice.Sized(10, 500)}, withinDays: "
                + $"{dice.Sized(1, 90)}) {{ score serviceRequest {{ id title }} }}");
    }
}
