using System.Text.Json;
using CityHelper.Data.Statistics;
using CityHelper.Engine;
using CityHelper.Engine.Planning;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using CityHelper.IntegrationTests.Counters;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Statistics;

/// <summary>
/// Which statistics come from packed blocks, and which must not. To tell the two apart, the test stores each request twice in the blocks.
/// </summary>
public sealed class PackedBlockStatisticsTests(PostgresFixture postgres) : CounterFixture(postgres)
{
    private const string Columns = "Status,Latitude,Longitude";

    /// <summary>So small that it has boundary cells only.</summary>
    private const string Viewport = "{viewport: {west: -73.9805, south: 40.7495, east: -73.9795, north: 40.7505}}";

    private const string Polygon =
        """{polygon: {type: "Polygon", coordinates: [[[-73.9805, 40.7495], [-73.9795, 40.7495], """
            + """[-73.9795, 40.7505], [-73.9805, 40.7505], [-73.9805, 40.7495]]]}}""";

    [Fact]
    public async Task Blocks_are_read_unless_a_change_of_them_waits_or_they_are_stale()
    {
        await using NpgsqlConnection held = await BackfillAsync();
        await using TestServer server = await StartAsync();
        Assert.Equal("3: 2 1", await AskAsync(server, $"within: {Viewport}"));

        await ExecuteAsync("update service_request_pack set content = content || content");
        Assert.Equal("6: 4 2", await AskAsync(server, $"within: {Viewport}"));
        Assert.Equal("6: 4 2", await AskAsync(server, $"within: {Polygon}"));
        Assert.Equal("4: 4", await AskAsync(server, $"within: {Polygon}, where: {{createdAt: {{gte: \"2024-03-01T00:00:00Z\"}}}}"));

        // A pending change inside invalidates its block; a distant one invalidates another block.
        await ChangeAsync("1", "status = 'PENDING'");
        await ChangeAsync("4", "status = 'PENDING'");
        Assert.Equal("5: 4 1", await AskAsync(server, $"within: {Viewport}"));

        await ExecuteAsync("update service_request_pack set content = null");
        Assert.Equal("3: 2 1", await AskAsync(server, $"within: {Viewport}"));
    }

    /// <summary>Questions that SQL answers from rows, not from blocks.</summary>
    [Theory]
    [InlineData("within: {circle: {longitude: -73.98, latitude: 40.75, metres: 50}}")]
    [InlineData($"within: {Viewport}, where: {{status: {{in: [OPEN, CLOSED]}}}}")]
    [InlineData($"within: {Viewport}, where: {{or: [{{createdAt: {{gte: \"2024-01-01T00:00:00Z\"}}}}, {{status: {{eq: OPEN}}}}]}}")]
    [InlineData(
        "within: {viewport: {west: -74.1, south: 40.6, east: -73.9, north: 40.8}}, where: {createdAt: {gte: \"2024-01-10T12:00:00Z\"}}")]
    [InlineData("COMB")]
    public async Task What_blocks_do_not_hold_is_counted_from_rows(string arguments)
    {
        await using NpgsqlConnection held = await BackfillAsync();
        await ExecuteAsync("update service_request_pack set content = content || content");
        await using TestServer server = await StartAsync();
        Assert.Equal("3: 2 1", await AskAsync(server, arguments == "COMB" ? $"within: {Comb(300)}" : arguments));
    }

    [Fact]
    public async Task A_polygon_of_fewer_edges_at_a_height_is_counted_from_blocks()
    {
        await using NpgsqlConnection held = await BackfillAsync();
        await ExecuteAsync("update service_request_pack set content = content || content");
        await using TestServer server = await StartAsync();
        Assert.Equal("6: 4 2", await AskAsync(server, $"within: {Comb(100)}"));
    }

    [Fact]
    public async Task Areas_of_many_requests_and_those_whose_number_is_not_known_are_counted_from_rows()
    {
        await using NpgsqlConnection held = await BackfillAsync();
        await ExecuteAsync("update service_request_pack set content = content || content");
        foreach (
            Func<ITableStatistics, ITableStatistics> believed in new Func<ITableStatistics, ITableStatistics>[]
            {
                real => BelievedStatistics.Larger(real, 1e9),
                _ => new Unknown(),
            }
        )
        {
            await using TestServer server = await StartAsync(believed);
            Assert.Equal("3: 2 1", await AskAsync(server, $"within: {Viewport}"));
        }
    }

    /// <summary>A server reads blocks from <see cref="Limits.BlockRowsMin"/> rows on: with fewer they cost more than the rows.</summary>
    [Theory]
    [InlineData(1, "3: 2 1")]
    [InlineData(1e5, "3: 2 1")]
    [InlineData(3e6, "6: 4 2")]
    public async Task Areas_of_few_requests_are_counted_from_rows(double times, string counted)
    {
        await using NpgsqlConnection held = await BackfillAsync();
        await ExecuteAsync("update service_request_pack set content = content || content");
        await using TestServer server = await TestServer.StartAsync(
            ConnectionString, statistics: real => BelievedStatistics.Larger(real, times));
        Assert.Equal(counted, await AskAsync(server, $"within: {Viewport}"));
    }

    /// <summary>As many requests as a viewport may have, each compared with 200 edges.</summary>
    [Fact]
    public async Task Of_a_polygon_with_many_edges_fewer_requests_are_counted_from_blocks()
    {
        await using NpgsqlConnection held = await BackfillAsync();
        await ExecuteAsync("update service_request_pack set content = content || content");
        await using TestServer server = await StartAsync(real => BelievedStatistics.Larger(real, 1.5e7));
        Assert.Equal("6: 4 2", await AskAsync(server, $"within: {Viewport}"));
        Assert.Equal("6: 4 2", await AskAsync(server, $"within: {Comb(2)}"));
        Assert.Equal("3: 2 1", await AskAsync(server, $"within: {Comb(100)}"));
    }

    [Fact]
    public async Task A_city_without_blocks_is_counted_from_rows_until_it_has_them()
    {
        await using (NpgsqlConnection held = await BackfillAsync())
        {
            await ExecuteAsync("delete from service_request_pack; update city set packed_at = null");
            await using TestServer server = await StartAsync();
            Assert.Equal("3: 2 1", await AskAsync(server, $"within: {Viewport}"));
            await using var unlock = new NpgsqlCommand("select pg_advisory_unlock_all()", held);
            await unlock.ExecuteNonQueryAsync();
        }

        await new PackedBlocks(Database, Time).BackfillAsync(City.Id);
        await using TestServer later = await StartAsync();
        Assert.Equal("3: 2 1", await AskAsync(later, $"within: {Viewport}"));
        await ExecuteAsync("update service_request_pack set content = content || content");
        Assert.Equal("6: 4 2", await AskAsync(later, $"within: {Viewport}"));
    }

    /// <summary>The rectangle of the viewport with teeth on top, two edges each.</summary>
    private static string Comb(int teeth)
    {
        string Position(double x, double y) => FormattableString.Invariant($"[{x:R}, {y:R}]");
        IEnumerable<string> top = Enumerable
            .Range(0, teeth)
            .SelectMany(n => new[] { Position(-73.9795 - n * 3e-6, 40.7505), Position(-73.9795 - (n + 0.5) * 3e-6, 40.76) });
        return "{polygon: {type: \"Polygon\", coordinates: [["
            + string.Join(
                ", ",
                [Position(-73.9805, 40.7495), Position(-73.9795, 40.7495), .. top, Position(-73.9805, 40.7505), Position(-73.9805, 40.7495)]
            )
            + "]]}}";
    }

    private Task<TestServer> StartAsync(Func<ITableStatistics, ITableStatistics>? statistics = null) =>
        TestServer.StartAsync(ConnectionString, statistics: statistics, services: TestServer.BlocksForFewRows);

    // Two rows of March and one of January in the area, one elsewhere. No compaction or block rebuild until the connection closes.
    private async Task<NpgsqlConnection> BackfillAsync()
    {
        await ImportAsync(
            WriteRows(
                Columns,
                "1,1/10/24 8:00,Noise,Open,40.75,-73.98",
                "2,3/10/24 8:00,Noise,Closed,40.75,-73.98",
                "3,3/3/24 8:00,Rodent,Closed,40.75,-73.98",
                "4,3/4/24 8:00,Rodent,Open,40.9,-73.8"));
        await new PackedBlocks(Database, Time).BackfillAsync(City.Id);
        return await StatisticsFixture.HoldCompactionAsync(Database);
    }

    /// <summary>The total, and the count of each status.</summary>
    private static async Task<string> AskAsync(TestServer server, string arguments)
    {
        JsonElement stats = (
            await server.DataAsync($"{{ serviceRequestStats(city: \"nyc\", {arguments}) {{ total byStatus {{ count }} }} }}")
        ).GetProperty("serviceRequestStats");
        return $"{stats.GetProperty("total")}: "
            + $"{string.Join(' ', stats.GetProperty("byStatus").EnumerateArray().Select(m => m.GetProperty("count").GetInt32()))}";
    }

    private sealed class Unknown : ITableStatistics
    {
        public TenantStatistics? Of(string table, short tenant) => null;
    }
}
