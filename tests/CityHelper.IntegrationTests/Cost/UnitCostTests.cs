using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CityHelper.Benchmarks.Cost.Generated;
using CityHelper.Checks.PlanAudits;
using CityHelper.Engine;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Transport;
using CityHelper.IntegrationTests.Attacks;
using CityHelper.IntegrationTests.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Cost;

/// <summary>
/// Counts PostgreSQL's work per unit of cost; a short version of <c>eng/bench cost</c>, which measures time. The cost covers the work of
/// every admitted request, as text or with variables of a published operation.
/// </summary>
/// <remarks>
/// <c>CITYHELPER_COST_REQUESTS</c> sets the number of requests of each kind, <c>CITYHELPER_COST_SEED</c> selects them.
/// </remarks>
[Collection(PostgresCollection.Name)]
public sealed class UnitCostTests(AttackFixture fixture, ITestOutputHelper output) : IClassFixture<AttackFixture>
{
    /// <summary>
    /// Buffers per unit. A filter checked row by row costs 80 and may read a fifth of the rows, each in its own buffer when an index finds
    /// them, and once more when they are counted.
    /// </summary>
    private const double BuffersMax = 800;

    /// <summary>Rows and index entries per unit: counting all of a city costs 90.</summary>
    private const double RowsMax = 1_500;

    private const int Shown = 3;

    [Theory]
    [InlineData("text")]
    [InlineData("published")]
    public async Task A_unit_of_cost_reads_a_bounded_number_of_rows(string kind)
    {
        int seed = Setting("SEED") ?? 12;
        int count = Setting("REQUESTS") ?? 150;
        CostCity city = await CostCity.ReadAsync(text => fixture.Server.DataAsync(text));
        Func<int, CostRequest> make = kind == "text" ? new CostGenerator(city, seed).Request : new PublishedRequests(city, seed).Request;
        List<(CostRequest Request, double Buffers, double Rows)> units = [];
        int made = 0;
        for (; units.Count < count; made++)
        {
            Assert.True(made < 20 * count, $"of {made} requests only {units.Count} were admitted");
            CostRequest request = make(made);
            if (await CostAsync(request) is { } cost && await ReadAsync(request) is { } read)
            {
                units.Add((request, read.Buffers / Math.Max(1, cost), read.Rows / Math.Max(1, cost)));
            }
        }

        output.WriteLine($"{made} made, {units.Count} admitted");
        output.WriteLine(
            string.Join(
                '\n', units.OrderByDescending(u => u.Buffers).Take(Shown).Select(u => Text($"{u.Buffers:F0} buffers a unit: {u.Request}")))
        );
        output.WriteLine(
            string.Join('\n', units.OrderByDescending(u => u.Rows).Take(Shown).Select(u => Text($"{u.Rows:F0} rows a unit: {u.Request}"))));
        Assert.InRange(units.Max(u => u.Buffers), 0, BuffersMax);
        Assert.InRange(units.Max(u => u.Rows), 0, RowsMax);
        Assert.Empty(fixture.Server.Errors);
    }

    private OperationRegistry Registry => fixture.Server.Services.GetRequiredService<OperationRegistry>();

    // Null for a refused request.
    private async Task<double?> CostAsync(CostRequest request)
    {
        var body = new JsonObject { ["variables"] = request.Variables.DeepClone() };
        body[request.Operation is null ? "query" : "id"] = request.Text ?? Registry.Published.Single(o => o.Name == request.Operation).Id;
        using var message = new HttpRequestMessage(HttpMethod.Post, "/graphql")
        {
            Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"),
        };
        message.Headers.Add("GraphQL-Cost", "validate");
        (HttpResponseMessage response, JsonElement json) = await fixture.Server.SendAsync(message);
        response.Dispose();
        return json.TryGetProperty("errors", out _)
            ? null
            : json.GetProperty("extensions").GetProperty("operationCost").GetProperty("fieldCost").GetDouble();
    }

    private async Task<(double Buffers, double Rows)?> ReadAsync(CostRequest request)
    {
        Operation operation = request.Text is { } text
            ? (await Registry.CompileAsync(text, null, CancellationToken.None)).Operation!
            : Registry.Published.Single(o => o.Name == request.Operation);
        (IReadOnlyList<StatementExplanation> statements, IReadOnlyList<RequestError> refusals) = await fixture
            .Server.Services.GetRequiredService<OperationExplainer>()
            .TryExplainAsync(operation, JsonSerializer.SerializeToElement(request.Variables), CancellationToken.None);
        PlanNode[] plans = [.. statements.Select(s => PlanNode.Read(s.Json))];
        return refusals.Count > 0 ? null : (plans.Sum(p => p.Buffers), plans.SelectMany(p => p.All).Sum(n => n.RowsSeen));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable($"CITYHELPER_COST_{name}"), CultureInfo.InvariantCulture, out int value)
            ? value
            : null;
}
