using System.Globalization;
using System.Net;
using CityHelper.Engine;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Subscriptions;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using CityHelper.IntegrationTests.Subscriptions;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 19: places in the log are forged, taken from another city or from the future, or old enough that each stream reads a long log;
/// and streams are opened that nobody reads. That a place opens for its city alone is in <c>EventStreamProtocolTests</c>.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack19ResumeTests(SubscriptionServer fixture, ITestOutputHelper output) : IClassFixture<SubscriptionServer>
{
    private const string Selection = "kind cursor id serviceRequest { title description status }";
    private const int Events = 3_000;

    // Chance, in a process that runs server and clients.
    private const long LeftBytesMax = 4 << 20;

    private static int Streams =>
        int.Parse(Environment.GetEnvironmentVariable("CITYHELPER_STREAMS") ?? "400", CultureInfo.InvariantCulture);

    /// <summary>
    /// Each of many streams comes back from the beginning of a log that memory does not hold. A stream that matches nothing is replayed by
    /// reading all of it, so few do that at once (<c>DispatcherTests</c>); the others wait, and get RESYNC when that takes too long.
    /// By hand: <c>CITYHELPER_STREAMS=10000</c>.
    /// </summary>
    [Fact]
    public async Task Many_streams_from_an_old_place_are_all_answered()
    {
        string place = await fixture.CursorAsync();
        string id = await fixture.ReportAsync();
        await fixture.ExecuteAsync(
            $"""
            insert into change_outbox (city_id, event_id, cause, kind, service_request_id, version, old_status, old_category_id, status,
                category_id)
            select 1, uuid_v7(), 'test', 'request', {SubscriptionServer.KeyOf(id)}, n, 'OPEN', 1, 'OPEN', 1
            from generate_series(2, {Events}) n
            """);
        await fixture.AppendAsync("kind", "'reference'");

        // What was numbered long ago is not among the recent events of a server that starts. One that runs would see that events it knows
        // have gone, and raise the epoch.
        await fixture.RestartAsync("update change set numbered_at = numbered_at - interval '1 hour' where city_id = 1");

        // Once for the pools of both sides; what grows with the second wave is lost.
        await ComeBackAsync(place);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await ComeBackAsync(place);
        await GivenBackAsync(before);
    }

    private async Task ComeBackAsync(string place)
    {
        using var client = new HttpClient { BaseAddress = fixture.Client.BaseAddress };
        string[] kinds = await Task.WhenAll(Enumerable.Range(0, Streams).Select(async _ =>
        {
            await using SseStream stream = await SseStream.OpenAsync(
                client, "{circle: {longitude: 0, latitude: 0, metres: 5}}", after: place);
            return stream.Response.StatusCode == HttpStatusCode.ServiceUnavailable ? "refused" : (await stream.NextAsync()).Kind;
        }));
        output.WriteLine(string.Join(", ", kinds.CountBy(kind => kind)));
        Assert.Subset(new HashSet<string>(["RESUMED", "RESYNC", "refused"]), kinds.ToHashSet());
        Assert.Contains("RESUMED", kinds);
        Assert.True(Streams > Limits.StreamsBurst || !kinds.Contains("refused"));
        await fixture.NoStreamsAsync();
        await fixture.Server.DataAsync("{ cities { slug } }");
    }

    [Fact]
    public async Task A_place_of_the_future_costs_a_second_and_no_statement()
    {
        var cursors = new LogPositionCursors(new CursorKeys(new CursorKey(new byte[CursorKey.KeyBytes]), Previous: null));
        string future = cursors.Sign(RequestRows.City, new LogPosition(int.MaxValue, long.MaxValue));
        fixture.Server.TakeAllStatements();
        SseStream[] streams = await Task.WhenAll(
            Enumerable.Range(0, Limits.StreamsBurst / 2).Select(_ => SseStream.OpenAsync(fixture.Client, after: future)));
        foreach (SseStream stream in streams)
        {
            Assert.Equal("RESYNC", (await stream.NextAsync()).Kind);
            await stream.DisposeAsync();
        }

        Assert.Empty(fixture.Server.TakeAllStatements());
        await fixture.NoStreamsAsync();
    }

    /// <summary>Nobody reads: the queues of the streams stay short, and all of it is gone when they are.</summary>
    [Fact]
    public async Task Streams_that_nobody_reads_hold_little_and_leave_nothing()
    {
        var streams = new List<SseStream>();
        for (int i = 0; i < 100; i++)
        {
            streams.Add(await SseStream.OpenAsync(fixture.Client, selection: Selection));
        }

        string id = await fixture.ReportAsync(title: new string('x', 400));
        await fixture.ExecuteAsync(
            $"update service_request set description = repeat('x', 5000) where id = {SubscriptionServer.KeyOf(id)}");
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < 4 * Limits.StreamEventsMax; i++)
        {
            await fixture.SetStatusAsync(id, i % 2 == 0 ? "ASSIGNED" : "IN_PROGRESS");
        }

        // Events are shared: a hundred queues hold what one does, a third of a megabyte and not 32. Their connections hold 64 kB each.
        long held = GC.GetTotalMemory(forceFullCollection: true) - before;
        output.WriteLine($"{held >> 10} kB");
        Assert.InRange(held, long.MinValue, 16 << 20);
        foreach (SseStream stream in streams)
        {
            await stream.DisposeAsync();
        }

        await fixture.NoStreamsAsync();
        await GivenBackAsync(before);
        Assert.Equal(0, fixture.Server.Services.GetService(typeof(EventStreams)) is EventStreams all ? all.Count : -1);
    }

    /// <summary>Waits until memory is what it was: connections end by themselves.</summary>
    private Task GivenBackAsync(long before) => Patience.UntilAsync(() =>
    {
        long more = GC.GetTotalMemory(forceFullCollection: true) - before;
        output.WriteLine($"{more >> 10} kB more than before");
        return more <= LeftBytesMax ? "given back" : null;
    });
}
