using CityHelper.IntegrationTests.Postgres;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Clients;

/// <summary>urql and its exchanges for persisted operations and for a normalised cache, from npm.</summary>
[Collection(PostgresCollection.Name)]
public sealed class UrqlTests(NpmClientFixture fixture, ITestOutputHelper output) : IClassFixture<NpmClientFixture>
{
    [Fact]
    public async Task It_registers_pages_and_reads_errors_unmodified() => output.WriteLine(await fixture.RunAsync("urql.mjs"));
}
