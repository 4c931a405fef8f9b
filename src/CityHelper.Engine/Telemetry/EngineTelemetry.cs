using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace CityHelper.Engine.Telemetry;

/// <summary>
/// Spans and metrics of the engine. Span names follow HotChocolate's (conventions §14), metric names OpenTelemetry's rules
/// (https://opentelemetry.io/docs/specs/semconv/general/metrics/): durations in seconds.
/// </summary>
public static class EngineTelemetry
{
    /// <summary>The name to subscribe to.</summary>
    public const string Name = "CityHelper.Engine";

    internal static readonly ActivitySource Source = new(Name);

    private static readonly Meter s_meter = new(Name);

    internal static readonly Histogram<double> RequestDuration =
        s_meter.CreateHistogram<double>("cityhelper.graphql.request.duration", "s", "Time from a request's first byte to its answer's last.");

    internal static readonly Histogram<double> PlanDuration =
        s_meter.CreateHistogram<double>("cityhelper.graphql.plan.duration", "s", "Time to compile an operation for one shape of its variables.");

    internal static readonly Counter<long> ReadsRepeated =
        s_meter.CreateCounter<long>("cityhelper.database.reads.repeated", "{read}", "Reads that were tried once more because a connection of the pool was dead.");

    internal static readonly Counter<long> SuspendedRefusals =
        s_meter.CreateCounter<long>("cityhelper.graphql.suspended.refusals", "{request}", "Requests refused because a statement of their shape outlived its limit.");

    internal static readonly Histogram<double> BatchDuration =
        s_meter.CreateHistogram<double>("cityhelper.graphql.batch.duration", "s", "Time of a plan's database round trip, reading and writing of rows included.");
}
