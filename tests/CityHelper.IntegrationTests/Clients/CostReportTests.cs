using System.Net;
using System.Text.Json;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Clients;

/// <summary>The header <c>GraphQL-Cost</c> (conventions §11).</summary>
[Collection(PostgresCollection.Name)]
public sealed class CostReportTests(ClientHouse house) : IClassFixture<ClientHouse>
{
    private const string Text = "query($n: Int) { serviceRequests(city: \"nyc\", first: $n) { nodes { title category { name } updates(last: 2) { note } } } }";

    [Fact]
    public async Task A_report_tells_the_price_and_what_running_took()
    {
        (HttpResponseMessage response, JsonElement json) = await house.PostAsync(
            new { query = Text, variables = new { n = 7 } }, ClientHouse.ExplorerKey, ("GraphQL-Cost", "report"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        JsonElement extensions = json.GetProperty("extensions");
        Assert.Equal("""{"fieldCost":25,"typeCost":30}""", extensions.GetProperty("operationCost").GetRawText());
        JsonElement cost = extensions.GetProperty("cost");
        JsonElement[] nodes = [.. json.GetProperty("data").GetProperty("serviceRequests").GetProperty("nodes").EnumerateArray()];
        Assert.Equal(7, nodes.Length);
        Assert.Equal(2, cost.GetProperty("statements").GetInt32());

        // One more than the page, which tells whether there is a next one.
        Assert.Equal(8 + nodes.Sum(n => n.GetProperty("updates").GetArrayLength()), cost.GetProperty("rows").GetInt32());
        Assert.Equal(json.GetProperty("data").GetRawText().Length + "{\"data\":}".Length, cost.GetProperty("bytes").GetInt32());
        Assert.True(cost.GetProperty("databaseMs").GetDouble() > 0);
        Assert.Equal(["data", "extensions"], json.EnumerateObject().Select(m => m.Name));
    }

    [Fact]
    public async Task A_validation_tells_the_price_and_reads_nothing()
    {
        house.Server.TakeStatements();
        (HttpResponseMessage response, JsonElement json) = await house.PostAsync(
            new { query = Text, variables = new { n = 7 } }, ClientHouse.ExplorerKey, ("GraphQL-Cost", "validate"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("""{"extensions":{"operationCost":{"fieldCost":25,"typeCost":30}}}""", json.GetRawText());
        Assert.Empty(house.Server.TakeStatements());
        (_, json) = await house.PostAsync(new { query = Text, variables = new { n = 100 } }, ClientHouse.ExplorerKey, ("GraphQL-Cost", "validate"));
        Assert.Equal("HC0047", ClientHouse.Code(json));
    }

    [Fact]
    public async Task Another_value_is_refused() => Assert.Equal(
        "HC0009", ClientHouse.Code((await house.PostAsync(new { query = Text }, ClientHouse.ExplorerKey, ("GraphQL-Cost", "guess"))).Json));
}
