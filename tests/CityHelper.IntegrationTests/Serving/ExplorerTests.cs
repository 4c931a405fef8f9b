using System.Text.Json;
using CityHelper.Engine.Clients;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>The explorer in a real browser. <c>eng/test</c> installs what it needs: Chromium, npm packages, the built page.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ExplorerTests(ReadingFixture fixture, ITestOutputHelper output) : IClassFixture<ReadingFixture>
{
    [Fact]
    public async Task A_person_types_completes_errs_and_opens_a_published_operation_and_no_other_host_is_asked() =>
        output.WriteLine(await NodeScript.RunAsync("explorer.mjs", fixture.Server.Client.BaseAddress!.ToString().TrimEnd('/')));

    [Fact]
    public async Task Programs_get_json_where_browsers_get_the_page()
    {
        using var page = new HttpRequestMessage(HttpMethod.Get, "/graphql");
        page.Headers.TryAddWithoutValidation("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");
        using HttpResponseMessage html = await fixture.Server.Client.SendAsync(page);
        Assert.Equal("text/html", html.Content.Headers.ContentType!.MediaType);
        Assert.Contains("Accept", html.Headers.Vary);
        Assert.Contains("script-src 'self';", html.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);

        using HttpResponseMessage json = await fixture.Server.Client.GetAsync("/graphql?query={cities{slug}}");
        Assert.Equal("application/json", json.Content.Headers.ContentType!.MediaType);
        Assert.Equal("""{"data":{"cities":[{"slug":"nyc"}]}}""", await json.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Published_operations_are_listed_with_what_their_files_say_of_them()
    {
        using HttpResponseMessage response = await fixture.Server.Client.GetAsync("/graphql/explorer/operations");
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        using JsonDocument listed = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
        IReadOnlyList<ManifestOperation> manifest = OperationManifest
            .Read(Repository.PathOf("persisted-queries", OperationManifest.FileName))
            .Operations;
        Assert.Equal(
            manifest.Select(o => (o.Name, o.Client, o.Body)),
            listed.RootElement.EnumerateArray().Select(o => (Text(o, "name"), Text(o, "client"), Text(o, "body"))));
        JsonElement cities = listed.RootElement.EnumerateArray().Single(o => Text(o, "name") == "Cities");
        Assert.Equal("The cities that a resident chooses from, and where their maps open.", Text(cities, "description"));
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
