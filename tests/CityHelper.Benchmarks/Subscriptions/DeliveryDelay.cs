using System.Diagnostics;
using CityHelper.Benchmarks.Log;
using CityHelper.Benchmarks.Overload;
using CityHelper.Engine;
using static CityHelper.Benchmarks.CommandTools;

namespace CityHelper.Benchmarks.Subscriptions;

/// <summary>
/// How long a change takes from its commit to the sockets of those who watch its place, while the city changes all the time. Writers,
/// server, PostgreSQL, Redis and subscribers share the machine, so the CPU time of each is told beside it.
/// </summary>
/// <param name="city">The city.</param>
/// <param name="length">How long it is measured.</param>
/// <param name="seed">Of what is drawn.</param>
internal sealed class DeliveryDelay(SubscribedCity city, TimeSpan length, int seed)
{
    public const string Name = "delay";

    private const int Sockets = 100;
    private const int AreasOfSocket = 100;
    private const double PerSecond = 200;

    /// <summary>Subscriptions that a change matches.</summary>
    private const double Matches = 5;

    /// <summary>The code that an event passes is compiled in the meantime.</summary>
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(6);

    /// <summary>Measures, and adds its findings.</summary>
    public async Task<LogTable> MeasureAsync(List<Finding> findings)
    {
        await using ServerProcess server = await city.StartServerAsync();
        await using SubscriberSockets sockets = await SubscriberSockets.OpenAsync(server.Url, Sockets, keepsArrivals: true);
        IReadOnlyList<DrawnArea> areas = DrawnAreas.Draw(city.Placed, Sockets * AreasOfSocket, Matches, seed);
        await sockets.SubscribeAsync(city.Slug, areas);
        await RunAsync(sockets, areas, s_warmUp);

        CpuShares before = await city.CpuAsync(server);
        (WriterLoad load, long expected, long missing) = await RunAsync(sockets, areas, length);
        CpuShares after = await city.CpuAsync(server);

        (Samples delays, Samples commits, Samples followed) = Delays(load, sockets);
        findings.Add(new(Name, "commit to socket, p50", LogTable.Cells([delays.Quantile(0.5)]) + " ms", "-"));
        findings.Add(new(Name, "commit to socket, p99", LogTable.Cells([delays.Quantile(0.99)]) + " ms", "-"));
        double rate = load.Changes.Count / load.Took.TotalSeconds;
        return new(
            $"From a commit to a subscriber's socket: {Sockets} WebSockets of {AreasOfSocket} areas, {PerSecond:F0} changes/s, "
                + $"p50, p99 and the most in ms; seed {seed}. CPU in ms per second, of {Environment.ProcessorCount} processors.",
            [
                "changes/s", "events per change", "missing", "RESYNCs", "commit", "commit returned to the writers' follower",
                "commit returned to arrival", "server CPU", "PostgreSQL CPU", "Redis CPU", "writers' and subscribers' CPU", "others' CPU",
            ],
            [[
                LogTable.Cell(rate) + (load.IsComplete ? "" : " (too many waited)"),
                LogTable.Cell((double)expected / load.Changes.Count, "F2"),
                LogTable.Cell(missing, "F0"),
                LogTable.Cell(sockets.Resyncs - areas.Count, "F0"),
                Quantiles(commits),
                Quantiles(followed),
                Quantiles(delays),
                Share(after.Server.Since(before.Server)),
                Share(after.Postgres.Since(before.Postgres)),
                Share(after.Redis.Since(before.Redis)),
                Share(after.Here.Since(before.Here)),
                Share(after.OthersSince(before)),
            ]]);

        string Share(TimeSpan cpu) => LogTable.Cell(cpu.TotalMilliseconds / load.Took.TotalSeconds, "F0");
    }

    private async Task<(WriterLoad Load, long Expected, long Missing)> RunAsync(
        SubscriberSockets sockets, IReadOnlyList<DrawnArea> areas, TimeSpan time)
    {
        // Moments are drawn: some more are due than in the mean.
        IReadOnlyList<PlacedRequest> requests = city.Take((int)(1.2 * PerSecond * time.TotalSeconds));
        long known = sockets.Events;
        WriterLoad load = await city.WriteAsync(requests, PerSecond, time);
        Dictionary<long, PlacedRequest> byId = requests.ToDictionary(request => request.Id);
        long expected = load.Changes.Sum(change => (long)DrawnAreas.Matches(areas, byId[change.Request]));
        long missing = await sockets.ArrivedAsync(known + expected);
        Say($"  {load.Changes.Count} changes, {expected} events expected, {missing} missing");
        return (load, expected, missing);
    }

    private (Samples Delays, Samples Commits, Samples Followed) Delays(WriterLoad load, SubscriberSockets sockets)
    {
        Dictionary<long, SentChange> byRequest = load.Changes.ToDictionary(change => change.Request);
        (Samples delays, Samples commits, Samples followed) = (new(), new(), new());
        foreach (SentChange change in load.Changes)
        {
            long committed = city.Committed[change.EventId];
            commits.Add(Stopwatch.GetElapsedTime(change.Sent, committed));
            if (city.Followed.TryGetValue(change.EventId, out long seen))
            {
                followed.Add(Stopwatch.GetElapsedTime(Math.Min(committed, seen), seen));
            }
        }

        foreach (Arrival arrival in sockets.Arrivals)
        {
            if (byRequest.TryGetValue(GlobalId.Parse(arrival.Request)!.Row, out SentChange? change))
            {
                // Another writer may have numbered it before this one knew of its commit.
                delays.Add(Stopwatch.GetElapsedTime(Math.Min(city.Committed[change.EventId], arrival.At), arrival.At));
            }
        }

        return (delays, commits, followed);
    }

    private static string Quantiles(Samples samples) =>
        LogTable.Cells([samples.Quantile(0.5), samples.Quantile(0.99), samples.Quantile(1)]);
}
