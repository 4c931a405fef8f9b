using CityHelper.Data.Import;
using CityHelper.Data.Import.NewYork;
using CityHelper.Data.Migrations;
using CityHelper.IntegrationTests.Postgres;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Counters;

/// <summary>Errors in the counters are found and repaired.</summary>
public sealed class CounterRepairTests(PostgresFixture postgres) : CounterFixture(postgres)
{
    private const string Columns = "Status,Closed Date,Latitude,Longitude";

    private static readonly string[] Rows =
    [
        .. Enumerable
            .Range(1, 30)
            .Select(n => $"{n},6/{n}/24 8:00,Noise {n % 4},{(n % 2 == 0 ? "Closed,6/30/24 9:00" : "Open,")},40.7{n % 5},-73.9"),
    ];

    [Fact]
    public async Task An_interrupted_import_leaves_counters_true_and_its_end_leaves_no_deltas()
    {
        string file = WriteRows(Columns, Rows);
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Importer().ImportFileAsync(
            City, new NewYorkSource(), file, new Stop(stop), stop.Token));
        Assert.InRange(await DeltasAsync(), 1, 29);
        await AssertTrueAsync();

        Assert.InRange((await ImportAsync(file)).ContinuedAt, 1, 29);
        Assert.Equal(0, await DeltasAsync());
        await AssertTrueAsync();
    }

    [Fact]
    public async Task The_same_file_again_appends_nothing()
    {
        string file = WriteRows(Columns, Rows);
        await ImportAsync(file);
        string before = await LastDeltaAsync();
        Assert.Equal(30, (await ImportAsync(file)).Unchanged);
        // No counted value changes.
        Assert.Equal(30, (await ImportAsync(WriteRows($"{Columns},Descriptor", [.. Rows.Select(row => row + ",other")]))).Updated);
        Assert.Equal(before, await LastDeltaAsync());
        await AssertTrueAsync();
    }

    [Theory]
    [InlineData("update service_request_count set requests = requests + 1 where zoom = 16", true)]
    [InlineData("update service_request_count set longitude = longitude - 1 where span = 'MONTH' and zoom = 0", true)]
    [InlineData("delete from service_request_count where zoom = 14 and span = 'YEAR'", true)]
    [InlineData("update service_request_closing_count set bucket = bucket + 1", true)]
    [InlineData("insert into service_request_closing_count select 1, 14, 'YEAR', 0, '2024-01-01', 1, 0, 'OPEN', 3, 1", true)]
    [InlineData("delete from service_request_delta where requests < 0", true)]
    [InlineData("update service_request_delta set bucket = null", false)]
    public async Task A_counter_or_delta_that_was_tampered_with_is_found_and_a_rebuild_mends_it(string tamper, bool alone)
    {
        await ImportAsync(WriteRows(Columns, Rows));
        await using (NpgsqlConnection connection = await Database.OpenConnectionAsync())
        {
            await ChangeAsync(connection, "2", "status = 'PENDING'");
            await ChangeAsync(connection, "4", "closed_at = closed_at + interval '40 days'");
        }

        (int code, string output, _) = await CommandAsync("compare");
        Assert.Equal(0, code);
        Assert.Matches(@"^All \d+ counters and blocks of nyc agree with its 30 requests\.\n$", output);

        await RowsAsync($"with t as ({tamper} returning 1) select count(*)::text from t");
        (code, output, string error) = await CommandAsync("compare");
        Assert.Equal(1, code);
        Assert.Matches(@"^\d+ of \d+ counters and blocks of nyc differ: run `cityhelper statistics rebuild --city nyc`\.\n$", error);
        Assert.StartsWith("zoom ", output, StringComparison.Ordinal);
        Assert.InRange(output.Split('\n').Length - 1, alone ? 1 : 2, Data.Limits.DifferencesShownMax);

        Assert.Matches(@"^Counted 30 requests of nyc in \d+ counters\.\n$", (await CommandAsync("rebuild")).Output);
        Assert.Equal(0, (await CommandAsync("compare")).Code);
        Assert.Equal(0, await DeltasAsync());
        await AssertTrueAsync();
    }

    [Fact]
    public async Task A_difference_is_told_in_one_line()
    {
        await ImportAsync(WriteRows(Columns, "1,6/1/24 8:00,Noise,Closed,6/1/24 9:00,40.7,-73.9"));
        await RowsAsync(
            "with t as (update service_request_count set requests = 5 where span = 'DAY' returning 1) select count(*)::text from t");
        (_, string output, string error) = await CommandAsync("compare");
        Assert.Equal("zoom 0, DAY of 2024-06-01, cell 0, category 1, agency 0, CLOSED: 5 counted, 1 there\n", output);
        Assert.Equal("1 of 7 counters and blocks of nyc differ: run `cityhelper statistics rebuild --city nyc`.\n", error);
    }

    /// <summary>
    /// Drops the tables of the counters and runs the migration that makes them again, over the rows of one of two cities.
    /// </summary>
    [Fact]
    public async Task A_city_that_had_requests_before_there_were_counters_says_so_until_it_is_rebuilt()
    {
        await ImportAsync(WriteRows(Columns, Rows));
        await new Data.Cities.CityDirectory(Database, Time).AddAsync(NewYork.Facts with { Slug = "empty" });
        await RowsAsync(
            $"""
            select '';
            drop function closing_bucket, cell_parent, degrees_e7 cascade;
            drop table service_request_count, service_request_closing_count, service_request_delta cascade;
            drop type count_span;
            alter table city drop column counted_at;
            delete from {Migrator.JournalTable} where scriptname = '0005_statistics.sql'
            """);
        const string NotCounted = "The requests of nyc are not counted yet: run `cityhelper statistics rebuild --city nyc`.\n";
        Assert.Equal((0, $"Ran 0005_statistics.sql.\n{NotCounted}", ""), await RunAsync("migrate"));
        Assert.Equal(["empty|true", "nyc|false"], await RowsAsync("select slug, (counted_at is not null)::text from city order by slug"));

        Assert.Equal((1, "", NotCounted), await CommandAsync("compare"));
        Assert.Equal((false, 0), await Counters().CompareAsync(City.Id, 1) is var told ? (told.IsCounted, told.Requests) : default);
        // Imports continue; each imported row is counted once.
        await ImportAsync(WriteRows(Columns, "1,6/1/24 8:00,Noise,Closed,6/1/24 9:00,40.7,-73.9", "31,6/1/24 8:00,Noise,Open,,40.7,-73.9"));
        Assert.Equal(0, (await CommandAsync("rebuild")).Code);
        Assert.Equal(["empty|true", "nyc|true"], await RowsAsync("select slug, (counted_at is not null)::text from city order by slug"));
        Assert.Equal(0, (await CommandAsync("compare")).Code);
        await AssertTrueAsync();
    }

    [Fact]
    public async Task A_city_that_is_not_there_is_said() =>
        Assert.Equal(
            (1, "", "There is no city `atlantis`: add it first with `cityhelper city add`.\n"), await CommandAsync("compare", "atlantis"));

    private async Task<string> LastDeltaAsync() =>
        (await RowsAsync("select last_value::text from pg_sequences where sequencename = 'service_request_delta_id_seq'"))[0];

    private Task<(int Code, string Output, string Error)> CommandAsync(string command, string city = "nyc") =>
        RunAsync("statistics", command, "--city", city);

    private sealed class Stop(CancellationTokenSource source) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value)
        {
            // The first report of the merge comes before its first batch.
            if (value.Phase == ImportPhase.Merging && value.Rows > 0)
            {
                source.Cancel();
            }
        }
    }
}
