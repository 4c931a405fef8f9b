using System.Globalization;
using CityHelper.Data.Changes;
using CityHelper.Data.Import;
using CityHelper.Data.Import.NewYork;
using CityHelper.IntegrationTests.Postgres;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Writing;

/// <summary>The events that a batch of an import writes in its transaction.</summary>
public sealed class ImportEventTests(PostgresFixture postgres) : WritingFixture(postgres)
{
    private const string Columns = "Status,Resolution Action Updated Date,Descriptor,Latitude,Longitude";
    private const int OneBatch = 20_000;

    [Theory]
    [InlineData(1_000)]
    [InlineData(1_001)]
    public async Task Up_to_a_thousand_changed_requests_are_events_each_and_more_are_one(int count)
    {
        await ImportAsync(WriteRows(Columns, Rows(count, "Open", "9:00", "first")), OneBatch);
        await AssertEventsAsync(count, isNew: true);
        IReadOnlyList<ChangeEvent> before = await EventsAsync();

        await ImportAsync(WriteRows(Columns, Rows(count, "Closed", "10:00", "second")), OneBatch);
        await AssertEventsAsync(count, isNew: false, before.Count);
        await AssertCountedAsync();
        if (count == 1_000)
        {
            Assert.Equal(2_001, (await EventsAsync()).Count);
        }
    }

    [Fact]
    public async Task A_key_of_several_rounds_has_one_event_from_its_first_old_to_its_last_new_state()
    {
        await ImportAsync(WriteRows(Columns, "known,6/1/24 8:00,Noise,Open,6/1/24 9:00,a,40.70,-73.9"));
        await ImportAsync(
            WriteRows(
                Columns,
                "known,6/1/24 8:00,Noise,Assigned,6/1/24 10:00,b,40.71,-73.9",
                "known,6/1/24 8:00,Noise,Started,6/1/24 11:00,c,40.72,-73.9",
                "known,6/1/24 8:00,Noise,Closed,6/1/24 12:00,d,40.73,-73.9",
                "new,6/1/24 8:00,Noise,Open,6/1/24 9:00,a,40.80,-73.9",
                "new,6/1/24 8:00,Noise,Closed,6/1/24 10:00,b,40.81,-73.9"),
            OneBatch);
        Assert.Equal(
            [
                "known 1: nothing to OPEN|1||POINT(-73.9 40.7)",
                "known 4: OPEN|1||POINT(-73.9 40.7) to CLOSED|1||POINT(-73.9 40.73)",
                "new 2: nothing to CLOSED|1||POINT(-73.9 40.81)",
            ],
            (await ToldAsync()).Order(StringComparer.Ordinal));
        await AssertCountedAsync();
    }

    /// <summary>No round changes more than a thousand, and the batch does.</summary>
    [Fact]
    public async Task All_rounds_count_together()
    {
        await ImportAsync(WriteRows(Columns, Rows(1_100, "Open", "9:00", "first")), OneBatch);
        int before = (await EventsAsync()).Count;
        string[] rows =
        [
            .. Rows(1_100, "Open", "9:00", "first").Select((row, n) => n < 600 ? Rows(1_100, "Closed", "10:00", "second")[n] : row),
            .. Rows(1_100, "Closed", "10:00", "second").Skip(600),
        ];
        Assert.Equal(1_100, (await ImportAsync(WriteRows(Columns, rows), OneBatch)).Updated);
        ChangeEvent bulk = Assert.Single((await EventsAsync()).Skip(before));
        Assert.Equal((ChangeKind.Bulk, false), (bulk.Kind, bulk.IsAll));
        Assert.Equal(await CellsAsync(), bulk.Cells);
    }

    [Fact]
    public async Task A_bulk_event_names_the_old_and_the_new_cells()
    {
        await ImportAsync(WriteRows(Columns, Rows(1_001, "Open", "9:00", "first", "40.7,-73.9")), OneBatch);
        IReadOnlyList<long> old = await CellsAsync();
        await ImportAsync(WriteRows(Columns, Rows(1_001, "Open", "10:00", "first", "40.8,-73.8")), OneBatch);
        ChangeEvent bulk = (await EventsAsync())[^1];
        Assert.Equal([.. old.Concat(await CellsAsync()).Order()], bulk.Cells);
        Assert.Equal((ChangeKind.Bulk, "import", false, false), (bulk.Kind, bulk.Cause, bulk.IsAll, bulk.IsUrgent));
        Assert.Null(bulk.ServiceRequestId);
        Assert.Null(bulk.Before ?? bulk.After);
    }

    [Theory]
    [InlineData(256, false)]
    [InlineData(257, true)]
    public async Task More_than_256_cells_are_all_cells(int cells, bool isAll)
    {
        string[] rows = [.. Rows(1_030, "Open", "9:00", "first", "").Select((row, n) => row + CentreOf(n % cells))];
        await ImportAsync(WriteRows(Columns, rows), OneBatch);
        Assert.Equal(cells, (await CellsAsync()).Count);
        ChangeEvent bulk = Assert.Single(await EventsAsync(), e => e.Kind == ChangeKind.Bulk);
        Assert.Equal(isAll, bulk.IsAll);
        Assert.Equal(isAll ? [] : await CellsAsync(), bulk.Cells);
    }

    /// <summary>A thousand and one requests without a place: the event names no cell, and says that requests changed.</summary>
    [Fact]
    public async Task Requests_without_a_location_are_a_bulk_event_without_cells()
    {
        await ImportAsync(WriteRows(Columns, Rows(1_001, "Open", "9:00", "first", ",")), OneBatch);
        ChangeEvent bulk = Assert.Single(await EventsAsync(), e => e.Kind == ChangeKind.Bulk);
        Assert.Empty(bulk.Cells);
    }

    [Fact]
    public async Task A_batch_that_fails_leaves_no_event_and_its_repetition_leaves_each_once()
    {
        await ImportAsync(WriteRows(Columns, Rows(1, "Open", "9:00", "first")));
        string file = WriteRows(Columns, [.. Rows(9, "Open", "10:00", "second")[..8], Rows(9, "Open", "10:00", "stop")[8]]);
        await ExecuteAsync("alter table service_request add constraint no_stop check (title <> 'stop')");
        await Assert.ThrowsAsync<PostgresException>(() => Importer().ImportFileAsync(City, new NewYorkSource(), file));

        // What is merged has its events, and what is not has none.
        Assert.Equal(
            await RowsAsync("select id::text, version::text from service_request order by id"),
            (await EventsAsync()).Where(e => e.Kind == ChangeKind.Request)
                .GroupBy(e => e.ServiceRequestId)
                .OrderBy(g => g.Key)
                .Select(g => $"{g.Key}|{g.Count()}"));
        await AssertLogAsync();
        await ExecuteAsync("alter table service_request drop constraint no_stop");
        await ImportAsync(file);
        Assert.Equal(10, (await EventsAsync()).Count(e => e.Kind == ChangeKind.Request));
        await AssertLogAsync();
        await AssertCountedAsync();
    }

    [Fact]
    public async Task An_import_that_is_stopped_between_batches_has_events_of_what_it_merged()
    {
        string file = WriteRows(Columns, Rows(30, "Open", "9:00", "first"));
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Importer().ImportFileAsync(
            City, new NewYorkSource(), file, new Stop(stop), stop.Token));
        int merged = (await RowsAsync("select id::text from service_request")).Count;
        Assert.InRange(merged, 1, 29);
        Assert.Equal(merged, (await EventsAsync()).Count(e => e.Kind == ChangeKind.Request));
        await ImportAsync(file);
        Assert.Equal(30, (await EventsAsync()).Count(e => e.Kind == ChangeKind.Request));
        await AssertLogAsync();
    }

    [Fact]
    public async Task New_categories_and_agencies_are_a_reference_event()
    {
        await ImportAsync(WriteRows("Agency", "1,6/1/24 8:00,Noise,DEP"));
        int references = (await EventsAsync()).Count(e => e.Kind == ChangeKind.Reference);

        // One of staging, one because the category now has an agency.
        Assert.Equal(2, references);
        await ImportAsync(WriteRows("Agency", "2,6/1/24 8:00,Noise,DEP"));
        Assert.Equal(2, (await EventsAsync()).Count(e => e.Kind == ChangeKind.Reference));
        await ImportAsync(WriteRows("", "3,6/1/24 8:00,Rodent"));
        ChangeEvent reference = (await EventsAsync()).Last(e => e.Kind == ChangeKind.Reference);
        Assert.Equal(("import", false, false), (reference.Cause, reference.IsAll, reference.IsUrgent));
        Assert.Equal(3, (await EventsAsync()).Count(e => e.Kind == ChangeKind.Reference));
    }

    [Fact]
    public async Task The_same_file_again_writes_no_event()
    {
        string file = WriteRows(Columns, Rows(20, "Closed", "9:00", "first"));
        await ImportAsync(file);
        IEnumerable<Guid> before = (await EventsAsync()).Select(e => e.EventId);
        Assert.Equal(20, (await ImportAsync(file)).Unchanged);
        Assert.Equal(before, (await EventsAsync()).Select(e => e.EventId));
    }

    private async Task AssertEventsAsync(int count, bool isNew, int known = 0)
    {
        IReadOnlyList<ChangeEvent> events = [.. (await EventsAsync()).Skip(known).Where(e => e.Kind != ChangeKind.Reference)];
        if (count > 1_000)
        {
            ChangeEvent bulk = Assert.Single(events);
            Assert.Equal((ChangeKind.Bulk, false), (bulk.Kind, bulk.IsAll));
            Assert.Equal(await CellsAsync(), bulk.Cells);
            return;
        }

        Assert.Equal(count, events.Count);
        Assert.All(events, e => Assert.Equal((ChangeKind.Request, "import", isNew), (e.Kind, e.Cause, e.Before is null)));
        await AssertLogAsync();
    }

    /// <summary>The cells of zoom 14 of all requests.</summary>
    private async Task<IReadOnlyList<long>> CellsAsync() =>
    [
        .. (await RowsAsync("select distinct cell(location, 14)::text from service_request where location is not null"))
            .Select(cell => long.Parse(cell, CultureInfo.InvariantCulture))
            .Order(),
    ];

    private async Task<IEnumerable<string>> ToldAsync()
    {
        Dictionary<long, string> keys = (await RowsAsync("select id::text, external_id from service_request"))
            .Select(row => row.Split('|'))
            .ToDictionary(row => long.Parse(row[0], CultureInfo.InvariantCulture), row => row[1]);
        return (await EventsAsync())
            .Where(e => e.Kind == ChangeKind.Request)
            .Select(e => $"{keys[e.ServiceRequestId!.Value]} {e.Version}: {Text(e.Before) ?? "nothing"} to {Text(e.After)}");
    }

    private static string[] Rows(int count, string status, string at, string title, string? place = null) =>
    [
        .. Enumerable.Range(0, count).Select(n => string.Create(
            CultureInfo.InvariantCulture,
            $"{n},6/1/24 8:00,Noise,{status},6/1/24 {at},{title},{place ?? $"40.{70 + n % 20},-73.9"}")),
    ];

    /// <summary>The centre of one of 17 times 17 cells of zoom 14 in New York, as latitude and longitude.</summary>
    private static string CentreOf(int cell)
    {
        double x = 4_815 + (cell % 17) + 0.5, y = 6_150 + (cell / 17) + 0.5;
        double latitude = Math.Atan(Math.Sinh(Math.PI * (1 - (2 * y / 16_384)))) * 180 / Math.PI;
        return string.Create(CultureInfo.InvariantCulture, $"{latitude:R},{(x / 16_384 * 360) - 180:R}");
    }

    private sealed class Stop(CancellationTokenSource source) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value)
        {
            if (value.Phase == ImportPhase.Merging && value.Rows > 0)
            {
                source.Cancel();
            }
        }
    }
}
