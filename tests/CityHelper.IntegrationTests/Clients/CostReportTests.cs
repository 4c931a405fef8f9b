using System.Net;
using System.Text.Json;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Clients;

/// <summary>The request header <c>GraphQL-Cost</c>, as in HotChocolate's documentation.</summary>
[Collection(PostgresCollection.Name)]
public sealed class CostReportTests(ClientFixture fixture) : IClassFixture<ClientFixture>
{
    private const string Text =
        "query($n: Int) { serviceRequests(city: \"nyc\", first: $n) { nodes { title category { name } updates(last: 2) { note } } } }";

    [Fact]
    public async Task A_report_tells_the_cost_and_what_running_took()
    {
        (HttpResponseMessage response, JsonElement json) = await fixture.PostAsync(
            new { query = Text, variables = new { n = 7 } }, ClientFixture.ExplorerKey, ("GraphQL-Cost", "report"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        JsonElement extensions = json.GetProperty("extensions");
        Assert.Equal("""{"fieldCost":25,"typeCost":30}""", extensions.GetProperty("operationCost").GetRawText());
        JsonElement cost = extensions.GetProperty("cost");
        JsonElement[] nodes = [.. json.GetProperty("data").GetProperty("serviceRequests").GetProperty("nodes").EnumerateArray()];
        Assert.Equal(7, nodes.Length);
        Assert.Equal(3, cost.GetProperty("statements").GetInt32());

        // The log position, and one row more than the page, which shows whether there is a next page.
        Assert.Equal(9 + nodes.Sum(n => n.GetProperty("updates").GetArrayLength()), cost.GetProperty("rows").GetInt32());
        Assert.Equal(json.GetProperty("data").GetRawText().Length + "{\"data\":}".Length, cost.GetProperty("bytes").GetInt32());
        Assert.True(cost.GetProperty("databaseMs").GetDouble() > 0);
        Assert.Equal(["data", "extensions"], json.EnumerateObject().Select(m => m.Name));
    }

    [Fact]
    public async Task A_validation_tells_the_cost_and_reads_nothing()
    {
        fixture.Server.TakeStatements();
        (HttpResponseMessage response, JsonElement json) = await fixture.PostAsync(
            new { query = Text, variables = new { n = 7 } }, ClientFixture.ExplorerKey, ("GraphQL-Cost", "validate"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("""{"extensions":{"operationCost":{"fieldCost":25,"typeCost":30}}}""", json.GetRawText());
        Assert.Empty(fixture.Server.TakeStatements());
        (_, json) = await fixture.PostAsync(
            new { query = Text, variables = new { n = 100 } }, ClientFixture.ExplorerKey, ("GraphQL-Cost", "validate"));
        Assert.Equal("HC0047", ClientFixture.Code(json));
    }

    [Fact]
    public async Task Another_value_is_refused() =>
        Assert.Equal(
            "HC0009",
            ClientFixture.Code((await fixture.PostAsync(new { query = Text }, ClientFixture.ExplorerKey, ("GraphQL-Cost", "guess"))).Json));
}
