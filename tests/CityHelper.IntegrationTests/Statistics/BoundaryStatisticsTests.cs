using System.Text.Json;
using CityHelper.Data.Statistics;
using CityHelper.IntegrationTests.Boundaries;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Statistics;

/// <summary>
/// Which statistics of a boundary come from its counters, and which must not. To tell the two apart, the test adds 100 to the counters.
/// </summary>
public sealed class BoundaryStatisticsTests(PostgresFixture postgres) : BoundaryFixture(postgres)
{
    private const string Columns = "Status,Latitude,Longitude";

    private const string Question = """query($id: ID!) { boundary(id: $id) { stats { total byMonth { period count } } } }""";

    [Fact]
    public async Task Months_are_taken_from_counters_unless_a_change_of_them_waits_or_the_polygon_is_another()
    {
        await ImportAsync(
            WriteRows(
                Columns,
                "1,1/10/24 8:00,Noise,Open,40.75,-73.98",
                "2,2/10/24 8:00,Noise,Closed,40.74,-73.98",
                "3,3/3/24 8:00,Rodent,Open,40.75,-73.98",
                "4,3/4/24 8:00,Rodent,Open,40.9,-73.8"));
        await ImportAreasAsync(WriteFeatures(Feature("A", Polygon(Square()))));
        await new BoundaryCounters(Database, Time).BackfillAsync(City.Id);
        await using NpgsqlConnection held = await StatisticsFixture.HoldCompactionAsync(Database);
        await using TestServer server = await TestServer.StartAsync(ConnectionString);
        JsonElement nodes = (await server.DataAsync("""{ boundaries(city: "nyc", first: 1) { nodes { id } } }"""))
            .GetProperty("boundaries")
            .GetProperty("nodes");
        string id = nodes[0].GetProperty("id").GetString()!;
        Assert.Equal("3: 1 1 1", await AskAsync(server, id));

        await ExecuteAsync("update service_request_boundary_count set requests = requests + 100");
        Assert.Equal("303: 101 101 101", await AskAsync(server, id));

        // A pending change in the square invalidates its month; a distant one and one without a location invalidate none.
        await ChangeAsync("2", "status = 'PENDING'");
        await ChangeAsync("4", "status = 'PENDING'");
        await ChangeAsync("4", "location = null");
        Assert.Equal("203: 101 1 101", await AskAsync(server, id));

        // A month without counters.
        await ExecuteAsync("delete from service_request_boundary_month where period = '2024-01-01'");
        Assert.Equal("103: 1 1 101", await AskAsync(server, id));

        // Counters of another polygon than the one this server holds.
        await ExecuteAsync("update service_request_boundary_month set revision = revision + 1");
        Assert.Equal("3: 1 1 1", await AskAsync(server, id));
    }

    /// <summary>The total, and the months.</summary>
    private static async Task<string> AskAsync(TestServer server, string id)
    {
        JsonElement stats = (await server.DataAsync(Question, new { id })).GetProperty("boundary").GetProperty("stats");
        return $"{stats.GetProperty("total")}: "
            + $"{string.Join(' ', stats.GetProperty("byMonth").EnumerateArray().Select(m => m.GetProperty("count").GetInt32()))}";
    }
}
