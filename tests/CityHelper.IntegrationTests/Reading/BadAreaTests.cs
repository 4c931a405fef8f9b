using System.Net;
using System.Text.Json;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Reading;

/// <summary>
/// Any geometry that a client sends (attacks 21 and 22) is refused with a code and a reason, or answered exactly; never a fault.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class BadAreaTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>, IDisposable
{
    private const string Within =
        "query($polygon: Geometry!) { serviceRequests(city: \"nyc\", within: {polygon: $polygon}) { totalCount } }";

    // No input of these tests is a fault of the server.
    public void Dispose() => Assert.Empty(fixture.Server.Errors);

    /// <summary>Not a geometry, or larger than the server's limit: the request is refused before anything runs.</summary>
    [Theory]
    [InlineData("""{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}""", "HC0016", "not closed")]
    [InlineData("""{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,0]]]}""", "HC0016", "at least 4")]
    [InlineData("""{"type":"Polygon","coordinates":[[0,0],[1,0],[1,1],[0,0]]}""", "HC0016", "position")]
    [InlineData("""{"type":"Polygon","coordinates":[[["0",0],[1,0],[1,1],["0",0]]]}""", "HC0016", "position")]
    [InlineData("""{"type":"Polygon","coordinates":[[[0,0,0,7],[1,0,0,7],[1,1,0,7],[0,0,0,7]]]}""", "HC0016", "position")]
    [InlineData("""{"type":"Polygon","coordinates":[[[1e400,0],[1,0],[1,1],[1e400,0]]]}""", "HC0016", "position")]
    [InlineData("""{"type":"Polygon","coordinates":[[[200,0],[201,0],[201,1],[200,0]]]}""", "HC0016", "outside")]
    [InlineData(
        """{"type":"Polygon","coordinates":[[[40.7,-174],[40.8,-174],[40.8,-173],[40.7,-174]]]}""", "HC0016", "longitude comes first")]
    [InlineData("""{"type":"Polygon"}""", "HC0016", "no `coordinates`")]
    [InlineData("""{"type":"Polygon","coordinates":null}""", "HC0016", "nested")]
    [InlineData("""{"type":"Feature","geometry":{"type":"Point","coordinates":[1,2]}}""", "HC0016", "send a geometry")]
    [InlineData("""{"type":"Circle","coordinates":[1,2]}""", "HC0016", "send a geometry")]
    [InlineData("""{"coordinates":[1,2]}""", "HC0016", "`type`")]
    [InlineData("\"POLYGON((0 0,1 0,1 1,0 0))\"", "HC0016", "GeoJSON")]
    [InlineData("[[0,0],[1,1]]", "HC0016", "GeoJSON")]
    [InlineData(
        """{"type":"GeometryCollection","geometries":[{"type":"GeometryCollection","geometries":[]}]}""", "HC0016", "within another")]
    [InlineData("""{"type":"Polygon","crs":3857,"coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}""", "HC0029", "4326")]
    [InlineData(
        """{"type":"Polygon","crs":{"type":"name","properties":{"name":"EPSG:3857"}},"coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}""",
        "HC0029",
        "4326")]
    public async Task A_value_that_is_no_geometry_is_refused(string geometry, string code, string reason)
    {
        (HttpResponseMessage response, JsonElement json) = await fixture.Server.PostAsync(
            $$$"""{"query":{{{JsonSerializer.Serialize(Within)}}},"variables":{"polygon":{{{geometry}}} }}""");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        AssertError(json, code, reason);
    }

    [Fact]
    public async Task A_geometry_of_too_many_positions_or_rings_is_refused()
    {
        // Few digits, because the body is limited too.
        object circle = Ring(Limits.GeometryVerticesMax + 1, 0.01, digits: 6);
        AssertError(
            await fixture.Server.QueryAsync(Within, new { polygon = new { type = "Polygon", coordinates = new[] { circle } } }),
            "HC0016",
            "positions");
        object[] rings = [.. Enumerable.Range(0, Limits.GeometryRingsMax + 1).Select(i => Ring(4, 0.5 / (i + 1)))];
        AssertError(
            await fixture.Server.QueryAsync(Within, new { polygon = new { type = "Polygon", coordinates = rings } }), "HC0016", "rings");
        object[] empty = [.. Enumerable.Repeat(Array.Empty<object>(), Limits.GeometryRingsMax + 1)];
        AssertError(
            await fixture.Server.QueryAsync(Within, new { polygon = new { type = "MultiPolygon", coordinates = empty } }),
            "HC0016",
            "rings");
        JsonElement allowed = await fixture.Server.QueryAsync(
            Within, new { polygon = new { type = "Polygon", coordinates = new[] { Ring(5_000, 0.01) } } });
        Assert.True(
            allowed.GetProperty("data").GetProperty("serviceRequests").GetProperty("totalCount").GetInt32() > 0, allowed.ToString());
    }

    /// <summary>A geometry, but not a valid area: an error of the field.</summary>
    [Theory]
    [InlineData("{polygon: {type: Polygon, coordinates: [[[0,0],[1,1],[1,0],[0,1],[0,0]]]}}", "AREA_INVALID", "self-intersection")]
    [InlineData("{polygon: {type: Polygon, coordinates: [[[0,0],[1,0],[1,1],[0,0]],[[5,5],[6,5],[6,6],[5,5]]]}}", "AREA_INVALID", "hole")]
    [InlineData(
        "{polygon: {type: Polygon, coordinates: [[[0,0],[1,0],[1,1],[0,0]],[[0,0],[1,0],[1,1],[0,0]]]}}", "AREA_INVALID", "not valid")]
    [InlineData(
        "{polygon: {type: MultiPolygon, coordinates: [[[[0,0],[1,0],[1,1],[0,0]]],[[[0,0],[1,0],[1,1],[0,0]]]]}}",
        "AREA_INVALID",
        "not valid")]
    [InlineData("{polygon: {type: Polygon, coordinates: [[[1,1],[1,1],[1,1],[1,1]]]}}", "AREA_INVALID", "not valid")]
    [InlineData("{polygon: {type: Polygon, coordinates: []}}", "AREA_INVALID", "not empty")]
    [InlineData("{polygon: {type: LineString, coordinates: [[0,0],[1,1]]}}", "AREA_INVALID", "Polygon")]
    [InlineData("{polygon: {type: Polygon, coordinates: [[[-179,0],[179,0],[179,1],[-179,0]]]}}", "AREA_INVALID", "antimeridian")]
    [InlineData("{circle: {longitude: 0, latitude: 0, metres: 0}}", "AREA_INVALID", "metres")]
    [InlineData("{circle: {longitude: 0, latitude: 0, metres: -1}}", "AREA_INVALID", "metres")]
    [InlineData("{circle: {longitude: 0, latitude: 0, metres: 1e9}}", "AREA_INVALID", "metres")]
    [InlineData("{circle: {longitude: 0, latitude: 91, metres: 10}}", "AREA_INVALID", "latitudes")]
    [InlineData("{circle: {longitude: -181, latitude: 0, metres: 10}}", "AREA_INVALID", "longitudes")]
    [InlineData("{boundary: \"x\"}", "ID_INVALID", "Boundary")]
    [InlineData("{boundary: \"Q2l0eTox\"}", "ID_INVALID", "Boundary")]
    [InlineData("{boundary: \"Qm91bmRhcnk6Mjox\"}", "AREA_INVALID", "no Boundary")]
    [InlineData("{boundary: \"Qm91bmRhcnk6MTo5OTk=\"}", "AREA_INVALID", "no Boundary")]
    public async Task An_area_that_cannot_be_searched_is_an_error_of_its_field(string area, string code, string reason)
    {
        AssertError(
            await fixture.Server.QueryAsync($"{{ serviceRequests(city: \"nyc\", within: {area}) {{ totalCount }} }}"), code, reason);
        AssertError(await fixture.Server.QueryAsync($"{{ serviceRequestStats(city: \"nyc\", within: {area}) {{ total }} }}"), code, reason);
        AssertError(
            await fixture.Server.QueryAsync($"{{ serviceRequestClusters(city: \"nyc\", within: {area}, zoom: 11) {{ count }} }}"),
            code,
            reason);
    }

    [Theory]
    [InlineData(
        "within: {geometry: {type: Polygon, coordinates: [[[0,0],[1,1],[1,0],[0,1],[0,0]]]}}", "GEOMETRY_INVALID", "self-intersection")]
    [InlineData(
        "intersects: {geometry: {type: GeometryCollection, geometries: [{type: Point, coordinates: [0, 0]}]}}",
        "GEOMETRY_INVALID",
        "GeometryCollection")]
    [InlineData("within: {geometry: {type: Point, coordinates: [0, 0]}, buffer: 500}", "GEOMETRY_INVALID", "degrees")]
    [InlineData("within: {geometry: {type: LineString, coordinates: [[0, 0], [1, 1]]}, buffer: -0.1}", "GEOMETRY_INVALID", "negative")]
    [InlineData(
        "distance: {geometry: {type: Polygon, coordinates: [[[0,0],[1,0],[1,1],[0,0]]]}, buffer: -0.1, lt: 1}",
        "GEOMETRY_INVALID",
        "shrunk")]
    public async Task A_geometry_that_cannot_be_compared_with_is_an_error_of_its_field(string condition, string code, string reason) =>
        AssertError(
            await fixture.Server.QueryAsync($"{{ serviceRequests(city: \"nyc\", where: {{location: {{{condition}}}}}) {{ totalCount }} }}"),
            code,
            reason);

    /// <summary>Between two areas, only the distance can be computed without building the buffer.</summary>
    [Theory]
    [InlineData("within")]
    [InlineData("ncontains")]
    [InlineData("overlaps")]
    [InlineData("touches")]
    public async Task Areas_are_related_to_no_grown_geometry(string relation) =>
        AssertError(
            await fixture.Server.QueryAsync(
                $"{{ boundaries(city: \"nyc\", where: {{geometry: {{{relation}: {{geometry: {{type: Point, coordinates: [-73.98, "
                    + $"40.75]}}, buffer: 0.1}}}}}}) {{ totalCount }} }}"),
            "GEOMETRY_INVALID",
            "no positive buffer");

    [Theory]
    [InlineData("within: {geometry: {type: Polygon, coordinates: [[[0,0],[1,0],[1,1],[0,1]]]}}", "not closed")]
    [InlineData("within: {geometry: {type: Point, coordinates: [\"0\", 0]}}", "position")]
    public async Task A_literal_that_is_no_geometry_is_refused(string condition, string reason) =>
        AssertError(
            await fixture.Server.QueryAsync($"{{ serviceRequests(city: \"nyc\", where: {{location: {{{condition}}}}}) {{ totalCount }} }}"),
            "HC0002",
            reason);

    [Theory]
    [InlineData("serviceRequestClusters(city: \"nyc\", zoom: -1) { count }", "ZOOM_INVALID")]
    [InlineData("serviceRequestClusters(city: \"nyc\", zoom: 23) { count }", "ZOOM_INVALID")]
    [InlineData("serviceRequestStats(city: \"nyc\") { byCategory(first: 5000) { count } }", "HC0051")]
    [InlineData("serviceRequestStats(city: \"nyc\") { byAgency(first: -1) { count } }", "HC0079")]
    [InlineData("serviceRequestStats(city: \"nyc\", where: {title: {contains: \"a\"}}) { total }", "FILTER_NOT_INDEXED")]
    [InlineData("serviceRequestStats(city: \"atlantis\") { total }", "CITY_NOT_FOUND")]
    [InlineData("boundaries(city: \"nyc\", first: 1) { nodes { stats { total } } }", "ONE_PARTITION")]
    [InlineData("boundary(id: \"Q2l0eTox\") { stats { total } }", "ID_INVALID")]
    public async Task A_statistic_that_cannot_be_computed_is_an_error_of_its_field(string field, string code) =>
        AssertError(await fixture.Server.QueryAsync($"{{ {field} }}"), code, "");

    /// <summary>Odd but valid areas: answered as by plain PostGIS.</summary>
    [Theory]
    [InlineData("{circle: {longitude: 179.99, latitude: 10, metres: 20000}}", 0)]
    [InlineData("{circle: {longitude: 0, latitude: 90, metres: 50000}}", 0)]
    [InlineData("{circle: {longitude: -73.97, latitude: 40.75, metres: 50000}}", 36)]
    [InlineData("{viewport: {west: -180, south: -90, east: 180, north: 90}}", 36)]
    [InlineData("{viewport: {west: -60, south: 0, east: -20, north: 40}}", 0)]
    [InlineData("{viewport: {west: -73.99, south: 40.74, east: -73.99, north: 40.74}}", 1)]
    [InlineData(
        "{polygon: {type: Polygon, coordinates: [[[-74, 40.7, 5], [-73.9, 40.7, 5], [-73.9, 40.8, 5], [-74, 40.8, 5], [-74, 40.7, 5]]]}}",
        36)]
    [InlineData(
        "{polygon: {type: Polygon, coordinates: [[[-74, 40.74], [-73.98, 40.740000001], [-73.98, 40.739999999], [-74, 40.74]]]}}", 1)]
    public async Task An_odd_area_is_answered(string area, int count)
    {
        JsonElement data = await fixture.Server.DataAsync(
            $"{{ serviceRequests(city: \"nyc\", within: {area}) {{ totalCount }} serviceRequestStats(city: \"nyc\", within: {area}) {{ "
                + $"total }} }}");
        Assert.Equal(count, data.GetProperty("serviceRequests").GetProperty("totalCount").GetInt32());
        Assert.Equal(count, data.GetProperty("serviceRequestStats").GetProperty("total").GetInt32());
    }

    private static object Ring(int positions, double radius, int digits = 15)
    {
        double[][] ring =
        [
            .. Enumerable
                .Range(0, positions - 1)
                .Select(i =>
                    new[]
                    {
                        Math.Round(-73.98 + radius * Math.Cos(i * 2 * Math.PI / (positions - 1)), digits),
                        Math.Round(40.75 + radius * Math.Sin(i * 2 * Math.PI / (positions - 1)), digits),
                    }
                ),
        ];
        return ring.Append(ring[0]);
    }

    private static void AssertError(JsonElement answer, string code, string reason)
    {
        JsonElement error = answer.GetProperty("errors")[0];
        Assert.Equal(code, error.GetProperty("extensions").GetProperty("code").GetString());
        Assert.Contains(reason, error.GetProperty("message").GetString(), StringComparison.OrdinalIgnoreCase);
    }
}
