using CityHelper.Data.Import;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Import;

/// <summary>A hand-made excerpt in the portal's format: every quirk once, every value known.</summary>
public sealed class ExcerptTests(PostgresFixture postgres) : ImportFixture(postgres)
{
    private static string Excerpt => Repository.PathOf("tests", "CityHelper.IntegrationTests", "Import", "nyc-311-excerpt.csv");

    [Fact]
    public async Task Every_value_lands_where_it_belongs()
    {
        ImportSummary summary = await ImportAsync(Excerpt);

        Assert.Equal((12, 11, 0, 0, 1), (summary.Read, summary.Inserted, summary.Updated, summary.Unchanged, summary.Rejected));
        Assert.Equal((2, 0), (summary.WithoutLocation, summary.Corrected));
        Assert.Equal(
            ["noise-residential", "heat-hot-water", "illegal-parking", "unknown", "street-condition", "rodent"], summary.NewCategories);
        Assert.Equal(
            [
                "90000001|noise-residential|NYPD|CLOSED|Closed|Loud Music/Party|1 EXAMPLE AVENUE|11379|05 QUEENS|PHONE|-73.87862009 "
                    + "40.71051893|2018-10-21 04:00:00.000|2018-10-21 04:59:00.000|2018-10-21 12:00:00.000|2018-10-21 04:59:00.000|The "
                    + "condition was gone, \"as so often\".",
                "90000002|heat-hot-water|HPD|OPEN|Open|ENTIRE BUILDING|2 EXAMPLE AVENUE|00083|BRONX|ONLINE|-73.89553683 "
                    + "40.86945827|2018-10-21 04:00:00.000|2018-10-21 04:00:00.000|-|-|-",
                // 1:30 on the morning when the clocks go back, read as the first one.
                "90000003|heat-hot-water|HPD|ASSIGNED|Assigned|APARTMENT ONLY|-|-|-|UNKNOWN|-|2018-11-04 05:30:00.000|2018-11-04 "
                    + "05:30:00.000|-|-|-",
                "90000004|illegal-parking|NYPD|IN_PROGRESS|In Progress|Blocked Hydrant|4 EXAMPLE PLACE|10452|04 BRONX|MOBILE|-|2022-05-01 "
                    + "04:00:03.000|2022-05-01 17:07:53.000|-|2022-05-01 16:07:46.000|-",
                "90000005|unknown|-|OPEN|Unspecified|-|-|-|MANHATTAN|MOBILE|-73.9851 40.7589|2025-10-14 05:51:17.250|2025-10-14 "
                    + "05:51:17.250|-|-|-",
                // 2:30 on the morning when they go forward is 3:30.
                "90000006|illegal-parking|DOT|ASSIGNED|Email Sent|Über-lange Straße|-|-|01 BROOKLYN|-|-73.957 40.714|2019-03-10 "
                    + "07:30:00.000|2019-03-10 07:30:00.000|-|-|-",
                // In New York still 2019, in UTC already 2020; the partition follows UTC.
                "90000007|street-condition|DOT|CLOSED|Closed|Pothole|-|-|02 STATEN ISLAND|-|-74.12 40.58|2020-01-01 "
                    + "04:30:00.000|2020-01-01 04:30:00.000|-|-|-",
                "90000008|illegal-parking|NYPD|IN_PROGRESS|Started|Blocked Sidewalk|-|-|05 MANHATTAN|-|-73.9857 40.759|2024-06-01 "
                    + "12:00:00.000|2024-06-01 12:00:00.000|-|-|-",
                "90000010|rodent|DOHMH|PENDING|Pending|Rat Sighting|-|-|10 MANHATTAN|-|-73.9442 40.8116|2024-06-01 "
                    + "12:00:00.000|2024-06-01 13:00:00.000|-|2024-06-01 13:00:00.000|-",
                "90000011|rodent|DOHMH|OPEN|Unassigned|Rat Sighting|-|-|10 MANHATTAN|-|-73.9442 40.8116|2024-06-02 "
                    + "12:00:00.000|2024-06-02 12:00:00.000|-|-|-",
                "90000012|rodent|DOHMH|CLOSED|Closed|Mouse Sighting|-|-|10 MANHATTAN|-|-73.9442 40.8116|2024-06-03 "
                    + "12:00:00.000|2024-06-04 12:00:00.000|-|2024-06-04 12:00:00.000|-",
            ],
            await RowsAsync(
                $"""
                select concat_ws('|', external_id, c.code, coalesce(a.code, '-'), status, coalesce(source_status, '-'),
                    coalesce(title, '-'),
                    coalesce(address, '-'), coalesce(postal_code, '-'), coalesce(district, '-'), coalesce(channel, '-'),
                    coalesce(st_x(location) || ' ' || st_y(location), '-'), {Utc("created_at")}, {Utc("updated_at")}, {Utc("due_at")},
                    {Utc("closed_at")}, coalesce(resolution, '-'))
                from service_request r
                join category c on c.city_id = r.city_id and c.id = r.category_id
                left join agency a on a.city_id = r.city_id and a.id = r.agency_id
                order by external_id
                """));
    }

    [Fact]
    public async Task Rows_lie_in_the_partition_of_their_UTC_year_and_ids_carry_their_times()
    {
        await ImportAsync(Excerpt);
        Assert.Equal(
            ["partitions.service_request_1_2020"],
            await RowsAsync("select tableoid::regclass::text from service_request where external_id = '90000007'"));
        Assert.Equal(["0"], await RowsAsync("select count(*)::text from service_request where created_at <> public.id_time(id)"));
        Assert.Equal(["0"], await RowsAsync(
            "select count(*)::text from service_request r full join service_request_external_id e on e.city_id = r.city_id "
            + "and e.external_id = r.external_id and e.service_request_id = r.id where r.id is null or e.city_id is null"));
    }

    [Fact]
    public async Task A_category_belongs_to_the_agency_that_has_most_of_it()
    {
        await ImportAsync(Excerpt);
        Assert.Equal(
            [
                "heat-hot-water|HEAT/HOT WATER|HPD", "illegal-parking|Illegal Parking|NYPD", "noise-residential|Noise - Residential|NYPD",
                "rodent|Rodent|DOHMH", "street-condition|Street Condition|DOT", "unknown|Unknown|-",
            ],
            await RowsAsync(
                "select c.code, c.name, a.code from category c left join agency a on a.city_id = c.city_id and a.id = c.agency_id order "
                    + "by 1"));
    }

    [Fact]
    public async Task A_rejected_row_is_written_down_with_its_line_and_reason()
    {
        ImportSummary summary = await ImportAsync(Excerpt);
        string[] lines = await File.ReadAllLinesAsync(summary.RejectsFile!);
        Assert.Equal("line,reason,record", lines[0]);
        // The record on line 6 spans three lines.
        Assert.StartsWith(
            "12,\"Created Date `06/31/2024 08:00:00 AM` is not a date this source writes\",\"90000009,",
            lines[1],
            StringComparison.Ordinal);
        Assert.Equal(2, lines.Length);
    }

    [Fact]
    public async Task The_same_file_again_changes_nothing()
    {
        await ImportAsync(Excerpt);
        string before = await ContentAsync();

        ImportSummary again = await ImportAsync(Write("again.csv.gz", Gzip(await File.ReadAllBytesAsync(Excerpt))));

        Assert.Equal((12, 0, 0, 11, 1), (again.Read, again.Inserted, again.Updated, again.Unchanged, again.Rejected));
        Assert.Empty(again.NewCategories);
        Assert.Equal(before, await ContentAsync());
    }

    [Fact]
    public async Task Nothing_of_the_run_but_its_record_is_left()
    {
        await ImportAsync(Excerpt);
        Assert.Equal(
            ["row"], await RowsAsync("select relname::text from pg_class where relnamespace = 'staging'::regnamespace and relkind = 'r'"));
        Assert.Equal(
            ["12|11|1|11"],
            await RowsAsync(
                "select rows_read::text, rows_staged::text, rows_rejected::text, rows_merged::text from import_run where finished_at is "
                    + "not null"));
    }

    [Fact]
    public async Task Index_only_scans_work_right_after_an_import()
    {
        await ImportAsync(Excerpt);
        Assert.Equal(["0"], await RowsAsync(
            "select sum(relpages - relallvisible)::text from pg_class where relkind = 'r' and relname ~ '^service_request_1_' and "
                + "reltuples > 0"));
    }

    private static string Utc(string column) => $"coalesce(to_char({column} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS'), '-')";
}
