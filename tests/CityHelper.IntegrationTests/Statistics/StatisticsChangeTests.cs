using System.Text.Json;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Transport;
using CityHelper.IntegrationTests.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CityHelper.IntegrationTests.Statistics;

/// <summary>
/// What uncompacted changes cost: each is read once. Joined with an area's cells, or with each other, 680 changes took 1.4 s when the
/// planner estimated one row, as it does for any filter.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class StatisticsChangeTests(StatisticsFixture fixture) : IClassFixture<StatisticsFixture>
{
    private const string Wide = """{"viewport": {"west": -77.29, "south": 39.08, "east": -70.64, "north": 42.41}}""";
    private const string City = """{"viewport": {"west": -74.27, "south": 40.48, "east": -73.69, "north": 40.93}}""";
    private const string Drawn =
        """{"polygon": {"type": "Polygon", "coordinates": """
            + """[[[-74.2, 40.5], [-73.75, 40.52], [-73.8, 40.9], [-74.0, 40.7], [-74.2, 40.5]]]}}""";
    private const string Filtered =
        """{"status": {"in": ["RESOLVED"]}, "category": {"code": {"eq": "heat-hot-water"}}, "agency": {"code": {"neq": "NYPD"}}}""";

    [Theory]
    [InlineData(Wide, Filtered)]
    [InlineData(City, Filtered)]
    [InlineData(Drawn, Filtered)]
    [InlineData(Drawn, "{}")]
    [InlineData(Drawn, """{"createdAt": {"gte": "2020-01-01T00:00:00Z", "lt": "2024-03-05T00:00:00Z"}}""")]
    public async Task Changes_that_wait_are_looked_at_once(string within, string where)
    {
        const string Query =
            """
            query($within: AreaInput, $where: ServiceRequestFilterInput) {
              serviceRequestStats(city: "nyc", within: $within, where: $where) {
                total byStatus { count } byCategory { count } byMonth { count } timeToClose { count } }
              serviceRequestClusters(city: "nyc", within: $within, where: $where, zoom: 9) { count topCategory { code } }
            }
            """;
        JsonElement variables = JsonSerializer.SerializeToElement(
            new { within = JsonDocument.Parse(within).RootElement, where = JsonDocument.Parse(where).RootElement });
        Operation operation = (
            await fixture.Server.Services.GetRequiredService<OperationCompiler>().CompileAsync(Query, null, CancellationToken.None)
        ).Operation!;
        IReadOnlyList<StatementExplanation> explanations = await fixture
            .Server.Services.GetRequiredService<OperationExplainer>()
            .ExplainAsync(operation, variables, CancellationToken.None);
        Assert.Contains(explanations, e => e.Sql.Contains("from service_request_delta ", StringComparison.Ordinal));
        await using var count = fixture.Direct.CreateCommand("select count(*) from service_request_delta");
        long changes = (long)(await count.ExecuteScalarAsync())!;
        Assert.True(changes > 400, $"{changes} changes prove too little");
        foreach (StatementExplanation explanation in explanations)
        {
            foreach (JsonElement node in Nodes(JsonDocument.Parse(explanation.Json).RootElement[0].GetProperty("Plan")))
            {
                Assert.True(
                    Number(node, "Rows Removed by Join Filter") * Number(node, "Actual Loops") <= changes, $"{node}\n{explanation.Sql}");
                bool isOfChanges =
                    node.TryGetProperty("Relation Name", out JsonElement name) && name.GetString() == "service_request_delta";
                Assert.True(!isOfChanges || Number(node, "Actual Loops") <= 1, $"{node}\n{explanation.Sql}");
            }
        }
    }

    private static double Number(JsonElement node, string property) =>
        node.TryGetProperty(property, out JsonElement value) ? value.GetDouble() : 0;

    private static IEnumerable<JsonElement> Nodes(JsonElement node) =>
        node.TryGetProperty("Plans", out JsonElement plans) ? plans.EnumerateArray().SelectMany(Nodes).Prepend(node) : [node];
}
