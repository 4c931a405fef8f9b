using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using CityHelper.Engine;
using CityHelper.Engine.Subscriptions;
using CityHelper.Engine.Telemetry;
using Xunit;
using static CityHelper.Tests.Engine.Subscriptions.DispatchedStreams;

namespace CityHelper.Tests.Engine.Subscriptions;

/// <summary>What operators see of subscriptions. Meters belong to the process, so nothing else may run meanwhile.</summary>
[Collection(nameof(StreamMetricsCollection))]
public sealed class StreamMetricsTests : IDisposable
{
    private readonly DispatchedStreams _city = new();
    private readonly MeterListener _meters = new();
    private readonly ConcurrentDictionary<string, long> _sums = new();

    public StreamMetricsTests()
    {
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == EngineTelemetry.Name
                && instrument.Name.StartsWith("cityhelper.subscription.", StringComparison.Ordinal))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            string last = instrument.Name[instrument.Name.LastIndexOf('.')..];
            string name = string.Join(' ', [last, .. tags.ToArray().Select(tag => $"{tag.Value}")]);
            _sums.AddOrUpdate(name, value, (_, sum) => sum + value);
        });
        _meters.Start();
    }

    public void Dispose()
    {
        _meters.Dispose();
        _city.Dispose();
    }

    [Fact]
    public async Task Streams_what_waits_in_them_and_their_resyncs_are_counted()
    {
        EventStream stream = await _city.OpenAsync();
        await NextAsync(stream);
        Assert.Equal(1, Sum(".streams"));
        for (int i = 0; i < 3; i++)
        {
            _city.Change(1);
        }

        await _city.DispatchedAsync();
        Assert.Equal(3, Sum(".queue"));
        await NextAsync(stream);
        Assert.Equal(2, Sum(".queue"));

        // One RESYNC in place of what waited, and what came behind it.
        for (int i = 2; i < Limits.StreamEventsMax + 2; i++)
        {
            _city.Change(1);
        }

        await _city.DispatchedAsync();
        Assert.Equal(1, Sum(".resyncs Overflow"));
        Assert.Equal(2, Sum(".queue"));
        stream.Dispose();
        Assert.Equal(0, Sum(".queue"));
        Assert.Equal(0, Sum(".streams"));
    }

    private long Sum(string name) => _sums.GetValueOrDefault(name);
}

/// <summary>Runs while no other test does.</summary>
[CollectionDefinition(nameof(StreamMetricsCollection), DisableParallelization = true)]
public sealed class StreamMetricsCollection;
