using System.Text;
using CityHelper.Engine.Clients;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 13: one answer under many URLs fills caches. A URL that a cache reads differently from the server makes it serve one person's
/// answer to another. Only one spelling is cacheable; other spellings work, and their answers must not be stored.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack13CacheKeyTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>, IDisposable
{
    private const string Cacheable = "public, max-age=60, stale-while-revalidate=30, stale-if-error=0";

    // The members in the order of RFC 8785; {path} and {query} are the canonical ones.
    private const string Variables = """{"city":"nyc","externalId":"40000007"}""";
    private const string Query = "?variables=%7B%22city%22%3A%22nyc%22%2C%22externalId%22%3A%2240000007%22%7D";

    private string Id => Published("ServiceRequestByExternalId");

    private string Path => $"/graphql/persisted/{Id}/ServiceRequestByExternalId";

    public void Dispose() => Assert.Empty(fixture.Server.Errors);

    [Fact]
    public async Task The_canonical_address_may_be_kept()
    {
        Assert.Equal(Query, $"?variables={Uri.EscapeDataString(Variables)}");
        Assert.Equal((200, Cacheable), await GetAsync(Path + Query));
        Assert.Equal((200, Cacheable), await GetAsync(Path + Query, "HEAD"));
        Assert.Equal(
            (200, "public, max-age=300, stale-while-revalidate=600, stale-if-error=0"),
            await GetAsync($"/graphql/persisted/{Published("Cities")}/Cities"));
    }

    [Theory]

    // The path.
    [InlineData("/GRAPHQL/persisted/{id}/{name}{query}")]
    [InlineData("/graphql/Persisted/{id}/{name}{query}")]
    [InlineData("/graphql/persisted/{id}/{name}/{query}")]
    [InlineData("/graphql//persisted/{id}/{name}{query}")]
    [InlineData("//graphql/persisted/{id}/{name}{query}")]
    [InlineData("/graphql/./persisted/{id}/{name}{query}")]
    [InlineData("/graphql/x/../persisted/{id}/{name}{query}")]
    [InlineData("/graphql/persisted/{id}/ServiceRequest%42yExternalId{query}")]
    [InlineData("/graphql/persisted/{id}/%53erviceRequestByExternalId{query}")]
    [InlineData("/graphq%6C/persisted/{id}/{name}{query}")]
    [InlineData("/graphql%2Fpersisted/{id}/{name}{query}")]
    [InlineData("/graphql/persisted/{ID}/{name}{query}")]
    [InlineData("/graphql/persisted/{id}/{name};v=1{query}")]
    [InlineData("/graphql/persisted/{id}/{name}.css{query}")]
    [InlineData("/graphql/persisted/{id}/{name}%00{query}")]
    [InlineData("/graphql/persisted/{id}/{name}%20{query}")]
    [InlineData("http://localhost/graphql/persisted/{id}/{name}{query}")]
    [InlineData("/graphql/persisted/{id}{query}")]
    [InlineData("/graphql{query}&id={id}")]

    // The query.
    [InlineData("{path}{query}&")]
    [InlineData("{path}?&variables={variables}")]
    [InlineData("{path}{query}&utm_source=mail")]
    [InlineData("{path}?utm_source=mail&variables={variables}")]
    [InlineData("{path}{query}&variables={variables}")]
    [InlineData("{path}{query}&variables=")]
    [InlineData("{path}?variables=&variables={variables}")]
    [InlineData("{path}{query}&operationName={name}")]
    [InlineData("{path}{query}&query=")]
    [InlineData("{path}{query}&extensions=%7B%7D")]
    [InlineData("{path}?Variables={variables}")]
    [InlineData("{path}?variable%73={variables}")]
    [InlineData("{path}?%76ariables={variables}")]
    [InlineData("{path}?+variables={variables}")]
    [InlineData("{path}{query};a=b")]
    [InlineData("{path}?a=b;variables={variables}")]
    [InlineData("{path}{query}#part")]
    [InlineData("{path}{query}%00")]
    [InlineData("{path}??variables={variables}")]

    // The encoding of the variables.
    [InlineData("""{path}?variables={"city":"nyc","externalId":"40000007"}""")]
    [InlineData("{path}?variables=%7b%22city%22%3a%22nyc%22%2c%22externalId%22%3a%2240000007%22%7d")]
    [InlineData("{path}?variables=%7B%22city%22:%22nyc%22,%22externalId%22:%2240000007%22%7D")]
    [InlineData("{path}?variables=%7B%22cit%79%22%3A%22nyc%22%2C%22externalId%22%3A%2240000007%22%7D")]
    [InlineData("{path}?variables=+{variables}")]
    [InlineData("{path}?variables={variables}%20")]
    [InlineData("{path}?variables=%EF%BB%BF{variables}")]

    // The JSON of the variables; plain here, and percent-encoded by the test.
    [InlineData("""{path}?variables=<{"externalId":"40000007","city":"nyc"}>""")]
    [InlineData("""{path}?variables=<{"city": "nyc","externalId":"40000007"}>""")]
    [InlineData("""{path}?variables=<{"city":"n\u0079c","externalId":"40000007"}>""")]
    [InlineData("""{path}?variables=<{"cit\u0079":"nyc","externalId":"40000007"}>""")]
    [InlineData("""{path}?variables=<{"city":"nyc","city":"nyc","externalId":"40000007"}>""")]
    [InlineData("""{path}?variables=<{"city":"nyc","externalId":"40000007","externalId":"40000008"}>""")]
    [InlineData("""{path}?variables=<{"city":"nyc","externalId":"40000007","more":1}>""")]
    [InlineData("""{path}?variables=<{"city":"nyc","externalId":"40000007","":null}>""")]
    [InlineData("""{path}?variables=<{"City":"x","city":"nyc","externalId":"40000007"}>""")]
    [InlineData("""{path}?variables=<{"city":"nyc","externalId":"40000007",}>""")]
    [InlineData("""{path}?variables=<{"city":"nyc","externalId":"40000007"}{}>""")]
    [InlineData("""{path}?variables=<[{"city":"nyc","externalId":"40000007"}]>""")]
    [InlineData("""{path}?variables=<{"city":"nyc","externalId":40000007}>""")]
    public async Task Another_spelling_may_not(string spelling)
    {
        string target = Fill(spelling, "ServiceRequestByExternalId", Path, Query);
        Assert.NotEqual(Path + Query, target);
        (int status, string? cacheControl) = await GetAsync(target);
        Assert.True(status is 400 or 404 || cacheControl == "no-store", $"{target} is answered {status}, {cacheControl}.");
        Assert.True(cacheControl is null or "no-store", $"{target} is answered {status}, {cacheControl}.");
    }

    /// <summary>Numbers, lists and nested objects: each question has one cacheable URL.</summary>
    [Theory]
    [InlineData("""{"city":"nyc","first":3,"viewport":{"east":-73.965,"north":40.755,"south":40.745,"west":-73.98}}""", true)]
    [InlineData("""{"city":"nyc","first":3,"viewport":{"west":-73.98,"south":40.745,"east":-73.965,"north":40.755}}""", false)]
    [InlineData("""{"city":"nyc","first":3,"viewport":{"east":-73.9650,"north":40.755,"south":40.745,"west":-73.98}}""", false)]
    [InlineData("""{"city":"nyc","first":3,"viewport":{"east":-7.3965e1,"north":40.755,"south":40.745,"west":-73.98}}""", false)]
    [InlineData(
        """{"city":"nyc","first":3,"viewport":{"east":-73.96500000000000000001,"north":40.755,"south":40.745,"west":-73.98}}""", false)]
    [InlineData("""{"city":"nyc","first":3.0,"viewport":{"east":-73.965,"north":40.755,"south":40.745,"west":-73.98}}""", false)]
    [InlineData("""{"city":"nyc","first":3,"viewport":{"east":-73.965,"north":41,"south":40,"west":-73.98}}""", true)]
    [InlineData("""{"city":"nyc","first":3,"viewport":{"east":-73.965,"north":41.0,"south":40,"west":-73.98}}""", false)]
    [InlineData(
        """{"city":"nyc","first":3,"viewport":{"east":-73.965,"north":40.755,"south":40.745,"west":-73.98}"""
            + ""","where":{"category":{"code":{"in":["rodent","heat-hot-water"]}}}}""",
        true)]
    [InlineData(
        """{"city":"nyc","first":3,"viewport":{"east":-73.965,"north":40.755,"south":40.745,"west":-73.98}"""
            + ""","where":{"category":{"code":{"in":["rodent", "heat-hot-water"]}}}}""",
        false)]
    [InlineData(
        """{"city":"nyc","first":3,"viewport":{"east":-73.965,"north":40.755,"south":40.745,"west":-73.98}"""
            + ""","where":{"title":{"contains":"it's (\u00fc)*!"},"category":{"code":{"eq":"rodent"}}}}""",
        false)]
    public async Task Canonical_json_is_that_of_RFC_8785(string variables, bool isCanonical)
    {
        (int status, string? cacheControl) = await GetAsync(
            $"/graphql/persisted/{Published("ServiceRequestMap")}/ServiceRequestMap?variables={Uri.EscapeDataString(variables)}");
        Assert.Equal((200, isCanonical ? Cacheable : "no-store"), (status, cacheControl));
    }

    /// <summary>Without variables, the canonical URL has no query.</summary>
    [Theory]
    [InlineData("?variables=%7B%7D")]
    [InlineData("?variables=null")]
    [InlineData("?variables=")]
    [InlineData("?")]
    [InlineData("?variables")]
    public async Task No_variables_are_no_query(string query) =>
        Assert.Equal((200, "no-store"), await GetAsync($"/graphql/persisted/{Published("Cities")}/Cities{query}"));

    /// <summary>Headers that a cache ignores must not change what it stores.</summary>
    [Theory]
    [InlineData("GraphQL-Cost: report")]
    [InlineData("GraphQL-Cost: validate")]
    [InlineData("GraphQL-Cost: nonsense")]
    [InlineData("CityHelper-Debug: 1")]
    public async Task A_header_that_changes_the_answer_makes_it_nobodys(string header) =>
        Assert.Equal("no-store", (await GetAsync(Path + Query, "GET", header)).CacheControl);

    private async Task<(int Status, string? CacheControl)> GetAsync(string target, string method = "GET", params string[] headers)
    {
        await using RawConnection connection = await RawConnection.OpenAsync(fixture.Server);

        // Asks the server to close, because a HEAD has no body whose end could be read.
        await connection.SendAsync(RawConnection.Head($"{method} {target}", [.. headers, "Connection: close"]));
        RawAnswer answer = await connection.ReadAsync(hasBody: method != "HEAD");
        return (answer.Status, answer.Headers.GetValueOrDefault("Cache-Control"));
    }

    private string Published(string operation) =>
        fixture.Server.Services.GetRequiredService<OperationRegistry>().Published.Single(o => o.Name == operation).Id;

    private string Fill(string spelling, string name, string path, string query)
    {
        int plain = spelling.IndexOf('<', StringComparison.Ordinal);
        if (plain >= 0)
        {
            spelling = spelling[..plain] + Uri.EscapeDataString(spelling[(plain + 1)..^1]);
        }

        return new StringBuilder(spelling)
            .Replace("{path}", path)
            .Replace("{query}", query)
            .Replace("{variables}", Uri.EscapeDataString(Variables))
            .Replace("{id}", Id)
            .Replace("{ID}", Id.ToUpperInvariant())
            .Replace("{name}", name)
            .ToString();
    }
}
