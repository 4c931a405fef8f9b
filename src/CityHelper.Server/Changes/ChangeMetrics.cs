using System.Diagnostics.Metrics;
using CityHelper.Data.Changes;
using CityHelper.Engine.Telemetry;

namespace CityHelper.Server.Changes;

/// <summary>Metrics of the change log: how late events arrive, and how old what the server knows is. Over all cities.</summary>
internal sealed class ChangeMetrics : IChangeObserver, IDisposable
{
    private readonly TimeProvider _time;
    private readonly Meter _meter = new(EngineTelemetry.Name);
    private readonly Histogram<double> _delay;
    private readonly Counter<long> _events;
    private readonly Counter<long> _resets;

    /// <param name="follower">Known only when something is measured: it has this observer.</param>
    /// <param name="copier">Known as late; null where there is no copy.</param>
    /// <param name="time">The clock.</param>
    public ChangeMetrics(Func<ChangeFollower> follower, Func<ChangeCopier?> copier, TimeProvider time)
    {
        _time = time;
        _delay = _meter.CreateHistogram<double>(
            "cityhelper.changes.delay", "s", "Time from an event's recording, before its commit, to its arrival in this server.",
            advice: new() { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] });
        _events = _meter.CreateCounter<long>("cityhelper.changes.events", "{event}", "Events that this server followed.");
        _resets = _meter.CreateCounter<long>(
            "cityhelper.changes.resets", "{reset}", "How often a city was read anew: at the start, and when an epoch began.");
        _meter.CreateObservableGauge(
            "cityhelper.changes.age", () => AgeOf(follower()), "s",
            "Age of the last proof that all committed events were followed, in the city whose is oldest.");
        _meter.CreateObservableGauge(
            "cityhelper.changes.unnumbered.age", () => follower().OldestUnnumbered.TotalSeconds, "s",
            "Age of the oldest committed event that had no number at the last pulse.");
        _meter.CreateObservableGauge(
            "cityhelper.changes.copy.lag", () => LagOf(copier()), "s",
            "Time since the copy in Redis held all that this server has followed, in the city where it is longest.");
    }

    public void Apply(ChangeEvent change)
    {
        _events.Add(1, new KeyValuePair<string, object?>("cityhelper.change.kind", change.Kind.ToString().ToLowerInvariant()));
        _delay.Record(Math.Max(0, (_time.GetUtcNow().UtcDateTime - change.RecordedAt).TotalSeconds));
    }

    public void Reset(short cityId, ChangePosition position, IReadOnlyList<ChangeEvent> recent) => _resets.Add(1);

    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<double>> LagOf(ChangeCopier? copier) =>
        copier is null ? [] : [new Measurement<double>(copier.Lag.TotalSeconds)];

    private static double AgeOf(ChangeFollower follower)
    {
        double oldest = 0;
        foreach (short city in follower.CityIds)
        {
            oldest = Math.Max(oldest, follower.Age(city)?.TotalSeconds ?? 0);
        }

        return oldest;
    }
}
