using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>The explorer in a real browser. What it needs (Chromium, npm packages, the built page) <c>eng/test</c> installs.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ExplorerTests(ReadingHouse house) : IClassFixture<ReadingHouse>
{
    [Fact]
    public async Task The_page_runs_a_typed_query_and_asks_no_other_host() =>
        await NodeScript.RunAsync("explorer.mjs", house.Server.Client.BaseAddress!.ToString().TrimEnd('/'));

    [Fact]
    public async Task Programs_get_json_where_browsers_get_the_page()
    {
        using var page = new HttpRequestMessage(HttpMethod.Get, "/graphql");
        page.Headers.TryAddWithoutValidation("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");
        using HttpResponseMessage html = await house.Server.Client.SendAsync(page);
        Assert.Equal("text/html", html.Content.Headers.ContentType!.MediaType);
        Assert.Contains("Accept", html.Headers.Vary);
        Assert.Contains("script-src 'self';", html.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);

        using HttpResponseMessage json = await house.Server.Client.GetAsync("/graphql?query={cities{slug}}");
        Assert.Equal("application/json", json.Content.Headers.ContentType!.MediaType);
        Assert.Equal("""{"data":{"cities":[{"slug":"nyc"}]}}""", await json.Content.ReadAsStringAsync());
    }
}
