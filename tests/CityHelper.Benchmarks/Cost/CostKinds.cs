using System.Globalization;
using System.Text.Json.Nodes;
using CityHelper.Benchmarks.Cost.Generated;

namespace CityHelper.Benchmarks.Cost;

/// <summary>A kind of condition, argument or area, in sizes from small to the largest that is admitted.</summary>
/// <param name="Name">Its name in the table.</param>
/// <param name="Unit">The unit of its sizes.</param>
/// <param name="Sizes">The sizes, ascending.</param>
/// <param name="Of">Makes the request of a size.</param>
internal sealed record CostKind(string Name, string Unit, IReadOnlyList<int> Sizes, Func<int, CostRequest> Of);

/// <summary>
/// All kinds. Conditions are tested on the rows of the most frequent category, and no row passes: that is the most work that is admitted.
/// </summary>
internal sealed class CostKinds(CostCity city)
{
    private const string Nobody = "zqx";
    private static readonly int[] s_once = [1];
    private static readonly int[] s_few = [1, 5, 10, 20, 45];
    private static readonly int[] s_pages = [1, 10, 100];
    private static readonly int[] s_items = [1, 10, 100, 1_000];
    private static readonly int[] s_positions = [4, 30, 100, 300, 500, 1_000, 3_000, 10_000];

    private readonly SampledRequest _place = city.Requests[^1];

    /// <summary>Pages, conditions, geometries, areas, statistics and the rest, in this order.</summary>
    public IEnumerable<CostKind> All() => [.. Pages(), .. Conditions(), .. Geometries(), .. Areas(), .. Statistics(), .. Others()];

    private IEnumerable<CostKind> Pages() =>
        [
            new("page", "rows", s_pages, n => List("page", $"first: {n}", "id title status createdAt")),
            new(
                "page with its references",
                "rows",
                s_pages,
                n => List("page", $"first: {n}", "id category { name } agency { name } location { coordinates }")),
            new("page with updates", "rows", s_pages, n => List("page", $"first: {n}", "id updates(last: 3) { status note }")),
            new("page with boundaries", "rows", s_pages, n => List("page", $"first: {n}", "id boundaries { name }")),
            new(
                "page with possible duplicates",
                "rows",
                s_pages,
                n => List("page", $"first: {n}", "id possibleDuplicates(first: 3) { score }")),
            new("order by `updatedAt`", "rows", s_pages, n => List("order", $"first: {n}, order: {{updatedAt: DESC}}", "id")),
            new("order by a name", "rows", s_pages, n => List("order", $"first: {n}, order: {{category: {{name: ASC}}}}", "id")),
            new("`totalCount`", "", s_once, _ => Text("count", $"{{ serviceRequests(city: \"{CostCity.Slug}\") {{ totalCount }} }}")),
            new(
                "nested list",
                "parents",
                s_pages,
                n =>
                    Text(
                        "nested",
                        $"{{ city(slug: \"{CostCity.Slug}\") {{ categories(first: {n}) {{ nodes {{ serviceRequests(first: 3) {{ nodes {{ "
                            + $"id title }} }} }} }} }} }}")),
            new(
                "nodes",
                "ids",
                [1, 10, 50],
                n =>
                    Text(
                        "nodes",
                        $"{{ nodes(ids: {CostVariables.Literal(Texts(city.Requests.Select(r => r.Id), n))}) {{ ... on ServiceRequest {{ "
                            + $"id title }} }} }}")),
        ];

    private IEnumerable<CostKind> Conditions() =>
        [
            new(
                "`status` in `or`",
                "conditions",
                s_few,
                n => Filtered("status", Or(n, i => Field("status", "eq", i % 2 == 0 ? "~PENDING" : "~OPEN")))),
            new(
                "`category` by code, in `or`",
                "conditions",
                s_few,
                n => Filtered("category", Or(n, i => Named("category", city.Categories[i % city.Categories.Count])))),
            new(
                "`category` in",
                "items",
                [1, 10, 50, 1_000],
                n => Filtered("category", new JsonObject { ["category"] = Field("code", "in", Texts(city.Categories, n)) })),
            new("`id` in", "items", s_items, n => Filtered("id", Field("id", "in", Texts(city.Requests.Select(r => r.Id), n)))),
            new(
                "`externalId` in",
                "items",
                s_items,
                n => Filtered("externalId", Field("externalId", "in", Texts(city.Requests.Select(r => r.ExternalId), n)))),
            new("a text in a category", "conditions", s_few, n => InLargest("text", Or(n, i => Field("title", "contains", Nobody + i)))),
            new(
                "a text that all lack",
                "conditions",
                s_few,
                n => InLargest("text", And(n, i => Field("description", "ncontains", Nobody + i)))),
            new(
                "a text, counted",
                "conditions",
                s_few,
                n => InLargest("text", Or(n, i => Field("address", "endsWith", Nobody + i)), "totalCount")),
            new("a text in a list", "items", s_items, n => InLargest("list", Field("title", "in", Texts(["zqx", "xqz"], n)))),
            new(
                "a time",
                "conditions",
                s_few,
                n => InLargest("time", Or(n, i => Field("dueAt", "lt", CostCity.TextOf(CostCity.From.AddYears(-2).AddDays(i)))))),
            new(
                "a text in a month",
                "conditions",
                s_few,
                n => Filtered("text", And(1, _ => Month(), Or(n, i => Field("title", "contains", Nobody + i))))),
            new("`updates: { some }`", "conditions", s_few, n => InLargest("list below", Or(n, i => Below("some", i)))),
            new("`updates: { none }`", "conditions", s_few, n => InLargest("list below", And(n, i => Below("none", i)))),
            new("`updates: { all }`", "conditions", s_few, n => InLargest("list below", Or(n, i => Below("all", i)))),
            new(
                "`updates: { any }`",
                "conditions",
                s_few,
                n => InLargest("list below", And(n, i => new JsonObject { ["updates"] = new JsonObject { ["any"] = i % 2 == 0 } }))),
            new(
                "two agencies and a text",
                "conditions",
                s_few,
                n =>
                    Filtered(
                        "text",
                        And(
                            1,
                            _ => new JsonObject { ["agency"] = Field("code", "in", Texts(["DOT", "DSNY"], 2)) },
                            Or(n, i => Field("title", "contains", Nobody + i))))),
            new(
                "a text, by `updatedAt`",
                "conditions",
                s_few,
                n =>
                    Filtered(
                        "text",
                        And(1, _ => Named("category", CostCity.LargestCategory), Or(n, i => Field("title", "contains", Nobody + i))),
                        "order: {updatedAt: DESC}, ")),
        ];

    private IEnumerable<CostKind> Geometries()
    {
        foreach (string relation in new[] { "intersects", "nintersects", "within", "touches", "contains", "overlaps" })
        {
            yield return new($"`location: {{ {relation} }}`, polygon", "positions", s_positions, n => Compared(relation, Polygon(n)));
            yield return new($"`location: {{ {relation} }}`, line", "positions", s_positions, n => Compared(relation, Line(n)));
        }

        yield return new(
            "`location: { intersects }`, comb",
            "positions",
            s_positions,
            n => Compared("intersects", CostShapes.Comb(_place.Longitude, _place.Latitude, 0.2, n)));
        yield return new(
            "`location: { intersects }`, line back and forth",
            "positions",
            s_positions,
            n => Compared("intersects", CostShapes.Scribble(_place.Longitude, _place.Latitude, 0.1, n)));
        yield return new(
            "`location: { intersects }`, many lines",
            "positions",
            s_positions,
            n => Compared("intersects", CostShapes.Lines(_place.Longitude, _place.Latitude, 0.1, n)));
        yield return new(
            "`location: { intersects }`, points",
            "positions",
            s_positions,
            n => Compared("intersects", CostShapes.Points(_place.Longitude, _place.Latitude, 0.4, n)));
        foreach ((string name, double buffer) in new[] { ("grown", 0.0018), ("shrunk", -0.0001) })
        {
            yield return new(
                $"`location: {{ intersects }}`, polygon {name}", "positions", s_positions, n => Compared("intersects", Polygon(n), buffer));
        }

        yield return new("`location: { nintersects }`, line grown", "positions", s_positions, n => Compared("nintersects", Line(n), 0.5));
        yield return new("`location: { distance }`, line", "positions", s_positions, n => Compared("distance", Line(n), comparison: "gt"));
        yield return new(
            "`location: { distance }`, polygon", "positions", s_positions, n => Compared("distance", Polygon(n), comparison: "gt"));
        yield return new(
            "`location: { distance }`, three comparisons",
            "positions",
            s_positions,
            n => Compared("distance", Line(n), comparison: "gt nlt neq"));
        yield return new(
            "`location: { x }`",
            "conditions",
            s_few,
            n =>
                InLargest("x", Or(n, i => new JsonObject { ["location"] = new JsonObject { ["x"] = new JsonObject { ["gt"] = 100 + i } } }))
        );
        foreach (string relation in new[] { "intersects", "within", "touches", "contains", "overlaps", "distance" })
        {
            yield return new($"boundary `{relation}`, polygon", "positions", s_positions, n => Boundaries(relation, Polygon(n)));
            yield return new($"boundary `{relation}`, line", "positions", s_positions, n => Boundaries(relation, Line(n)));
        }

        yield return new(
            "boundary `distance`, points",
            "positions",
            s_positions,
            n => Boundaries("distance", CostShapes.Points(_place.Longitude, _place.Latitude, 0.4, n)));
        yield return new(
            "boundary `distance`, many lines",
            "positions",
            s_positions,
            n => Boundaries("distance", CostShapes.Lines(_place.Longitude, _place.Latitude, 0.4, n)));
        yield return new("45 conditions on one line", "positions", [2, 30, 100, 300, 1_000, 3_000], n => Shared(45, Line(n)));
        yield return new(
            "45 conditions on one polygon", "positions", [4, 30, 100, 300, 1_000, 3_000], n => Shared(45, Polygon(n), "intersects"));
    }

    private IEnumerable<CostKind> Areas()
    {
        foreach (
            (string field, string selection) in new[]
            {
                ("serviceRequests", "nodes { id title }"),
                ("serviceRequestStats", "total byCategory { count }"),
                ("serviceRequestStats", "timeToClose { medianSeconds }"),
                ("serviceRequestStats", "byDay { count }"),
                ("serviceRequestStats", "overdue"),
                ("serviceRequests", "totalCount"),
                ("serviceRequestClusters", "count"),
            }
        )
        {
            string zoom = field == "serviceRequestClusters" ? ", zoom: 13" : "";
            CostRequest Within(string area, JsonObject value) =>
                new(
                    area,
                    null,
                    $"query($a: AreaInput) {{ {field}(city: \"{CostCity.Slug}\", within: $a{zoom}) {{ {selection} }} }}",
                    new JsonObject { ["a"] = value });
            yield return new(
                $"`{field} {{ {selection} }}`, viewport",
                "m",
                [300, 3_000, 30_000],
                n => Within("viewport", new() { ["viewport"] = CostShapes.Viewport(-73.95, 40.73, n / 1e5) }));
            yield return new(
                $"`{field} {{ {selection} }}`, circle",
                "m",
                [300, 3_000, 30_000],
                n => Within("circle", new() { ["circle"] = CostShapes.Circle(-73.95, 40.73, n) }));
            yield return new(
                $"`{field} {{ {selection} }}`, polygon",
                "positions",
                s_positions,
                n => Within("polygon", new() { ["polygon"] = CostShapes.Polygon(-73.95, 40.73, 0.1, n) }));
            yield return new(
                $"`{field} {{ {selection} }}`, comb",
                "positions",
                s_positions,
                n => Within("polygon", new() { ["polygon"] = CostShapes.Comb(-73.95, 40.73, 0.1, n) }));
            yield return new(
                $"`{field} {{ {selection} }}`, boundary", "", s_once, _ => Within("boundary", new() { ["boundary"] = city.Boundaries[0] }));
        }
    }

    private static IEnumerable<CostKind> Statistics() => new[]
    {
        "total", "overdue", "byCategory { count }", "byDay { count }", "byMonth { count }", "timeToClose { medianSeconds }",
        "total overdue byStatus { count } byAgency { count } byDay { count } byWeek { count } byMonth { count } timeToClose { "
            + "medianSeconds }",
    }.SelectMany(statistic => new CostKind[]
    {
        new($"statistics of the city, `{statistic}`", "", s_once, _ => Text(
            "statistics", $"{{ serviceRequestStats(city: \"{CostCity.Slug}\") {{ {statistic} }} }}")),
        new($"statistics of a category and a text, `{statistic}`", "", s_once, _ => Text(
            "statistics", $"{{ serviceRequestStats(city: \"{CostCity.Slug}\", where: {CostVariables.Literal(And(
                1, _ => Named("category", CostCity.LargestCategory), Field("title", "ncontains", Nobody)))}) {{ {statistic} }} }}")),
    });

    private IEnumerable<CostKind> Others() =>
    [
        new("clusters of the city", "zoom", [8, 11, 13, 16], n => Text("clusters", $"{{ serviceRequestClusters(city: \"{CostCity.Slug}\", "
            + $"zoom: {n}) {{ count topCategory {{ code }} }} }}")),
        new("nearby", "m", [100, 1_000, 5_000], n => Nearby(n, "")),
        new("nearby, a text", "m", [100, 1_000, 5_000], n => Nearby(n, $", where: "
            + $"{CostVariables.Literal(And(1, _ => Named("category", CostCity.LargestCategory), Field("title", "contains", Nobody)))}")),
        new("duplicates of a draft", "m", [100, 500], n => Text("duplicates", string.Create(CultureInfo.InvariantCulture,
            $"{{ duplicateCandidates(city: \"{CostCity.Slug}\", category: \"{CostCity.LargestCategory}\", location: {{longitude: "
                + $"{_place.Longitude}, latitude: {_place.Latitude}}}, withinMetres: {n}, withinDays: 90, description: \"{Nobody}\") {{ "
                + $"score }} }}"))),
    ];

    private CostRequest Nearby(int metres, string where) => Text("nearby", string.Create(CultureInfo.InvariantCulture,
        $"{{ nearbyServiceRequests(city: \"{CostCity.Slug}\", to: {{longitude: {_place.Longitude}, latitude: {_place.Latitude}}}, "
            + $"withinMetres: {metres}{where}, first: 20) {{ edges {{ distanceMetres node {{ id }} }} }} }}"));

    private JsonObject Polygon(int positions) => CostShapes.Polygon(_place.Longitude, _place.Latitude, 0.4, positions);

    private JsonObject Line(int positions) => CostShapes.Line(_place.Longitude, _place.Latitude, 0.4, positions);

    private static CostRequest Text(string kind, string text) => new(kind, null, text, []);

    private static CostRequest List(string kind, string arguments, string row) =>
        Text(kind, $"{{ serviceRequests(city: \"{CostCity.Slug}\", {arguments}) {{ nodes {{ {row} }} }} }}");

    private static CostRequest Filtered(string kind, JsonObject where, string more = "", string selection = "nodes { id }") =>
        new(
            kind,
            null,
            $"query($w: ServiceRequestFilterInput) {{ serviceRequests(city: \"{CostCity.Slug}\", {more}where: $w) {{ {selection} }} }}",
            new JsonObject { ["w"] = new CostVariables().Whole(where) });

    private static CostRequest InLargest(string kind, JsonObject where, string selection = "nodes { id }") =>
        Filtered(kind, And(1, _ => Named("category", CostCity.LargestCategory), where), selection: selection);

    // No row is 100 degrees away. Relations that are not negated are combined with a title that no row has.
    private static CostRequest Compared(string relation, JsonObject geometry, double? buffer = null, string comparison = "")
    {
        string operand =
            $"geometry: $g{(buffer is { } degrees ? string.Create(CultureInfo.InvariantCulture, $", buffer: {degrees}") : "")}"
            + string.Concat(
                comparison.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(c => $", {c}: {(c.StartsWith('n') ? -1 : 100)}"));
        string title = relation is "distance" || relation.StartsWith('n') ? "" : $", title: {{eq: \"{Nobody}\"}}";
        return new CostRequest(
            "geometry",
            null,
            $"query($g: Geometry!) {{ serviceRequests(city: \"{CostCity.Slug}\", where: {{category: {{code: {{eq: "
                + $"\"{CostCity.LargestCategory}\"}}}}, location: {{{relation}: {{{operand}}}}}{title}}}) {{ totalCount nodes {{ id }} }} "
                + $"}}",
            new JsonObject { ["g"] = geometry });
    }

    private static CostRequest Boundaries(string relation, JsonObject geometry) =>
        new(
            "boundary",
            null,
            $"query($g: Geometry!) {{ boundaries(city: \"{CostCity.Slug}\", first: 100, where: {{geometry: {{{relation}: {{geometry: "
                + $"$g{(relation == "distance" ? ", gte: 0" : "")}}}}}}}) {{ nodes {{ id }} }} }}",
            new JsonObject { ["g"] = geometry });

    private static CostRequest Shared(int count, JsonObject geometry, string relation = "distance")
    {
        string all = string.Join(
            ", ", Enumerable.Repeat($"{{{relation}: {{geometry: $g{(relation == "distance" ? ", gt: 100" : "")}}}}}", count));
        return new CostRequest(
            "shared",
            null,
            $"query($g: Geometry!) {{ serviceRequests(city: \"{CostCity.Slug}\", where: {{category: {{code: {{eq: "
                + $"\"{CostCity.LargestCategory}\"}}}}, location: {{or: [{all}]}}}}) {{ nodes {{ id }} }} }}",
            new JsonObject { ["g"] = geometry });
    }

    private static JsonObject Field(string field, string operation, JsonNode value) =>
        new() { [field] = new JsonObject { [operation] = value } };

    private static JsonObject Named(string reference, string code) => new() { [reference] = Field("code", "eq", code) };

    private static JsonObject Below(string quantifier, int i) =>
        new() { ["updates"] = new JsonObject { [quantifier] = Field("note", "contains", Nobody + i) } };

    private static JsonObject Month() =>
        new()
        {
            ["createdAt"] = new JsonObject
            {
                ["gte"] = CostCity.TextOf(CostCity.Until.AddDays(-40)),
                ["lt"] = CostCity.TextOf(CostCity.Until.AddDays(-10)),
            },
        };

    private static JsonObject Or(int count, Func<int, JsonObject> condition) =>
        new() { ["or"] = new JsonArray([.. Enumerable.Range(0, count).Select(i => (JsonNode)condition(i))]) };

    private static JsonObject And(int count, Func<int, JsonObject> condition, params JsonObject[] more) =>
        new() { ["and"] = new JsonArray([.. Enumerable.Range(0, count).Select(i => (JsonNode)condition(i)), .. more]) };

    private static JsonArray Texts(IEnumerable<string> texts, int count)
    {
        string[] all = [.. texts];
        return new JsonArray([.. Enumerable.Range(0, count).Select(i => (JsonNode)(i < all.Length ? all[i] : all[i % all.Length]))]);
    }
}
