using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Subscriptions;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Clients;

/// <summary>graphql-ws from npm, alone and below Apollo Client and urql, over a server that is restarted.</summary>
[Collection(PostgresCollection.Name)]
public sealed class SocketClientTests(FollowedServer server, ITestOutputHelper output) : IClassFixture<FollowedServer>
{
    [Fact]
    public async Task They_miss_nothing_unmodified() => output.WriteLine(await server.RunAsync("sockets.mjs"));

    [Fact]
    public async Task They_come_back_after_each_close_code_that_says_so_and_after_no_other() =>
        output.WriteLine(await server.RunAsync("close-codes.mjs"));
}
