using System.Text.Json;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Cost;
using CityHelper.Engine.Documents;
using CityHelper.Server.Schema;
using GraphQL.Types;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CityHelper.Tests.Engine;

/// <summary>Costs computed by hand: a read 10, an object 1, a condition 10, a condition that searches in a text 20.</summary>
public sealed class CostTests : IDisposable
{
    private readonly ServiceProvider _services = SchemaServices.CreateOffline();

    public void Dispose() => _services.Dispose();

    [Theory]
    [InlineData("{ __typename }", "{}", 0, 1)]
    [InlineData("{ city(slug: \"nyc\") { name } }", "{}", 10, 2)]
    [InlineData("{ city(slug: \"nyc\") { name bounds { west } } }", "{}", 11, 3)]
    [InlineData("{ nodes(ids: [\"a\", \"b\", \"c\"]) { id ... on City { bounds { west } } } }", "{}", 13.6, 7)]
    [InlineData("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", """{"ids":["a","b"]}""", 10.4, 3)]
    [InlineData("{ cities { slug } }", "{}", 10, 51)]
    [InlineData("{ cities { slug cursor } }", "{}", 20, 51)]
    [InlineData("{ serviceRequests(city: \"nyc\") { nodes { id } } }", "{}", 11, 12)]
    [InlineData(
        "{ serviceRequests(city: \"nyc\", first: 3) { nodes { id category { name } } edges { cursor } pageInfo { endCursor } } }",
        "{}",
        16,
        12)]
    [InlineData("query($n: Int) { serviceRequests(city: \"nyc\", last: $n) { edges { node { id } } } }", """{"n":20}""", 31, 42)]
    [InlineData("query($n: Int) { serviceRequests(city: \"nyc\", first: $n) { nodes { id } } }", """{"n":null}""", 11, 12)]
    [InlineData("query($n: Int) { serviceRequests(city: \"nyc\", first: $n) { nodes { id } } }", """{"n":-5}""", 11, 2)]
    [InlineData("query($n: Int) { serviceRequests(city: \"nyc\", first: $n) { nodes { id } } }", """{"n":2147483647}""", 11, 102)]
    [InlineData("{ serviceRequests(city: \"nyc\", where: {status: {eq: OPEN}}) { nodes { id } } }", "{}", 31, 12)]
    [InlineData(
        "{ serviceRequests(city: \"nyc\", where: {or: [{status: {eq: OPEN}}, {title: {contains: \"a\"}}]}, order: {createdAt: ASC}) { "
            + "nodes { id } } }",
        "{}",
        131,
        12)]
    [InlineData(
        "query($w: ServiceRequestFilterInput) { serviceRequests(city: \"nyc\", where: $w) { nodes { id } } }",
        """{"w":{"status":{"eq":"OPEN"}}}""",
        31,
        12)]
    [InlineData("query($w: ServiceRequestFilterInput) { serviceRequests(city: \"nyc\", where: $w) { nodes { id } } }", "{}", 11, 12)]
    [InlineData(
        "query($b: Boolean!) { serviceRequests(city: \"nyc\") { nodes { id category @include(if: $b) { name } } } }",
        """{"b":false}""",
        11,
        12)]
    [InlineData(
        "query($b: Boolean!) { serviceRequests(city: \"nyc\") { nodes { id category @include(if: $b) { name } } } }",
        """{"b":true}""",
        21,
        22)]
    [InlineData(
        "{ node(id: \"x\") { id ... on City { bounds { west } } ... on ServiceRequest { category { name agency { code } } } } }",
        "{}",
        12,
        4)]
    [InlineData("{ serviceRequestStats(city: \"nyc\") { total byCategory(first: 4) { count category { code } } } }", "{}", 45, 10)]
    [InlineData("{ serviceRequests(city: \"nyc\") { totalCount } }", "{}", 90, 2)]
    [InlineData(
        "{ city(slug: \"nyc\") { categories(first: 20) { totalCount nodes { serviceRequests(first: 1, where: {status: {eq: OPEN}}) { "
            + "totalCount } } } } }",
        "{}",
        341,
        43)]
    [InlineData("{ serviceRequests(city: \"nyc\", where: {updates: {some: {}}}) { nodes { id } } }", "{}", 361, 12)]
    [InlineData("{ serviceRequestStats(city: \"nyc\") { overdue byDay { count } timeToClose { count } } }", "{}", 602, 55)]
    [InlineData("{ serviceRequestStats(city: \"nyc\", where: {category: {code: {eq: \"noise\"}}}) { total } }", "{}", 60, 2)]
    [InlineData("{ serviceRequestStats(city: \"nyc\", where: {title: {eq: \"noise\"}}) { total } }", "{}", 200, 2)]
    [InlineData("{ serviceRequestStats(city: \"nyc\", where: {title: null}) { total } }", "{}", 50, 2)]
    [InlineData(
        "{ serviceRequestStats(city: \"nyc\", where: {or: [{createdAt: {lt: \"2025-01-01T00:00:00Z\"}}]}) { total } }", "{}", 170, 2)]
    [InlineData(
        "query($s: [ServiceRequestStatus!]) { serviceRequests(city: \"nyc\", where: {status: {in: $s}}) { nodes { id } } }",
        """{"s":["OPEN","PENDING"]}""",
        31.4,
        12)]
    [InlineData(
        "query($s: [ServiceRequestStatus!]) { serviceRequests(city: \"nyc\", where: {status: {in: $s}}) { nodes { id } } }",
        """{"s":[]}""",
        31,
        12)]
    public async Task An_operation_costs_what_its_weights_say(string text, string variables, double fieldCost, double typeCost) =>
        Assert.Equal(new CostMetrics(fieldCost, typeCost), await CostAsync(text, variables));

    /// <summary>Fragments and repeated selections with the same response name are one field.</summary>
    [Fact]
    public async Task What_is_selected_twice_under_one_name_counts_once() =>
        Assert.Equal(
            await CostAsync("{ serviceRequests(city: \"nyc\") { nodes { category { name code } } } }", "{}"),
            await CostAsync(
                "{ serviceRequests(city: \"nyc\") { nodes { category { name } ...f ... on ServiceRequest { category { code } } } } } "
                    + "fragment f on ServiceRequest { category { name } }",
                "{}"));

    /// <summary>
    /// A geometry in the variables costs by its positions, and by its parts where a distance is measured. Each distance comparison computes
    /// the distance again.
    /// </summary>
    [Theory]
    [InlineData("intersects: {geometry: $g}", "LineString", 121, 0.3)]
    [InlineData("touches: {geometry: $g}", "MultiPoint", 91, 0.05)]
    [InlineData("intersects: {geometry: $g, buffer: 0.001}", "Polygon", 91.4, 0.3)]
    [InlineData("distance: {geometry: $g, lt: 1}", "MultiPoint", 101, 0.7)]
    [InlineData("distance: {geometry: $g, gt: 0, lt: 1}", "MultiPoint", 111, 1.4)]
    [InlineData("and: [{distance: {geometry: $g, lt: 1}}, {distance: {geometry: $g, nlt: 0.1}}]", "LineString", 142.2, 0.9)]
    public async Task A_geometry_costs_by_its_positions(string condition, string kind, double fixedCost, double perPosition)
    {
        foreach (int positions in new[] { 4, 40, 400 })
        {
            CostMetrics cost = await CostAsync(Compared(condition), $"{{\"g\":{Geometry(kind, positions)}}}");
            Assert.Equal(fixedCost + positions * perPosition, cost.FieldCost, 6);
            Assert.Equal(12, cost.TypeCost);
        }
    }

    /// <summary>
    /// A polygon costs by its positions, and by the edges compared with a point at one height: two of an outline, all of an upright comb.
    /// </summary>
    [Theory]
    [InlineData("intersects: {geometry: $g}", 91, 0.05)]
    [InlineData("nwithin: {geometry: $g}", 91, 0.05)]
    public async Task A_polygon_costs_by_its_edges_at_one_height(string condition, double fixedCost, double perPosition)
    {
        const double Edge = 2;
        foreach (int positions in new[] { 40, 400 })
        {
            double outline = (await CostAsync(Compared(condition), $"{{\"g\":{Geometry("Polygon", positions)}}}")).FieldCost;
            Assert.InRange(outline - positions * perPosition, fixedCost + 2 * Edge, fixedCost + 4 * Edge);
        }

        string comb = string.Join(
            ',', Enumerable.Range(0, 201).Select(i => FormattableString.Invariant($"[{i / 1000.0},{(i % 2 == 0 ? 1 : 0)}]")));
        string geometry = $"{{\"type\":\"Polygon\",\"coordinates\":[[{comb},[0.2,-1],[0,-1],[0,1]]]}}";
        Assert.Equal(
            fixedCost + 204 * perPosition + 202 * Edge, (await CostAsync(Compared(condition), $"{{\"g\":{geometry}}}")).FieldCost, 6);
    }

    [Fact]
    public async Task An_area_costs_by_its_size_and_positions()
    {
        const string Text = "query($a: AreaInput) { serviceRequests(city: \"nyc\", within: $a) { nodes { id } } }";
        Assert.Equal(111, (await CostAsync(Text, """{"a":{"viewport":{"west":0,"south":0,"east":1,"north":1}}}""")).FieldCost);
        Assert.InRange((await CostAsync(Text, $"{{\"a\":{{\"polygon\":{Geometry("Polygon", 1_000)}}}}}")).FieldCost, 185, 189);
    }

    /// <summary>45 conditions that share a variable of 3,000 positions cost 45 times one condition.</summary>
    [Fact]
    public async Task A_variable_that_is_used_many_times_costs_each_time()
    {
        string conditions = string.Join(", ", Enumerable.Repeat("{distance: {geometry: $g, gt: 0}}", 45));
        string text =
            $"query($g: Geometry!) {{ serviceRequests(city: \"nyc\", where: {{location: {{and: [{conditions}]}}}}) {{ nodes {{ id }} }} }}";
        Assert.Equal(61 + 45 * (40 + 900.4), (await CostAsync(text, $"{{\"g\":{Geometry("LineString", 3_000)}}}")).FieldCost, 6);
    }

    private static string Compared(string condition) =>
        $"query($g: Geometry!) {{ serviceRequests(city: \"nyc\", where: {{location: {{{condition}}}}}) {{ nodes {{ id }} }} }}";

    private static string Geometry(string kind, int positions)
    {
        string[] all = [.. Enumerable.Range(0, positions).Select(i => i == positions - 1 && kind == "Polygon" ? 0 : i)
            .Select(i => FormattableString.Invariant($"[{Math.Cos(6.28 * i / positions):R},{Math.Sin(6.28 * i / positions):R}]"))];
        string list = $"[{string.Join(',', all)}]";
        return $"{{\"type\":\"{kind}\",\"coordinates\":{(kind == "Polygon" ? $"[{list}]" : list)}}}";
    }

    /// <summary>The cost limit of a published operation depends on its usual variables, whatever the manifest says.</summary>
    [Fact]
    public async Task A_published_operation_may_cost_a_multiple_of_its_usual_variables()
    {
        var schema = _services.GetRequiredService<ISchema>();
        FoundOperation compiled = await FoundOperation.CompileAsync(
            new OperationCompiler(schema),
            new CostAnalyser(schema),
            "query Q($first: Int!) { serviceRequests(city: \"nyc\", first: $first) { nodes { id } } }",
            null,
            CancellationToken.None);
        Assert.Equal(new CostLimit(165, 240), compiled.Limit);
        Assert.Null(compiled.Limit!.Check(new CostMetrics(165, 240)));
        Assert.IsType<FieldCostExceededError>(compiled.Limit.Check(new CostMetrics(166, 1)));
        Assert.Equal(new CostLimit(50, 240), compiled.Limit.And(new CostLimit(50, 300)));
    }

    [Fact]
    public void A_cost_is_held_against_both_limits()
    {
        CostLimit limit = new CostLimit(100, 200);
        Assert.Null(limit.Check(new CostMetrics(100, 200)));
        Assert.IsType<FieldCostExceededError>(limit.Check(new CostMetrics(100.5, 0)));
        Assert.IsType<TypeCostExceededError>(limit.Check(new CostMetrics(0, 201)));
    }

    private async Task<CostMetrics> CostAsync(string text, string variables)
    {
        var schema = _services.GetRequiredService<ISchema>();
        Operation operation = (await new OperationCompiler(schema).CompileAsync(text, null, CancellationToken.None)).Operation!;
        using var json = JsonDocument.Parse(variables);
        VariableValues values = VariableValues.Coerce(operation.Variables, json.RootElement).Values!;
        return new CostPlanner(schema, operation, values).Compile().Of(values);
    }
}
