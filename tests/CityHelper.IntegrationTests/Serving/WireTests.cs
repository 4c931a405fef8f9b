using System.Net;
using System.Text.Json;
using CityHelper.Engine.Clients;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>The ways to send an operation, and which responses a cache may store.</summary>
[Collection(PostgresCollection.Name)]
public sealed class WireTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>
{
    private const string Cacheable = "public, max-age=60, stale-while-revalidate=30, stale-if-error=0";
    private const string NotCacheable = "no-store";
    private const string Variables = """{"city":"nyc","externalId":"40000007"}""";
    private const string Answer = "\"externalId\":\"40000007\"";

    private string Id =>
        fixture.Server.Services.GetRequiredService<OperationRegistry>().Published.Single(o => o.Name == "ServiceRequestByExternalId").Id;

    [Theory]
    [InlineData("/graphql/persisted/{id}/ServiceRequestByExternalId?variables={variables}", Cacheable)]
    [InlineData("/graphql/persisted/{id}?variables={variables}", NotCacheable)]
    [InlineData("/graphql?id={id}&variables={variables}", NotCacheable)]
    [InlineData("/graphql?documentId={id}&variables={variables}", NotCacheable)]
    [InlineData("/graphql?query={query}&variables={variables}", NotCacheable)]
    public async Task Every_form_of_a_get_answers_and_one_is_cacheable(string form, string cacheControl)
    {
        string url = Fill(form);
        using HttpResponseMessage response = await fixture.Server.Client.GetAsync(url);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains(Answer, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(cacheControl, Header(response));

        using var head = new HttpRequestMessage(HttpMethod.Head, url);
        using HttpResponseMessage headers = await fixture.Server.Client.SendAsync(head);
        Assert.Equal(HttpStatusCode.OK, headers.StatusCode);
        Assert.Equal(response.Content.Headers.ContentLength, headers.Content.Headers.ContentLength);
        Assert.Equal(cacheControl, Header(headers));
        Assert.Empty(await headers.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("/graphql", """{"id":"{id}","variables":{variables}}""")]
    [InlineData("/graphql", """{"documentId":"{id}","variables":{variables},"query":""}""")]
    [InlineData("/graphql", """{"query":null,"id":"{id}","operationName":"ServiceRequestByExternalId","variables":{variables}}""")]
    [InlineData("/graphql/persisted/{id}", """{"variables":{variables}}""")]
    [InlineData("/graphql/persisted/{id}/ServiceRequestByExternalId", """{"variables":{variables}}""")]
    public async Task Every_form_of_a_post_answers_and_none_is_cacheable(string path, string body)
    {
        using var content = new StringContent(
            body.Replace("{id}", Id, StringComparison.Ordinal).Replace("{variables}", Variables, StringComparison.Ordinal),
            System.Text.Encoding.UTF8,
            "application/json");
        using HttpResponseMessage response = await fixture.Server.Client.PostAsync(
            path.Replace("{id}", Id, StringComparison.Ordinal), content);
        Assert.Contains(Answer, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(NotCacheable, Header(response));
    }

    [Fact]
    public async Task One_of_several_operations_is_chosen_by_name()
    {
        const string Text = "query A { cities { slug } } query B { cities { name } }";
        (_, JsonElement json) = await fixture.Server.PostAsync(JsonSerializer.Serialize(new { query = Text, operationName = "B" }));
        Assert.Equal("""{"data":{"cities":[{"name":"New York City"}]}}""", json.GetRawText());
        (HttpResponseMessage response, json) = await fixture.Server.PostAsync(
            JsonSerializer.Serialize(new { query = Text, operationName = "C" }));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("OPERATION_NAME_UNKNOWN", json.GetProperty("errors")[0].GetProperty("extensions").GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_connection_serves_many_requests_one_after_the_other()
    {
        // A body that is not read to its end would break the second request of a kept connection.
        for (int i = 0; i < 20; i++)
        {
            (HttpResponseMessage bad, _) = await fixture.Server.PostAsync("{");
            Assert.Equal(HttpStatusCode.BadRequest, bad.StatusCode);
            await fixture.Server.DataAsync("{ cities { slug } }");
        }
    }

    [Fact]
    public async Task A_debugged_request_is_told_its_access_paths_and_is_not_cached()
    {
        object variables = new
        {
            city = "nyc",
            first = 3,
            viewport = new
            {
                west = -73.98,
                south = 40.745,
                east = -73.965,
                north = 40.755,
            },
        };
        using var request = new HttpRequestMessage(HttpMethod.Get, fixture.Server.PersistedUrl("ServiceRequestMap", variables));
        request.Headers.Add("CityHelper-Debug", "1");
        using HttpResponseMessage told = await fixture.Server.Client.SendAsync(request);
        Assert.Equal(
            "serviceRequests=merged-index-scans cells=12 initial-range=enough",
            Assert.Single(told.Headers.GetValues("CityHelper-Access-Paths")));
        Assert.Equal(NotCacheable, Header(told));

        using HttpResponseMessage untold = await fixture.Server.Client.GetAsync(
            fixture.Server.PersistedUrl("ServiceRequestMap", variables));
        Assert.False(untold.Headers.Contains("CityHelper-Access-Paths"));
        Assert.Equal(Cacheable, Header(untold));
        Assert.Equal(await untold.Content.ReadAsStringAsync(), await told.Content.ReadAsStringAsync());
    }

    private string Fill(string form) =>
        form.Replace("{id}", Id, StringComparison.Ordinal)
            .Replace(
                "{query}",
                Uri.EscapeDataString(
                    "query($city: String!, $externalId: String!) { serviceRequest(city: $city, externalId: $externalId) { externalId } }"),
                StringComparison.Ordinal)
            .Replace("{variables}", Uri.EscapeDataString(Variables), StringComparison.Ordinal);

    // The raw header: the client's own type would sort the parts.
    private static string Header(HttpResponseMessage response) =>
        string.Join(", ", response.Headers.NonValidated["Cache-Control"]);
}
