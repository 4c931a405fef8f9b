using System.Globalization;
using CityHelper.Data.Model;
using CityHelper.Data.Statistics;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.IntegrationTests.Boundaries;
using CityHelper.IntegrationTests.Postgres;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Counters;

/// <summary>Counters of boundaries: backfill, what a compaction and a new polygon invalidate, and what a comparison finds.</summary>
public sealed class BoundaryCounterTests(PostgresFixture postgres) : BoundaryFixture(postgres)
{
    private const string Columns = "Status,Latitude,Longitude";

    /// <summary>Inside the first square, on its edge, in its corner, in the second square, in none; in three months.</summary>
    private static readonly string[] s_rows =
    [
        "1,1/10/24 8:00,Noise,Open,40.75,-73.98",
        "2,1/31/24 23:59,Noise,Closed,40.74,-73.98",
        "3,3/1/24 0:00,Rodent,Open,40.74,-73.99",
        "4,3/2/24 8:00,Rodent,Open,40.75,-73.96",
        "5,3/3/24 8:00,Rodent,Open,40.8,-73.9",
    ];

    private BoundaryCounters Boundaries => new(Database, Time);

    [Fact]
    public async Task A_backfill_counts_every_month_by_the_polygons()
    {
        await ImportTwoSquaresAsync();

        // Three months of two boundaries; nothing is left for a second backfill.
        Assert.Equal(6, await Boundaries.BackfillAsync(City.Id));
        Assert.Equal(0, await Boundaries.BackfillAsync(City.Id));
        Assert.Empty(await Boundaries.CitiesToBackfillAsync());
        Assert.Equal(
            ["A|2024-01-01|1|CLOSED", "A|2024-01-01|1|OPEN", "A|2024-03-01|1|OPEN", "B|2024-03-01|1|OPEN"],
            await CountsAsync());
        await AssertComparedAsync(counters: 4);
    }

    [Fact]
    public async Task A_compaction_invalidates_the_months_that_it_changes_and_no_others()
    {
        await ImportTwoSquaresAsync();
        await Boundaries.BackfillAsync(City.Id);

        await ChangeAsync("1", "status = 'PENDING'");
        await new RequestCounters(Database, Time).CompactAsync(City.Id);

        Assert.Equal(["A|2024-02-01", "A|2024-03-01", "B|2024-01-01", "B|2024-02-01", "B|2024-03-01"], await MonthsAsync());
        Assert.DoesNotContain(await CountsAsync(), line => line.StartsWith("A|2024-01-01", StringComparison.Ordinal));
        Assert.Equal([City.Id], await Boundaries.CitiesToBackfillAsync());
        Assert.Equal(1, await Boundaries.BackfillAsync(City.Id));
        Assert.Contains("A|2024-01-01|1|PENDING", await CountsAsync());
    }

    [Fact]
    public async Task Many_changes_invalidate_their_months_of_all_boundaries()
    {
        await ImportTwoSquaresAsync();
        await Boundaries.BackfillAsync(City.Id);

        // Of one month, far from both squares.
        await ImportAsync(
            WriteRows(
                Columns,
                [.. Enumerable.Range(100, Data.Limits.BoundaryChangesMax + 1).Select(n => $"{n},2/2/24 8:00,Noise,Open,40.9,-73.8")]));

        Assert.Equal(["A|2024-01-01", "A|2024-03-01", "B|2024-01-01", "B|2024-03-01"], await MonthsAsync());

        // Readers use cells meanwhile.
        Assert.Equal((1L, false), await RevisionAsync(City.Id));
        Assert.Equal(2, await Boundaries.BackfillAsync(City.Id));
        Assert.Equal((1L, true), await RevisionAsync(City.Id));
    }

    [Fact]
    public async Task While_many_deltas_wait_nothing_is_counted()
    {
        await ImportTwoSquaresAsync();
        await ExecuteAsync(
            $"insert into service_request_delta (city_id, day, category_id, agency_id, status, requests, longitude, latitude) "
            + $"select 1, '2024-06-01', 1, 0, 'OPEN', 0, 0, 0 from generate_series(1, {Data.Limits.BackfillChangesMax + 1})");

        Assert.Empty(await Boundaries.CitiesToBackfillAsync());
        await new RequestCounters(Database, Time).CompactAsync(City.Id);
        Assert.Equal([City.Id], await Boundaries.CitiesToBackfillAsync());
    }

    /// <summary>A server may still hold the former polygon, which the change affects.</summary>
    [Fact]
    public async Task Months_of_a_former_polygon_go_with_changes_outside_of_the_present_one()
    {
        await ImportTwoSquaresAsync();
        await Boundaries.BackfillAsync(City.Id);
        await ImportAreasAsync(WriteFeatures(Feature("A", Polygon(Square(1)))));

        await ChangeAsync("1", "status = 'PENDING'");
        await new RequestCounters(Database, Time).CompactAsync(City.Id);

        Assert.DoesNotContain("A|2024-01-01", await MonthsAsync());
        Assert.Contains("B|2024-01-01", await MonthsAsync());
    }

    /// <summary>It touches the city, and has millions of cells.</summary>
    [Fact]
    public async Task A_boundary_much_larger_than_a_city_is_not_counted()
    {
        await ImportTwoSquaresAsync();
        await ImportAreasAsync(
            WriteFeatures(Feature("State", Polygon("[[-79,40.5],[-72,40.5],[-72,45],[-79,45],[-79,40.5]]"))), kind: "state");

        Assert.Equal(6, await Boundaries.BackfillAsync(City.Id));
        Assert.DoesNotContain(await MonthsAsync(), m => m.StartsWith("State", StringComparison.Ordinal));
        Assert.Equal((2L, true), await RevisionAsync(City.Id));
    }

    [Fact]
    public async Task A_backfill_is_cut_off_when_a_rebuild_runs_and_goes_on_later()
    {
        await ImportTwoSquaresAsync();
        await using (NpgsqlConnection rebuild = await Statistics.StatisticsFixture.HoldCompactionAsync(Database))
        {
            Assert.Null(await Boundaries.TryBackfillAsync(City.Id));

            // The pool would keep the session, and the lock with it.
            await using var unlock = new NpgsqlCommand("select pg_advisory_unlock_all()", rebuild);
            await unlock.ExecuteNonQueryAsync();
        }

        Assert.Equal(6, await Boundaries.TryBackfillAsync(City.Id));
    }

    [Fact]
    public async Task A_new_polygon_is_counted_anew_and_one_that_went_is_removed()
    {
        await ImportTwoSquaresAsync();
        await Boundaries.BackfillAsync(City.Id);

        await ImportAreasAsync(WriteFeatures(Feature("A", Polygon(Square(1)))), replace: true);

        Assert.Equal([City.Id], await Boundaries.CitiesToBackfillAsync());
        await Boundaries.BackfillAsync(City.Id);
        Assert.Equal(["A|2024-03-01|1|OPEN"], await CountsAsync());
        Assert.Equal(3, (await MonthsAsync()).Count);
        await AssertComparedAsync(counters: 1);
    }

    /// <summary>Neither its cell nor its degrees to the centimetre change, but it has left the square.</summary>
    [Fact]
    public async Task A_request_that_moves_by_less_than_is_counted_leaves_a_delta()
    {
        await ImportTwoSquaresAsync();
        await Boundaries.BackfillAsync(City.Id);

        await ChangeAsync("2", "location = st_setsrid(st_makepoint(-73.98, 40.74 - 1e-9), 4326)");

        Assert.NotEmpty(await RowsAsync("select id::text from service_request_delta"));
        await new RequestCounters(Database, Time).CompactAsync(City.Id);
        await Boundaries.BackfillAsync(City.Id);
        Assert.Equal(["A|2024-01-01|1|OPEN", "A|2024-03-01|1|OPEN", "B|2024-03-01|1|OPEN"], await CountsAsync());
    }

    [Fact]
    public async Task A_rebuild_counts_boundaries_too()
    {
        await ImportTwoSquaresAsync();
        await Boundaries.BackfillAsync(City.Id);
        await ExecuteAsync(
            "update service_request_boundary_count set requests = 7; update service_request set status = 'PENDING' where external_id = '4'"
        );
        CounterComparison before = await new RequestCounters(Database, Time).CompareAsync(City.Id, 20);
        Assert.Equal([3, 2], before.Boundaries.Select(b => b.Differing));
        Assert.Contains(
            new BoundaryDifference(new DateOnly(2024, 3, 1), 2, 0, "PENDING", Expected: 1, Counted: 0), before.Boundaries[1].First);

        await new RequestCounters(Database, Time).RebuildAsync(City.Id);

        await AssertComparedAsync(counters: 4);
        Assert.Contains("B|2024-03-01|1|PENDING", await CountsAsync());
    }

    /// <summary>
    /// A month's first and last ids equal those that a reader computes, whatever the time zone's clock changes at midnight.
    /// </summary>
    [Theory]
    [InlineData("America/Havana")]
    [InlineData("America/Sao_Paulo")]
    [InlineData("Asia/Beirut")]
    [InlineData("Australia/Lord_Howe")]
    [InlineData("Pacific/Apia")]
    public async Task Months_begin_where_readers_think(string zone)
    {
        await ImportTwoSquaresAsync();
        await ExecuteAsync($"update city set time_zone = '{zone}' where id = 1");
        await ExecuteAsync(
            "insert into service_request_count select 1, 0, 'MONTH', 0, m, 1, 0, 'OPEN', 1, 0, 0 from (values ('2005-01-01'::date), "
                + "('2035-12-01')) m(m)");

        await Boundaries.BackfillAsync(City.Id);

        TenantCalendar calendar = new TenantCalendar(TimeZoneInfo.FindSystemTimeZoneById(zone), IsCounted: true, IsPacked: true);
        string[] expected =
        [
            .. Enumerable
                .Range(0, 31 * 12)
                .Select(n => new DateOnly(2005, 1, 1).AddMonths(n))
                .Select(first =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{first:yyyy-MM-dd}|{RequestId.FloorOfMs(calendar.StartOf(first))}|"
                            + $"{RequestId.FloorOfMs(calendar.StartOf(first.AddMonths(1)))}")),
        ];
        Assert.Equal(
            expected,
            await RowsAsync(
                "select period::text, low::text, high::text from service_request_boundary_month where boundary_id = 1 order by period"));
    }

    private async Task ImportTwoSquaresAsync()
    {
        await ImportAsync(WriteRows(Columns, s_rows));
        await ImportAreasAsync(WriteFeatures(Feature("A", Polygon(Square())), Feature("B", Polygon(Square(1)))));
    }

    private async Task AssertComparedAsync(int counters)
    {
        CounterComparison comparison = await new RequestCounters(Database, Time).CompareAsync(City.Id, 20);
        Assert.Equal(
            (0L, 0L, (long)counters),
            (comparison.Differing, comparison.Boundaries.Sum(b => b.Differing), comparison.Boundaries.Sum(b => b.Counters)));
    }

    private Task<IReadOnlyList<string>> CountsAsync() => RowsAsync(
        """
        select b.name, c.period::text, sum(c.requests)::text, c.status::text
        from service_request_boundary_count c join boundary b on b.city_id = c.city_id and b.id = c.boundary_id
        group by 1, 2, 4 order by 1, 2, 4::text
        """);

    private Task<IReadOnlyList<string>> MonthsAsync() => RowsAsync(
        "select b.name, m.period::text from service_request_boundary_month m join boundary b on b.city_id = m.city_id and b.id = "
            + "m.boundary_id order by 1, 2");
}
