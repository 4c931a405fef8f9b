using System.Net;
using System.Text.Json;
using CityHelper.IntegrationTests.Clients;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>Attack 9: a flood of texts that are to be kept by their hashes (GHSA-5p5r-f66g-r4vp of WPGraphQL).</summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack09RegistrationFloodTests(ClientHouse house) : IClassFixture<ClientHouse>
{
    [Fact]
    public async Task A_client_registers_as_many_texts_as_its_quota()
    {
        for (int i = 0; i < 2; i++)
        {
            string text = ClientHouse.NewText();
            Assert.Null(ClientHouse.Code((await house.PostAsync(new { query = text, extensions = ClientHouse.Persisted(ClientHouse.Hash(text)) }, ClientHouse.SmallKey)).Json));
            Assert.Null(ClientHouse.Code((await house.PostAsync(new { query = text, extensions = ClientHouse.Persisted(ClientHouse.Hash(text)) }, ClientHouse.SmallKey)).Json));
        }

        string third = ClientHouse.NewText();
        (HttpResponseMessage response, JsonElement json) =
            await house.PostAsync(new { query = third, extensions = ClientHouse.Persisted(ClientHouse.Hash(third)) }, ClientHouse.SmallKey);
        Assert.Equal((HttpStatusCode.TooManyRequests, "REGISTRATION_QUOTA_EXCEEDED"), (response.StatusCode, ClientHouse.Code(json)));
        Assert.Null(ClientHouse.Code((await house.PostAsync(new { query = third, extensions = ClientHouse.Persisted(ClientHouse.Hash(third)) }, ClientHouse.CivicKey)).Json));
    }

    /// <summary>
    /// A text counts before it is compiled, under whatever hash and whatever comes of it: beyond the quota nothing is (a text that does not
    /// fit the schema would be told so).
    /// </summary>
    [Fact]
    public async Task Beyond_its_quota_a_client_has_nothing_compiled_under_any_hash()
    {
        string wrong = ClientHouse.Hash("another text");
        string first = ClientHouse.NewText();
        for (int i = 0; i < 3; i++)
        {
            Assert.Null(await CodeAsync(first, wrong));
            Assert.Equal("FIELDS_ON_CORRECT_TYPE", await CodeAsync("{ nothing }", i % 2 == 0 ? wrong : ClientHouse.Hash("{ nothing }")));
        }

        // Two texts are the quota.
        Assert.Null(await CodeAsync(first, ClientHouse.Hash(first)));
        foreach (string text in new[] { ClientHouse.NewText(), "{ nothingElse }", "{", new string('{', 10_000) })
        {
            Assert.Equal("REGISTRATION_QUOTA_EXCEEDED", await CodeAsync(text, wrong));
            Assert.Equal("REGISTRATION_QUOTA_EXCEEDED", await CodeAsync(text, ClientHouse.Hash(text)));
            Assert.Equal("HC0067", ClientHouse.Code((await house.PostAsync(new { query = text }, ClientHouse.WrongHashKey)).Json));
        }

        async Task<string?> CodeAsync(string text, string hash) =>
            ClientHouse.Code((await house.PostAsync(new { query = text, extensions = ClientHouse.Persisted(hash) }, ClientHouse.WrongHashKey)).Json);
    }

    /// <summary>Only what may run is kept, so refused texts cost the server no memory.</summary>
    [Fact]
    public async Task What_is_refused_is_not_kept()
    {
        foreach (string text in Enumerable.Range(0, 50).Select(n => $"{{ cities {{ nothing{n} }} }}"))
        {
            Assert.Equal("FIELDS_ON_CORRECT_TYPE", ClientHouse.Code((await house.PostAsync(new { query = text, extensions = ClientHouse.Persisted(ClientHouse.Hash(text)) }, ClientHouse.CivicKey)).Json));
            Assert.Equal("HC0020", ClientHouse.Code((await house.PostAsync(new { extensions = ClientHouse.Persisted(ClientHouse.Hash(text)) }, ClientHouse.CivicKey)).Json));
        }

        Assert.Empty(house.Server.Errors);
    }
}
