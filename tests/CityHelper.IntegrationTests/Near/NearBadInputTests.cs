using System.Net;
using System.Text.Json;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Xunit;

namespace CityHelper.IntegrationTests.Near;

/// <summary>Invalid questions about near requests and duplicates give an error with a code, and the rest of the answer.</summary>
[Collection(PostgresCollection.Name)]
public sealed class NearBadInputTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>, IDisposable
{
    private const string Here = "to: {longitude: -73.98, latitude: 40.75}";
    private const string There = "location: {longitude: -73.98, latitude: 40.75}";

    // No input of these tests is a fault of the server.
    public void Dispose() => Assert.Empty(fixture.Server.Errors);

    [Theory]
    [InlineData("city: \"atlantis\", withinMetres: 100, " + Here, "CITY_NOT_FOUND")]
    [InlineData("city: \"nyc\", withinMetres: 100, to: {longitude: 180.1, latitude: 0}", "POSITION_INVALID")]
    [InlineData("city: \"nyc\", withinMetres: 100, to: {longitude: 0, latitude: -90.0001}", "POSITION_INVALID")]
    [InlineData("city: \"nyc\", withinMetres: 0, " + Here, "DISTANCE_INVALID")]
    [InlineData("city: \"nyc\", withinMetres: -5, " + Here, "DISTANCE_INVALID")]
    [InlineData("city: \"nyc\", withinMetres: 5000.1, " + Here, "DISTANCE_INVALID")]
    [InlineData("city: \"nyc\", withinMetres: 100, first: -1, " + Here, "HC0079")]
    [InlineData("city: \"nyc\", withinMetres: 100, first: 101, " + Here, "HC0051")]
    [InlineData("city: \"nyc\", withinMetres: 100, after: \"x\", " + Here, "HC0078")]
    [InlineData("city: \"nyc\", withinMetres: 1001, where: {title: {contains: \"a\"}}, " + Here, "FILTER_NOT_INDEXED")]
    [InlineData("city: \"nyc\", withinMetres: 1001, where: {updates: {any: true}}, " + Here, "FILTER_NOT_INDEXED")]
    [InlineData("city: \"nyc\", withinMetres: 100, where: {id: {eq: \"Q2l0eTox\"}}, " + Here, "ID_INVALID")]
    public async Task A_value_that_cannot_be_asked_is_an_error_of_its_field(string arguments, string code)
    {
        JsonElement json = await AskAsync(
            $"{{ asked: nearbyServiceRequests({arguments}) {{ nodes {{ id }} }} cities {{ slug }} }}", code, """["asked"]""");
        Assert.Equal(JsonValueKind.Null, json.GetProperty("data").GetProperty("asked").ValueKind);
        Assert.Equal("nyc", json.GetProperty("data").GetProperty("cities")[0].GetProperty("slug").GetString());
    }

    /// <summary>An error in a non-null list makes all data null.</summary>
    [Theory]
    [InlineData("city: \"atlantis\", category: \"rodent\", " + There, "CITY_NOT_FOUND")]
    [InlineData("city: \"nyc\", category: \"Rodent\", " + There, "CATEGORY_NOT_FOUND")]
    [InlineData("city: \"nyc\", category: \"rodent\", location: {longitude: -181, latitude: 0}", "POSITION_INVALID")]
    [InlineData("city: \"nyc\", category: \"rodent\", withinMetres: 500.1, " + There, "DISTANCE_INVALID")]
    [InlineData("city: \"nyc\", category: \"rodent\", withinMetres: 0, " + There, "DISTANCE_INVALID")]
    [InlineData("city: \"nyc\", category: \"rodent\", withinDays: 0, " + There, "DAYS_INVALID")]
    [InlineData("city: \"nyc\", category: \"rodent\", withinDays: 91, " + There, "DAYS_INVALID")]
    [InlineData("city: \"nyc\", category: \"rodent\", first: -1, " + There, "HC0079")]
    [InlineData("city: \"nyc\", category: \"rodent\", first: 101, " + There, "HC0051")]
    public async Task A_draft_that_cannot_be_asked_about_is_an_error(string arguments, string code)
    {
        JsonElement json = await AskAsync($"{{ duplicateCandidates({arguments}) {{ score }} }}", code, """["duplicateCandidates"]""");
        Assert.Equal(JsonValueKind.Null, json.GetProperty("data").ValueKind);
    }

    [Theory]
    [InlineData("first: -1", "HC0079")]
    [InlineData("first: 101", "HC0051")]
    [InlineData("withinMetres: 500.5", "DISTANCE_INVALID")]
    [InlineData("withinMetres: -0.0", "DISTANCE_INVALID")]
    [InlineData("withinDays: -1", "DAYS_INVALID")]
    [InlineData("withinDays: 2147483647", "DAYS_INVALID")]
    public async Task Duplicates_that_cannot_be_asked_for_are_an_error_of_their_request(string arguments, string code)
    {
        JsonElement json = await AskAsync(
            $"{{ serviceRequest(city: \"nyc\", externalId: \"40000007\") {{ id possibleDuplicates({arguments}) {{ score }} }} }}",
            code,
            """["serviceRequest","possibleDuplicates"]""");
        Assert.Equal(JsonValueKind.Null, json.GetProperty("data").GetProperty("serviceRequest").ValueKind);
    }

    [Fact]
    public async Task Duplicates_of_too_many_requests_at_once_are_refused() => await AskAsync(
        "{ serviceRequests(city: \"nyc\", first: 100) { nodes { possibleDuplicates(first: 6, withinMetres: 350, withinDays: 19) { "
            + "serviceRequest { possibleDuplicates(first: 1) { score } } } } } }",
        "OPERATION_TOO_LARGE", null);

    /// <summary>The work grows with distance and days, so larger ones allow fewer requests per question.</summary>
    [Theory]
    [InlineData(15, 500, 90, null)]
    [InlineData(16, 500, 90, "OPERATION_TOO_LARGE")]
    [InlineData(100, 500, 14, null)]
    [InlineData(100, 100, 90, "OPERATION_TOO_LARGE")]
    public async Task Of_many_requests_fewer_metres_and_days_may_be_asked(int rows, int metres, int days, string? code)
    {
        JsonElement answer = await fixture.Server.QueryAsync(
            $"{{ serviceRequests(city: \"nyc\", first: {rows}) {{ nodes {{ possibleDuplicates(withinMetres: {metres}, withinDays: {days}) "
                + $"{{ score }} }} }} }}");
        Assert.Equal(
            code,
            answer.TryGetProperty("errors", out JsonElement errors)
                ? errors[0].GetProperty("extensions").GetProperty("code").GetString()
                : null);
    }

    /// <summary>A filter without an index is allowed if the circle, or an indexed condition beside it, leaves few rows.</summary>
    [Theory]
    [InlineData("withinMetres: 1000, where: {title: {contains: \"music\"}}")]
    [InlineData("withinMetres: 5000, where: {title: {contains: \"music\"}, category: {code: {eq: \"rodent\"}}}")]
    [InlineData(
        "withinMetres: 5000, where: {updates: {any: true}, createdAt: {gte: \"2024-12-01T00:00:00Z\", lt: \"2024-12-31T00:00:00Z\"}}")]
    public async Task A_filter_without_an_index_is_answered_where_few_rows_are_left(string arguments) =>
        await fixture.Server.DataAsync($"{{ nearbyServiceRequests(city: \"nyc\", {Here}, {arguments}) {{ nodes {{ id }} }} }}");

    /// <summary>A cursor belongs to its position, distance, filter and city, but not to the page size.</summary>
    [Fact]
    public async Task A_cursor_of_another_question_is_refused()
    {
        const string Question = "city: \"nyc\", to: {longitude: -73.97, latitude: 40.75}, withinMetres: 5000";
        string cursor = (
            await fixture.Server.DataAsync($"{{ nearbyServiceRequests({Question}, first: 3) {{ pageInfo {{ endCursor }} }} }}"))
            .GetProperty("nearbyServiceRequests")
            .GetProperty("pageInfo")
            .GetProperty("endCursor")
            .GetString()!;
        await fixture.Server.DataAsync($"{{ nearbyServiceRequests({Question}, first: 7, after: \"{cursor}\") {{ nodes {{ title }} }} }}");
        foreach (
            string other in new[]
            {
                Question.Replace("-73.97", "-73.970001", StringComparison.Ordinal),
                Question.Replace("40.75", "40.750001", StringComparison.Ordinal),
                Question.Replace("5000", "4999", StringComparison.Ordinal),
                Question + ", where: {status: {eq: OPEN}}",
            }
        )
        {
            await AskAsync(
                $"{{ nearbyServiceRequests({other}, after: \"{cursor}\") {{ nodes {{ id }} }} }}",
                "HC0078",
                """["nearbyServiceRequests"]""");
        }

        await AskAsync(
            $"{{ serviceRequests(city: \"nyc\", after: \"{cursor}\") {{ nodes {{ id }} }} }}", "HC0078", """["serviceRequests"]""");
    }

    [Theory]
    [InlineData("{ nearbyServiceRequests(city: \"nyc\", withinMetres: 100, to: {longitude: -73.98}) { nodes { id } } }")]
    [InlineData("{ nearbyServiceRequests(city: \"nyc\", withinMetres: 1e400, " + Here + ") { nodes { id } } }")]
    [InlineData("{ nearbyServiceRequests(city: \"nyc\", withinMetres: 100, to: {longitude: 1e999, latitude: 0}) { nodes { id } } }")]
    [InlineData("{ nearbyServiceRequests(city: \"nyc\", withinMetres: 100, last: 3, " + Here + ") { nodes { id } } }")]
    [InlineData("{ nearbyServiceRequests(city: \"nyc\", withinMetres: 100, " + Here + ") { totalCount } }")]
    [InlineData("{ nearbyServiceRequests(city: \"nyc\", " + Here + ") { nodes { id } } }")]
    [InlineData("{ duplicateCandidates(city: \"nyc\", " + There + ") { score } }")]
    public async Task A_text_that_does_not_hold_is_refused(string query)
    {
        (HttpResponseMessage response, JsonElement json) = await fixture.Server.PostAsync(JsonSerializer.Serialize(new { query }));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.False(json.TryGetProperty("data", out _));
        Assert.All(
            json.GetProperty("errors").EnumerateArray(),
            e => Assert.NotEmpty(e.GetProperty("extensions").GetProperty("code").GetString()!));
    }

    private async Task<JsonElement> AskAsync(string query, string code, string? path)
    {
        (HttpResponseMessage response, JsonElement json) = await fixture.Server.PostAsync(JsonSerializer.Serialize(new { query }));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        JsonElement error = json.GetProperty("errors")[0];
        Assert.Equal(code, error.GetProperty("extensions").GetProperty("code").GetString());
        if (path is not null)
        {
            Assert.Equal(path, error.GetProperty("path").GetRawText());
        }

        return json;
    }
}
