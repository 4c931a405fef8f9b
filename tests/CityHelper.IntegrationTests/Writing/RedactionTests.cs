using System.Globalization;
using CityHelper.Data.Changes;
using CityHelper.Data.Model;
using CityHelper.Data.ServiceRequests;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Writing;

/// <summary>A redaction removes what a person said and where, from the row, the history and the log; numbers stay.</summary>
public sealed class RedactionTests(PostgresFixture postgres) : WritingFixture(postgres)
{
    private const string Content =
        "concat(old_status, old_category_id, old_agency_id, st_astext(old_location), status, category_id, agency_id, st_astext(location))";

    [Fact]
    public async Task Texts_places_notes_and_events_lose_their_content()
    {
        await AddReferencesAsync();
        long request = await ReportAsync();
        long other = await ReportAsync();
        AssertDone(await WriteAsync(RequestWrite.OfOne(City.Id, request, null, Cause, (known, at) =>
            RequestDecisions.SetStatus(known, at, ServiceRequestStatus.Closed, "Mr Smith was warned.", "Mr Smith, 1 BROADWAY"))));
        await ExecuteAsync("update service_request set postal_code = '10004', district = '01 MANHATTAN'");
        IReadOnlyList<ChangeEvent> numbered = await EventsAsync();

        // This one waits for its number while the redaction runs.
        await PutAsync(request, "title = 'waits'");
        Time.Advance(TimeSpan.FromMinutes(1));
        WriteOutcome.Done done = AssertDone(await RedactAsync(request));

        Assert.Equal(
            $"-|-|-|-|-|-|-|-|-|{Moment(Now)}|CLOSED|4",
            await ColumnsAsync(
                request,
                "title, description, address, postal_code, district, resolution, st_astext(location), cell_14::text, cell_16::text, "
                    + "to_char(redacted_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS'), status::text, version::text"));
        Assert.Equal(["CLOSED|-"], await RowsAsync($"select status::text, note from status_update where service_request_id = {request}"));
        IReadOnlyList<ChangeEvent> events = await EventsAsync();
        Assert.Equal(numbered.Select(e => (e.Number, e.EventId)), events.Take(3).Select(e => (e.Number, e.EventId)));
        Assert.Equal(["1|", "3|", "4|", "5|"], await RowsAsync(
            $"select n::text, {Content} from change where service_request_id = {request} order by n"));
        Assert.NotNull(events.Single(e => e.ServiceRequestId == other).After);

        ChangeEvent redaction = events[^1];
        Assert.Equal(
            (done.EventId!.Value, ChangeKind.Redaction, "redactServiceRequest", 4, true, false),
            (redaction.EventId, redaction.Kind, redaction.Cause, redaction.Version, redaction.IsUrgent, redaction.IsAll));
        Assert.Equal([await CellAsync(-73.98, 40.75)], redaction.Cells);
        await AssertCountedAsync();
    }

    [Fact]
    public async Task Rows_of_the_outbox_are_emptied_too()
    {
        await AddReferencesAsync();
        long request = await ReportAsync();
        await PutAsync(request, "title = 'waits'");

        // Nobody numbers meanwhile: the redaction of this writer is not numbered either.
        var writer = new RequestWriter(Database, new ChangeNumbering(new NoNumbering()), Time);
        AssertDone(await writer.WriteAsync(
            RequestWrites.Redact(City.Id, request, null, "redactServiceRequest"), CancellationToken.None));
        Assert.Equal(["|-", "|1"], await RowsAsync(
            $"select {Content}, array_length(cells, 1)::text from change_outbox where service_request_id = {request} order by id"));
        Assert.Equal(["1|"], await RowsAsync($"select n::text, {Content} from change where service_request_id = {request}"));
        Assert.Equal([1, 2, 3], (await EventsOfAsync(request)).Select(e => e.Number));
    }

    [Fact]
    public async Task A_redaction_without_a_place_names_no_cell_and_a_second_one_changes_nothing()
    {
        await AddReferencesAsync();
        long request = await ReportAsync();
        AssertDone(await WriteAsync(RequestWrites.Correct(
            City.Id, request, null, null, known => known with { Location = null }, "correctServiceRequest")));
        AssertDone(await RedactAsync(request));
        string before = await RowAsync(request);
        Assert.Empty((await EventsOfAsync(request))[^1].Cells);
        Assert.Null(AssertDone(await RedactAsync(request)).EventId);
        Assert.Equal(before, await RowAsync(request));
        Assert.Equal(3, (await EventsOfAsync(request)).Count);
    }

    /// <summary>After it, changes that say nothing personal go on, and their events have no place.</summary>
    [Fact]
    public async Task A_redacted_request_still_has_a_status_an_agency_and_duplicates()
    {
        await AddReferencesAsync();
        long request = await ReportAsync();
        long other = await ReportAsync();
        AssertDone(await RedactAsync(request));
        AssertDone(await WriteAsync(RequestWrites.Assign(City.Id, request, null, "NYPD", null, "assignServiceRequest")));
        AssertDone(await MergeAsync(other, request));
        AssertDone(await MergeAsync(request, await ReportAsync()));
        AssertRefused<WriteRefusal.Redacted>(
            await WriteAsync(RequestWrites.Assign(City.Id, request, null, "HPD", "Mr Smith", "assignServiceRequest")));
        AssertRefused<WriteRefusal.Redacted>(await WriteAsync(
            RequestWrite.OfOne(City.Id, request, null, "note", (known, _) => RequestDecisions.AddNote(known, "Mr Smith"))));
        Assert.All((await EventsOfAsync(request)).Skip(2), e => Assert.Null(e.Before!.Location ?? e.After!.Location));
        Assert.Equal(
            ["2|redaction", "3|request", "4|request"],
            (await EventsOfAsync(request)).Skip(1).Select(e => $"{e.Version}|{EnumLabelOf(e.Kind)}"));
        await AssertCountedAsync();
    }

    /// <summary>Servers number all the time: none may carry an event past the redaction with its content.</summary>
    [Fact]
    public async Task Numbering_meanwhile_saves_no_content()
    {
        await AddReferencesAsync();
        using var done = new CancellationTokenSource();
        Task[] numberers =
        [
            .. Enumerable.Range(0, 3).Select(_ =>
                RepeatAsync(_ => Log.NumberAsync(City.Id, null, null, CancellationToken.None), done.Token)),
        ];
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (int i = 0; i < 8; i++)
            {
                long request = await ReportAsync();
                await PutAsync(request, "title = 'a'");
                await Task.WhenAll(
                    Task.Run(() => RedactAsync(request)), Task.Run(() => SetStatusAsync(request, ServiceRequestStatus.Pending)));
            }
        })));
        await done.CancelAsync();
        await Task.WhenAll(numberers);

        IReadOnlyList<ChangeEvent> events = await EventsAsync();
        Assert.Equal(Enumerable.Range(1, events.Count).Select(n => (long)n), events.Select(e => e.Number));
        Assert.Equal(32, events.Count(e => e.Kind == ChangeKind.Redaction));
        foreach (IGrouping<long?, ChangeEvent> request in events.GroupBy(e => e.ServiceRequestId))
        {
            Assert.Equal(Enumerable.Range(1, request.Count()), request.Select(e => e.Version!.Value));
            long redacted = request.Single(e => e.Kind == ChangeKind.Redaction).Number;
            Assert.All(request, e => Assert.True(e.Number > redacted ? (e.Before!.Location is null) : (e.Before ?? e.After) is null));
        }

        await AssertCountedAsync();
    }

    private static string EnumLabelOf(ChangeKind kind) => kind == ChangeKind.Redaction ? "redaction" : "request";

    private async Task<long> CellAsync(double longitude, double latitude) => long.Parse(
        Assert.Single(await RowsAsync(string.Create(
            CultureInfo.InvariantCulture, $"select cell(st_setsrid(st_makepoint({longitude}, {latitude}), 4326), 14)::text"))),
        CultureInfo.InvariantCulture);

    /// <summary>A primary that has no time for numbering.</summary>
    private sealed class NoNumbering : IChangeDatabase
    {
        public Task<Numbering?> NumberAsync(short cityId, Guid? eventId, TimeSpan? wait, CancellationToken cancellation) =>
            Task.FromResult<Numbering?>(null);

        public Task<IReadOnlyList<CityHead>> HeadsAsync(CancellationToken cancellation) => throw new NotSupportedException();

        public Task<IReadOnlyList<ChangeEvent>> ReadAsync(short cityId, long from, int max, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public Task<IReadOnlyList<ChangeEvent>> ReadRecentAsync(short cityId, TimeSpan age, int max, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public Task<WitnessFinding> CheckAsync(Witness witness, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<int> RaiseEpochAsync(int known, string reason, Witness? witness, CancellationToken cancellation) =>
            throw new NotSupportedException();
    }
}
