using System.Net;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Xunit;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>The schema as a file, as HotChocolate's servers offer it.</summary>
[Collection(PostgresCollection.Name)]
public sealed class SchemaDownloadTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>
{
    [Theory]
    [InlineData("/graphql?sdl")]
    [InlineData("/graphql/schema")]
    [InlineData("/graphql/schema.graphql")]
    public async Task The_schema_is_served_as_it_is_checked_in_and_only_when_it_changed(string url)
    {
        using HttpResponseMessage response = await GetAsync(url);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(
            await File.ReadAllTextAsync(Repository.PathOf("schema", "schema.graphql")), await response.Content.ReadAsStringAsync());
        Assert.Equal("application/graphql; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("attachment; filename=\"schema.graphql\"", response.Content.Headers.ContentDisposition!.ToString());
        Assert.Equal("public, must-revalidate, max-age=3600", Assert.Single(response.Headers.NonValidated["Cache-Control"]));

        string tag = response.Headers.ETag!.ToString();
        string modified = response.Content.Headers.LastModified!.Value.ToString("R");
        Assert.Equal(HttpStatusCode.NotModified, await StatusAsync(url, "If-None-Match", tag));
        Assert.Equal(
            HttpStatusCode.NotModified,
            await StatusAsync(url, "If-None-Match", $"\"other\", {tag.Replace("W/", "", StringComparison.Ordinal)}"));
        Assert.Equal(HttpStatusCode.NotModified, await StatusAsync(url, "If-None-Match", "*"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(url, "If-None-Match", "\"other\""));
        Assert.Equal(HttpStatusCode.NotModified, await StatusAsync(url, "If-Modified-Since", modified));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(url, "If-Modified-Since", "Mon, 01 Jan 2001 00:00:00 GMT"));
    }

    [Fact]
    public async Task A_post_is_a_request_and_no_download()
    {
        using HttpResponseMessage file = await fixture.Server.Client.PostAsync("/graphql/schema.graphql", content: null);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, file.StatusCode);
        Assert.Equal(["GET", "HEAD"], file.Content.Headers.Allow.Order());
        using var body = new StringContent("""{"query":"{ cities { slug } }"}""", System.Text.Encoding.UTF8, "application/json");
        using HttpResponseMessage request = await fixture.Server.Client.PostAsync("/graphql?sdl", body);
        Assert.Equal("""{"data":{"cities":[{"slug":"nyc"}]}}""", await request.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task In_production_there_is_no_such_address()
    {
        await using TestServer server = await TestServer.StartAsync(fixture.Database, environment: "Production");
        foreach (string url in new[] { "/graphql?sdl", "/graphql/schema", "/graphql/schema.graphql" })
        {
            using HttpResponseMessage response = await server.Client.GetAsync(url);
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
            Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        }
    }

    private async Task<HttpStatusCode> StatusAsync(string url, string header, string value)
    {
        using HttpResponseMessage response = await GetAsync(url, header, value);
        return response.StatusCode;
    }

    private async Task<HttpResponseMessage> GetAsync(string url, string? header = null, string? value = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        if (header is not null)
        {
            request.Headers.TryAddWithoutValidation(header, value);
        }

        return await fixture.Server.Client.SendAsync(request);
    }
}
