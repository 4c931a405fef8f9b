using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using CityHelper.Engine.Telemetry;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Xunit;

namespace CityHelper.IntegrationTests.Serving;

[Collection(PostgresCollection.Name)]
public sealed class TelemetryTests(ReadingHouse house) : IClassFixture<ReadingHouse>
{
    [Fact]
    public async Task A_request_is_a_span_with_its_plan_and_its_batch_inside_and_three_durations()
    {
        var spans = new ConcurrentQueue<Activity>();
        var durations = new ConcurrentDictionary<string, double>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == EngineTelemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        using var meters = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == EngineTelemetry.Name)
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        meters.SetMeasurementEventCallback<double>((instrument, value, _, _) => durations[instrument.Name] = value);
        meters.Start();

        await house.Server.DataAsync("query Seen { cities { slug name timeZone } }");

        Activity request = spans.Single(s => s.OperationName == "GraphQL HTTP POST");
        Assert.Equal("Seen", request.GetTagItem("graphql.operation.name"));
        Assert.Equal(
            ["GraphQL Operation Execution", "GraphQL Operation Planning"],
            spans.Where(s => s.ParentSpanId == request.SpanId).Select(s => s.OperationName).Order());
        Assert.Equal(
            ["cityhelper.graphql.batch.duration", "cityhelper.graphql.plan.duration", "cityhelper.graphql.request.duration"],
            durations.Keys.Order());
        Assert.All(durations.Values, seconds => Assert.InRange(seconds, 1e-6, 60));
        Assert.True(durations["cityhelper.graphql.batch.duration"] < durations["cityhelper.graphql.request.duration"]);
    }
}
