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

    internal static readonly Counter<long> ResponsesRefused =
        s_meter.CreateCounter<long>("cityhelper.graphql.response.refusals", "{response}", "Answers that had no room beside those that are held.");

    internal static readonly Counter<long> SlowReaders =
        s_meter.CreateCounter<long>("cityhelper.http.slow_readers", "{reader}", "Streams that were reset and connections that were ended because an answer was read too slowly.");

    internal static readonly Histogram<double> PlanDuration =
        s_meter.CreateHistogram<double>("cityhelper.graphql.plan.duration", "s", "Time to compile an operation for one shape of its variables.");

    internal static readonly Counter<long> ReadsRepeated =
        s_meter.CreateCounter<long>("cityhelper.database.reads.repeated", "{read}", "Reads that were tried once more because a connection of the pool was dead.");

    internal static readonly Counter<long> SuspendedRefusals =
        s_meter.CreateCounter<long>("cityhelper.graphql.suspended.refusals", "{request}", "Requests refused because a statement of their shape outlived its limit.");

    internal static readonly Histogram<double> BatchDuration =
        s_meter.CreateHistogram<double>("cityhelper.graphql.batch.duration", "s", "Time of a plan's database round trip, reading and writing of rows included.");

    /// <summary>Time in the queue, of executions that waited and were admitted.</summary>
    internal static readonly Histogram<double> AdmissionWait =
        s_meter.CreateHistogram<double>("cityhelper.admission.wait.duration", "s", "Time that admitted executions waited for a place; those that found one are not in it.");

    /// <summary>Refusals by client, kind of execution and reason.</summary>
    internal static readonly Counter<long> AdmissionRefusals =
        s_meter.CreateCounter<long>("cityhelper.admission.refusals", "{refusal}", "Requests refused with 503 before anything was read for them.");

    internal static readonly UpDownCounter<long> AdmissionExecutions =
        s_meter.CreateUpDownCounter<long>("cityhelper.admission.executions", "{execution}", "Executions that run now.");
}
