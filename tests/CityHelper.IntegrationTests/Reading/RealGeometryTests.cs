using System.Globalization;
using System.Text.Json;
using CityHelper.IntegrationTests.Fuzzing;
using CityHelper.IntegrationTests.Oracle;
using CityHelper.IntegrationTests.Postgres;
using NetTopologySuite.Geometries;
using Npgsql;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Reading;

/// <summary>
/// Questions about the areas of a real city stay possible, whatever is limited for strangers: the areas are sent as polygons and compared
/// with each other as stored, in every predicate, and the answers equal plain PostGIS's.
/// </summary>
/// <remarks>
/// Of the polygons to send, <c>eng/test</c> takes the hardest ones and a random few; <c>CITYHELPER_REAL_GEOMETRIES=all</c> takes
/// each. It always takes all stored ones, with the full boroughs of up to 36,092 positions.
/// </remarks>
[Collection(PostgresCollection.Name)]
public sealed class RealGeometryTests(RealGeometryFixture fixture, ITestOutputHelper output)
    : IClassFixture<RealGeometryFixture>,
        IDisposable
{
    private const int Seed = 513;
    private const int SampleOfKind = 4;

    /// <summary>Two hundred metres: the reach of a query along a route.</summary>
    private const double NearDegrees = 0.0018;

    private const int RoutePositions = 500;

    /// <summary>Most islands and piers; longest borders with the others (measured over all pairs).</summary>
    private static readonly string[] s_hardest = ["210", "318", "356", "484", "407"];

    private static readonly string[] s_relations = ["intersects", "within", "contains", "overlaps", "touches"];

    // Parts of the names of conditions that compute distances.
    private static readonly string[] s_measured = ["distance", "+", "-", "near"];

    private static readonly bool s_isAll = Environment.GetEnvironmentVariable("CITYHELPER_REAL_GEOMETRIES") == "all";

    public void Dispose() => Assert.Empty(fixture.Server?.Errors ?? []);

    [SharedDataFact]
    public async Task Areas_as_polygons_compare_with_stored_areas_as_PostGIS_says()
    {
        int some = 0;
        foreach (RealGeometryFixture.Area area in Sent())
        {
            some += await CompareAllAsync(area.Code, area.Geometry, AreaConditions(), isRequests: false);
        }

        output.WriteLine($"{some} answers held some areas and not all");
        Assert.True(some > 5 * Sent().Count, $"only {some} answers held some areas and not all");
    }

    [SharedDataFact]
    public async Task Areas_as_polygons_compare_with_requests_as_PostGIS_says()
    {
        int some = 0;
        foreach (RealGeometryFixture.Area area in Sent())
        {
            some += await CompareAllAsync(area.Code, area.Geometry, PointConditions(), isRequests: true);
            some += await CompareAsync(
                area.Code,
                "within polygon",
                new { within = new { polygon = GeoJson(area.Geometry) } },
                "st_intersects($1, location)",
                area.Geometry,
                isRequests: true)
                ? 1
                : 0;
        }

        output.WriteLine($"{some} answers held some requests and not all");
        Assert.True(some > 5 * Sent().Count, $"only {some} answers held some requests and not all");
    }

    /// <summary>The full boroughs too: they are stored, so their size is the city's choice.</summary>
    [SharedDataFact]
    public async Task Stored_areas_hold_the_requests_that_PostGIS_finds()
    {
        RealGeometryFixture.Area[] stored = [.. Sent(), .. fixture.Areas.Where(a => a.Kind == "borough-full")];
        int some = 0;
        foreach (RealGeometryFixture.Area area in stored)
        {
            object asked = new { within = new { boundary = GeometryFixture.BoundaryId(area.Id) } };
            some += await CompareAsync(area.Code, "within boundary", asked, "st_intersects($1, location)", area.Geometry, isRequests: true)
                ? 1
                : 0;
        }

        // A small area may hold none.
        Assert.True(some > stored.Length * 9 / 10, $"only {some} of {stored.Length} hold some requests and not all");
    }

    [SharedDataFact]
    public async Task What_lies_near_a_walking_route_is_found()
    {
        var dice = new Dice(Seed);
        var at = new Coordinate(-73.99, 40.73);
        List<Coordinate> route = [at];
        while (route.Count < RoutePositions)
        {
            at = new Coordinate(
                Math.Round(at.X + 0.0003 * (dice.Fraction() - 0.3), 6), Math.Round(at.Y + 0.0003 * (dice.Fraction() - 0.2), 6));
            route.Add(at);
        }

        var line = new LineString([.. route]) { SRID = 4326 };
        object condition = new { intersects = new { geometry = Json(GeoShape.Line(route)), buffer = NearDegrees } };
        (string, object, string)[] near = [("intersects near", condition, $"st_distance({{0}}, $1) <= {Text(NearDegrees)}")];
        Assert.Equal(1, await CompareAllAsync("route", line, near, isRequests: true));
        Assert.Equal(1, await CompareAllAsync("route", line, near, isRequests: false));
    }

    [SharedDataFact]
    public async Task An_outline_of_ten_thousand_positions_is_searched()
    {
        var dice = new Dice(Seed);
        Coordinate[] shore = [.. Enumerable.Range(0, Engine.Limits.GeometryVerticesMax - 1).Select(i =>
        {
            (double sin, double cos) = Math.SinCos(i * 2 * Math.PI / (Engine.Limits.GeometryVerticesMax - 1));
            double reach = 0.12 + 0.03 * Math.Sin(i / 200.0) + 0.00002 * dice.Fraction();
            return new Coordinate(Math.Round(-73.95 + reach * cos, 6), Math.Round(40.72 + reach * sin, 6));
        })];
        var outline = new Polygon(new LinearRing([.. shore, shore[0].Copy()])) { SRID = 4326 };
        Assert.True(outline.IsValid);
        Assert.Equal(Engine.Limits.GeometryVerticesMax, outline.NumPoints);
        Assert.True(
            await CompareAsync(
                "outline",
                "within polygon",
                new { within = new { polygon = GeoJson(outline) } },
                "st_intersects($1, location)",
                outline,
                isRequests: true));
    }

    // Every simplified borough, the hardest districts, and some of the rest.
    private List<RealGeometryFixture.Area> Sent()
    {
        var dice = new Dice(Seed);
        IReadOnlyList<RealGeometryFixture.Area> Some(string kind) =>
            [.. dice.Shuffled(fixture.Areas.Where(a => a.Kind == kind && !s_hardest.Contains(a.Code))).Take(SampleOfKind)];
        return s_isAll
            ? [.. fixture.Areas.Where(a => a.Kind != "borough-full")]
            :
            [
                .. fixture.Areas.Where(a => a.Kind == "borough" || (a.Kind == "community-district" && s_hardest.Contains(a.Code))),
                .. Some("community-district"),
                .. Some("neighborhood"),
            ];
    }

    // Name, condition without its geometry, and SQL with {0} for the column.
    private static IEnumerable<(string Name, Func<object, object> Condition, string Sql)> AreaConditions() =>
        [
            .. Relations()
                .Select(r => (r.Name, r.Condition, r.IsNegated ? $"not st_{r.Relation}({{0}}, $1)" : $"st_{r.Relation}({{0}}, $1)")),
            ("distance", g => new { distance = new { geometry = g, lt = 0.001 } }, "st_distance({0}, $1) < 0.001"),
            (
                "intersects +",
                g => new { intersects = new { geometry = g, buffer = NearDegrees } },
                $"st_distance({{0}}, $1) <= {Text(NearDegrees)}"),
            (
                "distance +",
                g => new
                {
                    distance = new
                    {
                        geometry = g,
                        buffer = NearDegrees,
                        gt = 0.01,
                    },
                },
                $"greatest(0, st_distance({{0}}, $1) - {Text(NearDegrees)}) > 0.01"),
        ];

    private static IEnumerable<(string Name, Func<object, object> Condition, string Sql)> PointConditions()
    {
        foreach ((string name, string relation, bool isNegated, Func<object, object> condition) in Relations())
        {
            string sql = relation switch
            {
                "intersects" => "st_intersects($1, location)",
                "within" => "st_within(location, $1)",
                "touches" => "st_intersects($1, location) and not st_within(location, $1)",
                _ => "st_isempty($1)",
            };
            yield return (name, condition, isNegated ? $"coalesce({sql}, false) is false" : sql);
        }

        foreach ((string relation, string sign) in (IEnumerable<(string, string)>)[("intersects", "="), ("within", "")])
        {
            yield return (
                $"{relation} +",
                g => Member(relation, new { geometry = g, buffer = NearDegrees }),
                $"st_distance(location, $1) <{sign} {Text(NearDegrees)}");
            yield return (
                $"{relation} -",
                g => Member(relation, new { geometry = g, buffer = -NearDegrees }),
                $"st_intersects($1, location) and st_distance(location, st_boundary($1)) >{sign} {Text(NearDegrees)}");
        }

        yield return ("distance", g => new { distance = new { geometry = g, lte = 0.002 } }, "st_distance(location, $1) <= 0.002");
    }

    private static IEnumerable<(string Name, string Relation, bool IsNegated, Func<object, object> Condition)> Relations() =>
        from relation in s_relations
        from isNegated in (bool[])[false, true]
        let name = isNegated ? "n" + relation : relation
        select (name, relation, isNegated, new Func<object, object>(g => Member(name, new { geometry = g })));

    private static object Member(string name, object value) => new Dictionary<string, object> { [name] = value };

    private static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture);

    private static JsonElement GeoJson(Geometry surface) => Json(GeoShape.Of(surface));

    private static JsonElement Json(GeoShape shape) => JsonDocument.Parse(shape.ToString()).RootElement;

    private Task<int> CompareAllAsync(
        string code,
        Geometry geometry,
        IEnumerable<(string Name, object Condition, string Sql)> conditions,
        bool isRequests
    ) => CompareAllAsync(code, geometry, conditions.Select(c => (c.Name, new Func<object, object>(_ => c.Condition), c.Sql)), isRequests);

    // Returns the number of answers that held some rows and not all.
    private async Task<int> CompareAllAsync(
        string code, Geometry geometry, IEnumerable<(string Name, Func<object, object> Condition, string Sql)> conditions, bool isRequests)
    {
        object json = geometry is LineString ? "" : GeoJson(geometry);
        int some = 0;
        foreach ((string name, Func<object, object> condition, string sql) in conditions)
        {
            object where = isRequests
                ? new { location = condition(json), createdAt = new { gte = "2025-03-01T00:00:00Z", lt = "2025-03-31T00:00:00Z" } }
                : new { geometry = condition(json) };
            string column = isRequests ? "location" : "geometry";
            some += await CompareAsync(
                code, name, new { where }, sql.Replace("{0}", column, StringComparison.Ordinal), geometry, isRequests)
                ? 1
                : 0;
        }

        return some;
    }

    private async Task<bool> CompareAsync(string code, string name, object variables, string sql, Geometry geometry, bool isRequests)
    {
        (string field, string input, string table) = isRequests
            ? ("serviceRequests", "ServiceRequestFilterInput", "service_request")
            : ("boundaries", "BoundaryFilterInput", "boundary");
        string within = isRequests ? ", $within: AreaInput" : "";
        string query =
            $"query($where: {input}{within}) {{ {field}(first: 100, city: \"nyc\", where: "
                + $"$where{(isRequests ? ", within: $within" : "")}) {{ nodes {{ id }} totalCount }} }}";
        (JsonElement answer, double dear) = await fixture.QueryAsync(query, variables);
        Assert.False(answer.TryGetProperty("errors", out JsonElement errors), $"{code} {name}: {errors}");
        if (dear > 0)
        {
            // A question without distances must be possible for the default client, at least without its count.
            (_, double withoutCount) = await fixture.QueryAsync(query.Replace(" totalCount", "", StringComparison.Ordinal), variables);
            output.WriteLine(
                $"dear: {code} of {geometry.NumPoints} positions, {field} {name}, {dear}; without its count "
                    + $"{(withoutCount > 0 ? withoutCount : "answered")}");
            Assert.True(
                withoutCount == 0 || s_measured.Any(word => name.Contains(word, StringComparison.Ordinal)),
                $"{code} {name} costs {withoutCount}");
        }

        JsonElement connection = answer.GetProperty("data").GetProperty(field);

        HashSet<string> expected = [];
        await using NpgsqlCommand command = fixture.Database.CreateCommand($"select id::bigint from {table} where city_id = 1 and ({sql})");
        command.Parameters.Add(new NpgsqlParameter { Value = geometry });
        await using (NpgsqlDataReader reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                expected.Add(
                    isRequests ? GeometryFixture.RequestId(reader.GetInt64(0)) : GeometryFixture.BoundaryId((int)reader.GetInt64(0)));
            }
        }

        string[] found = [.. connection.GetProperty("nodes").EnumerateArray().Select(n => n.GetProperty("id").GetString()!)];
        int total = connection.GetProperty("totalCount").GetInt32();
        Assert.True(
            expected.Count == total && found.Length == Math.Min(100, total) && found.All(expected.Contains),
            $"{code} {name}: {expected.Count} expected, {total} in the answer; not due: {string.Join(' ', found.Except(expected).Take(5))}"
        );
        return total > 0 && total < (isRequests ? 2_400 : fixture.Areas.Count);
    }
}
