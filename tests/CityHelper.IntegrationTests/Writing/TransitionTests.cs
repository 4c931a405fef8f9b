using CityHelper.Data.Changes;
using CityHelper.Data.Model;
using CityHelper.Data.ServiceRequests;
using CityHelper.IntegrationTests.Postgres;
using Xunit;
using static CityHelper.Data.Model.ServiceRequestStatus;

namespace CityHelper.IntegrationTests.Writing;

/// <summary>Every pair of statuses: which may follow which, and what a change of status leaves in every table.</summary>
public sealed class TransitionTests(PostgresFixture postgres) : WritingFixture(postgres)
{
    // Spelled here once more, so that a change of the product's table is noticed.
    private static readonly Dictionary<ServiceRequestStatus, ServiceRequestStatus[]> s_legal = new()
    {
        [Open] = [Assigned, InProgress, Pending, Resolved, Closed, Cancelled],
        [Assigned] = [Open, InProgress, Pending, Resolved, Closed, Cancelled],
        [InProgress] = [Open, Assigned, Pending, Resolved, Closed, Cancelled],
        [Pending] = [Open, Assigned, InProgress, Resolved, Closed, Cancelled],
        [Resolved] = [Open, InProgress, Closed],
        [Closed] = [Open, InProgress],
        [Cancelled] = [Open],
        [Duplicate] = [Open],
    };

    public static TheoryData<ServiceRequestStatus> Statuses => [.. Enum.GetValues<ServiceRequestStatus>()];

    /// <summary>The pairs, for the test of the route.</summary>
    internal static IReadOnlyList<ServiceRequestStatus> LegalFrom(ServiceRequestStatus from) => s_legal[from];

    [Theory]
    [MemberData(nameof(Statuses))]
    public async Task Of_each_status_the_legal_ones_may_follow_and_leave_everything_that_a_change_causes(ServiceRequestStatus from)
    {
        await AddReferencesAsync();
        long other = await ReportAsync();
        foreach (ServiceRequestStatus to in Enum.GetValues<ServiceRequestStatus>())
        {
            long request = await InStatusAsync(from, other);
            string before = await RowAsync(request);
            string closedBefore = await ColumnsAsync(request, Closing);
            int events = (await EventsOfAsync(request)).Count;
            int history = (await HistoryAsync(request)).Count;
            Time.Advance(TimeSpan.FromMinutes(1));
            WriteOutcome outcome = await SetStatusAsync(request, to);

            if (from == to)
            {
                Assert.Null(AssertDone(outcome).EventId);
            }
            else if (!s_legal[from].Contains(to))
            {
                WriteRefusal.TransitionNotAllowed refusal = AssertRefused<WriteRefusal.TransitionNotAllowed>(outcome);
                Assert.Equal((from, to), (refusal.From, refusal.To));
                Assert.Equal(s_legal[from], refusal.Allowed);
            }
            else
            {
                await AssertChangedAsync(request, from, to, AssertDone(outcome), closedBefore);
                continue;
            }

            Assert.Equal(before, await RowAsync(request));
            Assert.Equal((events, history), ((await EventsOfAsync(request)).Count, (await HistoryAsync(request)).Count));
        }

        await AssertLogAsync();
        await AssertCountedAsync();
    }

    [Theory]
    [MemberData(nameof(Statuses))]
    public async Task The_same_status_with_a_note_is_a_note(ServiceRequestStatus status)
    {
        await AddReferencesAsync();
        long request = await InStatusAsync(status, await ReportAsync());
        string closed = await ColumnsAsync(request, Closing);
        Time.Advance(TimeSpan.FromMinutes(1));
        WriteOutcome.Done done = AssertDone(await SetStatusAsync(request, status, note: "Seen."));
        ChangeEvent change = (await EventsOfAsync(request))[^1];
        Assert.Equal((done.EventId!.Value, 3), (change.EventId, change.Version));
        Assert.Equal(change.Before, change.After);
        Assert.Equal($"{EnumLabel(status)}|Seen.|{Moment(Now)}", (await HistoryAsync(request))[^1]);
        Assert.Equal(closed, await ColumnsAsync(request, Closing));
        await AssertCountedAsync();
    }

    /// <summary>A source may be a day ahead of the clock: who asks for what changed since must still find the change.</summary>
    [Fact]
    public async Task A_change_is_later_than_the_last_also_when_that_lies_ahead_of_the_clock()
    {
        await AddReferencesAsync();
        long request = await ReportAsync();
        await PutAsync(request, "updated_at = '2026-11-24 07:00:00.123Z', title = 'ahead'");
        AssertDone(await SetStatusAsync(request, Assigned));
        AssertDone(await SetStatusAsync(request, Open));
        AssertDone(await WriteAsync(RequestWrite.OfOne(
            City.Id, request, null, "addServiceRequestNote", (known, _) => RequestDecisions.AddNote(known, "Third."))));
        Assert.Equal(
            "2026-11-24 07:00:00.126|5",
            await ColumnsAsync(request, "to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS'), version::text"));

        // Three history rows of one moment, in the order of the changes.
        Assert.Equal(
            [$"ASSIGNED|-|{Moment(Now)}", $"OPEN|-|{Moment(Now)}", $"OPEN|Third.|{Moment(Now)}"], await HistoryAsync(request));
        await AssertLogAsync();
    }

    [Fact]
    public async Task A_resolution_stays_until_another_is_told()
    {
        await AddReferencesAsync();
        long request = await ReportAsync();
        AssertDone(await WriteAsync(RequestWrite.OfOne(
            City.Id, request, null, Cause, (known, at) => RequestDecisions.SetStatus(known, at, Closed, resolution: "Warned."))));
        AssertDone(await SetStatusAsync(request, Open));
        Assert.Equal("Warned.", await ColumnsAsync(request, "resolution"));
        AssertDone(await WriteAsync(RequestWrite.OfOne(
            City.Id, request, null, Cause, (known, at) => RequestDecisions.SetStatus(known, at, Open, resolution: "Fined."))));
        Assert.Equal("Fined.|4", await ColumnsAsync(request, "resolution, version::text"));

        // The text alone is no row of the history.
        Assert.Equal(2, (await HistoryAsync(request)).Count);
        await AssertLogAsync();
    }

    [Theory]
    [MemberData(nameof(Statuses))]
    public async Task An_agency_gets_what_has_not_ended_and_an_open_request_becomes_assigned(ServiceRequestStatus status)
    {
        await AddReferencesAsync();
        long request = await InStatusAsync(status, await ReportAsync());
        WriteOutcome outcome = await WriteAsync(RequestWrites.Assign(City.Id, request, null, "HPD", "Yours.", "assignServiceRequest"));
        if (status is Closed or Cancelled or Duplicate)
        {
            Assert.Equal(status, AssertRefused<WriteRefusal.Ended>(outcome).Status);
            Assert.Equal("-|2", await ColumnsAsync(request, "agency_id::text, version::text"));
        }
        else
        {
            AssertDone(outcome);
            ServiceRequestStatus expected = status == Open ? Assigned : status;
            Assert.Equal($"2|3|{EnumLabel(expected)}", await ColumnsAsync(request, "agency_id::text, version::text, status::text"));
            Assert.Equal($"{EnumLabel(expected)}|Yours.|{Moment(Now)}", (await HistoryAsync(request))[^1]);
        }

        AssertRefused<WriteRefusal.AgencyUnknown>(
            await WriteAsync(RequestWrites.Assign(City.Id, request, null, "FDNY", null, "assignServiceRequest")));
        await AssertLogAsync();
        await AssertCountedAsync();
    }

    private const string Closing = "to_char(closed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')";

    /// <summary>A request of version 2 that another service brought into a status.</summary>
    private async Task<long> InStatusAsync(ServiceRequestStatus status, long other)
    {
        long request = await ReportAsync();
        await PutAsync(
            request,
            $"status = '{EnumLabel(status)}', updated_at = '{Moment(Now)}Z', "
                + $"closed_at = {(StatusTransitions.IsEnded(status) ? $"'{Moment(Now.AddSeconds(-1))}Z'" : "null")}, "
                + $"duplicate_of = {(status == Duplicate ? $"{other}" : "null")}");
        return request;
    }

    private async Task AssertChangedAsync(
        long request, ServiceRequestStatus from, ServiceRequestStatus to, WriteOutcome.Done done, string closedBefore)
    {
        string closed = !StatusTransitions.IsEnded(to) ? "-" : StatusTransitions.IsEnded(from) ? closedBefore : Moment(Now);
        Assert.Equal(
            $"{EnumLabel(to)}|3|{closed}|-|{Moment(Now)}",
            await ColumnsAsync(
                request,
                $"status::text, version::text, {Closing}, duplicate_of::text, "
                    + "to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')"));
        Assert.Equal($"{EnumLabel(to)}|-|{Moment(Now)}", (await HistoryAsync(request))[^1]);
        ChangeEvent change = (await EventsOfAsync(request))[^1];
        Assert.Equal(
            (done.EventId!.Value, ChangeKind.Request, Cause, 3, false),
            (change.EventId, change.Kind, change.Cause, change.Version, change.IsUrgent));
        Assert.Equal((change.Epoch, change.Number), done.Position);
        Assert.Equal((from, to), (change.Before!.Status, change.After!.Status));
        Assert.Equal(change.Before with { Status = to }, change.After);
    }
}
