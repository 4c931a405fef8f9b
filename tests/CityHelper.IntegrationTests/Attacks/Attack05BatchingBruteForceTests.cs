using System.Net;
using System.Text.Json;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using CityHelper.Server.Http;
using Xunit;
using static CityHelper.IntegrationTests.Attacks.AttackedServer;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 5: many questions in one request, to try keys or to evade a limit that counts requests (OWASP). The limit is on cost.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack05BatchingBruteForceTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>, IDisposable
{
    private const string Guess = "query($id: String!) { serviceRequest(city: \"nyc\", externalId: $id) { title } }";

    public void Dispose() => Assert.Empty(fixture.Server.Errors);

    [Fact]
    public async Task Arrays_are_refused_unread_unless_they_are_switched_on()
    {
        fixture.Server.TakeStatements();
        (HttpResponseMessage response, JsonElement json) = await fixture.Server.PostAsync(Guesses(1_000));
        Assert.Equal((HttpStatusCode.BadRequest, "HC0009"), (response.StatusCode, CodeOf(json)));
        (response, json) = await fixture.Server.PostAsync(
            JsonSerializer.Serialize(
                new
                {
                    query = Guess,
                    variables = Enumerable
                        .Range(0, 100)
                        .Select(n => new { id = n.ToString(System.Globalization.CultureInfo.InvariantCulture) }),
                }
            ));
        Assert.Equal((HttpStatusCode.BadRequest, "HC0009"), (response.StatusCode, CodeOf(json)));
        Assert.Empty(fixture.Server.TakeStatements());
    }

    [Fact]
    public async Task A_batch_costs_no_more_than_one_request_may()
    {
        // A guess is one read and one object: 10, and 2 with the query itself.
        await using TestServer server = await TestServer.StartAsync(fixture.Database, settings: new Dictionary<string, string?>
        {
            [HttpSettings.BatchingKey] = "50",
            ["Clients:default:MaxFieldCost"] = "100",
        });
        (HttpResponseMessage response, JsonElement json) = await server.PostAsync(Guesses(50));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        string?[] codes = [.. json.EnumerateArray().Select(CodeOf)];
        Assert.Equal(10, codes.Count(code => code is null));
        Assert.All(codes.Skip(10), code => Assert.Equal("HC0047", code));

        // The next request has its own limit.
        Assert.Null(CodeOf((await server.PostAsync(Guesses(1))).Json[0]));
        Assert.Equal("HC0009", CodeOf((await server.PostAsync(Guesses(51))).Json));
        Assert.Empty(server.Errors);
    }

    /// <summary>Each alias is counted and costed as a question.</summary>
    [Fact]
    public async Task Guesses_under_aliases_are_counted_and_costed()
    {
        string Aliases(int count) => $"{{ {Repeat(count, i => $"r{i}: serviceRequest(city: \"nyc\", externalId: \"{i}\") {{ title }} ")}}}";
        await fixture.Server.RefusesAsync(Aliases(Limits.RootFieldsMax + 1), "OPERATION_TOO_LARGE");
        await using TestServer server = await TestServer.StartAsync(
            fixture.Database, settings: new Dictionary<string, string?> { ["Clients:default:MaxFieldCost"] = "100" });
        await server.AllowsAsync(Aliases(10));
        server.TakeStatements();
        await server.RefusesAsync(Aliases(11), "HC0047");
        Assert.Single(server.TakeStatements());
    }

    /// <summary>Ids in one list cost by their number.</summary>
    [Fact]
    public async Task Guesses_in_one_list_are_counted_and_costed()
    {
        string[] Ids(int count) => [.. Enumerable.Range(1, count).Select(n => new GlobalId("ServiceRequest", 1, n).ToString())];
        const string Nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on ServiceRequest { category { agency { code } } } } }";
        await using TestServer server = await TestServer.StartAsync(
            fixture.Database, settings: new Dictionary<string, string?> { ["Clients:default:MaxTypeCost"] = "100" });
        await server.AllowsAsync(Nodes, new { ids = Ids(20) });
        await server.RefusesAsync(Nodes, "HC0047", new { ids = Ids(50) });
        Assert.Equal("HC0076", CodeOf(await fixture.Server.QueryAsync(Nodes, new { ids = Ids(Limits.NodeIdsMax + 1) })));
    }

    private static string Guesses(int count) =>
        JsonSerializer.Serialize(
            Enumerable
                .Range(0, count)
                .Select(n => new { query = Guess, variables = new { id = n.ToString(System.Globalization.CultureInfo.InvariantCulture) } })
        );
}
