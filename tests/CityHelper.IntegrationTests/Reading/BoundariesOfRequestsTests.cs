using System.Globalization;
using System.Text.Json;
using CityHelper.Data;
using CityHelper.Data.Cities;
using CityHelper.Data.Model;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using NetTopologySuite.Geometries;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Reading;

/// <summary>
/// Two cities with boundaries of many vertices that overlap and have holes and islands, and requests at random points, on corners, on edges
/// and just beside them. The other city covers the same area.
/// </summary>
public sealed class BoundaryPointsFixture(PostgresFixture postgres) : IAsyncLifetime
{
    private const int Requests = 600;

    private static readonly GeometryFactory s_factory = new(new PrecisionModel(), 4326);

    public TestServer Server { get; private set; } = null!;

    public NpgsqlDataSource Direct { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        string database = await postgres.CreateDatabaseAsync();
        Direct = CityHelperDatabase.CreateDataSource(database);
        await RequestRows.AddCityAsync(database, 2025);
        await new CityDirectory(Direct, TimeProvider.System).AddAsync(
            new CityFacts("twin", "Twin", "America/New_York", -74.27, 40.48, -73.69, 40.93, -73.98, 40.75));
        var random = new Random(405);
        Boundary[] boundaries = [.. Enumerable.Range(1, 24).Select(id => Star(random, (short)(id % 8 == 0 ? 2 : 1), id))];
        await BoundaryRows.AddAsync(database, boundaries);
        await RequestRows.AddAsync(database, Enumerable.Range(0, Requests).Select(n => Request(random, boundaries, n)));
        Server = await TestServer.StartAsync(database);
    }

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        await Direct.DisposeAsync();
    }

    // A star of up to 900 corners with a hole, and an island beside it.
    private static Boundary Star(Random random, short city, int id)
    {
        int corners = id % 5 == 0 ? 900 : random.Next(5, 200);
        var centre = new Coordinate(-74 + random.NextDouble() * 0.1, 40.7 + random.NextDouble() * 0.1);
        double radius = 0.01 + random.NextDouble() * 0.03;
        Polygon star = s_factory.CreatePolygon(
            Ring(centre, corners, _ => radius * (0.6 + random.NextDouble() * 0.4)),
            [Ring(centre, 12, _ => radius * 0.3)]);
        Polygon island = s_factory.CreatePolygon(Ring(new Coordinate(centre.X + radius * 2, centre.Y), 4, _ => radius * 0.4));
        return new Boundary
        {
            CityId = city,
            Id = id,
            Kind = id % 3 == 0 ? "ward" : "district",
            Code = id.ToString(CultureInfo.InvariantCulture),
            Name = $"Area {id % 7}",
            Geometry = s_factory.CreateMultiPolygon([star, island]),
            Revision = 1,
        };
    }

    private static LinearRing Ring(Coordinate centre, int corners, Func<int, double> radius)
    {
        Coordinate[] ring = [.. Enumerable.Range(0, corners).Select(i => (Angle: 2 * Math.PI * i / corners, Radius: radius(i)))
            .Select(p => new Coordinate(centre.X + p.Radius * Math.Cos(p.Angle), centre.Y + p.Radius * Math.Sin(p.Angle)))];
        return s_factory.CreateLinearRing([.. ring, ring[0].Copy()]);
    }

    private static ServiceRequest Request(Random random, Boundary[] boundaries, int n)
    {
        DateTime created = new DateTime(2025, 3, 1, 0, 0, 0, DateTimeKind.Utc).AddHours(n);
        return new ServiceRequest
        {
            CityId = RequestRows.City,
            Id = RequestId.Floor(created) | (uint)n,
            ExternalId = n.ToString(CultureInfo.InvariantCulture),
            CategoryId = 1 + n % 3,
            Status = ServiceRequestStatus.Open,
            Location = n % 12 == 5 ? null : Place(random, boundaries),
            CreatedAt = created,
            UpdatedAt = created,
        };
    }

    private static Point Place(Random random, Boundary[] boundaries)
    {
        LineString[] rings =
        [
            .. NetTopologySuite
                .Geometries.Utilities.LinearComponentExtracter.GetLines(boundaries[random.Next(boundaries.Length)].Geometry)
                .Cast<LineString>(),
        ];
        LineString ring = rings[random.Next(rings.Length)];
        int corner = random.Next(ring.NumPoints - 1);
        (Coordinate from, Coordinate to) = (ring.GetCoordinateN(corner), ring.GetCoordinateN(corner + 1));
        double along = random.NextDouble();
        Coordinate onEdge = new(from.X + (to.X - from.X) * along, from.Y + (to.Y - from.Y) * along);
        return s_factory.CreatePoint(random.Next(4) switch
        {
            0 => new Coordinate(-74 + random.NextDouble() * 0.1, 40.7 + random.NextDouble() * 0.1),
            1 => from.Copy(),
            2 => onEdge,
            _ => new Coordinate(onEdge.X + (random.NextDouble() - 0.5) * Math.Pow(10, -6 - random.Next(9)), onEdge.Y),
        });
    }
}

/// <summary>A request's boundaries are those whose polygon intersects its point, whatever pieces the search uses.</summary>
[Collection(PostgresCollection.Name)]
public sealed class BoundariesOfRequestsTests(BoundaryPointsFixture fixture) : IClassFixture<BoundaryPointsFixture>
{
    [Fact]
    public async Task They_are_those_that_PostGIS_finds_with_the_full_polygons()
    {
        Dictionary<string, string[]> expected = await WholeShapesAsync();
        int compared = 0, several = 0, none = 0;
        string? after = null;
        do
        {
            JsonElement page = (await fixture.Server.DataAsync(
                """
                query($after: String) { serviceRequests(city: "nyc", first: 100, after: $after) {
                  nodes { externalId location { coordinates } boundaries { code name kind } } pageInfo { hasNextPage endCursor } } }
                """,
                new { after })).GetProperty("serviceRequests");
            foreach (JsonElement request in page.GetProperty("nodes").EnumerateArray())
            {
                string[] answered = [.. request.GetProperty("boundaries").EnumerateArray().Select(b => b.GetProperty("code").GetString()!)];
                string key = request.GetProperty("externalId").GetString()!;
                Assert.True(
                    expected[key].SequenceEqual(answered),
                    $"request {key}: [{string.Join(' ', answered)}], not [{string.Join(' ', expected[key])}]");
                compared++;
                several += answered.Length > 1 ? 1 : 0;
                none += answered.Length == 0 ? 1 : 0;
            }

            JsonElement info = page.GetProperty("pageInfo");
            after = info.GetProperty("hasNextPage").GetBoolean() ? info.GetProperty("endCursor").GetString() : null;
        }
        while (after is not null);

        Assert.Equal(expected.Count, compared);
        Assert.True(several > 100 && none > 50, $"{several} requests in several boundaries, {none} in none");
    }

    [Theory]
    [InlineData("{ serviceRequests(city: \"nyc\", first: ROWS, order: [{status: ASC}]) { nodes { boundaries { name } } } }", 2)]
    [InlineData(
        "{ serviceRequests(city: \"nyc\", first: ROWS, where: {category: {code: {eq: \"rodent\"}}}) { edges { node { boundaries { name } "
            + "} } } }",
        2)]
    [InlineData(
        "{ city(slug: \"nyc\") { categories { nodes { serviceRequests(first: ROWS) { nodes { boundaries { name kind } } } } } } }", 4)]
    public async Task As_many_statements_whatever_the_number_of_rows(string query, int statements)
    {
        foreach (int rows in new[] { 1, 5, 40 })
        {
            fixture.Server.TakeStatements();
            await fixture.Server.DataAsync(query.Replace("ROWS", rows.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
            IReadOnlyList<string> sent = fixture.Server.TakeStatements();
            Assert.True(sent.Count == statements, $"{rows} rows: {sent.Count} statements\n{string.Join("\n;\n", sent)}");
        }
    }

    [Fact]
    public async Task They_are_the_same_wherever_a_request_is_selected()
    {
        Dictionary<string, string[]> expected = await WholeShapesAsync();
        string key = expected.First(e => e.Value.Length > 1).Key;
        JsonElement one = (
            await fixture.Server.DataAsync(
                "query($key: String) { serviceRequest(city: \"nyc\", externalId: $key) { id boundaries { code name kind } category { code "
                    + "} } }",
                new { key })).GetProperty("serviceRequest");
        string id = one.GetProperty("id").GetString()!;
        JsonElement all = await fixture.Server.DataAsync(
            """
            query($id: ID!, $category: String) {
              node(id: $id) { ... on ServiceRequest { boundaries { code } } }
              nodes(ids: [$id, "Q2l0eTox"]) { ... on ServiceRequest { again: boundaries { code } boundaries { code } } }
              city(slug: "nyc") { categories(where: {code: {eq: $category}}) { nodes {
                serviceRequests(last: 1, where: {id: {eq: $id}}) { edges { node { boundaries { code } } } } } } } }
            """,
            new { id, category = one.GetProperty("category").GetProperty("code").GetString() });
        JsonElement[] places =
        [
            one.GetProperty("boundaries"),
            all.GetProperty("node").GetProperty("boundaries"),
            all.GetProperty("nodes")[0].GetProperty("boundaries"),
            all.GetProperty("nodes")[0].GetProperty("again"),
            all.GetProperty("city")
                .GetProperty("categories")
                .GetProperty("nodes")[0]
                .GetProperty("serviceRequests")
                .GetProperty("edges")[0]
                .GetProperty("node")
                .GetProperty("boundaries"),
        ];
        Assert.All(places, place => Assert.Equal(expected[key], place.EnumerateArray().Select(b => b.GetProperty("code").GetString()!)));
    }

    [Theory]
    [InlineData("boundary(id: \"Qm91bmRhcnk6MToxMDAwMDA=\")", null)]
    [InlineData("boundary(id: \"Qm91bmRhcnk6OTk6MQ==\")", null)]
    [InlineData("boundary(id: \"Qm91bmRhcnk6MTo5OTk5OTk5OTk5OTk=\")", "ID_INVALID")]
    [InlineData("boundary(id: \"Q2F0ZWdvcnk6MToz\")", "ID_INVALID")]
    [InlineData("boundary(id: \"nonsense\")", "ID_INVALID")]
    [InlineData("boundary(id: 7)", "ID_INVALID")]
    public async Task A_boundary_that_is_not_there_is_null_and_an_id_of_something_else_is_told(string field, string? code)
    {
        JsonElement answer = await fixture.Server.QueryAsync($"{{ {field} {{ name }} }}");
        Assert.Equal(JsonValueKind.Null, answer.GetProperty("data").GetProperty("boundary").ValueKind);
        Assert.Equal(
            code,
            answer.TryGetProperty("errors", out JsonElement errors)
                ? errors[0].GetProperty("extensions").GetProperty("code").GetString()
                : null);
    }

    /// <summary>
    /// A row has its outline of the next finer zoom, else its polygon; coordinates and box are PostGIS's with six decimals.
    /// </summary>
    [Theory]
    [InlineData(null, null)]
    [InlineData(-3, 8)]
    [InlineData(8, 8)]
    [InlineData(9, 10)]
    [InlineData(14, 14)]
    [InlineData(15, null)]
    [InlineData(2_000_000_000, null)]
    public async Task A_zoom_shows_the_next_finer_outline(int? zoom, int? stored)
    {
        JsonElement nodes = (
            await fixture.Server.DataAsync(
                "query($zoom: Int) { boundaries(city: \"nyc\", first: 100) { nodes { code geometry(zoom: $zoom) { type coordinates bbox "
                    + "crs } } } }",
                new { zoom }))
            .GetProperty("boundaries")
            .GetProperty("nodes");
        string shape = stored is null
            ? "b.geometry"
            : $"(select o.geometry from boundary_outline o where o.city_id = 1 and o.boundary_id = b.id and o.zoom = {stored})";
        await using NpgsqlCommand command = fixture.Direct.CreateCommand(
            $"""
            select b.code, st_asgeojson(g.shape, 6), json_build_array(
                round(st_xmin(g.shape)::numeric, 6), round(st_ymin(g.shape)::numeric, 6),
                round(st_xmax(g.shape)::numeric, 6), round(st_ymax(g.shape)::numeric, 6))::text
            from boundary b cross join lateral (select {shape} as shape) g where b.city_id = 1 order by b.kind, b.name, b.id
            """);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        foreach (JsonElement node in nodes.EnumerateArray())
        {
            Assert.True(await reader.ReadAsync());
            JsonElement geometry = node.GetProperty("geometry");
            Assert.Equal(reader.GetString(0), node.GetProperty("code").GetString());
            Assert.Equal(
                JsonDocument.Parse(reader.GetString(1)).RootElement.GetProperty("coordinates").GetRawText(),
                geometry.GetProperty("coordinates").GetRawText());
            Assert.Equal(Numbers(JsonDocument.Parse(reader.GetString(2)).RootElement), Numbers(geometry.GetProperty("bbox")));
            Assert.Equal(("MultiPolygon", 4326), (geometry.GetProperty("type").GetString(), geometry.GetProperty("crs").GetInt32()));
        }

        Assert.False(await reader.ReadAsync());
    }

    private static IEnumerable<double> Numbers(JsonElement array) => array.EnumerateArray().Select(n => n.GetDouble());

    private async Task<Dictionary<string, string[]>> WholeShapesAsync()
    {
        var expected = new Dictionary<string, string[]>();
        await using NpgsqlCommand command = fixture.Direct.CreateCommand(
            """
            select r.external_id, array(
                select b.code from boundary b where b.city_id = r.city_id and st_intersects(b.geometry, r.location)
                order by b.kind collate "C", b.name collate "C", b.id)
            from service_request r where r.city_id = 1
            """);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            expected.Add(reader.GetString(0), reader.GetFieldValue<string[]>(1));
        }

        return expected;
    }
}
