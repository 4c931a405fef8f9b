using System.Globalization;
using CityHelper.Benchmarks.Log;
using CityHelper.Benchmarks.Scale;
using static CityHelper.Benchmarks.CommandTools;

namespace CityHelper.Benchmarks.Subscriptions;

/// <summary>
/// What many subscriptions cost beside few: the CPU time of an event that matches as many of both, in two servers that follow the same log
/// at the same time, and the memory of an idle subscription. Both servers have as many sockets.
/// </summary>
/// <param name="city">The city.</param>
/// <param name="length">How long all rounds of events take.</param>
/// <param name="seed">Of what is drawn.</param>
internal sealed class ManySubscriptions(SubscribedCity city, TimeSpan length, int seed)
{
    public const string ScaleName = "scale";
    public const string MemoryName = "memory";

    private const int Many = 50_000;
    private const int Few = 1_000;
    private const int Sockets = 500;

    /// <summary>Moments are drawn: in a short round there may be many more events than in the mean.</summary>
    private const double Spare = 1.5;

    private const double Matches = 5;
    private const double PerSecond = 50;

    /// <summary>Short rounds, so that a busy machine meets both servers alike in most of them.</summary>
    private const int Rounds = 6;

    /// <summary>
    /// A server that has opened 50,000 subscriptions is warm, and one that has opened 1,000 is not: events come faster until both are.
    /// </summary>
    private const double WarmUpPerSecond = 150;

    /// <summary>What a server does besides events, such as its pulses and the pings of its sockets: all within this time.</summary>
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(12);

    private const int IdleTimes = 2;

    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(15);

    /// <summary>Timers and queues of what was just begun come to rest, and hot code is compiled.</summary>
    private static readonly TimeSpan s_settling = TimeSpan.FromSeconds(4);

    /// <summary>Measures, and adds its findings.</summary>
    public async IAsyncEnumerable<LogTable> MeasureAsync(bool scale, bool memory, List<Finding> findings)
    {
        IReadOnlyList<DrawnArea> areas = DrawnAreas.Draw(city.Placed, Many, Matches, seed);
        await using ServerProcess server = await city.StartServerAsync(measuresHeap: true);
        await using SubscriberSockets sockets = await SubscriberSockets.OpenAsync(server.Url, Sockets);
        await sockets.SubscribeAsync(city.Slug, [.. areas.Take(Few)]);
        Heap few = await Heap.MeasureAsync(server, s_settling);
        Say($"  {Many} subscriptions are opened");
        await sockets.SubscribeAsync(city.Slug, [.. areas.Skip(Few)]);
        Heap many = await Heap.MeasureAsync(server, s_settling);
        if (memory)
        {
            double each = (double)(many.Managed - few.Managed) / (Many - Few);
            findings.Add(new(MemoryName, "managed memory of an idle subscription", $"{LogTable.Cell(each / 1024)} kB", "8 kB"));
            yield return MemoryTable(few, many);
        }

        if (scale)
        {
            await using ServerProcess other = await city.StartServerAsync(measuresHeap: true);
            await using SubscriberSockets others = await SubscriberSockets.OpenAsync(other.Url, Sockets);
            IReadOnlyList<DrawnArea> otherAreas = DrawnAreas.Draw(city.Placed, Few, Matches, seed);
            await others.SubscribeAsync(city.Slug, otherAreas);
            yield return await ScaleAsync(new(other, others, otherAreas), new(server, sockets, areas), findings);
        }
    }

    private static LogTable MemoryTable(Heap few, Heap many) => new(
        $"Memory of idle subscriptions over {Sockets} WebSockets: managed memory after collecting all garbage, and private memory, in MB.",
        ["subscriptions", "managed", "private"],
        [
            [Number(Few), LogTable.Cell(few.ManagedMegabytes), LogTable.Cell(few.PrivateMegabytes)],
            [Number(Many), LogTable.Cell(many.ManagedMegabytes), LogTable.Cell(many.PrivateMegabytes)],
            [
                "of each, kB", LogTable.Cell((many.ManagedMegabytes - few.ManagedMegabytes) * 1024 / (Many - Few)),
                LogTable.Cell((many.PrivateMegabytes - few.PrivateMegabytes) * 1024 / (Many - Few)),
            ],
        ]);

    private async Task<LogTable> ScaleAsync(Side few, Side many, List<Finding> findings)
    {
        await RoundAsync(few, many, WarmUpPerSecond, s_warmUp);
        await Task.Delay(s_settling);
        (Collections Few, Collections Many) before =
            (await HeapServer.CollectionsAsync(few.Server), await HeapServer.CollectionsAsync(many.Server));
        List<(SideRound Few, SideRound Many)> rounds = [];
        for (int round = 0; round < Rounds; round++)
        {
            rounds.Add(await RoundAsync(few, many, PerSecond, length / Rounds));
        }

        (Collections Few, Collections Many) collections = (
            (await HeapServer.CollectionsAsync(few.Server)).Since(before.Few),
            (await HeapServer.CollectionsAsync(many.Server)).Since(before.Many));
        (double Few, double Many) idle = await IdleAsync(few, many);
        SideCost[] ofFew = [.. rounds.Select(round => round.Few.Cost(idle.Few))];
        SideCost[] ofMany = [.. rounds.Select(round => round.Many.Cost(idle.Many))];
        foreach ((SideCost one, SideCost other) in ofFew.Zip(ofMany))
        {
            Say($"  us per event: {one.EventUs:F0} with {Few} subscriptions, {other.EventUs:F0} with {Many}");
        }

        // The median, because a server that has just grown returns memory to the system every now and then, and ever more rarely: such a
        // round has a full collection. The mean holds it.
        string mean = LogTable.Ratio(ofMany.Average(round => round.EventUs), ofFew.Average(round => round.EventUs));
        string median = LogTable.Ratio(
            LogTable.Median(ofMany.Select(round => round.EventUs)), LogTable.Median(ofFew.Select(round => round.EventUs)));
        findings.Add(new(ScaleName, $"server CPU of an event, {Number(Many)} subscriptions to {Number(Few)}", median, "x1.2"));
        return new(
            $"Server CPU of an event at {PerSecond:F0}/s, without that of an idle server; {Rounds} rounds, in which both servers have the "
                + $"same events; seed {seed}.",
            [
                "subscriptions", "matching an event", "idle server CPU ms/s", "server CPU us/event: mean", "median of rounds", "missing",
                "full collections", "pauses of all collections ms",
            ],
            [
                Row(Few, ofFew, idle.Few, collections.Few),
                Row(Many, ofMany, idle.Many, collections.Many),
                ["ratio", "", "", mean, median, "", "", ""],
            ]);
    }

    private static string[] Row(int count, SideCost[] rounds, double idle, Collections collections) =>
    [
        Number(count),
        LogTable.Cell(rounds.Average(round => round.Matches), "F2"),
        LogTable.Cell(idle),
        LogTable.Cell(rounds.Average(round => round.EventUs), "F0"),
        LogTable.Cell(LogTable.Median(rounds.Select(round => round.EventUs)), "F0"),
        LogTable.Cell(rounds.Sum(round => round.Missing), "F0"),
        Number(collections.Full),
        LogTable.Cell(collections.PauseMs, "F0"),
    ];

    // Afterwards, when nothing is compiled any more; the least of some times, because a collection may be in one.
    private static async Task<(double Few, double Many)> IdleAsync(Side few, Side many)
    {
        (double Few, double Many) least = (double.MaxValue, double.MaxValue);
        for (int i = 0; i < IdleTimes; i++)
        {
            (CpuTimes fewBefore, CpuTimes manyBefore) = (CpuTimes.Of(few.Server.Id), CpuTimes.Of(many.Server.Id));
            await Task.Delay(s_idle);
            (TimeSpan ofFew, TimeSpan ofMany) =
                (CpuTimes.Of(few.Server.Id).Since(fewBefore), CpuTimes.Of(many.Server.Id).Since(manyBefore));
            least = (
                Math.Min(least.Few, ofFew.TotalMilliseconds / s_idle.TotalSeconds),
                Math.Min(least.Many, ofMany.TotalMilliseconds / s_idle.TotalSeconds));
        }

        return least;
    }

    private async Task<(SideRound Few, SideRound Many)> RoundAsync(Side few, Side many, double perSecond, TimeSpan time)
    {
        (CpuTimes fewBefore, CpuTimes manyBefore) = (CpuTimes.Of(few.Server.Id), CpuTimes.Of(many.Server.Id));
        (long fewKnown, long manyKnown) = (few.Sockets.Events, many.Sockets.Events);
        IReadOnlyList<PlacedRequest> requests = city.Take((int)(Spare * perSecond * time.TotalSeconds));
        WriterLoad load = await city.WriteAsync(requests, perSecond, time);
        HashSet<long> changed = [.. load.Changes.Select(change => change.Request)];
        PlacedRequest[] sent = [.. requests.Where(request => changed.Contains(request.Id))];
        (long fewExpected, long manyExpected) = (few.Expects(sent), many.Expects(sent));
        long fewMissing = await few.Sockets.ArrivedAsync(fewKnown + fewExpected);
        long manyMissing = await many.Sockets.ArrivedAsync(manyKnown + manyExpected);
        (CpuTimes fewAfter, CpuTimes manyAfter) = (CpuTimes.Of(few.Server.Id), CpuTimes.Of(many.Server.Id));
        return (
            new(sent.Length, load.Took, fewExpected, fewMissing, fewAfter.Since(fewBefore)),
            new(sent.Length, load.Took, manyExpected, manyMissing, manyAfter.Since(manyBefore)));
    }

    private static string Number(int number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A server and its subscriptions.</summary>
    private sealed record Side(ServerProcess Server, SubscriberSockets Sockets, IReadOnlyList<DrawnArea> Areas)
    {
        public long Expects(IEnumerable<PlacedRequest> changed) => changed.Sum(request => (long)DrawnAreas.Matches(Areas, request));
    }

    /// <summary>A round of a server.</summary>
    private sealed record SideRound(int Events, TimeSpan Took, long Expected, long Missing, TimeSpan Cpu)
    {
        /// <summary>Its cost without what the server does besides.</summary>
        /// <param name="idle">Milliseconds in a second of an idle server.</param>
        public SideCost Cost(double idle) => new(
            (double)Expected / Events, (Cpu.TotalMilliseconds - idle * Took.TotalSeconds) * 1_000 / Events, Missing);
    }

    /// <summary>What a round cost a server.</summary>
    private sealed record SideCost(double Matches, double EventUs, long Missing);

    /// <summary>Memory of a server.</summary>
    /// <param name="Managed">Bytes of the managed heap without garbage.</param>
    /// <param name="PrivateMegabytes">Private resident memory.</param>
    private sealed record Heap(long Managed, double PrivateMegabytes)
    {
        private const double Megabyte = 1024 * 1024;

        public double ManagedMegabytes => Managed / Megabyte;

        public static async Task<Heap> MeasureAsync(ServerProcess server, TimeSpan settling)
        {
            await Task.Delay(settling);
            return new Heap(await HeapServer.CollectAsync(server), server.MemoryMegabytes);
        }
    }
}
