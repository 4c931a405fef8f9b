using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Subscriptions;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Clients;

/// <summary>graphql-sse and urql from npm, and a browser's EventSource, over a server that is restarted.</summary>
[Collection(PostgresCollection.Name)]
public sealed class EventStreamClientTests(FollowedServer server, ITestOutputHelper output) : IClassFixture<FollowedServer>
{
    [Fact]
    public async Task They_miss_nothing_unmodified() => output.WriteLine(await server.RunAsync("event-streams.mjs"));
}
