using CityHelper.Data.Import;
using CityHelper.Data.Import.NewYork;
using CityHelper.Data.Model;
using CityHelper.Data.ServiceRequests;
using CityHelper.IntegrationTests.Postgres;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Writing;

/// <summary>What an import does to requests that staff redacted, linked or changed, and to those whose source repeats its time.</summary>
public sealed class ImportAfterWriteTests(PostgresFixture postgres) : WritingFixture(postgres)
{
    private const string Columns =
        "Status,Resolution Action Updated Date,Descriptor,Incident Address,Incident Zip,Resolution Description,Latitude,Longitude";

    private const string Personal =
        "title, description, address, postal_code, resolution, st_astext(location), cell_14::text, cell_16::text";

    [Fact]
    public async Task An_import_after_a_redaction_brings_nothing_back()
    {
        await ImportAsync(WriteRows(Columns, "1,6/1/24 8:00,Noise,Open,6/1/24 9:00,Loud,1 BROADWAY,10004,,40.7,-74"));
        long request = await OnlyIdAsync();
        AssertDone(await SetStatusAsync(request, ServiceRequestStatus.Pending, note: "Mr Smith was not in."));
        AssertDone(await RedactAsync(request));
        Time.Advance(TimeSpan.FromDays(2));

        // An older one changes nothing at all, a newer one the status and what is no person's.
        string before = await RowAsync(request);
        await ImportAsync(WriteRows(Columns, "1,6/1/24 8:00,Noise,Closed,6/2/24 9:00,Loud,2 BROADWAY,10004,Mr Smith,40.7,-74"));
        Assert.Equal(before, await RowAsync(request));
        ImportSummary summary = await ImportNotedAsync(
            WriteRows(Columns, "1,6/1/24 8:00,Rodent,Closed,11/24/26 9:00,Loud,2 BROADWAY,10005,Mr Smith,40.7,-74"));
        Assert.Equal(1, summary.Updated);
        Assert.Equal("-|-|-|-|-|-|-|-", await ColumnsAsync(request, Personal));
        Assert.Equal(
            "CLOSED|Closed|2|true|4", await ColumnsAsync(
                request, "status::text, source_status, category_id::text, (redacted_at is not null)::text, version::text"));
        Assert.Equal(["0"], await RowsAsync("select count(note)::text from status_update"));
        Assert.Equal(["2"], await RowsAsync("select count(*)::text from status_update where source_status is null"));
        Assert.All(
            await EventsOfAsync(request),
            e => Assert.Null(e.Before?.Location ?? e.After?.Location));
        await AssertCountedAsync();
    }

    [Fact]
    public async Task A_redaction_at_the_same_time_as_the_source_stays_too()
    {
        await ImportAsync(WriteRows(Columns, "1,6/1/24 8:00,Noise,Open,6/1/24 9:00,Loud,1 BROADWAY,10004,,40.7,-74"));
        long request = await OnlyIdAsync();
        AssertDone(await RedactAsync(request));
        Time.Advance(TimeSpan.FromDays(1));
        foreach (string title in new[] { "a", "b", "a" })
        {
            await ImportAsync(WriteRows(Columns, $"1,6/1/24 8:00,Noise,Open,11/24/26 5:00,{title},1 BROADWAY,10004,,40.7,-74"));
            Assert.Equal("-|-|-|-|-|-|-|-", await ColumnsAsync(request, Personal));
        }

        // Staff do not bring anything back either.
        AssertRefused<WriteRefusal.Redacted>(await WriteAsync(RequestWrites.Correct(
            City.Id, request, null, null, known => known with { Title = "Loud" }, "correctServiceRequest")));
        AssertRefused<WriteRefusal.Redacted>(await SetStatusAsync(request, ServiceRequestStatus.Closed, note: "Mr Smith"));
        AssertDone(await SetStatusAsync(request, ServiceRequestStatus.Closed));
        await AssertCountedAsync();
    }

    /// <summary>The source received the report minutes later, and changed it before staff linked the two.</summary>
    [Theory]
    [InlineData("11/23/26 7:30")]
    [InlineData("11/23/26 9:30")]
    [InlineData("11/23/26 6:59")]
    [InlineData("")]
    public async Task The_first_import_after_a_link_updates_the_report_whenever_the_source_changed_it(string at)
    {
        await AddReferencesAsync();
        long request = await ReportAsync();
        Time.Advance(TimeSpan.FromHours(1));
        WriteOutcome.Done linked = AssertDone(await LinkAsync(request, "A-1"));
        Time.Advance(TimeSpan.FromHours(5));
        ImportSummary summary = await ImportAsync(
            WriteRows(Columns, $"A-1,11/23/26 6:50,Noise,Started,{at},Loud music,1 BROADWAY,10004,,40.75,-73.98"));
        Assert.Equal((0, 1), (summary.Inserted, summary.Updated));
        Assert.Equal(request, await OnlyIdAsync());
        Assert.Equal("IN_PROGRESS|A-1|3", await ColumnsAsync(request, "status::text, external_id, version::text"));
        Assert.Equal(linked.EventId, (await EventsOfAsync(request))[1].EventId);
        await AssertLogAsync();
        await AssertCountedAsync();

        // From then on it is like any other: the same file changes nothing.
        Assert.Equal(0, (await ImportAsync(
            WriteRows(Columns, $"A-1,11/23/26 6:50,Noise,Started,{at},Loud music,1 BROADWAY,10004,,40.75,-73.98"))).Updated);
    }

    [Theory]
    [InlineData("11/23/26 8:30", false)]
    [InlineData("11/23/26 9:30", true)]
    public async Task What_staff_changed_after_the_link_is_older_than_a_newer_source_alone(string at, bool isNewer)
    {
        await AddReferencesAsync();
        long request = await ReportAsync();
        Time.Advance(TimeSpan.FromHours(1));
        AssertDone(await LinkAsync(request, "A-1"));
        Time.Advance(TimeSpan.FromHours(1));
        AssertDone(await SetStatusAsync(request, ServiceRequestStatus.Closed));
        Time.Advance(TimeSpan.FromHours(5));
        await ImportAsync(WriteRows(Columns, $"A-1,11/23/26 6:50,Noise,Started,{at},Loud,1 BROADWAY,10004,,40.75,-73.98"));
        Assert.Equal(isNewer ? "IN_PROGRESS|4" : "CLOSED|3", await ColumnsAsync(request, "status::text, version::text"));
        await AssertLogAsync();
        await AssertCountedAsync();
    }

    [Fact]
    public async Task A_link_after_a_change_of_staff_does_not_hide_the_change()
    {
        await AddReferencesAsync();
        long request = await ReportAsync();
        Time.Advance(TimeSpan.FromHours(1));
        AssertDone(await SetStatusAsync(request, ServiceRequestStatus.Closed));
        Time.Advance(TimeSpan.FromHours(1));
        AssertDone(await LinkAsync(request, "A-1"));
        Time.Advance(TimeSpan.FromHours(5));

        // Between report and closing, then between closing and link.
        await ImportAsync(WriteRows(Columns, "A-1,11/23/26 6:50,Noise,Open,11/23/26 7:30,Loud,1 BROADWAY,10004,,40.75,-73.98"));
        Assert.Equal("CLOSED|3", await ColumnsAsync(request, "status::text, version::text"));
        await ImportAsync(WriteRows(Columns, "A-1,11/23/26 6:50,Noise,Started,11/23/26 8:30,Loud,1 BROADWAY,10004,,40.75,-73.98"));
        Assert.Equal("IN_PROGRESS|4", await ColumnsAsync(request, "status::text, version::text"));
    }

    /// <summary>A file without a status says nothing of requests that ended here: with an empty closing date it says nothing new.</summary>
    [Theory]
    [InlineData("CLOSED")]
    [InlineData("CANCELLED")]
    [InlineData("DUPLICATE")]
    public async Task A_source_without_a_status_leaves_an_ended_request_its_closing_time(string status)
    {
        const string NoStatus = "Closed Date,Resolution Action Updated Date,Descriptor";
        await AddReferencesAsync();
        long request = await ReportAsync();
        AssertDone(await LinkAsync(request, "A-1"));
        Time.Advance(TimeSpan.FromHours(1));
        string closed = Moment(Now);
        AssertDone(status switch
        {
            "CLOSED" => await SetStatusAsync(request, ServiceRequestStatus.Closed),
            "CANCELLED" => await SetStatusAsync(request, ServiceRequestStatus.Cancelled),
            _ => await MergeAsync(request, await ReportAsync()),
        });
        Time.Advance(TimeSpan.FromHours(5));
        ImportSummary summary = await ImportAsync(WriteRows(NoStatus, "A-1,11/23/26 6:50,Noise,,11/23/26 12:30,From the source"));
        Assert.Equal(1, summary.Updated);
        const string Columns = "status::text, title, to_char(closed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')";
        Assert.Equal($"{status}|From the source|{closed}", await ColumnsAsync(request, Columns));

        // A date that the source has is the source's to say.
        Assert.Equal(1, (await ImportAsync(
            WriteRows(NoStatus, "A-1,11/23/26 6:50,Noise,11/23/26 12:00,11/23/26 12:40,From the source"))).Updated);
        Assert.Equal($"{status}|From the source|2026-11-23 17:00:00.000", await ColumnsAsync(request, Columns));
        await AssertLogAsync();
        await AssertCountedAsync();
    }

    [Fact]
    public async Task Keys_of_other_requests_and_other_keys_of_the_request_are_refused()
    {
        await AddReferencesAsync();
        long first = await ReportAsync();
        long second = await ReportAsync();
        AssertDone(await LinkAsync(first, "A-1"));
        Assert.Null(AssertDone(await LinkAsync(first, "A-1")).EventId);
        Assert.Equal(first, AssertRefused<WriteRefusal.ExternalIdTaken>(await LinkAsync(second, "A-1")).RequestId);
        Assert.Equal("A-1", AssertRefused<WriteRefusal.AlreadyLinked>(await LinkAsync(first, "A-2")).ExternalId);

        // A refusal takes its claim back.
        AssertDone(await LinkAsync(second, "A-2"));
        Assert.Equal(["2"], await RowsAsync("select count(*)::text from service_request_external_id"));
    }

    [Fact]
    public async Task Two_links_of_one_key_at_once_are_one()
    {
        await AddReferencesAsync();
        for (int i = 0; i < 10; i++)
        {
            long[] requests = [await ReportAsync(), await ReportAsync()];
            WriteOutcome[] outcomes = await Task.WhenAll(requests.Select(r => Task.Run(() => LinkAsync(r, $"A-{i}"))));
            Assert.Single(outcomes.OfType<WriteOutcome.Done>());
            AssertRefused<WriteRefusal.ExternalIdTaken>(Assert.Single(outcomes.OfType<WriteOutcome.Refused>()));
        }
    }

    /// <summary>Each is stored a millisecond later than the last, and compared with the source's own time.</summary>
    [Fact]
    public async Task At_the_source_s_same_time_other_content_wins_again_and_again()
    {
        await ImportAsync(Titled("first"));
        long request = await OnlyIdAsync();
        foreach (string title in new[] { "second", "third", "first", "second" })
        {
            Assert.Equal(1, (await ImportAsync(Titled(title))).Updated);
            Assert.Equal(title, await ColumnsAsync(request, "title"));
            Assert.Equal(0, (await ImportAsync(Titled(title))).Updated);
        }

        Assert.Equal(
            "5|13:00:00.004", await ColumnsAsync(
                request, "version::text, to_char(updated_at at time zone 'UTC', 'HH24:MI:SS.MS')"));
        await AssertLogAsync();

        string Titled(string title) => WriteRows(Columns, $"1,6/1/24 8:00,Noise,Open,6/1/24 9:00,{title},,,,40.7,-74");
    }

    [Fact]
    public async Task What_staff_changed_is_not_taken_back_by_the_file_that_came_before()
    {
        string file = WriteRows(Columns, "1,6/1/24 8:00,Noise,Open,6/1/24 9:00,Loud,,,,40.7,-74");
        await ImportAsync(file);
        long request = await OnlyIdAsync();
        AssertDone(await SetStatusAsync(request, ServiceRequestStatus.Closed));
        Assert.Equal(0, (await ImportAsync(file)).Updated);

        // The first events of a request: the import's, then the mutation's.
        Assert.Equal(["import", Cause], (await EventsOfAsync(request)).Select(e => e.Cause));
        Assert.Equal("CLOSED|2", await ColumnsAsync(request, "status::text, version::text"));
    }

    /// <summary>The same, while staff write: whichever comes first, counters and log agree with the rows.</summary>
    [Fact]
    public async Task Imports_and_mutations_at_once_agree_about_every_request()
    {
        await AddReferencesAsync();
        string[] Rows(int hour, string status) =>
            [.. Enumerable.Range(0, 12).Select(n => $"{n},6/1/24 8:00,Noise,{status},11/22/26 {hour}:00,t,,,,40.7{n % 3},-74")];
        await ImportAsync(WriteRows(Columns, Rows(1, "Open")));
        IReadOnlyList<string> ids = await RowsAsync("select id::text from service_request");
        using var done = new CancellationTokenSource();
        Task[] staff =
        [
            .. Enumerable.Range(0, 3).Select(_ => RepeatAsync(
                random => TrySetStatusAsync(
                    long.Parse(ids[random.Next(ids.Count)], System.Globalization.CultureInfo.InvariantCulture),
                    (ServiceRequestStatus)random.Next(7)),
                done.Token)),
        ];
        for (int hour = 2; hour < 8; hour++)
        {
            Time.Advance(TimeSpan.FromHours(1));
            await ImportAsync(WriteRows(
                Columns,
                [.. Rows(hour, "Started").Select(row => row.Replace("11/22/26", "11/23/26", StringComparison.Ordinal))]));
        }

        await done.CancelAsync();
        await Task.WhenAll(staff);
        await AssertLogAsync();
        await AssertCountedAsync();
    }

    /// <summary>Sets a status, unless the test's clock, which moves by hours, passes the deadline of the write.</summary>
    private async Task TrySetStatusAsync(long request, ServiceRequestStatus status)
    {
        try
        {
            await SetStatusAsync(request, status);
        }
        catch (NpgsqlException cause) when (cause.InnerException is TimeoutException)
        {
            // It was not committed.
        }
    }

    private Task<WriteOutcome> LinkAsync(long request, string externalId) =>
        WriteAsync(RequestWrites.Link(City.Id, request, null, externalId, "linkServiceRequest"));

    private async Task<long> OnlyIdAsync() => long.Parse(
        Assert.Single(await RowsAsync("select id::text from service_request")), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Imports from a source that also lists changes with notes.</summary>
    private async Task<ImportSummary> ImportNotedAsync(string path)
    {
        ImportOutcome outcome = await Importer().ImportFileAsync(City, new NotedSource(), path);
        Assert.Null(outcome.Failure);
        return outcome.Summary!;
    }

    private sealed class NotedSource : IImportSource
    {
        private readonly NewYorkSource _source = new();

        public string Name => _source.Name;

        public (IRecordMapper? Mapper, string? Problem) Bind(IReadOnlyList<string> header, ImportContext context)
        {
            (IRecordMapper? mapper, string? problem) = _source.Bind(header, context);
            return (mapper is null ? null : new NotedMapper(mapper), problem);
        }
    }

    private sealed class NotedMapper(IRecordMapper mapper) : IRecordMapper
    {
        public IReadOnlySet<string> PresentColumns => mapper.PresentColumns;

        public MappedRecord Map(IRecord record)
        {
            MappedRecord mapped = mapper.Map(record);
            ImportRow row = mapped.Row!;
            return mapped with
            {
                Row = new ImportRow
                {
                    ExternalId = row.ExternalId,
                    CreatedAt = row.CreatedAt,
                    TypeName = row.TypeName,
                    Status = row.Status,
                    StatusStated = row.StatusStated,
                    SourceStatus = row.SourceStatus,
                    Title = row.Title,
                    Address = row.Address,
                    PostalCode = row.PostalCode,
                    Longitude = row.Longitude,
                    Latitude = row.Latitude,
                    ChangedAt = row.ChangedAt,
                    Resolution = row.Resolution,
                    History = [new ImportedChange(row.ChangedAt!.Value, row.Status, "Mr Smith called.")],
                },
            };
        }
    }
}
