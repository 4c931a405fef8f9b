using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using CityHelper.Engine.Telemetry;

namespace CityHelper.IntegrationTests.Replicas;

/// <summary>What this process read from replicas since it began, and which of their answers were read again.</summary>
internal sealed class ReadCounts : IDisposable
{
    private readonly ConcurrentQueue<string> _measured = new();
    private readonly MeterListener _listener = new()
    {
        InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == EngineTelemetry.Name
                && instrument.Name is "cityhelper.database.reads" or "cityhelper.database.answers.unmet")
            {
                self.EnableMeasurementEvents(instrument);
            }
        },
    };

    private ReadCounts()
    {
        _listener.SetMeasurementEventCallback<long>((_, _, tags, _) => _measured.Enqueue((string)tags[0].Value!));
        _listener.Start();
    }

    public static ReadCounts Begin() => new();

    /// <summary>Batches that were read from a replica.</summary>
    public int OfReplicas => Count("replica");

    /// <summary>Batches and look-ups that were read from the primary, those of other servers of this process included.</summary>
    public int OfPrimary => Count("primary");

    /// <summary>Why answers were read again, in order.</summary>
    public IEnumerable<string> Unmet => _measured.Where(tag => tag is not ("replica" or "primary"));

    public void Dispose() => _listener.Dispose();

    private int Count(string tag) => _measured.Count(measured => measured == tag);
}
