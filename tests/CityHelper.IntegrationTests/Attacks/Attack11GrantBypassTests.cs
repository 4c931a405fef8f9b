using System.Net;
using System.Text.Json;
using CityHelper.IntegrationTests.Clients;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 11: an operation that one client may run is run by another client, or sent in another way (GHSA-vcpc-35rg-68xw). One
/// authorisation check decides for all ways.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack11GrantBypassTests(ClientFixture fixture) : IClassFixture<ClientFixture>
{
    /// <summary>A text registered by one client is not runnable for a client limited to published operations.</summary>
    [Fact]
    public async Task A_registered_text_is_no_published_operation()
    {
        string text = ClientFixture.NewText();
        string hash = ClientFixture.Hash(text);
        Assert.Null(
            ClientFixture.Code(
                (await fixture.PostAsync(new { query = text, extensions = ClientFixture.Persisted(hash) }, ClientFixture.CivicKey)).Json));
        Assert.Null(ClientFixture.Code((await fixture.PostAsync(new { id = hash }, ClientFixture.CivicKey)).Json));
        foreach ((HttpMethod method, string target, object? body) in new (HttpMethod, string, object?)[]
        {
            (HttpMethod.Post, "/graphql", new { extensions = ClientFixture.Persisted(hash) }),
            (HttpMethod.Post, "/graphql", new { id = hash }),
            (HttpMethod.Post, "/graphql", new { documentId = hash }),
            (HttpMethod.Get, $"/graphql?id={hash}", null),
            (HttpMethod.Get, $"/graphql?extensions={Uri.EscapeDataString(JsonSerializer.Serialize(ClientFixture.Persisted(hash)))}", null),
            (HttpMethod.Get, $"/graphql/persisted/{hash}", null),
            (HttpMethod.Post, $"/graphql/persisted/{hash}", new { }),
        })
        {
            Assert.Equal("HC0020", await CodeAsync(method, target, body));
        }
    }

    /// <summary>Without the right to send texts, no way of sending one works.</summary>
    [Fact]
    public async Task A_text_is_refused_however_it_is_sent()
    {
        const string Text = "{ cities { slug } }";
        string published = fixture.Server.PersistedUrl("Cities").Split('/')[3];
        foreach ((HttpMethod method, string target, object? body) in new (HttpMethod, string, object?)[]
        {
            (HttpMethod.Post, "/graphql", new { query = Text }),
            (HttpMethod.Post, "/graphql", new { query = Text, id = published }),
            (HttpMethod.Post, "/graphql", new { query = Text, extensions = ClientFixture.Persisted(published) }),
            (HttpMethod.Post, "/graphql", new { query = Text, extensions = ClientFixture.Persisted(ClientFixture.Hash(Text)) }),
            (HttpMethod.Get, $"/graphql?query={Uri.EscapeDataString(Text)}", null),
            (HttpMethod.Get, $"/graphql?query={Uri.EscapeDataString(Text)}&id={published}", null),
        })
        {
            Assert.Equal("HC0067", await CodeAsync(method, target, body));
        }

        // A route that names an operation runs that one, whatever else the request holds.
        Assert.Null(await CodeAsync(HttpMethod.Post, $"/graphql/persisted/{published}", new { query = Text }));
    }

    private async Task<string?> CodeAsync(HttpMethod method, string target, object? body)
    {
        using var request = new HttpRequestMessage(method, target)
        {
            Content = body is null ? null : System.Net.Http.Json.JsonContent.Create(body),
        };
        (HttpResponseMessage response, JsonElement json) = await fixture.Server.SendAsync(request);
        Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.BadRequest);
        Assert.Empty(fixture.Server.Errors);
        return ClientFixture.Code(json);
    }
}
