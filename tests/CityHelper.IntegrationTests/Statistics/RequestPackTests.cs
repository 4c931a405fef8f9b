using CityHelper.Data.Statistics;
using CityHelper.IntegrationTests.Figures;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.Server.ServiceRequests;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Statistics;

/// <summary>Packs: what a fill packs, what a fold wants packed again, and what a comparison finds.</summary>
public sealed class RequestPackTests(PostgresFixture postgres) : CounterHouse(postgres)
{
    private const string Columns = "Status,Agency,Latitude,Longitude";

    /// <summary>Two of one cell and slice, one of the same cell and another slice, one far away, one without a location.</summary>
    private static readonly string[] s_rows =
    [
        "1,1/10/24 8:00,Noise,Open,NYPD,40.75,-73.98",
        "2,1/11/24 8:00,Rodent,Closed,,40.75,-73.98",
        "3,6/1/24 8:00,Noise,Open,NYPD,40.75,-73.98",
        "4,6/1/24 8:00,Noise,Open,NYPD,40.8,-73.9",
        "5,6/1/24 8:00,Noise,Open,NYPD,,",
    ];

    private RequestPacks Packs => new(Database, Time);

    [Fact]
    public async Task A_fill_packs_the_requests_of_each_cell_and_slice()
    {
        await ImportAsync(WriteRows(Columns, s_rows));
        Assert.Equal([City.Id], await Packs.CitiesToFillAsync());

        // Whatever a change's day may lie in is packed, and so is what turns out to be empty.
        int packs = await Packs.FillAsync(City.Id);

        Assert.Equal(3, (await RequestsAsync()).Count(line => !line.EndsWith("|0", StringComparison.Ordinal)));
        Assert.Equal(["1", "1", "2"], (await RequestsAsync()).Select(line => line.Split('|')[1]).Where(n => n != "0").Order());
        Assert.Equal(packs, (await RequestsAsync()).Count);
        Assert.Equal(0, await Packs.FillAsync(City.Id));
        Assert.Empty(await Packs.CitiesToFillAsync());
        await AssertTrueAsync();
        await AssertComparedAsync();
    }

    [Fact]
    public async Task A_fold_wants_the_packs_that_it_changes_packed_again_and_no_others()
    {
        await ImportAsync(WriteRows(Columns, s_rows));
        await Packs.FillAsync(City.Id);

        await ChangeAsync("1", "status = 'PENDING'");

        // As long as the change is not folded, readers see it, and take none of these packs.
        await AssertTrueAsync();
        await AssertComparedAsync();
        Assert.Empty(await StaleAsync());
        await Counters().FoldAsync(City.Id);
        Assert.NotEmpty(await StaleAsync());
        Assert.Equal(2, (await RequestsAsync()).Count(line => line.EndsWith("|1", StringComparison.Ordinal)));
        Assert.InRange(await Packs.FillAsync(City.Id), 1, 2);
        await AssertTrueAsync();
    }

    /// <summary>As a fold of a build that knows nothing of packs does, beside a writer who was not done then.</summary>
    [Fact]
    public async Task Whoever_takes_deltas_leaves_the_packs_that_they_touch_to_be_packed_again()
    {
        await ImportAsync(WriteRows(Columns, s_rows));
        await Packs.FillAsync(City.Id);
        await ChangeAsync("4", "location = st_setsrid(st_makepoint(-73.7, 40.9), 4326)");

        await ExecuteAsync("delete from service_request_delta");

        Assert.InRange((await StaleAsync()).Select(line => line.Split('|')[0]).Distinct().Count(), 2, 2);
        await Packs.FillAsync(City.Id);
        await AssertComparedAsync();
    }

    /// <summary>Neither its cell nor its degrees to the centimetre change; an area need not hold it any more.</summary>
    [Fact]
    public async Task A_request_that_moves_by_less_than_is_counted_is_packed_again()
    {
        await ImportAsync(WriteRows(Columns, s_rows));
        await Packs.FillAsync(City.Id);

        await ChangeAsync("4", "location = st_setsrid(st_makepoint(-73.9, 40.8 - 1e-9), 4326)");
        await Counters().FoldAsync(City.Id);

        Assert.NotEmpty(await StaleAsync());
        await Packs.FillAsync(City.Id);
        await AssertTrueAsync();
    }

    [Fact]
    public async Task While_many_deltas_wait_nothing_is_packed()
    {
        await ImportAsync(WriteRows(Columns, s_rows));
        await ExecuteAsync(
            "insert into service_request_delta (city_id, day, category_id, agency_id, status, requests, longitude, latitude) "
            + $"select 1, '2024-06-01', 1, 0, 'OPEN', 0, 0, 0 from generate_series(1, {Data.Limits.FillChangesMax + 1})");

        Assert.Empty(await Packs.CitiesToFillAsync());
        await Counters(foldRows: 5_000).FoldAsync(City.Id);
        Assert.Equal([City.Id], await Packs.CitiesToFillAsync());
    }

    [Fact]
    public async Task A_fill_is_left_to_whoever_folds_or_rebuilds()
    {
        await ImportAsync(WriteRows(Columns, s_rows));
        await using (NpgsqlConnection rebuild = await FigureHouse.HoldFoldsAsync(Database))
        {
            Assert.Null(await Packs.TryFillAsync(City.Id));

            // The pool would keep the session, and the lock with it.
            await using var unlock = new NpgsqlCommand("select pg_advisory_unlock_all()", rebuild);
            await unlock.ExecuteNonQueryAsync();
        }

        Assert.NotNull(await Packs.TryFillAsync(City.Id));
        Assert.Empty(await StaleAsync());
    }

    /// <summary>As a city that had requests before there were packs.</summary>
    [Fact]
    public async Task A_city_without_packs_is_packed_by_a_fill()
    {
        await ImportAsync(WriteRows(Columns, s_rows));
        await ExecuteAsync("delete from service_request_pack; update city set packed_at = null");
        await AssertComparedAsync();
        Assert.Equal([City.Id], await Packs.CitiesToFillAsync());

        Assert.Equal(3, await Packs.FillAsync(City.Id));

        Assert.Equal(["true"], await RowsAsync("select (packed_at is not null)::text from city"));
        await AssertTrueAsync();
        await AssertComparedAsync();
    }

    [Theory]
    [InlineData("update service_request_pack set content = overlay(content placing '\\x07'::bytea from 28) where length(content) = 36", 2, "requests, but not as they are")]
    [InlineData("update service_request_pack set content = '' where length(content) = 72", 1, "0 packed, 2 there")]
    [InlineData("delete from service_request_pack where length(content) = 72", 1, "0 packed, 2 there")]
    public async Task What_a_pack_tells_wrongly_is_found_and_a_rebuild_mends_it(string tamper, int differing, string sentence)
    {
        await ImportAsync(WriteRows(Columns, s_rows));
        await Packs.FillAsync(City.Id);
        await ExecuteAsync(tamper);

        Assert.NotEmpty(await DifferencesAsync());
        PackComparison compared = (await Counters().CompareAsync(City.Id, 20)).Packs;
        Assert.Equal((differing, differing), (compared.Differing, compared.First.Count));
        (int code, string output, _) = await RunAsync("statistics", "compare", "--city", "nyc");
        Assert.Equal(1, code);
        Assert.Contains(sentence, output, StringComparison.Ordinal);

        await Counters().RebuildAsync(City.Id);

        await AssertTrueAsync();
        await AssertComparedAsync();
        Assert.Empty(await StaleAsync());
    }

    [Fact]
    public async Task Statuses_have_the_numbers_that_readers_know() => Assert.Equal(
        PackedStatuses.Labels.Select((label, number) => $"{label}|{number}"),
        await RowsAsync("select s::text, pack_status(s)::text from unnest(enum_range(null::service_request_status)) s"));

    /// <summary>A day of a city may begin 14 hours before that of Greenwich and end 12 hours after it.</summary>
    [Theory]
    [InlineData("Pacific/Kiritimati")]
    [InlineData("Etc/GMT+12")]
    [InlineData("America/New_York")]
    public async Task The_slices_of_a_day_hold_all_its_moments(string zone) => Assert.Equal(["0"], await RowsAsync(
        $"""
        select count(*)::text
        from generate_series('2019-11-20'::timestamptz, '2020-03-20', interval '37 minutes') m
        where (id_floor(m) >> 53)::smallint not in (select s from pack_slices((m at time zone '{zone}')::date) s)
        """));

    private async Task AssertComparedAsync()
    {
        PackComparison compared = (await Counters().CompareAsync(City.Id, 20)).Packs;
        Assert.Equal((0L, 0), (compared.Differing, compared.First.Count));
    }

    private Task<IReadOnlyList<string>> RequestsAsync() =>
        RowsAsync("select cell || ' ' || slice, (length(content) / 36)::text from service_request_pack order by 1");

    private Task<IReadOnlyList<string>> StaleAsync() => RowsAsync("select cell::text, slice::text from service_request_pack where content is null");
}
