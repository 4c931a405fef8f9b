using System.Globalization;
using CityHelper.Data.Cities;
using CityHelper.Data.Import;
using CityHelper.Data.Import.NewYork;
using CityHelper.Data.Statistics;
using CityHelper.IntegrationTests.Postgres;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Counters;

/// <summary>Concurrent imports, mutations, compactions and rebuilds: counters and rows agree in every reader's snapshot.</summary>
public sealed class CounterHistoryTests(PostgresFixture postgres) : CounterFixture(postgres)
{
    private const string Columns = "Status,Closed Date,Resolution Action Updated Date,Agency,Latitude,Longitude";

    [Fact]
    public async Task Readers_never_see_counters_and_rows_differ_while_others_write_and_compact()
    {
        CityEntry other = await AddOtherCityAsync();
        using var done = new CancellationTokenSource();
        (int looked, int packed) = (0, 0);
        Task[] others =
        [
            RepeatAsync(async _ => { await AssertTrueAsync(); looked++; }, done.Token),
            RepeatAsync(_ => AssertTrueAsync(other.Id), done.Token),
            RepeatAsync(_ => Counters(compactionRows: 40).CompactAsync(City.Id), done.Token),
            RepeatAsync(_ => Counters(compactionRows: 25).TryCompactAsync(other.Id), done.Token),
            RepeatAsync(async _ => packed += await new PackedBlocks(Database, Time).BackfillAsync(City.Id), done.Token),
            RepeatAsync(MutateAsync, done.Token),
        ];

        await Task.WhenAll(ImportAllAsync(City), ImportAllAsync(other));
        await done.CancelAsync();
        await Task.WhenAll(others);

        Assert.True(looked > 5, $"{looked} looks are too few to have met anything");
        Assert.True(packed > 50, $"only {packed} blocks were packed");
        await AssertTrueAsync();
        await AssertTrueAsync(other.Id);
        Assert.Equal(
            ["1|240", "2|240"], await RowsAsync("select city_id::text, count(*)::text from service_request group by city_id order by 1"));
    }

    [Fact]
    public async Task A_rebuild_may_run_while_an_import_does()
    {
        await ImportAsync(File(0), batchRows: 100);
        using var done = new CancellationTokenSource();
        int rebuilt = 0;
        Task[] others =
        [
            RepeatAsync(_ => AssertTrueAsync(), done.Token),
            RepeatAsync(async _ => { await Counters(compactionRows: 30).RebuildAsync(City.Id); rebuilt++; }, done.Token),
            RepeatAsync(MutateAsync, done.Token),
        ];

        await ImportAllAsync(City);
        await done.CancelAsync();
        await Task.WhenAll(others);

        Assert.True(rebuilt > 1);
        await AssertTrueAsync();
    }

    /// <summary>The import subtracts what the row's last writer added, not what the import had read before that writer committed.</summary>
    [Fact]
    public async Task An_import_that_waits_for_another_writer_counts_what_that_one_left()
    {
        await ImportAsync(WriteRows(Columns, "1,6/1/24 8:00,Noise,Open,,6/1/24 9:00,NYPD,40.7,-73.9"));
        await using NpgsqlConnection writer = await Database.OpenConnectionAsync();
        Task<ImportSummary> import;
        await using (NpgsqlTransaction transaction = await writer.BeginTransactionAsync())
        {
            await ChangeAsync(writer, "1", "status = 'PENDING', agency_id = null");
            import = ImportAsync(WriteRows(Columns, "1,6/1/24 8:00,Rodent,Closed,6/1/24 10:00,6/1/24 10:05,HPD,40.8,-73.9"));
            await UntilAsync(
                "select (count(*) > 0)::text from pg_locks where not granted and locktype in ('transactionid', 'tuple')", import);
            await transaction.CommitAsync();
        }

        Assert.Equal(1, (await import).Updated);
        Assert.Equal(["CLOSED"], await RowsAsync("select status::text from service_request"));
        await AssertTrueAsync();
    }

    [Fact]
    public async Task Of_two_compactions_of_a_city_one_waits_or_leaves_it_to_the_other()
    {
        await ImportAsync(WriteRows("", "1,6/1/24 8:00,Noise"));
        await using NpgsqlConnection connection = await Database.OpenConnectionAsync();
        await ChangeAsync(connection, "1", "status = 'PENDING'");
        Task<int> waiting;
        await using (NpgsqlTransaction transaction = await connection.BeginTransactionAsync())
        {
            await using var locking = new NpgsqlCommand($"select pg_advisory_xact_lock({RequestCounters.LockClass}, 1)", connection);
            await locking.ExecuteNonQueryAsync();
            Assert.Null(await Counters().TryCompactAsync(City.Id));
            waiting = Counters().CompactAsync(City.Id);
            await UntilAsync("select (count(*) > 0)::text from pg_locks where not granted and locktype = 'advisory'", waiting);
            Assert.Equal(2, await DeltasAsync());
        }

        Assert.Equal(2, await waiting);
        Assert.Equal(0, await DeltasAsync());
    }

    private async Task<CityEntry> AddOtherCityAsync()
    {
        var directory = new CityDirectory(Database, Time);
        await directory.AddAsync(NewYork.Facts with { Slug = "tokyo", TimeZone = "Asia/Tokyo" });
        return (await directory.FindAsync("tokyo"))!;
    }

    private async Task ImportAllAsync(CityEntry city)
    {
        for (int version = 0; version < 3; version++)
        {
            ImportOutcome outcome = await Importer(batchRows: 20).ImportFileAsync(city, new NewYorkSource(), File(version));
            Assert.Null(outcome.Failure);
        }
    }

    /// <summary>240 requests; those of a later version have changed.</summary>
    private string File(int version) => WriteRows(Columns, [.. Enumerable.Range(0, 240).Select(n =>
    {
        string day = $"{1 + (n % 12)}/{1 + (n % 28)}/24";
        bool closed = n % 3 < version;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{n},{day} 8:00,Noise {n % 4},{(closed ? "Closed" : "Open")},{(closed ? $"{day} {9 + (n % 9)}:00" : "")},{day} "
                + $"{10 + version}:0{n % 10},{(n % 5 == version ? "HPD" : "NYPD")},40.{70 + (n % 7)},-73.9{n % 4}");
    })]);

    private async Task MutateAsync(Random random)
    {
        await using NpgsqlConnection connection = await Database.OpenConnectionAsync();
        await ChangeAsync(connection, $"{random.Next(240)}", random.Next(2) == 0
            ? "status = 'PENDING', closed_at = null"
            : "agency_id = null, location = st_setsrid(st_makepoint(-73.95, 40.8), 4326)");
    }

    /// <summary>Asks until the answer is true; the awaited task must not end before.</summary>
    private async Task UntilAsync(string question, Task waited)
    {
        while ((await RowsAsync(question))[0] != "true")
        {
            Assert.False(waited.IsCompleted, "It did not wait.");
        }
    }
}
