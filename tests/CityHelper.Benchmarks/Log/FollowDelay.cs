using System.Diagnostics;
using CityHelper.Benchmarks.Overload;
using CityHelper.Data.Cities;
using CityHelper.Server.Database;
using Npgsql;

namespace CityHelper.Benchmarks.Log;

/// <summary>
/// How long a committed change takes to a follower: at a fixed rate beside a bare commit, and the highest rate at which it stays under a
/// second. Writers, follower and PostgreSQL share the machine.
/// </summary>
/// <param name="database">The database, made for these parts.</param>
/// <param name="length">The length of a measurement.</param>
/// <param name="seed">Of what is drawn.</param>
internal sealed class FollowDelay(LogDatabase database, TimeSpan length, int seed)
{
    public const string Name = "follow";
    public const string RateName = "rate";

    private const double PerSecond = 200;
    private const double PerSecondMax = 100_000;
    private const int Bisections = 3;
    private const int DrawnOfCity = 20_000;
    private static readonly TimeSpan s_delayMax = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan s_arrivalMax = TimeSpan.FromSeconds(10);

    /// <summary>Rates are tried for a third of a measurement, and never so briefly that two seconds of waiting changes fill them.</summary>
    private readonly TimeSpan _trial = length / 3 > TimeSpan.FromSeconds(4) ? length / 3 : TimeSpan.FromSeconds(4);

    public async Task<LogTable> MeasureAsync(CityEntry city)
    {
        await using LogFollower follower = await LogFollower.StartAsync(database);
        await using var writers = new LogWriters(database, seed, follower.Nudge);
        await RunAsync(follower, writers, [city], PerSecond, s_warmUp);
        (Samples bare, TimeSpan took) = await BareCommitsAsync();
        follower.IsNudged = false;
        Delays pulsed = await RunAsync(follower, writers, [city], PerSecond, length);
        follower.IsNudged = true;
        Delays nudged = await RunAsync(follower, writers, [city], PerSecond, length);
        return new(
            $"From a commit to a follower at {PerSecond:F0} changes/s; p50, p99 and the most in ms.",
            ["changes", "done/s", "commit", "commit returned to arrival"],
            [
                ["bare commits: a row into a table", LogTable.Cell(bare.Count / took.TotalSeconds), Quantiles(bare), "-"],
                Row("mutations, a pulse every 250 ms", pulsed),
                Row("mutations, pulse and nudges", nudged),
            ]);
    }

    /// <param name="cities">Cities, of which the first alone is measured and then all.</param>
    public async Task<LogTable> FindHighestRatesAsync(IReadOnlyList<CityEntry> cities)
    {
        await using LogFollower follower = await LogFollower.StartAsync(database);
        await using var writers = new LogWriters(database, seed, follower.Nudge);
        await RunAsync(follower, writers, cities, PerSecond, s_warmUp);
        return new(
            "The highest rate of changes at which 99 in 100 arrive within a second of when they were due, with nudges; "
            + "p50, p99 and the most in ms.",
            ["cities", "changes/s", "from due to arrival", "commit returned to arrival", "next rate that was too high"],
            [await FindHighestRateAsync(follower, writers, [cities[0]]), await FindHighestRateAsync(follower, writers, cities)]);
    }

    private async Task<string[]> FindHighestRateAsync(
        LogFollower follower, LogWriters writers, IReadOnlyList<CityEntry> cities)
    {
        double good = 0;
        double bad = PerSecondMax;
        Delays? best = null;
        int bisections = 0;
        double rate = PerSecond / 2;
        while (bisections <= Bisections && rate < PerSecondMax)
        {
            Delays delays = await RunAsync(follower, writers, cities, rate, _trial);
            Say($"{cities.Count} cities, {rate:F0}/s: p99 from due to arrival {LogTable.Cells([delays.FromDue.Quantile(0.99)])} ms");
            if (delays.IsInTime)
            {
                (good, best) = (rate, delays);
            }
            else
            {
                bad = rate;
            }

            bisections += bad < PerSecondMax ? 1 : 0;
            rate = bad < PerSecondMax ? (good + bad) / 2 : rate * 2;
        }

        return
        [
            LogTable.Cell(cities.Count, "F0"), LogTable.Cell(good, "F0"), best is null ? "-" : Quantiles(best.FromDue),
            best is null ? "-" : Quantiles(best.FromCommit), LogTable.Cell(bad, "F0"),
        ];
    }

    private async Task<Delays> RunAsync(
        LogFollower follower, LogWriters writers, IReadOnlyList<CityEntry> cities, double perSecond, TimeSpan time)
    {
        var requests = new List<(short, long)>();
        foreach (CityEntry city in cities)
        {
            requests.AddRange((await database.DrawAsync(city.Id, DrawnOfCity, seed)).Select(drawn => (city.Id, drawn.Id)));
        }

        WriterLoad load = await writers.RunAsync(requests, perSecond, time);
        long end = Stopwatch.GetTimestamp();
        while (!load.Changes.All(change => follower.Arrived.ContainsKey(change.EventId)) && Stopwatch.GetElapsedTime(end) < s_arrivalMax)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }

        var delays = new Delays(load, new(), new(), new());
        foreach (SentChange change in load.Changes)
        {
            long arrived = follower.Arrived.GetValueOrDefault(change.EventId, Stopwatch.GetTimestamp());
            long committed = writers.Committed[change.EventId];
            delays.Commits.Add(Stopwatch.GetElapsedTime(change.Sent, committed));
            delays.FromDue.Add(Stopwatch.GetElapsedTime(change.Due, arrived));
            // Another writer may have numbered it before this one knew of its commit.
            delays.FromCommit.Add(Stopwatch.GetElapsedTime(Math.Min(committed, arrived), arrived));
        }

        return delays;
    }

    private async Task<(Samples Commits, TimeSpan Took)> BareCommitsAsync()
    {
        await database.RunAsync("create table bare_commit (id bigint primary key)");
        await using WritingConnections connections = database.OpenWriting();
        var dice = new Random(seed);
        long id = 0;
        await RunAsync(new Samples(), s_warmUp);
        var commits = new Samples();
        return (commits, await RunAsync(commits, length));

        async Task<TimeSpan> RunAsync(Samples samples, TimeSpan time) => (await OpenLoop.RunAsync(PerSecond, time, dice, async _ =>
        {
            long sent = Stopwatch.GetTimestamp();
            await using NpgsqlCommand insert = connections.Database.CreateCommand("insert into bare_commit (id) values ($1)");
            insert.Parameters.Add(new() { Value = Interlocked.Increment(ref id) });
            await insert.ExecuteNonQueryAsync();
            samples.Add(Stopwatch.GetElapsedTime(sent));
        }, _ => false)).Took;
    }

    private static string[] Row(string name, Delays delays) =>
    [
        name, LogTable.Cell(delays.PerSecond) + (delays.Load.IsComplete ? "" : " (too many waited)"), Quantiles(delays.Commits),
        Quantiles(delays.FromCommit),
    ];

    private static string Quantiles(Samples samples) =>
        LogTable.Cells([samples.Quantile(0.5), samples.Quantile(0.99), samples.Quantile(1)]);

    private static void Say(FormattableString text) => Console.Error.WriteLine(FormattableString.Invariant(text));

    /// <summary>The delays of a load.</summary>
    /// <param name="Load">The load.</param>
    /// <param name="Commits">From sending to the commit's return.</param>
    /// <param name="FromDue">From when a change was due to its arrival, all waiting included.</param>
    /// <param name="FromCommit">From the commit's return to the arrival.</param>
    private sealed record Delays(WriterLoad Load, Samples Commits, Samples FromDue, Samples FromCommit)
    {
        public double PerSecond => Load.Changes.Count / Load.Took.TotalSeconds;

        public bool IsInTime => Load.IsComplete && FromDue.Quantile(0.99) <= s_delayMax.TotalMilliseconds;
    }
}
