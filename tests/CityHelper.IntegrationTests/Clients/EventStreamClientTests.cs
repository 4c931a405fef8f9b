using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Subscriptions;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Clients;

/// <summary>graphql-sse and urql from npm, a browser's EventSource, and the explorer, over a server that is restarted.</summary>
[Collection(PostgresCollection.Name)]
public sealed class EventStreamClientTests(FollowedServer server, ITestOutputHelper output) : IClassFixture<FollowedServer>
{
    [Fact]
    public async Task They_miss_nothing_unmodified() => output.WriteLine(await server.RunAsync("event-streams.mjs"));

    /// <summary><c>eng/test</c> builds the page.</summary>
    [Fact]
    public async Task The_explorer_shows_events_as_they_come() => output.WriteLine(await server.RunAsync("explorer-events.mjs"));
}
