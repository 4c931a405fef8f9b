using System.Net;
using System.Text.Json;
using CityHelper.IntegrationTests.Clients;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>Attack 10: a hash that does not match its text, so that others would run the wrong operation (wp-graphql #4374).</summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack10HashConfusionTests(ClientFixture fixture) : IClassFixture<ClientFixture>
{
    /// <summary>It runs, and is never stored.</summary>
    [Fact]
    public async Task A_wrong_hash_runs_and_is_kept_under_neither()
    {
        string text = ClientFixture.NewText();
        string wrong = ClientFixture.Hash(ClientFixture.NewText());
        (HttpResponseMessage response, JsonElement json) = await fixture.PostAsync(
            new { query = text, extensions = ClientFixture.Persisted(wrong) }, ClientFixture.CivicKey);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(
            $$$"""{"persistedQuery":{"sha256Hash":"{{{wrong}}}","expectedHashValue":"{{{
                ClientFixture.Hash(text)}}}","expectedHashType":"sha256Hash","expectedHashFormat":"Hex","persisted":false}}""",
            json.GetProperty("extensions").GetRawText());
        Assert.Equal(
            "HC0020",
            ClientFixture.Code((await fixture.PostAsync(new { extensions = ClientFixture.Persisted(wrong) }, ClientFixture.CivicKey)).Json)
        );
        Assert.Equal(
            "HC0020",
            ClientFixture.Code(
                (
                    await fixture.PostAsync(new { extensions = ClientFixture.Persisted(ClientFixture.Hash(text)) }, ClientFixture.CivicKey)
                ).Json));
    }

    /// <summary>A published operation keeps its text, even if a client sends its id with another text.</summary>
    [Fact]
    public async Task Another_text_does_not_take_a_published_id()
    {
        string url = fixture.Server.PersistedUrl("Cities");
        string id = url.Split('/')[3];
        string before = await fixture.Server.Client.GetStringAsync(url);
        (HttpResponseMessage response, _) = await fixture.PostAsync(
            new { query = ClientFixture.NewText(), extensions = ClientFixture.Persisted(id) }, ClientFixture.CivicKey);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(before, await fixture.Server.Client.GetStringAsync(url));
        Assert.Empty(fixture.Server.Errors);
    }
}
