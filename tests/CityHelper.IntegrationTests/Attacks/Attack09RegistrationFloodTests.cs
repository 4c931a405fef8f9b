using System.Net;
using System.Text.Json;
using CityHelper.IntegrationTests.Clients;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>Attack 9: a flood of texts to be registered by hash (GHSA-5p5r-f66g-r4vp of WPGraphQL).</summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack09RegistrationFloodTests(ClientFixture fixture) : IClassFixture<ClientFixture>
{
    [Fact]
    public async Task A_client_registers_as_many_texts_as_its_quota()
    {
        for (int i = 0; i < 2; i++)
        {
            string text = ClientFixture.NewText();
            Assert.Null(
                ClientFixture.Code(
                    (
                        await fixture.PostAsync(
                            new { query = text, extensions = ClientFixture.Persisted(ClientFixture.Hash(text)) }, ClientFixture.SmallKey)
                    ).Json));
            Assert.Null(
                ClientFixture.Code(
                    (
                        await fixture.PostAsync(
                            new { query = text, extensions = ClientFixture.Persisted(ClientFixture.Hash(text)) }, ClientFixture.SmallKey)
                    ).Json));
        }

        string third = ClientFixture.NewText();
        (HttpResponseMessage response, JsonElement json) = await fixture.PostAsync(
            new { query = third, extensions = ClientFixture.Persisted(ClientFixture.Hash(third)) }, ClientFixture.SmallKey);
        Assert.Equal((HttpStatusCode.TooManyRequests, "REGISTRATION_QUOTA_EXCEEDED"), (response.StatusCode, ClientFixture.Code(json)));
        Assert.Null(
            ClientFixture.Code(
                (
                    await fixture.PostAsync(
                        new { query = third, extensions = ClientFixture.Persisted(ClientFixture.Hash(third)) }, ClientFixture.CivicKey)
                ).Json));
    }

    /// <summary>
    /// A text counts before it is compiled, whatever its hash and its result. Beyond the quota nothing is compiled, else a text that does
    /// not fit the schema would get that error.
    /// </summary>
    [Fact]
    public async Task Beyond_its_quota_a_client_has_nothing_compiled_under_any_hash()
    {
        string wrong = ClientFixture.Hash("another text");
        string first = ClientFixture.NewText();
        for (int i = 0; i < 3; i++)
        {
            Assert.Null(await CodeAsync(first, wrong));
            Assert.Equal("FIELDS_ON_CORRECT_TYPE", await CodeAsync("{ nothing }", i % 2 == 0 ? wrong : ClientFixture.Hash("{ nothing }")));
        }

        // The quota is two texts.
        Assert.Null(await CodeAsync(first, ClientFixture.Hash(first)));
        foreach (string text in new[] { ClientFixture.NewText(), "{ nothingElse }", "{", new string('{', 10_000) })
        {
            Assert.Equal("REGISTRATION_QUOTA_EXCEEDED", await CodeAsync(text, wrong));
            Assert.Equal("REGISTRATION_QUOTA_EXCEEDED", await CodeAsync(text, ClientFixture.Hash(text)));
            Assert.Equal("HC0067", ClientFixture.Code((await fixture.PostAsync(new { query = text }, ClientFixture.WrongHashKey)).Json));
        }

        async Task<string?> CodeAsync(string text, string hash) =>
            ClientFixture.Code(
                (await fixture.PostAsync(new { query = text, extensions = ClientFixture.Persisted(hash) }, ClientFixture.WrongHashKey)).Json
            );
    }

    /// <summary>Only valid operations are stored, so refused texts cost the server no memory.</summary>
    [Fact]
    public async Task What_is_refused_is_not_kept()
    {
        foreach (string text in Enumerable.Range(0, 50).Select(n => $"{{ cities {{ nothing{n} }} }}"))
        {
            Assert.Equal(
                "FIELDS_ON_CORRECT_TYPE",
                ClientFixture.Code(
                    (
                        await fixture.PostAsync(
                            new { query = text, extensions = ClientFixture.Persisted(ClientFixture.Hash(text)) }, ClientFixture.CivicKey)
                    ).Json));
            Assert.Equal(
                "HC0020",
                ClientFixture.Code(
                    (
                        await fixture.PostAsync(
                            new { extensions = ClientFixture.Persisted(ClientFixture.Hash(text)) }, ClientFixture.CivicKey)).Json));
        }

        Assert.Empty(fixture.Server.Errors);
    }
}
