using CityHelper.Data.Import;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Import;

/// <summary>What a second file does to known requests.</summary>
public sealed class ReimportTests(PostgresFixture postgres) : ImportFixture(postgres)
{
    private const string Columns = "Status,Closed Date,Resolution Action Updated Date,Descriptor,Latitude,Longitude";

    private const string Told =
        "select status::text, source_status, title, to_char(updated_at at time zone 'UTC', 'MM-DD HH24:MI'), "
        + "to_char(closed_at at time zone 'UTC', 'MM-DD HH24:MI') from service_request order by external_id";

    [Fact]
    public async Task A_later_change_wins_and_becomes_a_status_update()
    {
        await ImportAsync(WriteRows(Columns, "1,6/1/24 8:00,Noise,Open,,6/1/24 9:00,Old,40.7,-73.9"));
        string id = (await RowsAsync("select id::text from service_request"))[0];

        ImportSummary summary = await ImportAsync(
            WriteRows(Columns, "1,6/1/24 8:00,Noise,Closed,6/1/24 10:00,6/1/24 10:05,New,40.8,-73.9"));

        Assert.Equal((0, 1, 0), (summary.Inserted, summary.Updated, summary.Unchanged));
        Assert.Equal(["CLOSED|Closed|New|06-01 14:05|06-01 14:00"], await RowsAsync(Told));
        Assert.Equal([id], await RowsAsync("select id::text from service_request"));
        Assert.Equal(
            [$"{id}|CLOSED|Closed|06-01 14:05|true"],
            await RowsAsync(
                "select service_request_id::text, status::text, source_status, to_char(created_at at time zone 'UTC', 'MM-DD HH24:MI'), "
                + "(public.id_time(id) = created_at)::text from status_update"));
    }

    [Fact]
    public async Task An_earlier_change_is_left_out()
    {
        await ImportAsync(WriteRows(Columns, "1,6/1/24 8:00,Noise,Closed,6/1/24 10:00,6/1/24 10:05,New,40.8,-73.9"));
        string before = await ContentAsync();
        ImportSummary summary = await ImportAsync(WriteRows(Columns, "1,6/1/24 8:00,Noise,Open,,6/1/24 9:00,Old,40.7,-73.9"));
        Assert.Equal((0, 0, 1), (summary.Inserted, summary.Updated, summary.Unchanged));
        Assert.Equal(before, await ContentAsync());
    }

    [Fact]
    public async Task At_the_same_time_other_content_wins()
    {
        await ImportAsync(WriteRows(Columns, "1,6/1/24 8:00,Noise,Open,,6/1/24 9:00,Old,40.7,-73.9"));
        ImportSummary summary = await ImportAsync(WriteRows(Columns, "1,6/1/24 8:00,Noise,Open,,6/1/24 9:00,Other,,"));
        Assert.Equal((0, 1, 0), (summary.Inserted, summary.Updated, summary.Unchanged));
        Assert.Equal(["OPEN|Open|Other|06-01 13:00|-"], await RowsAsync(Told));
        // The columns exist and are empty: the source withdrew the location. The status is the same, so there is no status update.
        Assert.Equal(["1|0"], await RowsAsync(
            "select count(*) filter (where location is null and cell_14 is null)::text, (select count(*)::text from status_update) from "
                + "service_request"));
    }

    [Fact]
    public async Task A_column_that_the_file_does_not_have_keeps_its_value()
    {
        await ImportAsync(WriteRows(Columns, "1,6/1/24 8:00,Noise,Assigned,,6/1/24 9:00,Kept,40.7,-73.9"));
        ImportSummary summary = await ImportAsync(WriteRows("Resolution Action Updated Date", "1,6/1/24 8:00,Noise,6/1/24 12:00"));
        Assert.Equal(1, summary.Updated);
        Assert.Equal(["ASSIGNED|Assigned|Kept|06-01 16:00|-"], await RowsAsync(Told));
        Assert.Equal(["1"], await RowsAsync("select count(location)::text from service_request"));
    }

    /// <summary>Every column is filled, then a file brings a later time and nothing else.</summary>
    [Fact]
    public async Task No_column_at_all_is_lost_to_a_file_that_does_not_have_it()
    {
        const string All =
            "Agency,Agency Name,Status,Due Date,Closed Date,Resolution Action Updated Date,Descriptor,Incident Address,Incident "
                + "Zip,Community Board,Borough,Open Data Channel Type,Resolution Description,Latitude,Longitude";
        const string Content = "select (to_jsonb(r) - 'updated_at' - 'content_hash' - 'version')::text from service_request r";
        await ImportAsync(
            WriteRows(
                All,
                "1,6/1/24 8:00,Noise,DEP,Environment,Closed,6/9/24 8:00,6/1/24 9:00,6/1/24 9:00,Loud,1 BROADWAY,10004,01 "
                    + "MANHATTAN,MANHATTAN,PHONE,Done,40.7,-73.9"));
        string before = Assert.Single(await RowsAsync(Content));
        Assert.Equal("description", Assert.Single(await RowsAsync(
            "select string_agg(key, ',') from service_request r, jsonb_each(to_jsonb(r)) where value = 'null'::jsonb "
                + "and key not in ('source_created_at', 'revised_at', 'duplicate_of', 'redacted_at')")));

        ImportSummary summary = await ImportAsync(WriteRows("Resolution Action Updated Date", "1,6/1/24 8:00,Noise,6/2/24 12:00"));
        Assert.Equal(1, summary.Updated);
        Assert.Equal([before], await RowsAsync(Content));
    }

    /// <summary>Two in five rows of the portal were "updated" at the midnight before they were created.</summary>
    [Fact]
    public async Task A_change_that_is_dated_before_its_request_is_news_all_the_same()
    {
        await ImportAsync(WriteRows("Status", "1,6/1/24 10:00,Noise,Open"));
        ImportSummary summary = await ImportAsync(WriteRows(
            "Status,Resolution Action Updated Date", "1,6/1/24 10:00,Noise,Closed,6/1/24 0:00", "2,6/1/24 10:00,Noise,Closed,6/1/24 0:00"));
        Assert.Equal((1, 1), (summary.Inserted, summary.Updated));
        // A change is later than the last one, also when the source dates both to the same moment.
        Assert.Equal(["CLOSED|00:00:00.001", "CLOSED|00:00:00"], await RowsAsync(
            "select status::text, (updated_at - created_at)::text from service_request order by external_id"));
    }

    [Fact]
    public async Task Changes_of_one_moment_are_told_in_the_order_in_which_they_came()
    {
        string[] told = ["Open", "Assigned", "Pending", "Open", "Assigned", "Pending"];
        foreach (string status in told)
        {
            await ImportAsync(WriteRows("Status", $"1,6/1/24 10:00,Noise,{status}"));
        }

        Assert.Equal(
            ["ASSIGNED", "PENDING", "OPEN", "ASSIGNED", "PENDING"],
            await RowsAsync("select status::text from status_update order by id"));
    }

    [Fact]
    public async Task Half_of_a_pair_of_columns_replaces_nothing()
    {
        await ImportAsync(WriteRows("Latitude,Longitude,Community Board,Borough", "1,6/1/24 10:00,Noise,40.7,-73.9,0 Unspecified,BRONX"));
        await ImportAsync(WriteRows(
            "Latitude,Community Board,Resolution Action Updated Date", "1,6/1/24 10:00,Noise,40.8,0 Unspecified,6/2/24 0:00"));
        Assert.Equal(["BRONX|40.7"], await RowsAsync("select district, st_y(location)::text from service_request"));
    }

    [Fact]
    public async Task Without_a_status_column_a_new_closed_date_closes_and_none_does_not_reopen()
    {
        await ImportAsync(WriteRows("Closed Date,Status", "1,6/1/24 8:00,Noise,,Assigned", "2,6/1/24 8:00,Noise,6/1/24 9:00,Closed"));
        await ImportAsync(
            WriteRows(
                "Closed Date,Descriptor",
                "1,6/1/24 8:00,Noise,6/1/24 10:00,a",
                "2,6/1/24 8:00,Noise,6/1/24 9:00,b",
                "3,6/1/24 8:00,Noise,,c",
                "4,6/1/24 8:00,Noise,6/1/24 9:00,d"));
        Assert.Equal(
            ["1|CLOSED|Assigned", "2|CLOSED|Closed", "3|OPEN|-", "4|CLOSED|-"],
            await RowsAsync("select external_id, status::text, source_status from service_request order by 1"));
    }

    [Fact]
    public async Task A_corrected_creation_time_is_kept_beside_and_counted_once()
    {
        await ImportAsync(WriteRows("", "1,12/31/24 8:00,Noise"));
        string before = (await RowsAsync("select id::text, tableoid::regclass::text, created_at::text from service_request"))[0];
        string corrected = WriteRows("", "1,1/1/25 8:00,Noise");

        ImportSummary first = await ImportAsync(corrected);
        ImportSummary again = await ImportAsync(corrected);

        Assert.Equal((1, 1, 0), (first.Updated, first.Corrected, first.Inserted));
        Assert.Equal((0, 0, 1), (again.Updated, again.Corrected, again.Unchanged));
        Assert.Equal([before], await RowsAsync("select id::text, tableoid::regclass::text, created_at::text from service_request"));
        Assert.Equal(["2025-01-01 13:00"], await RowsAsync(
            "select to_char(source_created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') from service_request"));
    }

    /// <summary>One file, or one file per row: the outcome is the same.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(100)]
    public async Task Of_a_key_that_stands_in_a_file_several_times_the_newest_wins(int batchRows)
    {
        ImportSummary summary = await ImportAsync(
            WriteRows(
                Columns,
                "1,6/1/24 8:00,Noise,Assigned,,6/1/24 10:00,Second,,",
                "2,6/1/24 8:00,Noise,Open,,,Other,,",
                "1,6/1/24 8:00,Noise,Closed,6/1/24 12:00,6/1/24 12:00,Newest,,",
                "1,6/1/24 8:00,Noise,Open,,6/1/24 9:00,Oldest,,"),
            batchRows);
        Assert.Equal((2, 4), (summary.Inserted, summary.Read));
        Assert.Equal(2, summary.Updated + summary.Unchanged);
        Assert.Equal(["CLOSED|Closed|Newest|06-01 16:00|06-01 16:00", "OPEN|Open|Other|06-01 12:00|-"], await RowsAsync(Told));
        Assert.Equal(["2"], await RowsAsync("select count(*)::text from service_request_external_id"));
    }

    [Fact]
    public async Task Requests_that_want_the_same_id_get_neighbouring_ones_and_keep_them()
    {
        // Two keys of the same moment with equal 21 bits, found by trying.
        DateTime created = new(2024, 6, 1, 12, 0, 0, DateTimeKind.Utc);
        var seen = new Dictionary<long, int>();
        (int One, int Other) pair = default;
        for (int key = 0; pair == default; key++)
        {
            long id = ImportedIds.Wanted(created, $"{key}");
            pair = seen.TryGetValue(id, out int earlier) ? (earlier, key) : default;
            seen.TryAdd(id, key);
        }

        string one = $"{pair.One},6/1/24 8:00,Noise";
        string other = $"{pair.Other},6/1/24 8:00,Noise";
        Assert.Equal(2, (await ImportAsync(WriteRows("", one, other))).Inserted);
        string[] ids = [.. await RowsAsync("select id::text from service_request order by id")];
        Assert.Equal(2, ids.Length);
        Assert.Equal(ImportedIds.Wanted(created, $"{pair.One}"), long.Parse(ids[0], System.Globalization.CultureInfo.InvariantCulture));

        string before = await ContentAsync();
        Assert.Equal(2, (await ImportAsync(WriteRows("", other, one))).Unchanged);
        Assert.Equal(before, await ContentAsync());
    }

    [Fact]
    public async Task A_taken_id_of_an_earlier_file_is_stepped_over()
    {
        await ImportAsync(WriteRows("", "1,6/1/24 8:00,Noise"));
        // The next file's key finds its id taken, as after a hash collision.
        await RowsAsync("update service_request_external_id set external_id = 'gone' returning external_id");
        Assert.Equal(1, (await ImportAsync(WriteRows("", "1,6/1/24 8:00,Noise"))).Inserted);
        Assert.Equal(["1"], await RowsAsync("select (max(id) - min(id))::text from service_request"));
    }
}
