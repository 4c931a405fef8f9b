using CityHelper.IntegrationTests.Postgres;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Clients;

/// <summary>Apollo Client and its persisted-query link, from npm.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ApolloClientTests(NpmClientFixture fixture, ITestOutputHelper output) : IClassFixture<NpmClientFixture>
{
    [Fact]
    public async Task It_registers_pages_and_reads_errors_unmodified() => output.WriteLine(await fixture.RunAsync("apollo.mjs"));
}
