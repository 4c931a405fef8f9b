using System.Net;
using System.Text.Json;
using CityHelper.Engine.Clients;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>The ways to send an operation, and which of them a cache may keep.</summary>
[Collection(PostgresCollection.Name)]
public sealed class WireTests(ReadingHouse house) : IClassFixture<ReadingHouse>
{
    private const string Cacheable = "public, max-age=60, stale-while-revalidate=30";
    private const string NotCacheable = "no-store";
    private const string Variables = """{"city":"nyc","externalId":"40000007"}""";
    private const string Answer = "\"externalId\":\"40000007\"";

    private string Id => house.Server.Services.GetRequiredService<OperationRegistry>().Published.Single(o => o.Name == "ServiceRequestByExternalId").Id;

    [Theory]
    [InlineData("/graphql/persisted/{id}/ServiceRequestByExternalId?variables={variables}", Cacheable)]
    [InlineData("/graphql/persisted/{id}?variables={variables}", NotCacheable)]
    [InlineData("/graphql?id={id}&variables={variables}", NotCacheable)]
    [InlineData("/graphql?documentId={id}&variables={variables}", NotCacheable)]
    [InlineData("/graphql?query={query}&variables={variables}", NotCacheable)]
    public async Task Every_form_of_a_get_answers_and_one_is_cacheable(string form, string cacheControl)
    {
        string url = Fill(form);
        using HttpResponseMessage response = await house.Server.Client.GetAsync(url);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains(Answer, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(cacheControl, Header(response));

        using var head = new HttpRequestMessage(HttpMethod.Head, url);
        using HttpResponseMessage headers = await house.Server.Client.SendAsync(head);
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
        using HttpResponseMessage response = await house.Server.Client.PostAsync(path.Replace("{id}", Id, StringComparison.Ordinal), content);
        Assert.Contains(Answer, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(NotCacheable, Header(response));
    }

    [Fact]
    public async Task One_of_several_operations_is_chosen_by_name()
    {
        const string Text = "query A { cities { slug } } query B { cities { name } }";
        (_, JsonElement json) = await house.Server.PostAsync(JsonSerializer.Serialize(new { query = Text, operationName = "B" }));
        Assert.Equal("""{"data":{"cities":[{"name":"New York City"}]}}""", json.GetRawText());
        (HttpResponseMessage response, json) = await house.Server.PostAsync(JsonSerializer.Serialize(new { query = Text, operationName = "C" }));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("OPERATION_NAME_UNKNOWN", json.GetProperty("errors")[0].GetProperty("extensions").GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_connection_serves_many_requests_one_after_the_other()
    {
        // A body that is not read to its end would break the second request of a kept connection.
        for (int i = 0; i < 20; i++)
        {
            (HttpResponseMessage bad, _) = await house.Server.PostAsync("{");
            Assert.Equal(HttpStatusCode.BadRequest, bad.StatusCode);
            await house.Server.DataAsync("{ cities { slug } }");
        }
    }

    [Fact]
    public async Task A_request_that_asks_is_told_in_which_form_its_rows_were_reached_and_is_not_kept()
    {
        object variables = new { city = "nyc", first = 3, viewport = new { west = -73.98, south = 40.745, east = -73.965, north = 40.755 } };
        using var request = new HttpRequestMessage(HttpMethod.Get, house.Server.PersistedUrl("ServiceRequestMap", variables));
        request.Headers.Add("CityHelper-Debug", "1");
        using HttpResponseMessage told = await house.Server.Client.SendAsync(request);
        Assert.Equal("serviceRequests=merge cells=12 window=enough", Assert.Single(told.Headers.GetValues("CityHelper-Forms")));
        Assert.Equal(NotCacheable, Header(told));

        using HttpResponseMessage untold = await house.Server.Client.GetAsync(house.Server.PersistedUrl("ServiceRequestMap", variables));
        Assert.False(untold.Headers.Contains("CityHelper-Forms"));
        Assert.Equal(Cacheable, Header(untold));
        Assert.Equal(await untold.Content.ReadAsStringAsync(), await told.Content.ReadAsStringAsync());
    }

    private string Fill(string form) => form
        .Replace("{id}", Id, StringComparison.Ordinal)
        .Replace("{query}", Uri.EscapeDataString("query($city: String!, $externalId: String!) { serviceRequest(city: $city, externalId: $externalId) { externalId } }"), StringComparison.Ordinal)
        .Replace("{variables}", Uri.EscapeDataString(Variables), StringComparison.Ordinal);

    // As sent: the client's own type would sort the parts.
    private static string Header(HttpResponseMessage response) =>
        string.Join(", ", response.Headers.NonValidated["Cache-Control"]);
}
