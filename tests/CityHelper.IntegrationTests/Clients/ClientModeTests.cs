using System.Net;
using System.Text.Json;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Clients;

/// <summary>What clients of each mode may send, in every way of sending it.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ClientModeTests(ClientFixture fixture) : IClassFixture<ClientFixture>
{
    private const string Text = "{ cities { slug } }";

    [Theory]
    [InlineData(null)]
    [InlineData("no such key")]
    public async Task Who_is_not_identified_runs_published_operations_alone(string? key)
    {
        (HttpResponseMessage response, JsonElement json) = await fixture.PostAsync(new { query = Text }, key);
        Assert.Equal((HttpStatusCode.BadRequest, "HC0067"), (response.StatusCode, ClientFixture.Code(json)));
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        (_, json) = await fixture.PostAsync(new { query = Text, extensions = ClientFixture.Persisted(ClientFixture.Hash(Text)) }, key);
        Assert.Equal("HC0067", ClientFixture.Code(json));
        (_, json) = await fixture.PostAsync(new { query = "{ __schema { queryType { name } } }" }, key);
        Assert.Equal("HC0067", ClientFixture.Code(json));

        HttpResponseMessage published = await fixture.Server.Client.GetAsync(fixture.Server.PersistedUrl("Cities"));
        Assert.Equal(HttpStatusCode.OK, published.StatusCode);
    }

    [Fact]
    public async Task A_text_is_registered_by_its_hash_and_runs_by_the_hash_alone()
    {
        string text = ClientFixture.NewText();
        string hash = ClientFixture.Hash(text);
        (HttpResponseMessage response, JsonElement json) = await fixture.PostAsync(
            new { extensions = ClientFixture.Persisted(hash) }, ClientFixture.CivicKey);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("""{"errors":[{"message":"PersistedQueryNotFound","extensions":{"code":"HC0020"}}]}""", json.GetRawText());

        (response, json) = await fixture.PostAsync(
            new { query = text, extensions = ClientFixture.Persisted(hash) }, ClientFixture.CivicKey);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        Assert.Equal($$$"""{"persistedQuery":{"sha256Hash":"{{{hash}}}","persisted":true}}""", json.GetProperty("extensions").GetRawText());
        Assert.True(json.TryGetProperty("data", out _));

        (response, json) = await fixture.PostAsync(new { extensions = ClientFixture.Persisted(hash) }, ClientFixture.CivicKey);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.False(json.TryGetProperty("extensions", out _));
        (response, _) = await GetAsync(
            $"?extensions={Uri.EscapeDataString(JsonSerializer.Serialize(ClientFixture.Persisted(hash)))}", ClientFixture.CivicKey);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("{ nothing }", "FIELDS_ON_CORRECT_TYPE")]
    [InlineData("{ citie { slug } }", "FIELDS_ON_CORRECT_TYPE")]
    [InlineData("{ cities { ", "HC0011")]
    [InlineData("{ __schema { queryType { name } } }", "HC0046")]
    [InlineData("query { ...f } fragment f on Query { __type(name: \"City\") { name } }", "HC0046")]
    [InlineData("{ serviceRequests(city: \"nyc\", first: 100) { nodes { updates(last: 100) { note } } } }", "HC0047")]
    public async Task What_could_not_run_is_not_registered(string text, string code)
    {
        (_, JsonElement json) = await fixture.PostAsync(
            new { query = text, extensions = ClientFixture.Persisted(ClientFixture.Hash(text)) }, ClientFixture.CivicKey);
        Assert.Equal(code, ClientFixture.Code(json));
        Assert.DoesNotContain("Did you mean", json.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(
            "HC0020",
            ClientFixture.Code(
                (
                    await fixture.PostAsync(new { extensions = ClientFixture.Persisted(ClientFixture.Hash(text)) }, ClientFixture.CivicKey)
                ).Json));
    }

    [Fact]
    public async Task A_client_of_the_registration_may_not_send_a_text_alone() =>
        Assert.Equal("HC0067", ClientFixture.Code((await fixture.PostAsync(new { query = Text }, ClientFixture.CivicKey)).Json));

    [Fact]
    public async Task A_client_of_free_text_sends_what_it_may_pay()
    {
        Assert.Null(ClientFixture.Code((await fixture.PostAsync(new { query = Text }, ClientFixture.ExplorerKey)).Json));
        Assert.Null(
            ClientFixture.Code(
                (await fixture.PostAsync(new { query = "{ __schema { queryType { name } } }" }, ClientFixture.ExplorerKey)).Json));
        (HttpResponseMessage response, JsonElement json) = await fixture.PostAsync(
            new { query = "{ serviceRequests(city: \"nyc\", first: 100) { nodes { category { name } agency { name } } } }" },
            ClientFixture.ExplorerKey);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(
            """{"errors":[{"message":"The maximum allowed field cost was exceeded.","extensions":"""
                + """{"code":"HC0047","fieldCost":211,"maxFieldCost":200}}]}""",
            json.GetRawText());
        Assert.Contains(
            "Did you mean",
            (await fixture.PostAsync(new { query = "{ citie { slug } }" }, ClientFixture.ExplorerKey)).Json.GetRawText(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Before_a_client_is_restricted_it_is_logged_what_it_sends()
    {
        string text = ClientFixture.NewText();
        Assert.Null(ClientFixture.Code((await fixture.PostAsync(new { query = text }, ClientFixture.StepKey)).Json));
        AssertLogged(1, text);

        // Not found, registered, run by its hash: every request that the future mode would refuse is logged.
        string registered = ClientFixture.NewText();
        object hash = ClientFixture.Persisted(ClientFixture.Hash(registered));
        Assert.Equal("HC0020", ClientFixture.Code((await fixture.PostAsync(new { extensions = hash }, ClientFixture.StepKey)).Json));
        AssertLogged(0, registered);
        Assert.Null(
            ClientFixture.Code((await fixture.PostAsync(new { query = registered, extensions = hash }, ClientFixture.StepKey)).Json));
        AssertLogged(1, registered);
        Assert.Null(ClientFixture.Code((await fixture.PostAsync(new { extensions = hash }, ClientFixture.StepKey)).Json));
        AssertLogged(2, registered);
    }

    [Fact]
    public async Task Before_a_client_is_restricted_it_reads_the_schema_and_more_than_its_quota_and_that_is_logged()
    {
        const string Introspection = "{ __schema { queryType { name } } }";
        Assert.Null(ClientFixture.Code((await fixture.PostAsync(new { query = Introspection }, ClientFixture.StepKey)).Json));
        Assert.Single(Warnings(Introspection), w => w.Contains("may not look at the schema with", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, (await BrowseAsync("/graphql/schema.graphql", ClientFixture.StepKey)).StatusCode);
        Assert.Equal("text/html", (await BrowseAsync("/graphql", ClientFixture.StepKey)).Content.Headers.ContentType!.MediaType);

        string[] texts = [ClientFixture.NewText(), ClientFixture.NewText()];
        foreach ((string text, bool isKept) in texts.Zip([true, false]))
        {
            string hash = ClientFixture.Hash(text);
            (_, JsonElement json) = await fixture.PostAsync(
                new { query = text, extensions = ClientFixture.Persisted(hash) }, ClientFixture.SmallStepKey);
            Assert.Equal(isKept, json.GetProperty("extensions").GetProperty("persistedQuery").GetProperty("persisted").GetBoolean());
            Assert.Equal(
                isKept ? 0 : 1, Warnings(text).Count(w => w.Contains("may not register any more today", StringComparison.Ordinal)));
        }
    }

    private void AssertLogged(int times, string text) =>
        Assert.Equal(times, Warnings(text).Count(w => w.StartsWith("step may not send the text of", StringComparison.Ordinal)));

    private IEnumerable<string> Warnings(string text) =>
        fixture.Server.Warnings.Where(w => w.Contains(ClientFixture.Hash(text), StringComparison.Ordinal));

    /// <summary>A client with a key or a host cannot be identified by its name.</summary>
    [Theory]
    [InlineData(null, "GraphQL-Client-Id", "named", "PersistedOnly")]
    [InlineData(null, "GraphQL-Client-Id", "explorer", "PersistedOnly")]
    [InlineData(null, "GraphQL-Client-Id", "web", "PersistedOnly")]
    [InlineData(null, "Host", "www.example.org", "PersistedOnly")]
    [InlineData(null, "Host", "explorer.example.org", "FreeText")]
    [InlineData(null, "Host", "EXPLORER.example.org:443", "FreeText")]
    [InlineData(ClientFixture.CivicKey, "Host", "explorer.example.org", "Registration")]
    public async Task A_client_is_known_by_what_it_was_given(string? key, string header, string value, string mode)
    {
        string text = ClientFixture.NewText();
        Assert.Equal(
            mode == "FreeText" ? null : "HC0067",
            ClientFixture.Code((await fixture.PostAsync(new { query = text }, key, (header, value))).Json));
        object hashed = new { query = text, extensions = ClientFixture.Persisted(ClientFixture.Hash(text)) };
        Assert.Equal(
            mode == "PersistedOnly" ? "HC0067" : null, ClientFixture.Code((await fixture.PostAsync(hashed, key, (header, value))).Json));
    }

    /// <summary>A browser sends no key when it opens a page: analysts have their own host.</summary>
    [Theory]
    [InlineData("explorer.example.org", "text/html")]
    [InlineData("www.example.org", "application/json")]
    public async Task The_explorer_opens_at_the_host_of_its_client(string host, string mediaType)
    {
        foreach (HttpMethod method in new[] { HttpMethod.Get, HttpMethod.Head })
        {
            HttpResponseMessage page = await BrowseAsync("/graphql", key: null, method, host);
            Assert.Equal(mediaType, page.Content.Headers.ContentType!.MediaType);
        }
    }

    [Theory]
    [InlineData("""{"persistedQuery":{"version":2,"sha256Hash":"a"}}""")]
    [InlineData("""{"persistedQuery":{"version":1}}""")]
    [InlineData("""{"persistedQuery":{"version":1,"sha256Hash":7}}""")]
    [InlineData("""{"persistedQuery":[]}""")]
    [InlineData("[]")]
    public async Task An_extension_that_makes_no_sense_is_refused(string extensions)
    {
        (HttpResponseMessage response, JsonElement json) = await fixture.PostAsync(
            new { query = Text, extensions = JsonDocument.Parse(extensions).RootElement }, ClientFixture.CivicKey);
        Assert.Equal((HttpStatusCode.BadRequest, "HC0009"), (response.StatusCode, ClientFixture.Code(json)));
        (response, json) = await GetAsync(
            $"?query={Uri.EscapeDataString(Text)}&extensions={Uri.EscapeDataString(extensions)}", ClientFixture.CivicKey);
        Assert.Equal((HttpStatusCode.BadRequest, "HC0009"), (response.StatusCode, ClientFixture.Code(json)));
    }

    /// <summary>Only clients that may send text get the explorer's page. Others get the API at the same URL.</summary>
    [Theory]
    [InlineData(ClientFixture.ExplorerKey, true)]
    [InlineData(ClientFixture.CivicKey, false)]
    [InlineData(null, false)]
    public async Task The_explorer_is_there_for_clients_of_free_text_alone(string? key, bool isThere)
    {
        HttpResponseMessage page = await BrowseAsync("/graphql", key);
        Assert.Equal(isThere ? "text/html" : "application/json", page.Content.Headers.ContentType!.MediaType);
        foreach ((string path, string kept) in new[]
        {
            ("/graphql/explorer/index.html", "max-age=31536000, private, immutable"),
            ("/graphql/explorer/operations", "no-cache"),
            ("/graphql/Explorer/operations/", "no-cache"),
        })
        {
            HttpResponseMessage response = await BrowseAsync(path, key);
            Assert.Equal(
                isThere ? (HttpStatusCode.OK, kept) : (HttpStatusCode.NotFound, "no-store"),
                (response.StatusCode, response.Headers.CacheControl!.ToString()));
        }
    }

    private async Task<HttpResponseMessage> BrowseAsync(string path, string? key, HttpMethod? method = null, string? host = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, path);
        request.Headers.Host = host;
        request.Headers.TryAddWithoutValidation("Accept", "text/html,*/*;q=0.8");
        if (key is not null)
        {
            request.Headers.Add(Server.Clients.ClientDirectory.KeyHeader, key);
        }

        return await fixture.Server.Client.SendAsync(request);
    }

    private async Task<(HttpResponseMessage Response, JsonElement Json)> GetAsync(string query, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/graphql" + query);
        request.Headers.Add(Server.Clients.ClientDirectory.KeyHeader, key);
        return await fixture.Server.SendAsync(request);
    }
}
