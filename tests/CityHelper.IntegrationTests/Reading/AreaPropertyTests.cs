using System.Text.Json;
using CityHelper.Data;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using NetTopologySuite.Geometries;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Reading;

/// <summary>
/// The rows of an area, and of a spatial filter, equal those of plain PostGIS: for polygons of all kinds, circles and viewports. PostGIS
/// uses no cells, and the server gets other table statistics for each question.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class AreaPropertyTests(PostgresFixture postgres) : IAsyncLifetime
{
    private const int Areas = 150;

    private static readonly string[] s_relations = ["within", "intersects", "contains", "touches", "overlaps"];

    private NpgsqlDataSource _direct = null!;
    private TestServer _server = null!;

    public async Task InitializeAsync()
    {
        string database = await postgres.CreateDatabaseAsync();
        await RequestRows.AddCityAsync(database, [.. Enumerable.Range(2018, 8)]);
        await RequestRows.AddAsync(database, PlacedRows.Make(4_000, new Random(21)));
        _direct = CityHelperDatabase.CreateDataSource(database);
        _server = await TestServer.StartAsync(database, statistics: real => BelievedStatistics.Wild(real, 22));
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _direct.DisposeAsync();
    }

    [Fact]
    public async Task The_rows_of_an_area_are_those_that_PostGIS_finds()
    {
        var areas = new RandomAreas(new Random(23));
        int some = 0;
        for (int i = 0; i < Areas; i++)
        {
            RandomAreas.Drawn area = areas.Next();
            string filter = i % 3 == 0 ? " and status = 'CLOSED'" : "";
            object? where = i % 3 == 0 ? new { status = new { eq = "CLOSED" } } : null;
            some += await CompareAsync($"area {i} {JsonSerializer.Serialize(area.Input)}", area.Input, where, area.Sql + filter)
                is > 0
                    and < 4_000
                ? 1
                : 0;
        }

        Assert.True(some > Areas / 2, $"only {some} areas held some rows and not all");
    }

    [Fact]
    public async Task The_rows_of_a_spatial_filter_are_those_that_PostGIS_finds()
    {
        var random = new Random(24);
        var areas = new RandomAreas(random);
        int some = 0;
        for (int i = 0; i < Areas; i++)
        {
            (object condition, string sql) = Condition(areas, random);
            int found = await CompareAsync(
                $"filter {i} {JsonSerializer.Serialize(condition)}", null, Served(new { location = condition }), sql);
            some += found is > 0 and < 4_000 ? 1 : 0;
        }

        Assert.True(some > Areas / 3, $"only {some} filters left some rows and not all");
    }

    /// <summary>Alone, without a filter that names rows: the rectangle of the condition makes it cheap enough.</summary>
    [Fact]
    public async Task A_spatial_filter_over_a_small_area_stands_alone()
    {
        var random = new Random(25);
        var areas = new RandomAreas(random);
        (double x, double y) = areas.Centre();
        const double Near = 0.004;
        await CompareAsync(
            "box",
            null,
            new { location = new { x = new { gte = x - Near, lte = x + Near }, y = new { gt = y - Near, lt = y + Near } } },
            FormattableString.Invariant(
                $"st_x(location) between {x - Near:R} and {x + Near:R} and st_y(location) > {y - Near:R} and st_y(location) < {y + Near:R}")
        );
        Point point = new(x, y) { SRID = 4326 };
        await CompareAsync(
            "distance",
            null,
            new { location = new { distance = new { geometry = RandomAreas.GeoJson(point), lte = Near } } },
            FormattableString.Invariant($"st_distance(location, {RandomAreas.Sql(point)}) <= {Near:R}"));
        Assert.True(
            IsRefused(await AskAsync(null, new { location = new { nwithin = new { geometry = RandomAreas.GeoJson(point.Buffer(Near)) } } }))
        );
    }

    // Categories by code, so that any condition is allowed beside it.
    private static object Served(object where) =>
        new { and = new[] { where, new { category = new { code = new { @in = RequestRows.CategoryCodes } } } } };

    private static (object Condition, string Sql) Condition(RandomAreas areas, Random random)
    {
        (object one, string oneSql) = Leaf(areas, random);
        if (random.Next(3) > 0)
        {
            return (one, oneSql);
        }

        (object other, string otherSql) = Leaf(areas, random);
        return random.Next(2) == 0
            ? (new { or = new[] { one, other } }, $"({oneSql} or {otherSql})")
            : (new { and = new[] { one, other } }, $"({oneSql} and {otherSql})");
    }

    private static (object Condition, string Sql) Leaf(RandomAreas areas, Random random)
    {
        (double x, double y) = areas.Centre();
        Geometry geometry = random.Next(4) switch
        {
            0 => new Point(x, y) { SRID = 4326 },
            1 => new LineString([new(x - 0.01, y), new(x, y), new(x + 0.02, y + 0.02)]) { SRID = 4326 },
            _ => areas.Polygon(),
        };
        object json = RandomAreas.GeoJson(geometry);
        double? buffer = random.Next(3) == 0 ? 0.01 * random.NextDouble() : null;
        string other = RandomAreas.Sql(geometry);
        double number = random.NextDouble() * 0.03;
        if (random.Next(4) == 0)
        {
            object distance = buffer is null
                ? new { geometry = json, lt = number }
                : new
                {
                    geometry = json,
                    buffer,
                    lt = number,
                };
            return (
                new { distance },
                FormattableString.Invariant($"coalesce(st_distance(location, {other}) - {buffer ?? 0:R} < {number:R}, false)"));
        }

        if (random.Next(8) == 0)
        {
            return (new { x = new { ngt = x } }, FormattableString.Invariant($"(st_x(location) > {x:R}) is not true"));
        }

        string relation = s_relations[random.Next(s_relations.Length)];
        bool negated = random.Next(3) == 0;
        object operand = buffer is null ? new { geometry = json } : new { geometry = json, buffer };
        string sql =
            buffer is { } reach ? WithinReach(relation, other, reach)
            : geometry is Polygon or MultiPolygon && relation == "touches"
                ? $"st_intersects({other}, location) and not st_within(location, {other})"
            : $"st_{relation}(location, {other})";
        return (
            new Dictionary<string, object> { [(negated ? "n" : "") + relation] = operand },
            $"coalesce({sql}, false) is {(negated ? "false" : "true")}");
    }

    // A buffered geometry is everything within the distance, to the last bit.
    private static string WithinReach(string relation, string other, double reach) => relation switch
    {
        "intersects" => FormattableString.Invariant($"st_distance(location, {other}) <= {reach:R}"),
        "within" => FormattableString.Invariant($"st_distance(location, {other}) < {reach:R}"),
        "touches" => FormattableString.Invariant($"st_distance(location, {other}) = {reach:R}"),
        _ => "false",
    };

    private async Task<int> CompareAsync(string what, object? within, object? where, string sql)
    {
        List<string> expected = [];
        await using (
            NpgsqlCommand command = _direct.CreateCommand(
                $"select external_id from service_request where city_id = 1 and {sql} order by id desc"))
        await using (NpgsqlDataReader reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                expected.Add(reader.GetString(0));
            }
        }

        // The server refuses when its estimate leaves too many rows; the next request has another estimate.
        JsonElement answer = await AskAsync(within, where);
        for (int asked = 1; asked < BelievedStatistics.AskedMax && IsRefused(answer); asked++)
        {
            answer = await AskAsync(within, where);
        }

        Assert.False(answer.TryGetProperty("errors", out JsonElement errors), $"{what}: {errors}\n{string.Join('\n', _server.Errors)}");
        JsonElement connection = answer.GetProperty("data").GetProperty("serviceRequests");
        string[] found = [.. connection.GetProperty("nodes").EnumerateArray().Select(n => n.GetProperty("externalId").GetString()!)];
        Assert.True(
            expected.Take(100).SequenceEqual(found),
            $"{what}\nexpected {string.Join(' ', expected.Take(100))}\ngot {string.Join(' ', found)}");
        Assert.True(
            expected.Count == connection.GetProperty("totalCount").GetInt32(),
            $"{what}: count {connection.GetProperty("totalCount")}, expected {expected.Count}");
        return expected.Count;
    }

    private static bool IsRefused(JsonElement answer) => answer.TryGetProperty("errors", out JsonElement errors)
        && errors[0].GetProperty("extensions").GetProperty("code").GetString() == "FILTER_NOT_INDEXED";

    private Task<JsonElement> AskAsync(object? within, object? where) => _server.QueryAsync(
        """
        query($within: AreaInput, $where: ServiceRequestFilterInput) {
          serviceRequests(first: 100, city: "nyc", within: $within, where: $where) { nodes { externalId } totalCount }
        }
        """,
        new { within, where });
}
