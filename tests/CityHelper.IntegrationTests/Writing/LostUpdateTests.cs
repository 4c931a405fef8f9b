using CityHelper.Data.Model;
using CityHelper.Data.ServiceRequests;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Xunit;

namespace CityHelper.IntegrationTests.Writing;

/// <summary>Writers of one request neither overwrite each other's changes nor disturb the order of its events.</summary>
public sealed class LostUpdateTests(PostgresFixture postgres) : WritingFixture(postgres)
{
    [Fact]
    public async Task A_version_that_is_no_longer_the_requests_is_refused()
    {
        await AddReferencesAsync();
        long request = await ReportAsync();
        AssertDone(await SetStatusAsync(request, ServiceRequestStatus.Pending, version: 1));
        string before = await RowAsync(request);
        foreach (int version in new[] { 1, 3, 0, -1, int.MaxValue })
        {
            foreach (RequestWrite write in Writes(request, version))
            {
                Assert.Equal(2, AssertRefused<WriteRefusal.VersionStale>(await WriteAsync(write)).Current);
            }
        }

        Assert.Equal(before, await RowAsync(request));
        Assert.Equal(2, (await EventsAsync()).Count);
        AssertDone(await SetStatusAsync(request, ServiceRequestStatus.Open, version: 2));
    }

    [Fact]
    public async Task An_unknown_request_is_not_found()
    {
        await AddReferencesAsync();
        long other = await ReportAsync();
        foreach (RequestWrite write in Writes(7, version: null))
        {
            Assert.Equal(7, AssertRefused<WriteRefusal.NotFound>(await WriteAsync(write)).RequestId);
        }

        Assert.Equal(7, AssertRefused<WriteRefusal.NotFound>(await MergeAsync(other, 7)).RequestId);
    }

    [Fact]
    public async Task Of_two_at_once_with_the_same_version_exactly_one_wins()
    {
        await AddReferencesAsync();
        long request = await ReportAsync();
        for (int version = 1; version <= 30; version++)
        {
            int seen = version;
            WriteOutcome[] outcomes = await Task.WhenAll(
                Task.Run(() => WriteAsync(Note(request, seen, "left"))), Task.Run(() => WriteAsync(Note(request, seen, "right"))));
            Assert.Single(outcomes.OfType<WriteOutcome.Done>());
            AssertRefused<WriteRefusal.VersionStale>(Assert.Single(outcomes.OfType<WriteOutcome.Refused>()));
        }

        Assert.Equal("31", await ColumnsAsync(request, "version::text"));
        Assert.Equal(30, (await HistoryAsync(request)).Count);
        await AssertLogAsync();
    }

    /// <summary>Mutations of every kind and other services, all at the same few requests, while servers number and fold counters.</summary>
    [Fact]
    public async Task Events_of_a_request_follow_its_commits_whoever_writes()
    {
        await AddReferencesAsync();
        long[] requests = [await ReportAsync(), await ReportAsync("rodent"), await ReportAsync("heat", RequestRows.Point(-73.95, 40.7))];
        using var done = new CancellationTokenSource();
        Task[] others =
        [
            RepeatAsync(_ => Log.NumberAsync(City.Id, null, null, CancellationToken.None), done.Token),
            RepeatAsync(_ => Counters(compactionRows: 5).TryCompactAsync(City.Id, CancellationToken.None), done.Token),
        ];
        int[] written = await Task.WhenAll(Enumerable.Range(0, 12).Select(writer => Task.Run(() => WriteManyAsync(writer, requests))));
        await done.CancelAsync();
        await Task.WhenAll(others);

        await AssertLogAsync();
        await AssertCountedAsync();
        Assert.Equal(written.Sum() + requests.Length, (await EventsAsync()).Count);
        Assert.Equal(
            [$"{written.Sum()}"],
            await RowsAsync("select sum(version - 1)::text from service_request"));
    }

    private async Task<int> WriteManyAsync(int seed, long[] requests)
    {
        var random = new Random(seed);
        int written = 0;
        for (int i = 0; i < 20; i++)
        {
            long request = requests[random.Next(requests.Length)];
            if (random.Next(5) == 0)
            {
                await PutAsync(request, $"category_id = {1 + random.Next(3)}");
                written++;
                continue;
            }

            RequestWrite[] writes = [.. Writes(request, version: null)];
            WriteOutcome outcome = await WriteAsync(random.Next(3) == 0
                ? StatusOf(request, (ServiceRequestStatus)random.Next(7), note: "Changed.")
                : writes[random.Next(writes.Length - 1)]);
            written += outcome is WriteOutcome.Done { EventId: not null } ? 1 : 0;
        }

        return written;
    }

    /// <summary>A write of each kind; the last one is the redaction.</summary>
    private IEnumerable<RequestWrite> Writes(long request, int? version) =>
    [
        StatusOf(request, ServiceRequestStatus.Closed, version),
        Note(request, version, "Seen."),
        RequestWrites.Assign(City.Id, request, version, "NYPD", null, "assignServiceRequest"),
        RequestWrites.Correct(
            City.Id, request, version, "rodent", known => known with { Title = "Rats" }, "correctServiceRequest"),
        RequestWrites.Correct(
            City.Id, request, version, null, known => known with { Location = RequestRows.Point(-73.9, 40.7) }, "correctServiceRequest"),
        RequestWrites.Link(City.Id, request, version, $"key of {request}", "linkServiceRequest"),
        RequestWrites.Redact(City.Id, request, version, "redactServiceRequest"),
    ];

    private RequestWrite Note(long request, int? version, string note) => RequestWrite.OfOne(
        City.Id, request, version, "addServiceRequestNote", (known, _) => RequestDecisions.AddNote(known, note));
}
