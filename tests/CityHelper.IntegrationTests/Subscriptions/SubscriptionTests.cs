using System.Text.Json;
using CityHelper.Data.Changes;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Xunit;

namespace CityHelper.IntegrationTests.Subscriptions;

/// <summary>What subscribers are told, over server-sent events.</summary>
[Collection(PostgresCollection.Name)]
public sealed class SubscriptionTests(PostgresFixture postgres) : IAsyncLifetime
{
    private const string Midtown = "{viewport: {west: -73.985, south: 40.74, east: -73.965, north: 40.755}}";
    private const string Elsewhere = "{viewport: {west: -74.2, south: 40.5, east: -74.1, north: 40.6}}";

    private readonly SubscriptionServer _server = new(postgres);

    private HttpClient Client => _server.Client;

    public Task InitializeAsync() => _server.InitializeAsync();

    public async Task DisposeAsync()
    {
        Assert.Empty(_server.Server.Errors);
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_subscription_is_live_with_its_first_event_and_told_of_each_change()
    {
        await using SseStream stream = await SseStream.OpenAsync(Client);
        StreamEvent first = await stream.NextAsync();
        Assert.Equal(("RESYNC", await _server.CursorAsync()), (first.Kind, first.Cursor));
        Assert.Equal(
            [JsonValueKind.Null],
            new[] { "at", "id", "status", "previousStatus", "serviceRequest" }.Select(n => first.Json.GetProperty(n).ValueKind).Distinct());

        string id = await _server.ReportAsync(title: "Music");
        string cursor = await _server.SetStatusAsync(id, "ASSIGNED");
        IReadOnlyList<StreamEvent> events = await stream.NextAsync(2);
        Assert.Equal(["ENTERED", "UPDATED"], events.Select(e => e.Kind));
        Assert.Equal([id, id], events.Select(e => e.Id));
        Assert.Equal(cursor, events[1].Cursor);
        Assert.Equal(
            ("ASSIGNED", "OPEN", "Music"),
            (events[1].Json.GetProperty("status").GetString(), events[1].Json.GetProperty("previousStatus").GetString(),
                events[1].Json.GetProperty("serviceRequest").GetProperty("title").GetString()));
    }

    /// <summary>A place, twenty changes, and the place as <c>after</c>: exactly those, each once, in their order.</summary>
    [Theory]
    [InlineData("an answer", false)]
    [InlineData("an answer", true)]
    [InlineData("the header of a kept answer", false)]
    [InlineData("an event in another viewport", false)]
    [InlineData("an event of one request", true)]
    public async Task A_place_hands_over_to_a_subscription(string from, bool restarts)
    {
        string id = await _server.ReportAsync(-73.98, 40.75);
        string place = await PlaceAsync(from, id);
        var expected = new List<string>();
        for (int i = 0; i < 20; i++)
        {
            expected.Add(await _server.SetStatusAsync(id, i % 2 == 0 ? "ASSIGNED" : "IN_PROGRESS"));
        }

        if (restarts)
        {
            await _server.RestartAsync();
        }

        await using SseStream stream = await SseStream.OpenAsync(Client, Midtown, after: place);
        StreamEvent first = await stream.NextAsync();
        Assert.Equal(("RESUMED", place), (first.Kind, first.Cursor));
        Assert.Equal(expected, (await stream.NextAsync(20)).Select(e => e.Cursor));

        string last = await _server.SetStatusAsync(id, "CLOSED");
        Assert.Equal(last, (await stream.NextAsync()).Cursor);
    }

    [Theory]
    [InlineData(Midtown)]
    [InlineData("{circle: {longitude: -73.975, latitude: 40.7475, metres: 900}}")]
    [InlineData(
        "{polygon: {type: Polygon, coordinates: [[[-73.985, 40.74], [-73.965, 40.74], [-73.965, 40.755], [-73.985, 40.755], "
            + "[-73.985, 40.74]]]}}")]
    [InlineData("{boundary: \"BOUNDARY\"}")]
    public async Task A_request_enters_is_updated_and_leaves(string within)
    {
        string boundary = new Engine.GlobalId("Boundary", RequestRows.City, 3).ToString();
        await using SseStream stream = await SseStream.OpenAsync(
            Client, within.Replace("BOUNDARY", boundary, StringComparison.Ordinal));
        Assert.Equal("RESYNC", (await stream.NextAsync()).Kind);

        string id = await _server.ReportAsync(-74.1, 40.6);
        await _server.MoveAsync(id, -73.975, 40.748);
        await _server.SetStatusAsync(id, "ASSIGNED");
        await _server.ReportAsync(-74.1, 40.6);
        await _server.MoveAsync(id, -74.1, 40.6);
        await _server.SetStatusAsync(id, "IN_PROGRESS");
        string other = await _server.ReportAsync(-73.976, 40.748);

        IReadOnlyList<StreamEvent> events = await stream.NextAsync(4);
        Assert.Equal(["ENTERED", "UPDATED", "LEFT", "ENTERED"], events.Select(e => e.Kind));
        Assert.Equal([id, id, id, other], events.Select(e => e.Id));
    }

    [Theory]
    [InlineData("{status: {eq: ASSIGNED}}")]
    [InlineData("{status: {in: [ASSIGNED, DUPLICATE]}, category: {code: {eq: \"heat-hot-water\"}}}")]
    [InlineData("{status: {eq: ASSIGNED}, agency: {code: {in: [\"HPD\", null]}}}")]
    public async Task Conditions_hold_before_and_after(string where)
    {
        await using SseStream stream = await SseStream.OpenAsync(Client, where: where);
        await stream.NextAsync();
        string id = await _server.ReportAsync(category: "heat-hot-water");
        await _server.SetStatusAsync(id, "ASSIGNED");
        await _server.WriteAsync("addServiceRequestNote", new { id, note = "Seen." });
        await _server.SetStatusAsync(id, "IN_PROGRESS");
        string noise = await _server.ReportAsync();
        await _server.WriteAsync("assignServiceRequest", new { id = noise, agency = "NYPD" });
        string last = await _server.ReportAsync(category: "heat-hot-water");
        await _server.SetStatusAsync(last, "ASSIGNED");

        IReadOnlyList<StreamEvent> events = [.. (await stream.NextAsync(where.Contains("code", StringComparison.Ordinal) ? 4 : 5))];
        Assert.Equal(["ENTERED", "UPDATED", "LEFT"], events.Take(3).Select(e => e.Kind));
        Assert.Equal([id, id, id], events.Take(3).Select(e => e.Id));
        Assert.Equal(("ENTERED", last), (events[^1].Kind, events[^1].Id));
    }

    [Fact]
    public async Task One_request_is_followed_by_its_id()
    {
        string id = await _server.ReportAsync();
        const string Query =
            "subscription($id: ID!, $after: String) { onServiceRequestUpdated(id: $id, after: $after) { kind cursor id } }";
        await using SseStream stream = await SseStream.PostAsync(Client, Query, new { id });
        StreamEvent first = await stream.NextAsync();
        await _server.ReportAsync();
        await _server.SetStatusAsync(id, "ASSIGNED");
        Assert.Equal("UPDATED", (await stream.NextAsync()).Kind);
        await _server.WriteAsync("redactServiceRequest", new { id });
        Assert.Equal("LEFT", (await stream.NextAsync()).Kind);

        await using SseStream again = await SseStream.PostAsync(Client, Query, new { id, after = first.Cursor });
        Assert.Equal(["RESUMED", "LEFT"], (await again.NextAsync(2)).Select(e => e.Kind));
    }

    [Fact]
    public async Task What_was_redacted_is_told_to_nobody_and_leaves_everybody()
    {
        await using SseStream area = await SseStream.OpenAsync(Client, Midtown);
        await using SseStream all = await SseStream.OpenAsync(Client);
        string place = (await area.NextAsync()).Cursor;
        await all.NextAsync();
        string id = await _server.ReportAsync(title: "My name is written here");

        // Order matters: the redaction drops what still waits for a reader.
        Assert.Equal(("ENTERED", id), await NextAsync(area));
        Assert.Equal(("ENTERED", id), await NextAsync(all));
        await _server.WriteAsync("redactServiceRequest", new { id });
        Assert.Equal(("LEFT", id), await NextAsync(area));
        StreamEvent left = await all.NextAsync();
        Assert.Equal(("LEFT", id), (left.Kind, left.Id));
        Assert.Equal(JsonValueKind.Null, left.Json.GetProperty("serviceRequest").GetProperty("title").ValueKind);

        // Nobody knows any more whether it was in the area when it was reported.
        await using SseStream late = await SseStream.OpenAsync(Client, Midtown, after: place);
        Assert.Equal("RESYNC", (await late.NextAsync()).Kind);
    }

    [Fact]
    public async Task A_bulk_import_a_changed_boundary_and_an_epoch_are_resyncs_for_whom_they_concern()
    {
        string boundary = $"{{boundary: \"{new Engine.GlobalId("Boundary", RequestRows.City, 3)}\"}}";
        await using SseStream of = await SseStream.OpenAsync(Client, boundary);
        await using SseStream midtown = await SseStream.OpenAsync(Client, Midtown);
        await using SseStream far = await SseStream.OpenAsync(Client, Elsewhere);
        string place = (await far.NextAsync()).Cursor;
        await of.NextAsync();
        await midtown.NextAsync();

        await _server.AppendAsync("kind, cells", $"'bulk', array[{Engine.Space.GridCells.Of(-73.98, 40.75, 14)}]::bigint[]");
        Assert.Equal("RESYNC", (await midtown.NextAsync()).Kind);
        Assert.Equal("RESYNC", (await of.NextAsync()).Kind);

        await _server.AppendAsync("kind", "'boundary'");
        Assert.Equal("RESYNC", (await of.NextAsync()).Kind);
        string id = await _server.ReportAsync(-73.976, 40.748);
        Assert.Equal(("ENTERED", id), await NextAsync(midtown));
        Assert.Equal(("ENTERED", id), await NextAsync(of));
        await using (SseStream late = await SseStream.OpenAsync(Client, boundary, after: place))
        {
            Assert.Equal("RESYNC", (await late.NextAsync()).Kind);
        }

        await using (SseStream late = await SseStream.OpenAsync(
            Client, Elsewhere, after: place))
        {
            Assert.Equal("RESUMED", (await late.NextAsync()).Kind);
        }

        await new ChangeLog(_server.Database).RaiseEpochAsync(1, "test", witness: null, CancellationToken.None);
        Assert.Equal("RESYNC", (await far.NextAsync()).Kind);
        await using SseStream old = await SseStream.OpenAsync(Client, after: place);
        Assert.Equal("RESYNC", (await old.NextAsync()).Kind);
    }

    [Fact]
    public async Task A_place_above_the_head_is_waited_for_and_one_that_never_comes_is_a_resync()
    {
        await using TestServer other = await _server.StartAsync();
        string id = await _server.ReportAsync();
        string cursor = await _server.SetStatusAsync(id, "ASSIGNED");
        await using (SseStream stream = await SseStream.OpenAsync(other.Client, after: cursor))
        {
            Assert.Equal(("RESUMED", cursor), Told(await stream.NextAsync()));
        }

        var cursors = new Engine.Cursors.LogPositionCursors(new Engine.Cursors.CursorKeys(new(new byte[32]), null));
        string future = cursors.Sign(RequestRows.City, new Engine.Cursors.LogPosition(1, 1_000_000));
        await using SseStream late = await SseStream.OpenAsync(Client, after: future);
        Assert.Equal("RESYNC", (await late.NextAsync()).Kind);
    }

    [Fact]
    public async Task More_than_a_thousand_missed_changes_and_a_trimmed_log_are_one_resync()
    {
        string place = await _server.CursorAsync();
        string id = await _server.ReportAsync();
        string near = await _server.CursorAsync();
        string sql = string.Join(';', Enumerable.Range(0, 1_001).Select(i =>
            $"insert into change_outbox (city_id, event_id, cause, kind, service_request_id, version, old_status, old_category_id, status, "
                + $"category_id) values (1, uuid_v7(), 'test', 'request', {SubscriptionServer.KeyOf(id)}, {i + 2}, 'OPEN', 1, 'OPEN', 1)"));
        await _server.ExecuteAsync(sql);
        await _server.AppendAsync("kind", "'reference'");
        await Patience.UntilAsync(async () =>
        {
            await using SseStream stream = await SseStream.OpenAsync(Client, after: near);
            return (await stream.NextAsync()).Kind == "RESYNC" ? "seen" : null;
        });

        await _server.ExecuteAsync($"delete from change where city_id = 1 and n < (select max(n) - 1 from change where city_id = 1)");
        await _server.RestartAsync();
        await using SseStream trimmed = await SseStream.OpenAsync(Client, "{circle: {longitude: 0, latitude: 0, metres: 5}}", after: place);
        Assert.Equal("RESYNC", (await trimmed.NextAsync()).Kind);
    }

    [Fact]
    public async Task Subscriptions_of_one_selection_share_the_reading_of_an_event()
    {
        const string Query =
            "subscription($west: Float!) { onServiceRequestChanged(city: \"nyc\", within: {viewport: {west: $west, south: 40.74, "
                + "east: -73.965, north: 40.755}}) { kind cursor serviceRequest { title } } }";
        var streams = new List<SseStream>();
        for (int i = 0; i < 20; i++)
        {
            streams.Add(await SseStream.PostAsync(Client, Query, new { west = -73.985 - (0.001 * i) }));
            await streams[i].NextAsync();
        }

        string id = await _server.ReportAsync();
        await streams[0].NextAsync();
        _server.Server.TakeStatements();
        await _server.SetStatusAsync(id, "ASSIGNED");
        foreach (SseStream stream in streams)
        {
            while ((await stream.NextAsync()).Kind != "UPDATED")
            {
            }

            await stream.DisposeAsync();
        }

        // The row of the mutation's own payload, and that of the event.
        Assert.Equal(2, _server.Server.TakeStatements().Count);
        await _server.NoStreamsAsync();
    }

    private async Task<string> PlaceAsync(string from, string id)
    {
        switch (from)
        {
            case "an answer":
                return await _server.CursorAsync();
            case "the header of a kept answer":
                string url = _server.Server.PersistedUrl("CityFilters", new { city = "nyc" });
                return await Patience.UntilAsync(async () =>
                {
                    using HttpResponseMessage kept = await Client.GetAsync(url);
                    return kept.Headers.GetValues("Cache-Status").Single().Contains("hit", StringComparison.Ordinal)
                        ? kept.Headers.GetValues("CityHelper-Position").Single()
                        : null;
                });

            case "an event in another viewport":
                await using (SseStream other = await SseStream.OpenAsync(Client, Elsewhere, after: await _server.CursorAsync()))
                {
                    await other.NextAsync();
                    await _server.ReportAsync(-74.15, 40.55);
                    return (await other.NextAsync()).Cursor;
                }

            default:
                await using (SseStream one = await SseStream.PostAsync(
                    Client, "subscription($id: ID!) { onServiceRequestUpdated(id: $id) { kind cursor } }", new { id }))
                {
                    await one.NextAsync();
                    await _server.SetStatusAsync(id, "IN_PROGRESS");
                    return (await one.NextAsync()).Cursor;
                }
        }
    }

    private static async Task<(string Kind, string Id)> NextAsync(SseStream stream)
    {
        StreamEvent next = await stream.NextAsync();
        return (next.Kind, next.Id!);
    }

    private static (string Kind, string Cursor) Told(StreamEvent told) => (told.Kind, told.Cursor);
}
