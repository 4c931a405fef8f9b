using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Xunit;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>GraphQL over HTTP, as the reference implementation's package (graphql-http) audits servers.</summary>
[Collection(PostgresCollection.Name)]
public sealed class HttpAuditTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>
{
    /// <summary>The number in version 1.23.1; a newer version with more audits needs a review.</summary>
    private const int Audits = 61;

    [Fact]
    public async Task Every_audit_is_ok_and_none_warns()
    {
        string output = await NodeScript.RunAsync("audits.mjs", new Uri(fixture.Server.Client.BaseAddress!, "/graphql").ToString());
        Assert.EndsWith($"{Audits} ok, 0 warnings, 0 errors", output.TrimEnd(), StringComparison.Ordinal);
    }
}
