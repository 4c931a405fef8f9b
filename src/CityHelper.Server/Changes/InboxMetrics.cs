using System.Diagnostics.Metrics;
using CityHelper.Engine.Telemetry;

namespace CityHelper.Server.Changes;

/// <summary>Metrics of the inboxes. Over all cities and services: who sends garbage says any name.</summary>
internal sealed class InboxMetrics : IDisposable
{
    private readonly Meter _meter = new(EngineTelemetry.Name);
    private readonly Counter<long> _refusals;

    public InboxMetrics() => _refusals = _meter.CreateCounter<long>(
        "cityhelper.inbox.refusals", "{entry}", "Entries of inboxes that became dead letters.");

    /// <summary>Counts refused entries.</summary>
    /// <param name="reason">Why, as it stands in a dead letter.</param>
    /// <param name="entries">How many.</param>
    public void Refused(string reason, int entries) =>
        _refusals.Add(entries, new KeyValuePair<string, object?>("cityhelper.inbox.reason", reason));

    public void Dispose() => _meter.Dispose();
}
