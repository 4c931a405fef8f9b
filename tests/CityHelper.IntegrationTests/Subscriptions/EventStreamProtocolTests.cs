using System.Net;
using System.Text.Json;
using CityHelper.Engine.Cursors;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Writing;
using Xunit;

namespace CityHelper.IntegrationTests.Subscriptions;

/// <summary>GraphQL over server-sent events, distinct connections: what is sent, byte by byte.</summary>
[Collection(PostgresCollection.Name)]
public sealed class EventStreamProtocolTests(SubscriptionServer fixture) : IClassFixture<SubscriptionServer>
{
    private const string Changed = "subscription { onServiceRequestChanged(city: \"nyc\") { kind cursor } }";

    private HttpClient Client => fixture.Client;

    [Fact]
    public async Task A_stream_is_neither_kept_nor_collected_nor_compressed()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/graphql?query={Uri.EscapeDataString(Changed)}");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip, br");
        await using SseStream stream = await SseStream.SendAsync(Client, request);
        HttpResponseMessage response = stream.Response;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        Assert.Equal("no", Assert.Single(response.Headers.GetValues("X-Accel-Buffering")));
        Assert.Empty(response.Content.Headers.ContentEncoding);
        Assert.Null(response.Content.Headers.ContentLength);

        SseBlock retry = (await stream.ReadAsync())!;
        Assert.InRange(int.Parse(retry.Retry!, System.Globalization.CultureInfo.InvariantCulture), 1_000, 5_000);
        SseBlock first = (await stream.ReadAsync())!;
        Assert.Equal("next", first.Event);
        Assert.Equal("{\"data\":{\"onServiceRequestChanged\":{\"kind\":\"RESYNC\",\"cursor\":\"" + first.Id + "\"}}}", first.Data);
    }

    [Theory]
    [InlineData("{ city(slug: \"nyc\") { slug } }", "{\"data\":{\"city\":{\"slug\":\"nyc\"}}}")]
    [InlineData(
        "{ city(slug: \"nyc\") { slow } }", "{\"errors\":[{\"message\":\"Cannot query field 'slow' on type 'City'.")]
    [InlineData("subscription { onServiceRequestChanged(city: \"gotham\") { kind } }", "{\"errors\":[{\"message\":\"")]
    [InlineData("subscription { onServiceRequestUpdated(id: 7) { kind } }", "{\"errors\":[{\"message\":\"The id is not an id of a")]
    [InlineData(
        "subscription { onServiceRequestUpdated(id: \"OF CITY 99\") { kind } }", "{\"errors\":[{\"message\":\"The id is not an id of a")]
    public async Task A_single_result_and_a_refusal_are_one_event_and_the_end(string query, string data)
    {
        query = query.Replace("OF CITY 99", $"{new Engine.GlobalId("ServiceRequest", 99, 1)}", StringComparison.Ordinal);
        await using SseStream stream = await SseStream.PostAsync(Client, query);
        Assert.Equal(HttpStatusCode.OK, stream.Response.StatusCode);
        SseBlock next = (await stream.ReadAsync())!;
        Assert.Equal("next", next.Event);
        Assert.StartsWith(data, next.Data, StringComparison.Ordinal);
        Assert.Equal(new SseBlock("complete", null, "", null), await stream.ReadAsync());
        Assert.Null(await stream.ReadAsync());
    }

    [Fact]
    public async Task A_mutation_is_an_event_by_POST_alone()
    {
        string mutation = WritingServer.TextOf("reportServiceRequest", "cursor");
        var input = new { city = "nyc", category = "rodent", address = "1 Centre St", idempotencyKey = "by event stream" };
        await using SseStream done = await SseStream.PostAsync(Client, mutation, new { input });
        Assert.Contains("\"cursor\":\"", (await done.ReadAsync())!.Data, StringComparison.Ordinal);

        string url = $"/graphql?query={Uri.EscapeDataString(mutation)}&variables="
            + Uri.EscapeDataString(JsonSerializer.Serialize(new { input }));
        await using SseStream refused = await SseStream.SendAsync(Client, new HttpRequestMessage(HttpMethod.Get, url));
        Assert.Equal("OPERATION_KIND_NOT_ALLOWED", CodeOf(await refused.ErrorsAsync()));
    }

    [Theory]
    [InlineData("application/json, text/event-stream")]
    [InlineData("application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed")]
    public async Task Where_both_are_accepted_a_single_result_is_JSON_and_a_subscription_a_stream(string accept)
    {
        using var query = new HttpRequestMessage(HttpMethod.Get, "/graphql?query={cities{slug}}");
        query.Headers.TryAddWithoutValidation("Accept", accept);
        await using SseStream answer = await SseStream.SendAsync(Client, query);
        Assert.EndsWith("json; charset=utf-8", answer.Response.Content.Headers.ContentType!.ToString(), StringComparison.Ordinal);

        using var subscription = new HttpRequestMessage(HttpMethod.Get, $"/graphql?query={Uri.EscapeDataString(Changed)}");
        subscription.Headers.TryAddWithoutValidation("Accept", accept);
        await using SseStream stream = await SseStream.SendAsync(Client, subscription);
        Assert.Equal("RESYNC", (await stream.NextAsync()).Kind);
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/graphql-response+json")]
    [InlineData("*/*")]
    public async Task Without_a_stream_a_subscription_is_not_acceptable(string accept)
    {
        foreach (HttpMethod method in new[] { HttpMethod.Get, HttpMethod.Post, HttpMethod.Head })
        {
            using var request = new HttpRequestMessage(method, $"/graphql?query={Uri.EscapeDataString(Changed)}");
            request.Headers.TryAddWithoutValidation("Accept", accept);
            if (method == HttpMethod.Post)
            {
                request.RequestUri = new Uri("/graphql", UriKind.Relative);
                request.Content = System.Net.Http.Json.JsonContent.Create(new { query = Changed });
            }

            using HttpResponseMessage response = await Client.SendAsync(request);
            Assert.Equal(HttpStatusCode.NotAcceptable, response.StatusCode);
            if (method != HttpMethod.Head)
            {
                JsonElement json = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
                Assert.Equal("STREAM_REQUIRED", CodeOf(json.GetProperty("errors")));
            }
        }
    }

    [Fact]
    public async Task The_place_of_an_EventSource_wins_over_the_argument()
    {
        string id = await fixture.ReportAsync();
        string argument = await fixture.CursorAsync();
        await fixture.SetStatusAsync(id, "ASSIGNED");
        string place = await fixture.CursorAsync();
        const string Query = "subscription($after: String) { onServiceRequestChanged(city: \"nyc\", after: $after) { kind cursor } }";
        await using SseStream stream = await SseStream.PostAsync(Client, Query, new { after = argument }, lastEventId: place);
        StreamEvent first = await stream.NextAsync();
        Assert.Equal(("RESUMED", place), (first.Kind, first.Cursor));
    }

    [Theory]
    [InlineData("forged")]
    [InlineData("oQAAAAAAAAAHAAAAAAAAAAEe4ThT77aDG9IFF7_XB1IZ")]
    [InlineData("OTHER")]
    [InlineData("PAGE")]
    public async Task A_place_that_is_none_of_the_city_is_refused(string after)
    {
        after = after switch
        {
            "OTHER" => new LogPositionCursors(new CursorKeys(new(new byte[32]), null)).Sign(2, new LogPosition(1, 1)),
            "PAGE" => (await fixture.Server.DataAsync("{ serviceRequests(city: \"nyc\", first: 1) { pageInfo { endCursor } } }"))
                .GetProperty("serviceRequests").GetProperty("pageInfo").GetProperty("endCursor").GetString()!,
            _ => after,
        };
        await using SseStream stream = await SseStream.OpenAsync(Client, after: after);
        Assert.Equal("SUBSCRIPTION_INVALID", CodeOf(await stream.ErrorsAsync()));
    }

    [Theory]
    [InlineData("subscription { __typename }")]
    [InlineData("subscription($no: Boolean = true) { onServiceRequestChanged(city: \"nyc\") @skip(if: $no) { kind } }")]
    [InlineData(
        "subscription { onServiceRequestChanged(city: \"nyc\", within: {polygon: {type: Polygon, coordinates: CIRCLE}}) { kind } }")]
    public async Task What_no_stream_can_tell_is_refused(string query)
    {
        IEnumerable<string> positions = Enumerable.Range(0, 1_001).Select(i => i % 1_000 * 0.001 * Math.Tau)
            .Select(turn => FormattableString.Invariant($"[{-73.9 + 0.1 * Math.Cos(turn)},{40.7 + 0.1 * Math.Sin(turn)}]"));
        string circle = $"[[{string.Join(',', positions)}]]";
        await using SseStream stream = await SseStream.PostAsync(
            Client, query.Replace("CIRCLE", circle, StringComparison.Ordinal));
        string code = CodeOf(await stream.ErrorsAsync());
        Assert.True(code is "SUBSCRIPTION_INVALID" or "SINGLE_ROOT_FIELD_SUBSCRIPTIONS", code);
    }

    private static string CodeOf(JsonElement errors) => errors[0].GetProperty("extensions").GetProperty("code").GetString()!;
}
