using System.Net;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Postgres;
using Xunit;
using static CityHelper.IntegrationTests.Attacks.AttackShapes;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 21: geometries that keep a backend busy. GEOS checks for no interrupt once it has found crossings: 1,000 crossing lines with a
/// buffer ran for minutes and ignored the time limit, a cancel and <c>pg_terminate_backend</c>. These tests switch off the cost limit, so
/// that only the geometry limits apply.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack21GeometryTests(AttackFixture fixture) : IClassFixture<AttackFixture>, IDisposable
{
    // In the densest part of the city, so that a large buffer needs no other indexed condition.
    private const string Requests = "query($where: ServiceRequestFilterInput) { serviceRequests(city: \"nyc\", first: 100, where: $where, "
        + "within: {viewport: {west: -73.99, south: 40.74, east: -73.94, north: 40.79}}) { nodes { id } totalCount } }";
    private const string Boundaries =
        "query($where: BoundaryFilterInput) { boundaries(city: \"nyc\", first: 100, where: $where) { nodes { id } } }";
    private const string TooComplex = "GEOMETRY_TOO_COMPLEX";

    /// <summary>Lines of two positions that fit a body of 256 kB.</summary>
    private const int LinesMax = 4_600;

    public void Dispose() => Assert.Empty(fixture.Server.Errors);

    /// <summary>A buffer is a distance: no buffer geometry is built, however large it is and however the lines cross.</summary>
    [Theory]
    [InlineData(250, 0.00001)]
    [InlineData(1_000, 0.00001)]
    [InlineData(1_000, 1)]
    [InlineData(LinesMax, 0.00001)]
    [InlineData(LinesMax, 10)]
    public async Task Crossing_lines_with_a_buffer_are_measured(int lines, double buffer)
    {
        foreach (string operation in new[] { "intersects", "nintersects", "within", "touches" })
        {
            AttackAnswer answer = await fixture.AttackAsync(() =>
                fixture.SendWithoutCostLimitAsync(Requests, Where(operation, Grid(lines), buffer)));
            AssertAnsweredOrEnded(answer);
        }
    }

    /// <summary>Points are compared with lines segment by segment; these overlap none.</summary>
    [Theory]
    [InlineData(250)]
    [InlineData(1_000)]
    [InlineData(LinesMax)]
    public async Task Crossing_lines_without_a_buffer_are_taken_apart(int lines)
    {
        foreach (string operation in new[] { "overlaps", "intersects", "touches", "within", "contains", "noverlaps" })
        {
            AttackAnswer answer = await fixture.AttackAsync(() =>
                fixture.SendWithoutCostLimitAsync(Requests, Where(operation, Grid(lines))));
            AssertAnsweredOrEnded(answer);
        }
    }

    /// <summary>
    /// In a line that turns back at each position every part is one segment, and a thousand points lie in all their boxes. The server
    /// counts that work first, so no statement reaches its limit.
    /// </summary>
    [Theory]
    [InlineData("intersects")]
    [InlineData("nwithin")]
    [InlineData("touches")]
    public async Task A_line_back_and_forth_is_answered(string operation)
    {
        AttackAnswer answer = await fixture.AttackAsync(() =>
            fixture.SendWithoutCostLimitAsync(Requests, Where(operation, BackAndForth(9_900))));
        Assert.True(answer.Code is null && answer.Status == HttpStatusCode.OK, answer.Json.ToString());
    }

    [Theory]
    [InlineData(4_000, 0, 1)]
    [InlineData(4_000, 0, -0.00001)]
    [InlineData(9_900, 0, 0.00001)]
    [InlineData(9_900, 90, 0.00001)]
    [InlineData(9_900, 0, -1)]
    public async Task Teeth_of_a_comb_with_a_buffer_are_measured(int positions, double degrees, double buffer)
    {
        AttackAnswer answer = await fixture.AttackAsync(() =>
            fixture.SendWithoutCostLimitAsync(Requests, Where("intersects", Comb(positions, degrees), buffer)));
        AssertAnsweredOrEnded(answer);
    }

    /// <summary>The server first counts the intersections with stored areas, for all geometry types that have edges.</summary>
    [Fact]
    public async Task What_crosses_too_often_is_not_compared_with_areas()
    {
        object[] shapes = [Grid(1_000), Grid(LinesMax), Comb(4_000, 0), Comb(7_900, 90), Comb(4_000, 45), Star(7_900), Star(9_900)];
        foreach (object shape in shapes)
        {
            foreach (string operation in new[] { "intersects", "touches", "contains", "overlaps", "within", "noverlaps" })
            {
                AttackAnswer answer = await fixture.AttackAsync(() =>
                    fixture.SendWithoutCostLimitAsync(Boundaries, Where(operation, shape, column: "geometry")));
                Assert.True(answer.Code == TooComplex || IsAnsweredOrEnded(answer), $"{operation}: {answer.Json}");
            }
        }

        AttackAnswer grid = await fixture.SendWithoutCostLimitAsync(Boundaries, Where("touches", Grid(1_000), column: "geometry"));
        Assert.Equal(TooComplex, grid.Code);
    }

    [Fact]
    public async Task Distances_to_areas_are_measured_between_few_positions()
    {
        AttackAnswer answer = await fixture.AttackAsync(() =>
            fixture.SendWithoutCostLimitAsync(Boundaries, Where("intersects", Star(9_900, 0.9), 0.01, "geometry")));
        Assert.True(answer.Code is TooComplex || SharedData.Folder is null, answer.Json.ToString());
        AttackAnswer points = await fixture.AttackAsync(() =>
            fixture.SendWithoutCostLimitAsync(Boundaries, Where("touches", Points(9_900), column: "geometry")));
        Assert.True(points.Code is TooComplex || SharedData.Folder is null, points.Json.ToString());
    }

    /// <summary>PostgreSQL evaluates all conditions on a row without an interrupt in between, so their work is counted together.</summary>
    [Fact]
    public async Task Conditions_on_areas_are_counted_together()
    {
        static object Several(int conditions, object operation) =>
            new { where = new { or = Enumerable.Range(0, conditions).Select(i => new { geometry = operation }) } };

        var touches = new { touches = new { geometry = StarLine(51) } };
        AttackAnswer one = await fixture.AttackAsync(() => fixture.SendWithoutCostLimitAsync(Boundaries, Several(1, touches)));
        AssertAnsweredOrEnded(one);
        AttackAnswer denser = await fixture.AttackAsync(() =>
            fixture.SendWithoutCostLimitAsync(Boundaries, Several(1, new { touches = new { geometry = StarLine(181) } })));
        Assert.True(denser.Code is TooComplex || SharedData.Folder is null, denser.Json.ToString());
        AttackAnswer nine = await fixture.AttackAsync(() => fixture.SendWithoutCostLimitAsync(Boundaries, Several(9, touches)));
        Assert.True(nine.Code is TooComplex || SharedData.Folder is null, nine.Json.ToString());

        static string Distances(int conditions) =>
            "query($g: Geometry!) { boundaries(city: \"nyc\", first: 100, where: {or: ["
            + string.Join(", ", Enumerable.Repeat("{geometry: {distance: {geometry: $g, gt: 0.1}}}", conditions))
            + "]}) { nodes { id } } }";
        AttackAnswer measured = await fixture.AttackAsync(() =>
            fixture.SendWithoutCostLimitAsync(Distances(1), new { g = Star(1_200, 0.9) }));
        AssertAnsweredOrEnded(measured);
        AttackAnswer often = await fixture.AttackAsync(() => fixture.SendWithoutCostLimitAsync(Distances(9), new { g = Star(1_200, 0.9) }));
        Assert.True(often.Code is TooComplex || SharedData.Folder is null, often.Json.ToString());
    }

    /// <summary>
    /// Where boxes are disjoint PostGIS sorts positions and compares few of most geometries. Of this one it compares all.
    /// </summary>
    [Theory]
    [InlineData(100, false)]
    [InlineData(4_500, true)]
    public async Task What_defeats_the_sorting_of_distances_is_counted(int positions, bool isRefused)
    {
        const string Distance =
            "query($g: Geometry!) { boundaries(city: \"nyc\", first: 100, where: {geometry: {distance: {geometry: $g, lt: 3}}}) { nodes { "
                + "id } } }";
        AttackAnswer answer = await fixture.AttackAsync(() => fixture.SendWithoutCostLimitAsync(Distance, new { g = TwoTips(positions) }));
        if (isRefused && SharedData.Folder is not null)
        {
            Assert.Equal(TooComplex, answer.Code);
        }
        else
        {
            AssertAnsweredOrEnded(answer);
        }
    }

    [Theory]
    [InlineData("within")]
    [InlineData("contains")]
    [InlineData("overlaps")]
    [InlineData("touches")]
    [InlineData("ntouches")]
    public async Task Areas_are_compared_with_nothing_that_must_be_grown(string operation)
    {
        AttackAnswer answer = await fixture.AttackAsync(() =>
            fixture.SendWithoutCostLimitAsync(Boundaries, Where(operation, Grid(250), 0.001, "geometry")));
        Assert.Equal("GEOMETRY_INVALID", answer.Code);
    }

    [Fact]
    public async Task Only_small_polygons_are_shrunk_before_areas_are_compared_with_them()
    {
        Assert.Equal(
            "GEOMETRY_INVALID",
            (await fixture.SendWithoutCostLimitAsync(Boundaries, Where("intersects", Grid(2), -0.001, "geometry"))).Code);
        Assert.Equal("GEOMETRY_INVALID", (await fixture.SendWithoutCostLimitAsync(Requests, Where("intersects", Points(2), -0.001))).Code);
        Assert.Equal(
            TooComplex,
            (await fixture.SendWithoutCostLimitAsync(
                Boundaries, Where("intersects", Star(Limits.ShrunkPositionsMax), -0.001, "geometry"))).Code);
        AttackAnswer shrunk = await fixture.AttackAsync(() =>
            fixture.SendWithoutCostLimitAsync(Boundaries, Where("intersects", Star(Limits.ShrunkPositionsMax - 1, 0.5), -0.3, "geometry")));
        AssertAnsweredOrEnded(shrunk);
    }

    /// <summary>Fifty conditions on one geometry, from many clients at once: each statement ends at its limit.</summary>
    [Fact]
    public async Task Many_conditions_end_with_their_statement()
    {
        object[] conditions =
        [
            .. Enumerable
                .Range(0, 45)
                .Select(i => new { location = new { intersects = new { geometry = Grid(100), buffer = 0.001 * (i + 1) } } }),
        ];
        AttackAnswer[] answers = await fixture.AttackAsync(() =>
            AttackFixture.ConcurrentlyAsync(8, _ => fixture.SendWithoutCostLimitAsync(Requests, new { where = new { or = conditions } })));
        Assert.All(answers, AssertAnsweredOrEnded);
    }

    [Fact]
    public async Task A_published_operation_is_no_way_around()
    {
        var viewport = new
        {
            west = -74.05,
            south = 40.5,
            east = -73.7,
            north = 40.95,
        };
        AttackAnswer answer = await fixture.AttackAsync(() =>
            fixture.SendPersistedAsync(
                "ServiceRequestMap",
                new
                {
                    city = "nyc",
                    viewport,
                    where = new { location = new { intersects = new { geometry = Grid(1_000), buffer = 0.00001 } } },
                }
            ));
        Assert.True(answer.Code == "HC0047" || IsAnsweredOrEnded(answer), answer.Json.ToString());
    }

    /// <summary>When a client leaves, its request ends, and no backend keeps working for it.</summary>
    [Theory]
    [InlineData("grid")]
    [InlineData("comb")]
    [InlineData("comb of areas")]
    public async Task A_client_that_leaves_leaves_no_backend_behind(string shape)
    {
        Assert.True(await fixture.AttackAsync(() => shape switch
        {
            "grid" => fixture.LeaveAsync(Requests, Where("intersects", Grid(LinesMax), 0.00001)),
            "comb" => fixture.LeaveAsync(Requests, Where("intersects", Comb(7_900, 90), 0.00001)),
            _ => fixture.LeaveAsync(Boundaries, Where("intersects", Comb(7_900, 90), column: "geometry")),
        }));
    }

    private static object Where(string operation, object geometry, double? buffer = null, string column = "location") => new
    {
        where = new Dictionary<string, object>
        {
            [column] = new Dictionary<string, object> { [operation] = buffer is null ? new { geometry } : new { geometry, buffer } },
        },
    };

    // A statement that reaches its limit is a time-out of its field; the fixture has checked that it ended.
    private static bool IsAnsweredOrEnded(AttackAnswer answer) =>
        answer.Status == HttpStatusCode.OK && answer.Code is null or "HC0045";

    private static void AssertAnsweredOrEnded(AttackAnswer answer) =>
        Assert.True(IsAnsweredOrEnded(answer), $"{answer.Status} {answer.Json}");
}
