using CityHelper.Data.Import;
using CityHelper.Data.Import.NewYork;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Import;

/// <summary>The same command completes an interrupted import.</summary>
public sealed class InterruptedImportTests(PostgresFixture postgres) : ImportFixture(postgres)
{
    private static readonly string[] Rows = [.. Enumerable.Range(1, 30).Select(n => $"{n},6/{n}/24 8:00,Noise {n % 4}")];

    [Theory]
    [InlineData(false)]
    // A crash of PostgreSQL empties unlogged tables.
    [InlineData(true)]
    public async Task Merging_continues_where_it_stood(bool crashed)
    {
        string file = WriteRows("", [.. Rows, "bad,date,row"]);
        await StopWhileMergingAsync(file);
        int merged = int.Parse(
            (await RowsAsync("select rows_merged::text from import_run"))[0], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(merged, 1, 29);
        Assert.Equal([$"{merged}"], await RowsAsync("select count(*)::text from service_request"));
        if (crashed)
        {
            await RowsAsync("select ''; truncate staging.row_1");
        }

        ImportSummary summary = await ImportAsync(file);

        Assert.Equal(merged, summary.ContinuedAt);
        Assert.Equal((31, 30, 0, 0, 1), (summary.Read, summary.Inserted, summary.Updated, summary.Unchanged, summary.Rejected));
        Assert.Equal(
            ["1|30"], await RowsAsync("select count(*)::text, sum(rows_merged)::text from import_run where finished_at is not null"));
        await AssertSameAsInOnePieceAsync();
    }

    [Fact]
    public async Task Stopped_while_reading_nothing_is_there()
    {
        string file = WriteRows("", Rows);
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Importer().ImportFileAsync(
            City, new NewYorkSource(), file, new Stop(stop, ImportPhase.Reading), stop.Token));
        Assert.Equal("", await ContentAsync());
        Assert.Equal(30, (await ImportAsync(file)).Inserted);
    }

    [Fact]
    public async Task Another_file_may_come_between()
    {
        string file = WriteRows("", Rows);
        await StopWhileMergingAsync(file);
        Assert.Equal(1, (await ImportAsync(WriteRows("", "other,1/1/24 8:00,Noise"))).Inserted);
        Assert.Equal(30, (await ImportAsync(file)).Inserted);
    }

    [Fact]
    public async Task Two_imports_of_one_city_do_not_run_at_once()
    {
        string file = WriteRows("", Rows);
        string? second = null;
        ImportOutcome first = await Importer().ImportFileAsync(City, new NewYorkSource(), file, new Once(ImportPhase.Merging, () =>
            second = Importer().ImportFileAsync(City, new NewYorkSource(), file).GetAwaiter().GetResult().Failure));
        Assert.Equal(30, first.Summary!.Inserted);
        Assert.Equal("Another import of nyc is running; repeat this one when it has ended.", second);
    }

    private async Task StopWhileMergingAsync(string file)
    {
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Importer().ImportFileAsync(
            City, new NewYorkSource(), file, new Stop(stop, ImportPhase.Merging), stop.Token));
    }

    private async Task AssertSameAsInOnePieceAsync()
    {
        string before = await ContentAsync();
        Assert.Equal(30, (await ImportAsync(WriteRows("", Rows), batchRows: 1_000)).Unchanged);
        Assert.Equal(before, await ContentAsync());
    }

    private sealed class Stop(CancellationTokenSource source, ImportPhase phase) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value)
        {
            // The first report of the merge comes before its first batch.
            if (value.Phase == phase && value.Rows > 0)
            {
                source.Cancel();
            }
        }
    }

    private sealed class Once(ImportPhase phase, Action action) : IProgress<ImportProgress>
    {
        private bool _done;

        public void Report(ImportProgress value)
        {
            if (value.Phase == phase && !_done)
            {
                _done = true;
                action();
            }
        }
    }
}
