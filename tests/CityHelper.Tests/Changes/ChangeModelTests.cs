using System.Diagnostics;
using System.Globalization;
using CityHelper.Tests.Changes.Model;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.Tests.Changes;

/// <summary>
/// The change log in virtual time: the product's numbering, following and copying on a model of PostgreSQL and Redis that promotes, loses,
/// hangs and forgets; and the product's response cache, whose answers are compared with what was true.
/// </summary>
/// <remarks>
/// <c>CITYHELPER_CHANGE_HISTORIES</c> runs more histories than usual, <c>CITYHELPER_CHANGE_SEED</c> begins with another seed. A history
/// that fails prints its seed and what happened; run it alone with these two.
/// </remarks>
public sealed class ChangeModelTests(ITestOutputHelper output)
{
    /// <summary>What must have happened, or the histories prove little.</summary>
    private static readonly string[] s_ingredients =
    [
        "mutation", "redaction", "import with events", "import with one event", "announcement", "announced twice",
        "writer died before commit", "writer died before numbering", "import died before commit", "numbered by its writer",
        "answer of the primary", "answer of a replica", "trimmed", "promotion", "promotion with loss", "restore with loss",
        "epoch by timeline", "epoch by witness", "witness Held", "witness Lost", "witness Unknown",
        "append Done", "append Gap", "append Different", "stream begun anew", "reset came late", "stream lost", "stream cut",
        "stream failed over", "stream slow", "stream hung", "stream's answer lost", "told: stream away", "told: stream back",
        "database slow", "database hung", "database failed before", "database failed after", "told: database away", "told: database back",
        "server died", "server of a replica", "fill", "reset", "deploy", "key rotated",
        "Reference event", "Boundary event", "Purge event", "stored answer", "stored answer, 304", "executed answer", "joined answer",
        "failed answer", "failure shared", "kept answer valid", "kept answer refused", "lagging answer read again",
        "torn answer read again", "answer stored", "answer not stored", "shape of another revision",
        "answer after a loss that nothing tells",
    ];

    public static TheoryData<PlantedFault> Faults => new(Enum.GetValues<PlantedFault>().Where(fault => fault != PlantedFault.None));

    [Fact]
    public void Every_history_keeps_every_promise()
    {
        int histories = Setting("CITYHELPER_CHANGE_HISTORIES", 5_000);
        int first = Setting("CITYHELPER_CHANGE_SEED", 1);
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        long begin = Stopwatch.GetTimestamp();
        for (int seed = first; seed < first + histories; seed++)
        {
            ModelScheduler history = ModelHistory.Run(seed, PlantedFault.None, isTraced: false);
            if (history.Violation is not null)
            {
                Assert.Fail(Tell(seed, PlantedFault.None));
            }

            foreach ((string ingredient, int count) in history.Counts)
            {
                counts[ingredient] = counts.GetValueOrDefault(ingredient) + count;
            }
        }

        double seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{histories} histories, {histories / seconds:0} per second"));
        output.WriteLine(string.Join('\n', counts.Select(count => $"{count.Value,9}  {count.Key}")));
        if (histories >= 1_000)
        {
            Assert.Equal("", string.Join(", ", s_ingredients.Where(ingredient => !counts.ContainsKey(ingredient))));
        }
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_planted_fault_is_found(PlantedFault fault)
    {
        for (int seed = 1; seed <= 5_000; seed++)
        {
            if (ModelHistory.Run(seed, fault, isTraced: false).Violation is { } violation)
            {
                output.WriteLine($"found by history {seed}: {violation}");
                return;
            }
        }

        Assert.Fail("No history found it.");
    }

    [Fact]
    public void A_Redis_that_hangs_keeps_nobody_from_following()
    {
        (ModelScheduler history, TimeSpan oldest) = ModelHistory.RunWithHangingStream(seed: 1);
        Assert.Null(history.Violation);
        Assert.Equal(1, history.Counts["told: stream away"]);
        Assert.True(oldest < TimeSpan.FromSeconds(2), $"the proof was {oldest} old");
    }

    [Fact]
    public void The_lag_of_the_copy_tells_how_long_Redis_has_been_away()
    {
        (ModelScheduler history, IReadOnlyList<TimeSpan> lags) = ModelHistory.RunWithStreamAway(seed: 1);
        output.WriteLine(string.Join(' ', lags.Select(lag => lag.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture))));
        Assert.Null(history.Violation);
        Assert.All(lags.Take(8), lag => Assert.InRange(lag.TotalSeconds, 0, 1));
        Assert.All(lags.Skip(8).Take(4).Index(), lag => Assert.InRange(lag.Item.TotalSeconds, lag.Index + 0.5, lag.Index + 2));
        Assert.All(lags.Skip(13), lag => Assert.InRange(lag.TotalSeconds, 0, 1));
    }

    [Fact]
    public void A_log_that_is_not_followed_answers_nothing_from_the_store_after_30_seconds()
    {
        (ModelScheduler history, IReadOnlyList<bool> stored) = ModelHistory.RunWithDatabaseAway(seed: 1);
        output.WriteLine(string.Concat(stored.Select(one => one ? '+' : '-')));
        Assert.Null(history.Violation);
        Assert.All(stored.Skip(2).Take(31), Assert.True);
        Assert.All(stored.Skip(36).Take(9), Assert.False);
        Assert.All(stored.Skip(47), Assert.True);
    }

    /// <summary>The same history again, with its trace.</summary>
    private static string Tell(int seed, PlantedFault fault)
    {
        ModelScheduler history = ModelHistory.Run(seed, fault, isTraced: true);
        return $"History {seed}: {history.Violation}\n{string.Join('\n', history.Trace)}";
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : otherwise;
}
