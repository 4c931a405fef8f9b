using System.Net;
using System.Text.Json;
using CityHelper.IntegrationTests.Clients;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 11: what one client may run is run by another, or by another way of sending it (GHSA-vcpc-35rg-68xw). One gate decides for all of
/// them.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack11GrantBypassTests(ClientHouse house) : IClassFixture<ClientHouse>
{
    /// <summary>What one client registered is nothing that a client of published operations may run.</summary>
    [Fact]
    public async Task A_registered_text_is_no_published_operation()
    {
        string text = ClientHouse.NewText();
        string hash = ClientHouse.Hash(text);
        Assert.Null(ClientHouse.Code((await house.PostAsync(new { query = text, extensions = ClientHouse.Persisted(hash) }, ClientHouse.CivicKey)).Json));
        Assert.Null(ClientHouse.Code((await house.PostAsync(new { id = hash }, ClientHouse.CivicKey)).Json));
        foreach ((HttpMethod method, string target, object? body) in new (HttpMethod, string, object?)[]
        {
            (HttpMethod.Post, "/graphql", new { extensions = ClientHouse.Persisted(hash) }),
            (HttpMethod.Post, "/graphql", new { id = hash }),
            (HttpMethod.Post, "/graphql", new { documentId = hash }),
            (HttpMethod.Get, $"/graphql?id={hash}", null),
            (HttpMethod.Get, $"/graphql?extensions={Uri.EscapeDataString(JsonSerializer.Serialize(ClientHouse.Persisted(hash)))}", null),
            (HttpMethod.Get, $"/graphql/persisted/{hash}", null),
            (HttpMethod.Post, $"/graphql/persisted/{hash}", new { }),
        })
        {
            Assert.Equal("HC0020", await CodeAsync(method, target, body));
        }
    }

    /// <summary>No way of sending a text is open to who may send none.</summary>
    [Fact]
    public async Task A_text_is_refused_however_it_is_sent()
    {
        const string Text = "{ cities { slug } }";
        string published = house.Server.PersistedUrl("Cities").Split('/')[3];
        foreach ((HttpMethod method, string target, object? body) in new (HttpMethod, string, object?)[]
        {
            (HttpMethod.Post, "/graphql", new { query = Text }),
            (HttpMethod.Post, "/graphql", new { query = Text, id = published }),
            (HttpMethod.Post, "/graphql", new { query = Text, extensions = ClientHouse.Persisted(published) }),
            (HttpMethod.Post, "/graphql", new { query = Text, extensions = ClientHouse.Persisted(ClientHouse.Hash(Text)) }),
            (HttpMethod.Get, $"/graphql?query={Uri.EscapeDataString(Text)}", null),
            (HttpMethod.Get, $"/graphql?query={Uri.EscapeDataString(Text)}&id={published}", null),
        })
        {
            Assert.Equal("HC0067", await CodeAsync(method, target, body));
        }

        // A route that names an operation runs that one, whatever else is sent.
        Assert.Null(await CodeAsync(HttpMethod.Post, $"/graphql/persisted/{published}", new { query = Text }));
    }

    private async Task<string?> CodeAsync(HttpMethod method, string target, object? body)
    {
        using var request = new HttpRequestMessage(method, target) { Content = body is null ? null : System.Net.Http.Json.JsonContent.Create(body) };
        (HttpResponseMessage response, JsonElement json) = await house.Server.SendAsync(request);
        Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.BadRequest);
        Assert.Empty(house.Server.Errors);
        return ClientHouse.Code(json);
    }
}
