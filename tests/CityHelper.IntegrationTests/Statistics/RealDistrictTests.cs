using System.Globalization;
using System.Text.Json;
using CityHelper.IntegrationTests.Boundaries;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Statistics;

/// <summary>New York's community districts: their statistics, with those of rows outside them, add up to the city's.</summary>
public sealed class RealDistrictTests(PostgresFixture postgres, ITestOutputHelper output) : BoundaryFixture(postgres)
{
    private const string Statistics = "total open byStatus { status count } byCategory { category { code } count }";

    [SharedDataFact]
    public async Task Statistics_of_all_districts_and_of_what_lies_in_none_are_those_of_the_city()
    {
        await ImportAreasAsync(SharedData.PathOf("boundaries", "nyc-community-districts.geojson"), "community-district");
        foreach (string file in new[] { "nyc-311-full-2018-10.csv.gz", "nyc-311-full-dohmh.csv.gz", "nyc-311-full-2022-05-01.csv.gz" })
        {
            await ImportAsync(SharedData.PathOf("nyc", file), batchRows: 5_000);
        }

        await using TestServer server = await TestServer.StartAsync(ConnectionString);
        JsonElement city = (await server.DataAsync($$"""{ city(slug: "nyc") { stats { {{Statistics}} } } }"""))
            .GetProperty("city")
            .GetProperty("stats");
        JsonElement districts = (
            await server.DataAsync("""{ boundaries(city: "nyc", kind: "community-district", first: 100) { nodes { id code name } } }"""))
            .GetProperty("boundaries")
            .GetProperty("nodes");

        // Plain PostGIS over each row; a row on a border is in two districts.
        IReadOnlyDictionary<string, int> inDistrict = Counts(await RowsAsync(
            "select b.code, count(*)::text from boundary b join service_request r on r.city_id = b.city_id and st_intersects(b.geometry, "
                + "r.location) group by b.code"));
        Dictionary<string, int> unplaced = Counts(await RowsAsync(
            """
            select what, count(*)::text from (
                select unnest(array['total',
                    case when r.status in ('OPEN', 'ASSIGNED', 'IN_PROGRESS', 'PENDING') then 'open' end,
                    'status ' || r.status, 'category ' || c.code]) as what
                from service_request r
                join category c on c.city_id = r.city_id and c.id = r.category_id
                where not exists (select from boundary b where b.city_id = r.city_id and st_intersects(b.geometry, r.location))) x
            where what is not null
            group by what
            """));
        string shared = Assert.Single(await RowsAsync(
            """
            select (count(*) - count(distinct r.id))::text
            from boundary b join service_request r on r.city_id = b.city_id and st_intersects(b.geometry, r.location)
            """));
        Assert.Equal("0", shared);

        var sum = new Dictionary<string, int>(unplaced);
        foreach (JsonElement district in districts.EnumerateArray())
        {
            JsonElement boundary = (
                await server.DataAsync(
                    $$"""query($id: ID!) { boundary(id: $id) { stats { {{Statistics}} } } }""",
                    new { id = district.GetProperty("id").GetString() })).GetProperty("boundary");
            Dictionary<string, int> stats = Flat(boundary.GetProperty("stats"));
            Assert.Equal(inDistrict.GetValueOrDefault(district.GetProperty("code").GetString()!), stats["total"]);
            foreach ((string what, int count) in stats)
            {
                sum[what] = sum.GetValueOrDefault(what) + count;
            }
        }

        output.WriteLine($"{districts.GetArrayLength()} districts, {sum["total"]} requests, of which {unplaced["total"]} lie in none");
        Assert.Equal(71, districts.GetArrayLength());
        Assert.Equal(Flat(city).OrderBy(f => f.Key, StringComparer.Ordinal), sum.OrderBy(f => f.Key, StringComparer.Ordinal));
    }

    private static Dictionary<string, int> Flat(JsonElement stats) =>
        new([
            new("total", stats.GetProperty("total").GetInt32()),
            new("open", stats.GetProperty("open").GetInt32()),
            .. stats
                .GetProperty("byStatus")
                .EnumerateArray()
                .Select(g => KeyValuePair.Create("status " + g.GetProperty("status").GetString(), g.GetProperty("count").GetInt32())),
            .. stats
                .GetProperty("byCategory")
                .EnumerateArray()
                .Select(g =>
                    KeyValuePair.Create(
                        "category " + g.GetProperty("category").GetProperty("code").GetString(), g.GetProperty("count").GetInt32())),
        ]);

    private static Dictionary<string, int> Counts(IEnumerable<string> rows) =>
        rows.Select(r => r.Split('|')).ToDictionary(p => p[0], p => int.Parse(p[1], CultureInfo.InvariantCulture));
}
