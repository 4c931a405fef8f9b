using System.Globalization;
using System.Net;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Subscriptions;

/// <summary>A server of many subscriptions stops: all go on at the other one, and cost its database next to nothing.</summary>
/// <remarks>In the suite 300. By hand: <c>CITYHELPER_STORM=5000</c>.</remarks>
[Collection(PostgresCollection.Name)]
public sealed class StormTests(SubscriptionServer fixture, ITestOutputHelper output) : IClassFixture<SubscriptionServer>
{
    private const int Areas = 100;
    private const int Missed = 20;

    private const string Query =
        "subscription($west: Float!, $after: String) { onServiceRequestChanged(city: \"nyc\", within: {viewport: {west: $west, "
            + "south: 40.7, east: -73.9, north: 40.8}}, after: $after) { kind cursor serviceRequest { title status updates(last: 3) "
            + "{ note } } } }";

    private static int Subscriptions =>
        int.Parse(Environment.GetEnvironmentVariable("CITYHELPER_STORM") ?? "300", CultureInfo.InvariantCulture);

    [Fact]
    public async Task All_go_on_at_the_other_server()
    {
        await using ServerProcess stops = await ServerProcess.StartAsync(
            fixture.ConnectionString,
            "Development",
            new Dictionary<string, string> { ["Http__Connections"] = SubscriptionServer.Connections });
        string id = await fixture.ReportAsync(-73.95, 40.75);
        int usual = await UsualStatementsAsync(id);

        // Behind all that was changed so far: the server that stops may not have followed it yet.
        string place = await fixture.CursorAsync();
        var subscribers = new List<Subscriber>();
        foreach (int[] some in Enumerable.Range(0, Subscriptions).Chunk(200))
        {
            subscribers.AddRange(await Task.WhenAll(some.Select(number => Subscriber.OpenAsync(stops.Client, number % Areas, place))));
        }

        // While the streams end, changes go on: each subscriber misses some.
        Task<int> stopping = stops.StopAsync();
        fixture.Server.TakeAllStatements();
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        Task<IReadOnlyList<string>>[] resuming =
            [.. subscribers.Select(subscriber => subscriber.GoOnAsync(fixture.Client, Missed))];
        await ChangeAsync(id);

        IReadOnlyList<string>[] told = await Task.WhenAll(resuming);
        TimeSpan took = System.Diagnostics.Stopwatch.GetElapsedTime(start);

        // By itself, when all had ended: whoever is killed ends all at once.
        Assert.Equal(0, await stopping);
        int statements = fixture.Server.TakeAllStatements().Count;
        Assert.All(told, cursors => Assert.Equal(Missed, cursors.Distinct().Count()));
        Assert.All(told, cursors => Assert.Equal(told[0], cursors));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Subscriptions} subscriptions resumed in {took.TotalSeconds:0.0} s, with {statements} statements, {statements - usual} more "
                + $"than {Missed} changes take with one subscriber: {100.0 * (statements - usual) / Subscriptions:0.00} for 100"));

        // Some changes are read together or not, as they come.
        Assert.InRange(statements - usual, int.MinValue, Math.Max(Missed, Subscriptions / 100));
    }

    // Those of the mutations' payloads, and of events that are read once.
    private async Task<int> UsualStatementsAsync(string id)
    {
        Subscriber one = await Subscriber.OpenAsync(fixture.Client, area: 0, await fixture.CursorAsync());
        fixture.Server.TakeAllStatements();
        await ChangeAsync(id);
        await one.ReadAsync(Missed);
        return fixture.Server.TakeAllStatements().Count;
    }

    private async Task ChangeAsync(string id)
    {
        for (int i = 0; i < Missed; i++)
        {
            await fixture.SetStatusAsync(id, i % 2 == 0 ? "ASSIGNED" : "IN_PROGRESS");
        }
    }

    /// <summary>A subscriber.</summary>
    private sealed class Subscriber(SseStream stream, double west, string place)
    {
        private string _place = place;

        public static async Task<Subscriber> OpenAsync(HttpClient client, int area, string place)
        {
            double west = -74 - (0.001 * area);
            SseStream stream = await AdmittedAsync(client, west, after: place);
            return new Subscriber(stream, west, (await stream.NextAsync()).Cursor);
        }

        /// <summary>Reads changes, and leaves.</summary>
        public async Task ReadAsync(int changes)
        {
            await using (stream)
            {
                await ReadAsync(stream, [], changes);
            }
        }

        /// <summary>Reads to the end of the stream, and goes on at another server until it has so many changes.</summary>
        /// <returns>Their places.</returns>
        public async Task<IReadOnlyList<string>> GoOnAsync(HttpClient other, int changes)
        {
            var told = new List<string>();
            await using (stream)
            {
                try
                {
                    await ReadAsync(stream, told, int.MaxValue);
                }
                catch (Exception cause) when (cause is IOException or HttpRequestException or InvalidOperationException)
                {
                    // The server has ended it.
                }
            }

            await using SseStream next = await AdmittedAsync(other, west, after: _place);
            Assert.Equal("RESUMED", (await next.NextAsync()).Kind);
            await ReadAsync(next, told, changes);
            return told;
        }

        // A server that is behind the other tells of the request itself first.
        private async Task ReadAsync(SseStream from, List<string> told, int changes)
        {
            while (told.Count < changes)
            {
                StreamEvent change = await from.NextAsync();
                _place = change.Cursor;
                if (change.Kind == "UPDATED")
                {
                    told.Add(_place);
                }
            }
        }

        // As clients do: a server that has too much to do is asked again.
        private static async Task<SseStream> AdmittedAsync(HttpClient client, double west, string? after)
        {
            while (true)
            {
                SseStream stream = await SseStream.PostAsync(client, Query, new { west, after });
                if (stream.Response.IsSuccessStatusCode)
                {
                    return stream;
                }

                Assert.Equal(HttpStatusCode.ServiceUnavailable, stream.Response.StatusCode);
                await stream.DisposeAsync();
                await Task.Delay(Random.Shared.Next(50, 300));
            }
        }
    }
}
