using System.Text.Json;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using CityHelper.IntegrationTests.Subscriptions;
using CityHelper.IntegrationTests.Writing;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Clients;

/// <summary>graphql-ws, the client of graphql-transport-ws, from npm.</summary>
[Collection(PostgresCollection.Name)]
public sealed class GraphQLWsTests(SocketFixture fixture, ITestOutputHelper output) : IClassFixture<SocketFixture>
{
    [Fact]
    public async Task It_asks_subscribes_and_comes_back_unmodified()
    {
        await fixture.CursorAsync();
        (string request, string status) = await fixture.RequestAsync();
        string settings = JsonSerializer.Serialize(new
        {
            url = new UriBuilder(fixture.Server.Client.BaseAddress!) { Scheme = "ws", Path = "/graphql" }.Uri,
            changes = SocketFixture.Changes,
            mutation = WritingServer.TextOf("updateServiceRequestStatus"),
            request,
            statuses = new[] { status, status == "OPEN" ? "IN_PROGRESS" : "OPEN" },
        });
        output.WriteLine(await NodeScript.RunAsync("graphql-ws.mjs", settings));
    }
}
