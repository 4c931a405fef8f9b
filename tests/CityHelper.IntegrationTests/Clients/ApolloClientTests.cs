using CityHelper.IntegrationTests.Postgres;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Clients;

/// <summary>Apollo Client and its persisted-query link, as npm has them.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ApolloClientTests(NpmClientHouse house, ITestOutputHelper output) : IClassFixture<NpmClientHouse>
{
    [Fact]
    public async Task It_registers_pages_and_reads_errors_unmodified() => output.WriteLine(await house.RunAsync("apollo.mjs"));
}
