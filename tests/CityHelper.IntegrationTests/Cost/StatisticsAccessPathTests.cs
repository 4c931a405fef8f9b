using System.Text.Json;
using CityHelper.Checks.PlanAudits;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Transport;
using CityHelper.IntegrationTests.Attacks;
using CityHelper.IntegrationTests.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CityHelper.IntegrationTests.Cost;

/// <summary>
/// How statistics of an area find their rows: by the cells, each read once, or by a filter that leaves few rows, each read once. Scanning
/// the filter's index again for each run of cells took 1.7 s for 41 categories and 328 runs.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class StatisticsAccessPathTests(AttackFixture fixture) : IClassFixture<AttackFixture>
{
    private const string Viewport = """{"viewport": {"west": -74.2, "south": 40.5, "east": -73.7, "north": 40.95}}""";
    private const string Drawn =
        """{"polygon": {"type": "Polygon", "coordinates": """
            + """[[[-74.2, 40.5], [-73.75, 40.52], [-73.8, 40.9], [-74.0, 40.7], [-74.2, 40.5]]]}}""";
    private const string Circle = """{"circle": {"longitude": -73.9, "latitude": 40.75, "metres": 12000}}""";

    [Theory]
    [InlineData(Viewport, """{"category": {"code": {"eq": "noise-residential"}}, "title": {"ncontains": "zqx"}}""")]
    [InlineData(Drawn, """{"category": {"code": {"eq": "noise-residential"}}, "status": {"eq": "DUPLICATE"}}""")]
    [InlineData(
        Circle,
        """{"category": {"code": {"in": ["noise-residential", "heat-hot-water", "rodent"]}}"""
            + """, "status": {"eq": "DUPLICATE"}, "externalId": {"nin": ["a"]}}""")]
    [InlineData(Drawn, """{"id": {"in": $ids}, "status": {"neq": "OPEN"}}""")]
    [InlineData(Viewport, """{"externalId": {"in": $externalIds}, "status": {"neq": "OPEN"}}""")]
    public async Task Rows_of_an_area_are_gone_through_once(string within, string where)
    {
        var city = await CityHelper.Benchmarks.Cost.Generated.CostCity.ReadAsync(text => fixture.Server.DataAsync(text));
        string filled = where
            .Replace("$ids", JsonSerializer.Serialize(city.Requests.Select(r => r.Id).Take(700)), StringComparison.Ordinal)
            .Replace("$externalIds", JsonSerializer.Serialize(city.Requests.Select(r => r.ExternalId).Take(700)), StringComparison.Ordinal);
        foreach (
            string selected in new[]
            {
                "serviceRequestStats { total byStatus { count } }",
                "serviceRequestStats { byDay { count } }",
                "serviceRequestStats { timeToClose { count } }",
                "serviceRequestClusters { count }",
            }
        )
        {
            (string field, string selection) = (selected[..selected.IndexOf(' ')], selected[selected.IndexOf('{')..]);
            string zoom = field == "serviceRequestClusters" ? ", zoom: 12" : "";
            string text =
                $"query($within: AreaInput, $where: ServiceRequestFilterInput) {{ {field}(city: \"nyc\", within: $within, where: "
                    + $"$where{zoom}) {selection} }}";
            JsonElement variables = JsonSerializer.SerializeToElement(
                new { within = JsonDocument.Parse(within).RootElement, where = JsonDocument.Parse(filled).RootElement });
            Operation operation = (
                await fixture.Server.Services.GetRequiredService<OperationCompiler>().CompileAsync(text, null, CancellationToken.None)
            ).Operation!;
            IReadOnlyList<StatementExplanation> statements = await fixture
                .Server.Services.GetRequiredService<OperationExplainer>()
                .ExplainAsync(operation, variables, CancellationToken.None);
            Assert.All(
                statements,
                s =>
                    Assert.InRange(
                        PlanNode.Read(s.Json).All.Where(n => n.Relation is not null).Sum(n => n.RowsSeen), 0, 1.2 * AttackFixture.Requests)
            );
        }
    }
}
