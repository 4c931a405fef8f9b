using System.Net;
using System.Text.Json;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>Attack 20: huge variables, and numbers at and beyond the limits of their types.</summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack20NumberAndVariableTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>, IDisposable
{
    private const string Ints = "query($n: Int) { serviceRequests(city: \"nyc\", first: $n) { nodes { id } } }";
    private const string Floats =
        "query($n: Float!) { serviceRequests(city: \"nyc\", within: {viewport: {west: $n, south: 40, east: 180, north: 41}}) { totalCount "
            + "} }";

    public void Dispose() => Assert.Empty(fixture.Server.Errors);

    /// <summary>Null: answered without an error. HC0012: not JSON. HC0016: refused. Others are field errors.</summary>
    [Theory]
    [InlineData("10", null)]
    [InlineData("0", null)]
    [InlineData("-0", null)]
    [InlineData("null", null)]
    [InlineData("100", null)]
    [InlineData("101", "HC0051")]
    [InlineData("-1", "HC0079")]
    [InlineData("2147483647", "HC0051")]
    [InlineData("-2147483648", "HC0079")]
    [InlineData("2147483648", "HC0016")]
    [InlineData("-2147483649", "HC0016")]
    [InlineData("9007199254740993", "HC0016")]
    [InlineData("9223372036854775808", "HC0016")]
    [InlineData("1e400", "HC0016")]
    [InlineData("1.5", "HC0016")]
    [InlineData("\"1\"", "HC0016")]
    [InlineData("true", "HC0016")]
    [InlineData("[1, 2]", "HC0016")]
    [InlineData("{}", "HC0016")]
    [InlineData("NaN", "HC0012")]
    [InlineData("Infinity", "HC0012")]
    [InlineData("0x10", "HC0012")]
    [InlineData("01", "HC0012")]
    [InlineData("1.", "HC0012")]
    [InlineData("+1", "HC0012")]
    public async Task An_integer_is_in_its_range_or_refused(string number, string? code) => await AssertAsync(Ints, number, code);

    [Theory]
    [InlineData("-74", null)]
    [InlineData("-74.0", null)]
    [InlineData("-0", null)]
    [InlineData("-0.0", null)]
    [InlineData("5e-324", null)]
    [InlineData("1e-400", null)]
    [InlineData("0.1000000000000000055511151231257827021181583404541015625", null)]
    [InlineData("180.00000000000003", "AREA_INVALID")]
    [InlineData("9007199254740993", "AREA_INVALID")]
    [InlineData("1.7976931348623157e308", "AREA_INVALID")]
    [InlineData("-1e308", "AREA_INVALID")]
    [InlineData("1e309", "HC0016")]
    [InlineData("-1e400", "HC0016")]
    [InlineData("\"NaN\"", "HC0016")]
    [InlineData("\"1\"", "HC0016")]
    [InlineData("null", "HC0016")]
    [InlineData("NaN", "HC0012")]
    [InlineData("-Infinity", "HC0012")]
    public async Task A_float_is_finite_or_refused(string number, string? code) => await AssertAsync(Floats, number, code);

    /// <summary>The same numbers in the text of the operation.</summary>
    [Theory]
    [InlineData("first: 2147483648")]
    [InlineData("first: 99999999999999999999")]
    [InlineData("first: 1.0")]
    [InlineData("first: 1e2")]
    [InlineData("within: {viewport: {west: 1e400, south: 40, east: 180, north: 41}}")]
    [InlineData("within: {viewport: {west: -1e999999, south: 40, east: 180, north: 41}}")]
    [InlineData("within: {viewport: {west: NaN, south: 40, east: 180, north: 41}}")]
    public async Task A_literal_out_of_range_is_refused(string argument)
    {
        (HttpResponseMessage response, JsonElement json) = await fixture.Server.PostAsync(
            JsonSerializer.Serialize(new { query = $"{{ serviceRequests(city: \"nyc\", {argument}) {{ nodes {{ id }} }} }}" }));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.False(json.TryGetProperty("data", out _));
    }

    /// <summary>PostgreSQL refuses products that underflow; a number this small is no coordinate.</summary>
    [Theory]
    [InlineData("5e-324")]
    [InlineData("-1e-310")]
    [InlineData("1e-200")]
    [InlineData("1e-100")]
    public async Task Numbers_next_to_nothing_are_calculated_with(string number)
    {
        string place = $"{{longitude: {number}, latitude: {number}}}";
        string ring = $"[[{number}, {number}], [1, 0], [1, 1], [{number}, {number}]]";
        await fixture.Server.DataAsync(
            """
            { near: nearbyServiceRequests(city: "nyc", to: @place, withinMetres: 100) { nodes { id } }
              same: duplicateCandidates(city: "nyc", category: "rodent", location: @place) { serviceRequest { id } }
              view: serviceRequests(city: "nyc", within: {viewport: {west: @number, south: @number, east: 1, north: 1}}) { totalCount }
              area: serviceRequests(city: "nyc", within: {polygon: {type: Polygon, coordinates: [@ring]}}) { totalCount }
              circle: serviceRequests(city: "nyc", within: {circle: {longitude: @number, latitude: @number, metres: 100}}) { totalCount }
              stats: serviceRequestStats(city: "nyc", within: {polygon: {type: Polygon, coordinates: [@ring]}}) { total }
              filter: serviceRequests(
                city: "nyc",
                where: {category: {code: {eq: "rodent"}},
                  location: {distance: {geometry: {type: Point, coordinates: [@number, @number]}, lte: 1}}}) { totalCount } }
            """.Replace("@place", place, StringComparison.Ordinal).Replace("@ring", ring, StringComparison.Ordinal).Replace(
                "@number", number, StringComparison.Ordinal));
    }

    /// <summary>A number of a hundred thousand digits is parsed in linear time and keeps its value.</summary>
    [Fact]
    public async Task A_very_long_number_is_a_number()
    {
        string zeros = new('0', 100_000);
        await AssertAsync(Ints, "1" + zeros, "HC0016");
        await AssertAsync(Floats, "1" + zeros, "HC0016");
        await AssertAsync(Floats, "-74." + zeros + "1", null);
        await AssertAsync(Floats, "0." + zeros + "1", null);
        await AssertAsync(Floats, "1e" + zeros + "1", null);
        await AssertAsync(Floats, "1e1" + zeros, "HC0016");
    }

    [Fact]
    public async Task Variables_are_bounded_in_bytes_depth_length_and_members()
    {
        const string Filters = "query($w: ServiceRequestFilterInput) { serviceRequests(city: \"nyc\", where: $w) { nodes { id } } }";
        Assert.Equal(
            (413, "HC0010"), await SendAsync(Filters, $$$$"""{"w":{"title":{"eq":"{{{{new string('a', Limits.RequestBytesMax)}}}}"}}}"""));
        Assert.Equal((413, "HC0010"), await SendAsync(Filters, $$$"""{"unknown":"{{{new string('a', Limits.RequestBytesMax)}}}"}"""));
        Assert.Equal((400, "HC0012"), await SendAsync(Filters, $$$"""{"w":{{{Nested("[", "]", 10_000)}}}}"""));
        Assert.Equal((400, "HC0012"), await SendAsync(Filters, $$$"""{"unknown":{{{Nested("{\"a\":", "}", 1_000, "1")}}}}"""));
        Assert.Equal(
            (400, "OPERATION_TOO_LARGE"),
            await SendAsync(Filters, $$$"""{"w":{{{Nested("{\"and\":[", "]}", 25, string.Join(',', Enumerable.Repeat("{}", 1_000)))}}}}""")
        );
        Assert.Equal(
            (400, "HC0016"),
            await SendAsync(
                Filters, $$$$"""{"w":{"id":{"in":[{{{{string.Join(',', Enumerable.Repeat("\"a\"", Limits.InputListItemsMax + 1))}}}}]}}}""")
        );
        Assert.Equal((400, "HC0016"), await SendAsync(Filters, $$$"""{"w":{{{Members(10_000)}}}}"""));
    }

    private async Task AssertAsync(string query, string number, string? code)
    {
        (int status, string? got) = await SendAsync(query, $$$"""{"n":{{{number}}}}""");
        Assert.Equal(code, got);
        Assert.Equal(code is "HC0012" or "HC0016" ? 400 : 200, status);
    }

    private async Task<(int Status, string? Code)> SendAsync(string query, string variables)
    {
        (HttpResponseMessage response, JsonElement json) = await fixture.Server.PostAsync(
            $$"""{"query":{{JsonSerializer.Serialize(query)}},"variables":{{variables}}}""");
        string? code = json.TryGetProperty("errors", out JsonElement errors)
            ? errors[0].GetProperty("extensions").GetProperty("code").GetString()
            : null;
        return ((int)response.StatusCode, code);
    }

    private static string Members(int count) => $"{{{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"a{i}\":1"))}}}";

    private static string Nested(string open, string close, int depth, string inner = "") =>
        string.Concat(Enumerable.Repeat(open, depth)) + inner + string.Concat(Enumerable.Repeat(close, depth));
}
