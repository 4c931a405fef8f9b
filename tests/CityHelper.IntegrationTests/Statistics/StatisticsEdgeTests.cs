using System.Text.Json;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Xunit;

namespace CityHelper.IntegrationTests.Statistics;

/// <summary>Questions at the limits of space and time, and filters on the location that name no area.</summary>
[Collection(PostgresCollection.Name)]
public sealed class StatisticsEdgeTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>, IDisposable
{
    private const string AllStatistics =
        "total open overdue byStatus { count } byCategory { count } byAgency { count } byDay { count } byWeek { count } byMonth { count } "
            + "timeToClose { count }";

    public void Dispose() => Assert.Empty(fixture.Server.Errors);

    /// <summary>
    /// Of the forty requests every tenth has no location, and each category has a third; all three beside a location filter would be too
    /// many rows.
    /// </summary>
    [Theory]
    [InlineData("location: {x: {eq: null}}, category: {code: {in: [\"rodent\", \"heat-hot-water\"]}}", 2)]
    [InlineData("location: {x: {neq: null}}, category: {code: {in: [\"rodent\", \"heat-hot-water\"]}}", 24)]
    [InlineData(
        "location: {nwithin: {geometry: {type: Polygon, coordinates: [[[0,0],[1,0],[1,1],[0,0]]]}}}, category: {code: {in: [\"rodent\", "
            + "\"heat-hot-water\"]}}",
        26)]
    [InlineData(
        "or: [{location: {x: {lt: 0}}}, {status: {eq: CLOSED}}], createdAt: {gte: \"2024-11-01T00:00:00Z\", lt: \"2024-11-30T00:00:00Z\"}",
        10)]
    [InlineData("createdAt: {lte: \"9999-12-31T23:59:59.999Z\"}", 40)]
    [InlineData("createdAt: {lt: \"9999-12-31T23:59:59.9999999Z\"}", 40)]
    [InlineData("createdAt: {gt: \"9999-12-31T23:59:59.999Z\"}", 0)]
    [InlineData("createdAt: {gte: \"9999-01-02T00:00:00Z\"}", 0)]
    [InlineData("createdAt: {gte: \"0001-01-01T00:00:00Z\"}", 40)]
    [InlineData("createdAt: {lt: \"0001-01-01T00:00:00Z\"}", 0)]
    [InlineData("createdAt: {lte: \"0001-12-31T23:59:59Z\"}", 0)]
    public async Task Statistics_take_any_time_and_filters_by_location(string where, int total)
    {
        JsonElement data = await fixture.Server.DataAsync(
            $$"""
            {
              serviceRequestStats(city: "nyc", where: { {{where}} }) { {{AllStatistics}} }
              serviceRequests(city: "nyc", where: { {{where}} }) { totalCount }
              serviceRequestClusters(city: "nyc", zoom: 10, where: { {{where}} }) { count }
            }
            """);
        Assert.Equal(total, data.GetProperty("serviceRequestStats").GetProperty("total").GetInt32());
        Assert.Equal(
            total,
            data.GetProperty("serviceRequestStats").GetProperty("byDay").EnumerateArray().Sum(d => d.GetProperty("count").GetInt32()));
        Assert.Equal(total, data.GetProperty("serviceRequests").GetProperty("totalCount").GetInt32());
    }

    /// <summary>The query reads the cells of the smaller one of area and filter; each row must lie in both.</summary>
    [Theory]
    [InlineData("viewport: {west: -74.3, south: 40.4, east: -73.97, north: 40.9}")]
    [InlineData("polygon: {type: Polygon, coordinates: [[[-74.3,40.4],[-73.97,40.4],[-73.98,40.9],[-74.3,40.4]]]}")]
    [InlineData("circle: {longitude: -74.0, latitude: 40.74, metres: 3000}")]
    public async Task An_area_and_a_smaller_rectangle_of_the_filter_hold_together(string area)
    {
        const string Where =
            "{ title: {contains: \"Loud\"}, location: {within: {geometry: {type: Polygon, coordinates: "
                + "[[[-73.985,40.742],[-73.965,40.742],[-73.965,40.752],[-73.985,40.752],[-73.985,40.742]]]}}} }";
        JsonElement data = await fixture.Server.DataAsync(
            $$"""
            {
              serviceRequestStats(city: "nyc", within: { {{area}} }, where: {{Where}}) { {{AllStatistics}} }
              serviceRequests(city: "nyc", within: { {{area}} }, where: {{Where}}) { totalCount }
              all: serviceRequests(city: "nyc", where: {{Where}}) { totalCount }
              serviceRequestClusters(city: "nyc", within: { {{area}} }, zoom: 10, where: {{Where}}) { count }
            }
            """);
        int rows = data.GetProperty("serviceRequests").GetProperty("totalCount").GetInt32();
        Assert.InRange(rows, 1, data.GetProperty("all").GetProperty("totalCount").GetInt32() - 1);
        Assert.Equal(rows, data.GetProperty("serviceRequestStats").GetProperty("total").GetInt32());
        Assert.Equal(rows, data.GetProperty("serviceRequestClusters").EnumerateArray().Sum(c => c.GetProperty("count").GetInt32()));
    }

    /// <summary>A continent's map and the whole world have statistics; an area between them would need 100,000 cells (attack 22).</summary>
    [Theory]
    [InlineData(-130, 20, -60, 50, 36)]
    [InlineData(-76.5, 38.5, -71.5, 43, 36)]
    [InlineData(-180, -90, 180, 90, 36)]
    [InlineData(-179.99, -84.9, 179.99, 84.9, null)]
    public async Task A_wide_area_is_counted_or_refused(double west, double south, double east, double north, int? located)
    {
        const string Query =
            """
            query($v: ViewportInput!) {
              serviceRequestStats(city: "nyc", within: {viewport: $v}) { total overdue }
              serviceRequestClusters(city: "nyc", within: {viewport: $v}, zoom: 4) { count }
            }
            """;
        JsonElement answer = await fixture.Server.QueryAsync(Query, new { v = new { west, south, east, north } });
        if (located is { } rows)
        {
            Assert.Equal(rows, answer.GetProperty("data").GetProperty("serviceRequestStats").GetProperty("total").GetInt32());
            Assert.Equal(
                rows,
                answer
                    .GetProperty("data")
                    .GetProperty("serviceRequestClusters")
                    .EnumerateArray()
                    .Sum(c => c.GetProperty("count").GetInt32()));
        }
        else
        {
            Assert.All(
                answer.GetProperty("errors").EnumerateArray(),
                e => Assert.Equal("AREA_INVALID", e.GetProperty("extensions").GetProperty("code").GetString()));
            Assert.Equal(2, answer.GetProperty("errors").GetArrayLength());
        }
    }

    [Theory]
    [InlineData(11, null)]
    [InlineData(16, "AREA_INVALID")]
    public async Task Clusters_around_a_pole_are_counted_by_coarse_cells_alone(int zoom, string? code)
    {
        JsonElement answer = await fixture.Server.QueryAsync(
            $"{{ serviceRequestClusters(city: \"nyc\", within: {{circle: {{longitude: 3, latitude: 86, metres: 50}}}}, zoom: {zoom}) {{ "
                + $"count }} }}");
        Assert.Equal(
            code,
            answer.TryGetProperty("errors", out JsonElement errors)
                ? errors[0].GetProperty("extensions").GetProperty("code").GetString()
                : null);
    }

    [Fact]
    public async Task Lists_below_groups_count_by_all_groups_that_may_be()
    {
        const string Query =
            "{ serviceRequestStats(city: \"nyc\") { byCategory(first: 1) { category { serviceRequests(first: ROWS) { nodes { id } } } } "
                + "} }";
        Assert.True(
            (await fixture.Server.QueryAsync(Query.Replace("ROWS", "10", StringComparison.Ordinal))).GetProperty("data").ValueKind
                == JsonValueKind.Object);
        JsonElement refused = await fixture.Server.QueryAsync(Query.Replace("ROWS", "11", StringComparison.Ordinal));
        Assert.Equal("OPERATION_TOO_LARGE", refused.GetProperty("errors")[0].GetProperty("extensions").GetProperty("code").GetString());
    }
}
