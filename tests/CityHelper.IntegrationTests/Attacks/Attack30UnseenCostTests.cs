using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using CityHelper.Benchmarks.Cost.Generated;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 30: costs that miss the real work. Conditions on a location, lists and polygons cost by their size; the limit of a published
/// operation applies to its cost with the variables sent.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack30UnseenCostTests(AttackFixture fixture) : IClassFixture<AttackFixture>
{
    private const string TooExpensive = "HC0047";
    private const double Longitude = -73.95;
    private const double Latitude = 40.75;

    /// <summary>45 conditions on one geometry cost 45 times one condition. With all of it in one variable the body is 70 kB.</summary>
    [Theory]
    [InlineData("distance", ", gt: 0", "LineString", 3_000)]
    [InlineData("intersects", "", "LineString", 3_000)]
    [InlineData("nintersects", ", buffer: 0.0018", "Polygon", 3_000)]
    [InlineData("within", "", "Polygon", 10_000)]
    public async Task Conditions_on_one_geometry_cost_what_they_are(string relation, string more, string kind, int positions)
    {
        JsonObject geometry = Shape(kind, positions);
        (double one, _) = await CostAsync(Compared(relation, more, 1), geometry);
        (double all, string? code) = await CostAsync(Compared(relation, more, 45), geometry);
        Assert.True(all > 40 * (one - 100), $"{all} of {one}");
        Assert.Equal(TooExpensive, code);

        fixture.Server.TakeStatements();
        AttackAnswer answer = await fixture.AttackAsync(() => fixture.SendAsync(Compared(relation, more, 45), new { g = geometry }));
        Assert.Equal((TooExpensive, HttpStatusCode.BadRequest), (answer.Code, answer.Status));
        Assert.DoesNotContain(
            fixture.Server.TakeStatements(), statement => statement.Contains("service_request", StringComparison.Ordinal));
    }

    /// <summary>
    /// The most positions that a cost of 1,000 allows, for as many conditions: they run, and the fixture measures the effect on others.
    /// </summary>
    [Theory]
    [InlineData("distance", ", gt: 100", "LineString", 15)]
    [InlineData("intersects", "", "LineString", 12)]
    [InlineData("intersects", ", buffer: 0.0018", "Polygon", 15)]
    [InlineData("within", "", "Polygon", 15)]
    public async Task The_largest_conditions_that_are_admitted_take_no_more_than_they_may(
        string relation, string more, string kind, int most)
    {
        foreach (int conditions in new[] { 1, 5, most })
        {
            int positions = await LargestAsync(n => CostAsync(Compared(relation, more, conditions), Shape(kind, n)));
            Assert.InRange(positions, 4, Limits.GeometryVerticesMax);
            AttackAnswer answer = await fixture.AttackAsync(() =>
                fixture.SendAsync(Compared(relation, more, conditions), new { g = Shape(kind, positions) }));
            Assert.Equal((null, HttpStatusCode.OK), (answer.Code, answer.Status));
        }
    }

    /// <summary>An operation whose text is cheap, and whose variables are expensive.</summary>
    [Theory]
    [InlineData("ServiceRequestList", "updates")]
    [InlineData("ServiceRequestMap", "updates")]
    [InlineData("CategoryOverview", "updates")]
    [InlineData("BoundaryDetail", "updates")]
    [InlineData("NearbyServiceRequests", "updates")]
    [InlineData("ServiceRequestList", "location")]
    [InlineData("ServiceRequestStats", "location")]
    [InlineData("ServiceRequestMap", "titles")]
    public async Task A_published_operation_is_held_against_the_variables_that_come_with_it(string operation, string conditions)
    {
        JsonObject variables = await UsualAsync(operation);
        variables["where"] = new JsonObject { ["category"] = Code("eq", CostCity.LargestCategory), ["and"] = Many(conditions) };
        AttackAnswer answer = await fixture.AttackAsync(() => fixture.SendPersistedAsync(operation, variables));
        Assert.Equal((TooExpensive, HttpStatusCode.BadRequest), (answer.Code, answer.Status));
    }

    /// <summary>The operations of the site's pages and users, in their largest variants.</summary>
    [Theory]
    [InlineData("ServiceRequestList")]
    [InlineData("ServiceRequestMap")]
    [InlineData("CategoryOverview")]
    [InlineData("BoundaryDetail")]
    [InlineData("NearbyServiceRequests")]
    [InlineData("ServiceRequestStats")]
    [InlineData("ServiceRequestClusters")]
    [InlineData("ServiceRequestDuplicates")]
    [InlineData("DuplicateCandidates")]
    public async Task What_users_of_a_published_operation_do_stays_possible(string operation)
    {
        JsonObject variables = await UsualAsync(operation);
        if (variables.ContainsKey("first"))
        {
            variables["first"] = 100;
        }

        await AllowsAsync(operation, variables);
        if (!variables.ContainsKey("where"))
        {
            return;
        }

        variables["where"] = new JsonObject
        {
            ["status"] = new JsonObject
            {
                ["in"] = new JsonArray("OPEN", "IN_PROGRESS", "PENDING", "RESOLVED", "CLOSED", "CANCELLED", "DUPLICATE"),
            },
            ["category"] = Code(
                "in",
                [
                    CostCity.LargestCategory, "illegal-parking", "rodent", "noise-commercial", "water-system", "plumbing", "noise",
                    "graffiti", "sewer", "street-condition",
                ]),
            ["createdAt"] = new JsonObject { ["gte"] = "2026-10-01T00:00:00Z", ["lt"] = "2026-10-31T00:00:00Z" },
        };
        await AllowsAsync(operation, variables);
        variables["where"]!["location"] = new JsonObject { ["within"] = new JsonObject { ["geometry"] = Shape("Polygon", 500) } };
        await AllowsAsync(operation, variables);
    }

    /// <summary>An outline of ten thousand positions, a route of five hundred with a buffer.</summary>
    [Fact]
    public async Task Large_geometries_of_users_stay_possible()
    {
        const string Within =
            "query($a: AreaInput) { serviceRequests(city: \"nyc\", within: $a, first: 20) { nodes { id title } } "
                + "serviceRequestStats(city: \"nyc\", within: $a) { total } }";
        AttackAnswer outline = await fixture.AttackAsync(() =>
            fixture.SendAsync(
                Within.Replace("serviceRequestStats(city: \"nyc\", within: $a) { total }", "", StringComparison.Ordinal),
                new { a = new { polygon = Shape("Polygon", 10_000) } }));
        Assert.Null(outline.Code);
        AttackAnswer route = await fixture.AttackAsync(() => fixture.SendAsync(
            "query($g: Geometry!) { serviceRequests(city: \"nyc\", where: {location: {intersects: {geometry: $g, buffer: 0.0018}}}) { "
                + "nodes { id } totalCount } }",
            new { g = CostShapes.Line(Longitude, Latitude, 0.02, 500) }));
        Assert.Null(route.Code);
        JsonObject stats = new() { ["city"] = "nyc", ["within"] = new JsonObject { ["polygon"] = Shape("Polygon", 10_000) } };
        await AllowsAsync("ServiceRequestStats", stats);
    }

    [Theory]
    [InlineData("in")]
    [InlineData("nin")]
    public async Task A_list_costs_by_its_length(string operation)
    {
        string text =
            $"query($l: [String]) {{ serviceRequests(city: \"nyc\", where: {{category: {{code: {{eq: \"rodent\"}}}}, or: "
                + $"[{string.Join(", ", Enumerable.Repeat($"{{title: {{{operation}: $l}}}}", 15))}]}}) {{ nodes {{ id }} }} }}";
        AttackAnswer few = await fixture.SendAsync(text, new { l = new[] { "a" } });
        Assert.Null(few.Code);
        AttackAnswer many = await fixture.SendAsync(text, new { l = Enumerable.Range(0, 1_000).Select(i => $"title {i}") });
        Assert.Equal(TooExpensive, many.Code);
    }

    private async Task AllowsAsync(string operation, JsonObject variables)
    {
        AttackAnswer answer = await fixture.SendPersistedAsync(operation, variables);
        Assert.True(answer.Code is null, $"{operation}: {answer.Json}");
    }

    private async Task<JsonObject> UsualAsync(string operation)
    {
        CostCity city = await CostCity.ReadAsync(text => fixture.Server.DataAsync(text));
        JsonObject variables = new PublishedRequests(city, seed: 1).WithUsualVariables().Single(r => r.Operation == operation).Variables;
        if (operation is not ("ServiceRequestDuplicates" or "DuplicateCandidates"))
        {
            variables["where"] = new JsonObject();
        }

        return variables;
    }

    // The cost of an operation, and whether it exceeds the limit; no row is read.
    private async Task<(double Cost, string? Code)> CostAsync(string text, JsonObject geometry)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/graphql")
        {
            Content = new StringContent(
                JsonSerializer.Serialize(new { query = text, variables = new { g = geometry } }),
                System.Text.Encoding.UTF8,
                "application/json"),
        };
        request.Headers.Add("GraphQL-Cost", "validate");
        (HttpResponseMessage response, JsonElement json) = await fixture.Server.SendAsync(request);
        using (response)
        {
            return AttackedServer.CodeOf(json) is { } code
                ? (
                    json.GetProperty("errors")[0].GetProperty("extensions").TryGetProperty("fieldCost", out JsonElement cost)
                        ? cost.GetDouble()
                        : 0,
                    code)
                : (json.GetProperty("extensions").GetProperty("operationCost").GetProperty("fieldCost").GetDouble(), null);
        }
    }

    private static async Task<int> LargestAsync(Func<int, Task<(double Cost, string? Code)>> ask)
    {
        (int low, int high) = (4, Limits.GeometryVerticesMax + 1);
        while (high - low > 1)
        {
            int middle = (low + high) / 2;
            (low, high) = (await ask(middle)).Code is null ? (middle, high) : (low, middle);
        }

        return low;
    }

    /// <summary>The cost includes a geometry's crossings with itself and with borders: its size does not show them.</summary>
    [Fact]
    public async Task Crossings_with_areas_cost_what_was_counted()
    {
        const string Query =
            "query($g: Geometry!) { boundaries(city: \"nyc\", where: {geometry: {touches: {geometry: $g}}}) { nodes { id } } }";
        Assert.Null(
            (await fixture.AttackAsync(() => fixture.SendWithoutCostLimitAsync(Query, new { g = AttackShapes.StarLine(51) }))).Code);
        AttackAnswer dear = await fixture.SendAsync(Query, new { g = AttackShapes.StarLine(51) });

        // Without real boundaries it meets few areas.
        Assert.True(dear.Code == "HC0047" || SharedData.Folder is null, dear.Json.ToString());
        Assert.Null((await fixture.SendAsync(Query, new { g = AttackShapes.Outline(181) })).Code);
    }

    /// <summary>The cost includes comparing each counted row in a boundary cell with every edge of the polygon at its height.</summary>
    [Theory]
    [InlineData("serviceRequestStats(city: \"nyc\", within: $a) { total }")]
    [InlineData("serviceRequestStats(city: \"nyc\", within: $a) { timeToClose { medianSeconds } }")]
    [InlineData("serviceRequestClusters(city: \"nyc\", within: $a, zoom: 13) { count }")]
    [InlineData("serviceRequests(city: \"nyc\", within: $a) { totalCount }")]
    public async Task A_comb_over_all_rows_costs_its_edges_for_all_of_them(string field)
    {
        const int Positions = 120;
        string query = $"query($a: AreaInput) {{ {field} }}";
        object Comb(double longitude) => new { a = new { polygon = CostShapes.Comb(longitude, Latitude, 0.1, Positions) } };
        fixture.Server.TakeStatements();
        Assert.Equal(TooExpensive, (await fixture.SendAsync(query, Comb(Longitude))).Code);
        Assert.DoesNotContain(
            fixture.Server.TakeStatements(), statement => statement.Contains("from service_request", StringComparison.Ordinal));

        // At sea, and as an outline.
        Assert.Null((await fixture.SendAsync(query, Comb(Longitude + 2))).Code);
        Assert.Null((await fixture.SendAsync(query, new { a = new { polygon = Shape("Polygon", Positions) } })).Code);
    }

    private static string Compared(string relation, string more, int conditions) => string.Create(CultureInfo.InvariantCulture,
        $"query($g: Geometry!) {{ serviceRequests(city: \"nyc\", where: {{category: {{code: {{eq: \"{CostCity.LargestCategory}\"}}}}, "
            + $"location: {{or: [{string.Join(", ", Enumerable.Repeat($"{{{relation}: {{geometry: $g{more}}}}}", conditions))}]}}}}) {{ "
            + $"nodes {{ id }} }} }}");

    private static JsonObject Shape(string kind, int positions) =>
        kind == "Polygon" ? CostShapes.Polygon(Longitude, Latitude, 0.2, positions) : CostShapes.Line(Longitude, Latitude, 0.2, positions);

    private static JsonObject Code(string operation, JsonNode code) => new() { ["code"] = new JsonObject { [operation] = code } };

    private static JsonObject Code(string operation, string[] codes) => Code(operation, new JsonArray([.. codes.Select(c => (JsonNode)c)]));

    private static JsonArray Many(string conditions) =>
        new([
            .. Enumerable
                .Range(0, 45)
                .Select(i =>
                    (JsonNode)
                        new JsonObject
                        {
                            [conditions == "titles" ? "title" : conditions] = conditions switch
                            {
                                "updates" => new JsonObject
                                {
                                    ["some"] = new JsonObject { ["note"] = new JsonObject { ["contains"] = $"zqx{i}" } },
                                },
                                "location" => new JsonObject
                                {
                                    ["distance"] = new JsonObject
                                    {
                                        ["geometry"] = CostShapes.Line(Longitude, Latitude, 0.2, 100),
                                        ["gt"] = 0,
                                    },
                                },
                                _ => new JsonObject { ["contains"] = $"zqx{i}" },
                            },
                        }
                ),
        ]);
}
