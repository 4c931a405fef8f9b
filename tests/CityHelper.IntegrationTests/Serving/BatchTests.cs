using System.Net;
using System.Text.Json;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.Server;
using CityHelper.Server.Http;
using Xunit;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>Arrays of requests: disabled, or bounded and in order.</summary>
[Collection(PostgresCollection.Name)]
public sealed class BatchTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>
{
    private const string Query = """{"query":"{ cities { slug } }"}""";

    [Fact]
    public async Task Batches_are_refused_unless_they_are_switched_on()
    {
        (HttpResponseMessage response, JsonElement json) = await fixture.Server.PostAsync($"[{Query}]");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("""{"errors":[{"message":"Invalid GraphQL Request.","extensions":{"code":"HC0009"}}]}""", json.GetRawText());
    }

    [Fact]
    public async Task Answers_stand_in_the_order_of_their_requests_each_as_if_it_had_come_alone()
    {
        await using TestServer server = await StartAsync("4");
        string[] requests =
        [
            """{"query":"{ cities { name } }"}""",
            """{"query":"{ nope }"}""",
            """{"query":"query($c: String!) { city(slug: $c) { slug } }","variables":{"c":"nyc"}}""",
            """{"id":"0000"}""",
        ];
        (HttpResponseMessage response, JsonElement json) = await server.PostAsync($"[{string.Join(',', requests)}]");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        Assert.Equal(requests.Length, json.GetArrayLength());
        foreach ((string request, JsonElement answer) in requests.Zip(json.EnumerateArray()))
        {
            (_, JsonElement alone) = await server.PostAsync(request);
            Assert.Equal(alone.GetRawText(), answer.GetRawText());
        }
    }

    [Theory]
    [InlineData("[]", "The GraphQL batch request has no elements.")]
    [InlineData($"[{Query},{Query},{Query},{Query},{Query}]", "The batch size exceeds the maximum allowed batch size of 4.")]
    public async Task A_batch_of_none_or_too_many_is_refused(string body, string message)
    {
        await using TestServer server = await StartAsync("4");
        server.TakeStatements();
        (HttpResponseMessage response, JsonElement json) = await server.PostAsync(body);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(message, json.GetProperty("errors")[0].GetProperty("message").GetString());
        Assert.Empty(server.TakeStatements());
    }

    [Fact]
    public async Task What_is_no_request_is_refused_at_its_index()
    {
        await using TestServer server = await StartAsync("4");
        (_, JsonElement json) = await server.PostAsync($"[7,[{Query}],{Query}]");
        Assert.Equal("HC0009", Code(json[0]));
        Assert.Equal("HC0009", Code(json[1]));
        Assert.Equal("nyc", json[2].GetProperty("data").GetProperty("cities")[0].GetProperty("slug").GetString());
    }

    [Fact]
    public async Task A_batch_cannot_be_sent_to_the_address_of_one_operation()
    {
        await using TestServer server = await StartAsync("4");
        string path = server.PersistedUrl("Cities").Split('?')[0];
        using var body = new StringContent($"[{Query}]", System.Text.Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await server.Client.PostAsync(path, body);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Theory]
    [InlineData("many")]
    [InlineData("-1")]
    [InlineData("51")]
    public async Task A_size_that_makes_no_sense_stops_the_start(string size)
    {
        ConfigurationException refused = await Assert.ThrowsAsync<ConfigurationException>(() => StartAsync(size));
        Assert.Contains($"{HttpSettings.BatchingKey} is {size}: set it to", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"0 to {Engine.Limits.BatchRequestsMax}.", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>
    /// The first was costed when it was published; the others must fit the remaining limit, or a batch could hold many expensive ones.
    /// </summary>
    [Fact]
    public async Task Published_operations_of_a_batch_share_the_cost_limit_of_one_request()
    {
        await using TestServer server = await StartAsync("4", ("Clients:default:MaxFieldCost", "1"));
        string id = server.PersistedUrl("CityFilters").Split('/')[3];
        string request = JsonSerializer.Serialize(new { id, variables = new { city = "nyc" } });
        (_, JsonElement json) = await server.PostAsync($"[{request},{request},{request}]");
        Assert.True(json[0].TryGetProperty("data", out _), json[0].GetRawText());
        Assert.Equal("HC0047", Code(json[1]));
        Assert.Equal("HC0047", Code(json[2]));
        (_, JsonElement alone) = await server.PostAsync(request);
        Assert.Equal(json[0].GetRawText(), alone.GetRawText());
    }

    private async Task<TestServer> StartAsync(string size, params (string Key, string Value)[] settings) => await TestServer.StartAsync(
        fixture.Database, settings: settings.Append((HttpSettings.BatchingKey, size)).ToDictionary(s => s.Item1, s => (string?)s.Item2));

    private static string? Code(JsonElement answer) =>
        answer.GetProperty("errors")[0].GetProperty("extensions").GetProperty("code").GetString();
}
