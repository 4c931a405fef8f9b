using System.Globalization;
using CityHelper.Data.Changes;
using CityHelper.Data.Model;
using CityHelper.Data.ServiceRequests;
using CityHelper.Data.Statistics;
using CityHelper.IntegrationTests.Counters;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using NetTopologySuite.Geometries;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Writing;

/// <summary>A city with categories and agencies, the write path of mutations over it, and checks of what every write must leave.</summary>
public abstract class WritingFixture(PostgresFixture postgres) : CounterFixture(postgres)
{
    protected const string Cause = "updateServiceRequestStatus";

    private ChangeLog? _log;
    private RequestWriter? _writer;

    protected ChangeLog Log => _log ??= new ChangeLog(Database);

    protected RequestWriter Writer => _writer ??= new RequestWriter(Database, new ChangeNumbering(Log), Time);

    protected DateTime Now => Time.GetUtcNow().UtcDateTime;

    /// <summary>Categories 1 to 3 and agencies 1 and 2.</summary>
    protected Task AddReferencesAsync(short city = 1) => ExecuteAsync(
        $"""
        insert into agency (city_id, id, code, name) values ({city}, 1, 'NYPD', 'Police'), ({city}, 2, 'HPD', 'Housing');
        insert into category (city_id, id, code, name)
        values ({city}, 1, 'noise', 'Noise'), ({city}, 2, 'rodent', 'Rodent'), ({city}, 3, 'heat', 'Heat')
        """);

    protected Task<WriteOutcome> WriteAsync(RequestWrite write) => Writer.WriteAsync(write, CancellationToken.None);

    /// <summary>Reports a request, in Midtown unless told otherwise.</summary>
    protected async Task<long> ReportAsync(string category = "noise", Point? location = null)
    {
        var outcome = await WriteAsync(RequestWrites.Report(City.Id, category, ReportOf(location), "reportServiceRequest"));
        return Assert.IsType<WriteOutcome.Done>(outcome).RequestId;
    }

    protected RequestState ReportOf(Point? location = null) => new()
    {
        CityId = City.Id,
        Id = 0,
        Version = 1,
        Status = ServiceRequestStatus.Open,
        CategoryId = 0,
        Title = "Loud music",
        Description = "Every night",
        Address = "1 BROADWAY",
        Location = location ?? RequestRows.Point(-73.98, 40.75),
    };

    protected RequestWrite StatusOf(long request, ServiceRequestStatus status, int? version = null, string? note = null) =>
        RequestWrite.OfOne(City.Id, request, version, Cause, (known, at) => RequestDecisions.SetStatus(known, at, status, note));

    protected Task<WriteOutcome> SetStatusAsync(long request, ServiceRequestStatus status, int? version = null, string? note = null) =>
        WriteAsync(StatusOf(request, status, version, note));

    protected Task<WriteOutcome> MergeAsync(long request, long duplicateOf, int? version = null, string? note = null) =>
        WriteAsync(RequestWrites.Merge(City.Id, request, version, duplicateOf, note, "mergeDuplicate"));

    protected Task<WriteOutcome> RedactAsync(long request) =>
        WriteAsync(RequestWrites.Redact(City.Id, request, null, "redactServiceRequest"));

    protected static WriteOutcome.Done AssertDone(WriteOutcome outcome) => Assert.IsType<WriteOutcome.Done>(outcome);

    protected static T AssertRefused<T>(WriteOutcome outcome)
        where T : WriteRefusal => Assert.IsType<T>(Assert.IsType<WriteOutcome.Refused>(outcome).Why);

    /// <summary>Changes a request as another service does. <paramref name="change"/> is the text after <c>set</c>.</summary>
    protected Task PutAsync(long request, string change) => ExecuteAsync(
        $"""
        with before as materialized (
            select r as whole, r.city_id, r.id from service_request r where r.city_id = {City.Id} and r.id = {request} for no key update
        ), after as (
            update service_request u set {change} from before b
            where u.city_id = {City.Id} and u.id = b.id returning u as whole, b.whole as was
        )
        select record_service_request_change(was, whole) from after
        """);

    /// <summary>The row of a request as JSON text.</summary>
    protected async Task<string> RowAsync(long request) =>
        Assert.Single(await RowsAsync($"select to_jsonb(r)::text from service_request r where r.city_id = {City.Id} and r.id = {request}"));

    /// <summary>Columns of a request, as text.</summary>
    protected async Task<string> ColumnsAsync(long request, string columns) =>
        Assert.Single(await RowsAsync($"select {columns} from service_request where city_id = {City.Id} and id = {request}"));

    /// <summary>The history of a request: status, note and time of each row.</summary>
    protected Task<IReadOnlyList<string>> HistoryAsync(long request) => RowsAsync(
        $"""
        select status::text, note, to_char(created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')
        from status_update where city_id = {City.Id} and service_request_id = {request} order by id
        """);

    protected static string Moment(DateTime time) => time.ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture);

    /// <summary>Numbers what waits, and reads the whole log of a city.</summary>
    protected async Task<IReadOnlyList<ChangeEvent>> EventsAsync(short city = 1)
    {
        await Log.NumberAsync(city, null, null, CancellationToken.None);
        return await Log.ReadAsync(city, 0, 1_000_000, CancellationToken.None);
    }

    /// <summary>The events of a request.</summary>
    protected async Task<IReadOnlyList<ChangeEvent>> EventsOfAsync(long request) =>
        [.. (await EventsAsync()).Where(e => e.ServiceRequestId == request)];

    /// <summary>
    /// Checks the log of a city from its beginning: dense numbers, each event once, and of each request the versions and states in the
    /// order of its commits, from nothing to the row as it is.
    /// </summary>
    protected async Task AssertLogAsync(short city = 1)
    {
        IReadOnlyList<ChangeEvent> events = await EventsAsync(city);
        Assert.Equal(["0"], await RowsAsync($"select count(*)::text from change_outbox where city_id = {city}"));
        Assert.Equal(Enumerable.Range(1, events.Count).Select(n => (long)n), events.Select(e => e.Number));
        Assert.Equal(events.Count, events.Select(e => e.EventId).Distinct().Count());
        foreach (IGrouping<long?, ChangeEvent> request in events
            .Where(e => e.Kind is ChangeKind.Request or ChangeKind.Redaction).GroupBy(e => e.ServiceRequestId))
        {
            await AssertChainedAsync(city, request.Key!.Value, [.. request]);
        }
    }

    // A redaction empties the events before it and says nothing of the request's state: the next event does.
    private async Task AssertChainedAsync(short city, long request, IReadOnlyList<ChangeEvent> events)
    {
        int redacted = events.Index().LastOrDefault(e => e.Item.Kind == ChangeKind.Redaction, (-1, null!)).Index;
        string? state = null;
        for (int i = 0; i < events.Count; i++)
        {
            ChangeEvent change = events[i];
            Assert.Equal(i + 1, change.Version);
            Assert.Equal(i == redacted + 1 && i > 0 ? Text(change.Before) : state, Text(change.Before));
            state = Text(change.After);
            Assert.Equal(i <= redacted, state is null);
        }

        string row = Assert.Single(await RowsAsync(
            $"""
            select status::text, category_id::text, coalesce(agency_id::text, ''),
                   coalesce('POINT(' || st_x(location) || ' ' || st_y(location) || ')', ''), version::text
            from service_request where city_id = {city} and id = {request}
            """));
        Assert.Equal(state is null ? $"{row[..row.LastIndexOf('|')]}|{events.Count}" : $"{state}|{events.Count}", row);
    }

    /// <summary>Checks counters with waiting deltas, and once more without.</summary>
    protected async Task AssertCountedAsync(short city = 1)
    {
        await AssertTrueAsync(city);
        await Counters(compactionRows: 1_000).CompactAsync(city);
        CounterComparison comparison = await Counters().CompareAsync(city, 10);
        Assert.Equal((true, 0L), (comparison.IsCounted, comparison.Differing));
        Assert.Empty(comparison.First);
    }

    protected static string? Text(ChangedRequest? state) => state is null
        ? null
        : string.Create(
            CultureInfo.InvariantCulture,
            $"{EnumLabel(state.Status)}|{state.CategoryId}|{state.AgencyId}|{(state.Location is { } p ? $"POINT({p.X:R} {p.Y:R})" : "")}");

    /// <summary>A status as PostgreSQL spells it.</summary>
    protected static string EnumLabel(ServiceRequestStatus status) => status switch
    {
        ServiceRequestStatus.InProgress => "IN_PROGRESS",
        _ => status.ToString().ToUpperInvariant(),
    };

    protected async Task<NpgsqlConnection> OpenAsync() => await Database.OpenConnectionAsync();
}
