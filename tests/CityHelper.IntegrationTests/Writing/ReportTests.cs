using CityHelper.Data.Changes;
using CityHelper.Data.Model;
using CityHelper.Data.ServiceRequests;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Writing;

/// <summary>New requests.</summary>
public sealed class ReportTests(PostgresFixture postgres) : WritingFixture(postgres)
{
    /// <summary>Nobody made the partitions of the year that began: the report makes them, and those of the next.</summary>
    [Fact]
    public async Task A_report_in_a_year_without_partitions_makes_them_and_goes_on()
    {
        await AddReferencesAsync();
        Time.SetUtcNow(new DateTimeOffset(2031, 1, 1, 0, 0, 0, 1, TimeSpan.Zero));
        long request = await ReportAsync();
        Assert.Equal(2031, RequestId.TimeOf(request).Year);
        Assert.Equal(["2031-01-01|OPEN"], await RowsAsync(
            $"select to_char(created_at at time zone 'UTC', 'YYYY-MM-DD'), status::text from service_request where id = {request}"));
        Assert.Equal(
            ["service_request_1_2031", "service_request_1_2032", "status_update_1_2031", "status_update_1_2032"],
            await RowsAsync("select relname::text from pg_class where relname ~ '_1_203[12]$' and relkind = 'r' order by relname"));
        Assert.Single(await EventsOfAsync(request));
        AssertDone(await SetStatusAsync(request, ServiceRequestStatus.Assigned, note: "on it"));
        await AssertLogAsync();
    }

    [Fact]
    public async Task Many_reports_at_once_in_such_a_year_all_go_on()
    {
        await AddReferencesAsync();
        Time.SetUtcNow(new DateTimeOffset(2032, 6, 1, 0, 0, 0, TimeSpan.Zero));
        long[] requests = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => ReportAsync())));
        Assert.Equal(8, requests.Distinct().Count());
        Assert.All(requests, request => Assert.Equal(0, request & RequestId.ImportedBit));
        IReadOnlyList<ChangeEvent> events = await EventsAsync();
        Assert.Equal(requests.Order(), events.Where(e => e.Kind == ChangeKind.Request).Select(e => e.ServiceRequestId!.Value).Order());
        Assert.All(events.Where(e => e.Kind == ChangeKind.Request), e => Assert.Null(e.Before));
    }

    [Fact]
    public async Task An_unknown_category_and_a_place_elsewhere_are_refused()
    {
        await AddReferencesAsync();
        AssertRefused<WriteRefusal.CategoryUnknown>(
            await WriteAsync(RequestWrites.Report(City.Id, "nothing", ReportOf(), "reportServiceRequest")));
        AssertRefused<WriteRefusal.LocationOutsideCity>(
            await WriteAsync(RequestWrites.Report(
                City.Id, "noise", ReportOf(Serving.RequestRows.Point(40.75, -73.98)), "reportServiceRequest")));
        Assert.Empty(await EventsAsync());
    }
}
