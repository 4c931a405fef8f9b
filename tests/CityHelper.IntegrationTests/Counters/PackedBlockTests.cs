using CityHelper.Data.Statistics;
using CityHelper.IntegrationTests.Statistics;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.Server.ServiceRequests;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Counters;

/// <summary>Packed blocks: which ones a backfill builds, which ones a compaction makes stale, and what a comparison finds.</summary>
public sealed class PackedBlockTests(PostgresFixture postgres) : CounterFixture(postgres)
{
    private const string Columns = "Status,Agency,Latitude,Longitude";

    /// <summary>Two of one cell and id bucket, one of the same cell and another bucket, one far away, one without a location.</summary>
    private static readonly string[] s_rows =
    [
        "1,1/10/24 8:00,Noise,Open,NYPD,40.75,-73.98",
        "2,1/11/24 8:00,Rodent,Closed,,40.75,-73.98",
        "3,6/1/24 8:00,Noise,Open,NYPD,40.75,-73.98",
        "4,6/1/24 8:00,Noise,Open,NYPD,40.8,-73.9",
        "5,6/1/24 8:00,Noise,Open,NYPD,,",
    ];

    private PackedBlocks Blocks => new(Database, Time);

    [Fact]
    public async Task A_backfill_makes_a_block_of_each_cell_and_id_bucket()
    {
        await ImportAsync(WriteRows(Columns, s_rows));
        Assert.Equal([City.Id], await Blocks.CitiesToBackfillAsync());

        // Builds every block that a change's day may touch, even if it turns out empty.
        int blocks = await Blocks.BackfillAsync(City.Id);

        Assert.Equal(3, (await RequestsAsync()).Count(line => !line.EndsWith("|0", StringComparison.Ordinal)));
        Assert.Equal(["1", "1", "2"], (await RequestsAsync()).Select(line => line.Split('|')[1]).Where(n => n != "0").Order());
        Assert.Equal(blocks, (await RequestsAsync()).Count);
        Assert.Equal(0, await Blocks.BackfillAsync(City.Id));
        Assert.Empty(await Blocks.CitiesToBackfillAsync());
        await AssertTrueAsync();
        await AssertComparedAsync();
    }

    [Fact]
    public async Task A_compaction_makes_the_blocks_that_it_changes_stale_and_no_others()
    {
        await ImportAsync(WriteRows(Columns, s_rows));
        await Blocks.BackfillAsync(City.Id);

        await ChangeAsync("1", "status = 'PENDING'");

        // Until the change is compacted, readers see it and use none of these blocks.
        await AssertTrueAsync();
        await AssertComparedAsync();
        Assert.Empty(await StaleAsync());
        await Counters().CompactAsync(City.Id);
        Assert.NotEmpty(await StaleAsync());
        Assert.Equal(2, (await RequestsAsync()).Count(line => line.EndsWith("|1", StringComparison.Ordinal)));
        Assert.InRange(await Blocks.BackfillAsync(City.Id), 1, 2);
        await AssertTrueAsync();
    }

    /// <summary>As a compaction by an earlier version without blocks does, beside a writer that had not committed then.</summary>
    [Fact]
    public async Task Whoever_takes_deltas_makes_the_blocks_that_they_touch_stale()
    {
        await ImportAsync(WriteRows(Columns, s_rows));
        await Blocks.BackfillAsync(City.Id);
        await ChangeAsync("4", "location = st_setsrid(st_makepoint(-73.7, 40.9), 4326)");

        await ExecuteAsync("delete from service_request_delta");

        Assert.InRange((await StaleAsync()).Select(line => line.Split('|')[0]).Distinct().Count(), 2, 2);
        await Blocks.BackfillAsync(City.Id);
        await AssertComparedAsync();
    }

    /// <summary>Neither its cell nor its degrees to the centimetre change, but it may have left an area.</summary>
    [Fact]
    public async Task A_request_that_moves_by_less_than_is_counted_makes_its_block_stale()
    {
        await ImportAsync(WriteRows(Columns, s_rows));
        await Blocks.BackfillAsync(City.Id);

        await ChangeAsync("4", "location = st_setsrid(st_makepoint(-73.9, 40.8 - 1e-9), 4326)");
        await Counters().CompactAsync(City.Id);

        Assert.NotEmpty(await StaleAsync());
        await Blocks.BackfillAsync(City.Id);
        await AssertTrueAsync();
    }

    [Fact]
    public async Task While_many_deltas_wait_no_block_is_rebuilt()
    {
        await ImportAsync(WriteRows(Columns, s_rows));
        await ExecuteAsync(
            "insert into service_request_delta (city_id, day, category_id, agency_id, status, requests, longitude, latitude) "
            + $"select 1, '2024-06-01', 1, 0, 'OPEN', 0, 0, 0 from generate_series(1, {Data.Limits.BackfillChangesMax + 1})");

        Assert.Empty(await Blocks.CitiesToBackfillAsync());
        await Counters(compactionRows: 5_000).CompactAsync(City.Id);
        Assert.Equal([City.Id], await Blocks.CitiesToBackfillAsync());
    }

    [Fact]
    public async Task A_backfill_is_left_to_whoever_compacts_or_rebuilds()
    {
        await ImportAsync(WriteRows(Columns, s_rows));
        await using (NpgsqlConnection rebuild = await StatisticsFixture.HoldCompactionAsync(Database))
        {
            Assert.Null(await Blocks.TryBackfillAsync(City.Id));

            // The pool would keep the session, and the lock with it.
            await using var unlock = new NpgsqlCommand("select pg_advisory_unlock_all()", rebuild);
            await unlock.ExecuteNonQueryAsync();
        }

        Assert.NotNull(await Blocks.TryBackfillAsync(City.Id));
        Assert.Empty(await StaleAsync());
    }

    /// <summary>Like a city with requests from before blocks existed.</summary>
    [Fact]
    public async Task A_city_without_blocks_gets_them_by_a_backfill()
    {
        await ImportAsync(WriteRows(Columns, s_rows));
        await ExecuteAsync("delete from service_request_pack; update city set packed_at = null");
        await AssertComparedAsync();
        Assert.Equal([City.Id], await Blocks.CitiesToBackfillAsync());

        Assert.Equal(3, await Blocks.BackfillAsync(City.Id));

        Assert.Equal(["true"], await RowsAsync("select (packed_at is not null)::text from city"));
        await AssertTrueAsync();
        await AssertComparedAsync();
    }

    [Theory]
    [InlineData(
        "update service_request_pack set content = overlay(content placing '\\x07'::bytea from 28) where length(content) = 36",
        2,
        "requests, but with other content")]
    [InlineData("update service_request_pack set content = '' where length(content) = 72", 1, "0 packed, 2 there")]
    [InlineData("delete from service_request_pack where length(content) = 72", 1, "0 packed, 2 there")]
    public async Task A_wrong_block_is_found_and_a_rebuild_mends_it(string tamper, int differing, string sentence)
    {
        await ImportAsync(WriteRows(Columns, s_rows));
        await Blocks.BackfillAsync(City.Id);
        await ExecuteAsync(tamper);

        Assert.NotEmpty(await DifferencesAsync());
        BlockComparison compared = (await Counters().CompareAsync(City.Id, 20)).Blocks;
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

    /// <summary>A city's day may begin 14 hours before the day in UTC and end 12 hours after it.</summary>
    [Theory]
    [InlineData("Pacific/Kiritimati")]
    [InlineData("Etc/GMT+12")]
    [InlineData("America/New_York")]
    public async Task The_id_buckets_of_a_day_hold_all_its_moments(string zone) => Assert.Equal(["0"], await RowsAsync(
        $"""
        select count(*)::text
        from generate_series('2019-11-20'::timestamptz, '2020-03-20', interval '37 minutes') m
        where (id_floor(m) >> 53)::smallint not in (select s from pack_slices((m at time zone '{zone}')::date) s)
        """));

    private async Task AssertComparedAsync()
    {
        BlockComparison compared = (await Counters().CompareAsync(City.Id, 20)).Blocks;
        Assert.Equal((0L, 0), (compared.Differing, compared.First.Count));
    }

    private Task<IReadOnlyList<string>> RequestsAsync() =>
        RowsAsync("select cell || ' ' || slice, (length(content) / 36)::text from service_request_pack order by 1");

    private Task<IReadOnlyList<string>> StaleAsync() =>
        RowsAsync("select cell::text, slice::text from service_request_pack where content is null");
}
