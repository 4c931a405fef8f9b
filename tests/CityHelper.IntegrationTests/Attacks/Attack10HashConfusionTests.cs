using System.Net;
using System.Text.Json;
using CityHelper.IntegrationTests.Clients;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 10: a hash that is not the text's, so that others get another operation than they asked for (wp-graphql #4374).
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack10HashConfusionTests(ClientHouse house) : IClassFixture<ClientHouse>
{
    /// <summary>It runs, and is never kept.</summary>
    [Fact]
    public async Task A_wrong_hash_runs_and_is_kept_under_neither()
    {
        string text = ClientHouse.NewText();
        string wrong = ClientHouse.Hash(ClientHouse.NewText());
        (HttpResponseMessage response, JsonElement json) = await house.PostAsync(new { query = text, extensions = ClientHouse.Persisted(wrong) }, ClientHouse.CivicKey);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(
            $$$"""{"persistedQuery":{"sha256Hash":"{{{wrong}}}","expectedHashValue":"{{{ClientHouse.Hash(text)}}}","expectedHashType":"sha256Hash","expectedHashFormat":"Hex","persisted":false}}""",
            json.GetProperty("extensions").GetRawText());
        Assert.Equal("HC0020", ClientHouse.Code((await house.PostAsync(new { extensions = ClientHouse.Persisted(wrong) }, ClientHouse.CivicKey)).Json));
        Assert.Equal("HC0020", ClientHouse.Code((await house.PostAsync(new { extensions = ClientHouse.Persisted(ClientHouse.Hash(text)) }, ClientHouse.CivicKey)).Json));
    }

    /// <summary>A published operation keeps its text, whoever claims its id for another.</summary>
    [Fact]
    public async Task Another_text_does_not_take_a_published_id()
    {
        string url = house.Server.PersistedUrl("Cities");
        string id = url.Split('/')[3];
        string before = await house.Server.Client.GetStringAsync(url);
        (HttpResponseMessage response, _) = await house.PostAsync(new { query = ClientHouse.NewText(), extensions = ClientHouse.Persisted(id) }, ClientHouse.CivicKey);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(before, await house.Server.Client.GetStringAsync(url));
        Assert.Empty(house.Server.Errors);
    }
}
