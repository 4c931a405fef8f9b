using CityHelper.Benchmarks.Log;
using CityHelper.Engine;

namespace CityHelper.Benchmarks.Cache;

/// <summary>The tables of the measurements: medians of all turns; ratios are of one turn, and their median.</summary>
internal static class CacheTables
{
    /// <summary>Costs of hits, 304 and misses of one operation, beside a bare server that sends as many bytes.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> AnswerRows(CacheOperation operation, IReadOnlyList<CacheTurn> turns) =>
    [
        Row(operation, "bare Kestrel", turns, turn => turn.Floor),
        Row(operation, "hit", turns, turn => turn.Hit),
        Row(operation, "304", turns, turn => turn.NotModified),
        .. OtherRows(operation, turns),
        Row(operation, "miss, found in Redis", turns, turn => turn.Found),
        Row(operation, "miss, read", turns, turn => turn.Read),
        Row(operation, "miss, read and shared", turns, turn => turn.Shared),
    ];

    /// <summary>The table of <see cref="AnswerRows"/>.</summary>
    public static LogTable Answers(IReadOnlyList<IReadOnlyList<string>> rows) => new(
        "CPU per answer, medians of turns over drawn questions. Aims: a hit at most 1.3 times a bare Kestrel that sends as many bytes, "
        + "a 304 below the hit.",
        ["operation", "answer", "bytes", "server CPU us", "x Kestrel", "PostgreSQL CPU us", "Redis CPU us", "requests/s"],
        rows);

    /// <summary>The first statement of a batch.</summary>
    public static LogTable FirstStatement(IEnumerable<(CacheOperation Operation, (double With, double Without, double Ratio) Cost)> all) =>
        new(
            "PostgreSQL's CPU per batch of a miss, with the statement that reads the log position and without it. The aim is 1.05.",
            ["operation", "with us", "without us", "ratio"],
            [.. all.Select(one => (IReadOnlyList<string>)
            [
                one.Operation.Name, LogTable.Cell(one.Cost.With, "F0"), LogTable.Cell(one.Cost.Without, "F0"),
                "x" + LogTable.Cell(one.Cost.Ratio, "F3"),
            ])]);

    /// <summary>What sharing costs and saves, by the time that an answer's batches take.</summary>
    public static LogTable Sharing(IReadOnlyList<SharingCost> costs)
    {
        double? from = SharingCost.WorthFromMs(costs);
        string figure = from is { } ms ? $"from about {LogTable.Cell(ms)} ms of reading on" : "for none of these";
        return new LogTable(
            "An answer that is found in Redis beside one that is read; CPU of server, PostgreSQL and Redis. Finding, with the cost of "
            + $"having asked in vain once and shared, takes half of the CPU of reading {figure}; answers are shared from "
            + $"{LogTable.Cell(Limits.DearReading.TotalMilliseconds, "F0")} ms on.",
            ["operation", "batches ms", "read us", "found us", "asked in vain and shared us", "ratio", "read ms", "found ms", "ratio"],
            [.. costs.Select(cost => (IReadOnlyList<string>)
            [
                cost.Operation, LogTable.Cell(cost.BatchMs, "F2"), LogTable.Cell(cost.ReadUs, "F0"), LogTable.Cell(cost.FoundUs, "F0"),
                LogTable.Cell(cost.VainUs, "F0"), LogTable.Ratio(cost.FoundUs + cost.VainUs, cost.ReadUs),
                LogTable.Cell(cost.ReadMs, "F2"), LogTable.Cell(cost.FoundMs, "F2"), LogTable.Ratio(cost.FoundMs, cost.ReadMs),
            ])]);
    }

    private static IReadOnlyList<IReadOnlyList<string>> OtherRows(CacheOperation operation, IReadOnlyList<CacheTurn> turns) =>
        turns[0].OtherHit is null
            ? []
            :
            [
                Row(operation, "hit of the other build", turns, turn => turn.OtherHit!),
                Row(operation, "304 of the other build", turns, turn => turn.OtherNotModified!),
            ];

    private static string[] Row(
        CacheOperation operation, string answer, IReadOnlyList<CacheTurn> turns, Func<CacheTurn, CacheCost> cost)
    {
        double Middle(Func<CacheTurn, double> value) => LogTable.Median(turns.Select(value));
        return
        [
            operation.Name, answer,
            LogTable.Cell(Middle(t => cost(t).Bytes), "F0"),
            LogTable.Cell(Middle(t => cost(t).ServerUs)),
            "x" + LogTable.Cell(Middle(t => cost(t).ServerUs / t.Floor.ServerUs), "F2"),
            LogTable.Cell(Middle(t => cost(t).PostgresUs), "F0"),
            LogTable.Cell(Middle(t => cost(t).RedisUs), "F0"),
            LogTable.Cell(Middle(t => cost(t).PerSecond), "F0"),
        ];
    }
}

/// <summary>What sharing the answers of one operation costs and saves; CPU of server, PostgreSQL and Redis.</summary>
/// <param name="Operation">The operation.</param>
/// <param name="BatchMs">The time of its batches.</param>
/// <param name="ReadUs">Read without sharing.</param>
/// <param name="FoundUs">Found in Redis.</param>
/// <param name="VainUs">What it costs more to ask in vain, to read under a lease, and to share.</param>
internal sealed record SharingCost(string Operation, double BatchMs, double ReadUs, double FoundUs, double VainUs)
{
    public required double ReadMs { get; init; }

    public required double FoundMs { get; init; }

    /// <summary>The medians of turns.</summary>
    public static SharingCost Of(CacheOperation operation, IReadOnlyList<CacheTurn> turns)
    {
        double Middle(Func<CacheTurn, double> value) => LogTable.Median(turns.Select(value));
        return new SharingCost(
            operation.Name, Middle(t => t.BatchMs), Middle(t => t.Read.AllUs), Middle(t => t.Found.AllUs),
            Middle(t => t.Shared.AllUs - t.Read.AllUs))
        {
            ReadMs = Middle(t => t.ReadMs),
            FoundMs = Middle(t => t.FoundMs),
        };
    }

    /// <summary>
    /// The time of batches from which on reading takes twice the CPU of finding and of having asked in vain once: on the straight line
    /// between the two operations that it lies between.
    /// </summary>
    /// <returns>Null when it is so for none; the shortest time when it is so for all.</returns>
    public static double? WorthFromMs(IReadOnlyList<SharingCost> costs)
    {
        SharingCost[] byTime = [.. costs.OrderBy(cost => cost.BatchMs)];
        int first = Array.FindLastIndex(byTime, cost => cost.Excess < 0) + 1;
        if (first == byTime.Length)
        {
            return null;
        }

        SharingCost above = byTime[first];
        return first == 0
            ? above.BatchMs
            : above.BatchMs - (above.BatchMs - byTime[first - 1].BatchMs) * above.Excess / (above.Excess - byTime[first - 1].Excess);
    }

    private double Excess => ReadUs - 2 * (FoundUs + VainUs);
}
