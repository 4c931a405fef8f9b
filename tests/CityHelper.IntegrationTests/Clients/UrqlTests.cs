using CityHelper.IntegrationTests.Postgres;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Clients;

/// <summary>urql and its exchanges for persisted operations and for a normalised cache, as npm has them.</summary>
[Collection(PostgresCollection.Name)]
public sealed class UrqlTests(NpmClientHouse house, ITestOutputHelper output) : IClassFixture<NpmClientHouse>
{
    [Fact]
    public async Task It_registers_pages_and_reads_errors_unmodified() => output.WriteLine(await house.RunAsync("urql.mjs"));
}
