using CityHelper.Benchmarks.Log;
using CityHelper.Benchmarks.Scale;
using static CityHelper.Benchmarks.CommandTools;

namespace CityHelper.Benchmarks.Subscriptions;

/// <summary>
/// CPU time per message of events that many subscribers get, over server-sent events and over WebSockets, beside a bare Kestrel that sends
/// the same bytes to as many streams. In turns, so that a busy machine meets all alike.
/// </summary>
/// <param name="city">The city.</param>
/// <param name="length">How long the turns of one kind take together.</param>
/// <param name="seed">Of the moments of events.</param>
internal sealed class SharedEventCost(SubscribedCity city, TimeSpan length, int seed)
{
    public const string Name = "kestrel";

    private const int SubscriberCount = 1_000;
    private const double PerSecond = 10;
    private const int Rounds = 5;
    private const int WarmUpRounds = 2;

    /// <summary>The city is halved here: streams have the events of the west, sockets those of the east.</summary>
    private const double Meridian = -73.94;

    private static readonly DrawnArea s_west = new(-74.3, 40.4, Meridian, 41.0);
    private static readonly DrawnArea s_east = new(Meridian, 40.4, -73.6, 41.0);

    /// <summary>Measures, and adds its findings.</summary>
    public async Task<LogTable> MeasureAsync(List<Finding> findings)
    {
        var settings = new Dictionary<string, string?> { [KestrelFloor.SpinLimit] = "0" };
        await using ServerProcess floor = await ServerProcess.StartAsync(
            "CityHelper.Benchmarks.dll", "/", url => ["floor", url], environment: settings);
        await using ServerProcess server = await city.StartServerAsync();
        await using SubscriberStreams bare = await SubscriberStreams.OpenBareAsync(floor.Url, SubscriberCount);
        await using SubscriberStreams streams = await SubscriberStreams.OpenAsync(server.Url, city.Slug, s_west, SubscriberCount);
        await using SubscriberSockets sockets = await SubscriberSockets.OpenAsync(server.Url, SubscriberCount);
        await sockets.SubscribeAsync(city.Slug, [.. Enumerable.Repeat(s_east, SubscriberCount)]);
        PlacedRequest[] west = [.. city.Placed.Where(request => request.Longitude < Meridian)];
        PlacedRequest[] east = [.. city.Placed.Where(request => request.Longitude > Meridian)];
        var dice = new Random(seed);
        using var client = new HttpClient();
        List<(double Streams, double Sockets, double Floor)> rounds = [];
        for (int round = -WarmUpRounds; round < Rounds; round++)
        {
            double ofStreams = await TurnAsync(server, streams, time => WriteAsync(west, dice, time));
            double ofSockets = await TurnAsync(server, sockets, time => WriteAsync(east, dice, time));
            double ofFloor = await TurnAsync(floor, bare, time => PostAsync(client, floor.Url, streams.LastEvent, dice, time));
            Say($"  us per message: streams {ofStreams:F1}, sockets {ofSockets:F1}, bare Kestrel {ofFloor:F1}");
            if (round >= 0)
            {
                rounds.Add((ofStreams, ofSockets, ofFloor));
            }
        }

        string streamRatio = Ratio(rounds.Select(round => round.Streams / round.Floor));
        string socketRatio = Ratio(rounds.Select(round => round.Sockets / round.Floor));
        findings.Add(new(Name, "server CPU of a message, server-sent events to bare Kestrel", streamRatio, "x3"));
        findings.Add(new(Name, "server CPU of a message, WebSockets to bare Kestrel", socketRatio, "x3"));
        return new(
            $"CPU per message of {PerSecond:F0} events/s for {SubscriberCount} subscribers, {streams.LastEvent.Length} bytes each, beside "
                + $"bare Kestrel that sends the same; medians of {Rounds} rounds in turns, all that a server does besides included; "
                + $"seed {seed}.",
            ["messages", "server CPU us/message", "x Kestrel"],
            [
                ["bare Kestrel, server-sent events", Microseconds(rounds.Select(round => round.Floor)), "x1.00"],
                ["server-sent events", Microseconds(rounds.Select(round => round.Streams)), streamRatio],
                ["WebSockets", Microseconds(rounds.Select(round => round.Sockets)), socketRatio],
            ]);
    }

    private static string Ratio(IEnumerable<double> ratios) => "x" + LogTable.Cell(LogTable.Median(ratios), "F2");

    private static string Microseconds(IEnumerable<double> rounds) => LogTable.Cell(LogTable.Median(rounds));

    /// <returns>CPU time per message in microseconds.</returns>
    private async Task<double> TurnAsync(ServerProcess server, Subscribers subscribers, Func<TimeSpan, Task<int>> send)
    {
        long known = subscribers.Events;
        CpuTimes before = CpuTimes.Of(server.Id);
        int events = await send(length / Rounds);
        if (await subscribers.ArrivedAsync(known + (long)events * SubscriberCount) is not 0 and var missing)
        {
            throw new InvalidOperationException($"{missing} messages of {events} events are missing.");
        }

        return CpuTimes.Of(server.Id).Since(before).TotalMicroseconds / ((double)events * SubscriberCount);
    }

    private async Task<int> WriteAsync(PlacedRequest[] requests, Random dice, TimeSpan time)
    {
        dice.Shuffle(requests);
        return (await city.WriteAsync(requests, PerSecond, time)).Changes.Count;
    }

    private static async Task<int> PostAsync(HttpClient client, Uri floor, byte[] bytes, Random dice, TimeSpan time)
    {
        int sent = 0;
        await OpenLoop.RunAsync(PerSecond, time, dice, async _ =>
        {
            using var body = new ByteArrayContent(bytes);
            using HttpResponseMessage answer = await client.PostAsync(new Uri(floor, KestrelFloor.EventsPath), body);
            answer.EnsureSuccessStatusCode();
            Interlocked.Increment(ref sent);
        }, _ => false);
        return sent;
    }
}
