using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace CityHelper.Engine.Telemetry;

/// <summary>
/// Spans and metrics of the engine. Span names follow HotChocolate's (conventions §14), attributes OpenTelemetry's conventions for GraphQL
/// and databases (https://opentelemetry.io/docs/specs/semconv/graphql/graphql-spans/, …/database/), metric names its rules
/// (https://opentelemetry.io/docs/specs/semconv/general/metrics/): durations in seconds. What has no name there begins with
/// <c>cityhelper</c>.
/// </summary>
/// <remarks>
/// Each combination of a metric's labels is kept for as long as the server runs, so labels have few values and none that a client makes up:
/// operations have their names there only when they are published, and are <see cref="OtherOperation"/> otherwise. Spans may hold more;
/// texts of clients are bounded there as in logs.
/// </remarks>
public static class EngineTelemetry
{
    /// <summary>The name to subscribe to.</summary>
    public const string Name = "CityHelper.Engine";

    /// <summary>
    /// What stands in metrics for the names of operations that are not published, as OpenTelemetry has it of methods of HTTP that it does
    /// not know.
    /// </summary>
    public const string OtherOperation = "_OTHER";

    /// <summary>The operation's own name.</summary>
    internal const string OperationName = "graphql.operation.name";

    /// <summary><c>query</c>, <c>mutation</c> or <c>subscription</c>.</summary>
    internal const string OperationType = "graphql.operation.type";

    /// <summary>The id of a published operation.</summary>
    internal const string DocumentId = "graphql.document.id";

    /// <summary>How many errors an answer tells.</summary>
    internal const string ErrorCount = "graphql.error.count";

    /// <summary>Why a span failed: a code of docs/errors.md.</summary>
    internal const string ErrorType = "error.type";

    /// <summary>The share that an execution runs in.</summary>
    internal const string Client = "cityhelper.client";

    /// <summary>The line of places that an execution stands in.</summary>
    internal const string AdmissionKind = "cityhelper.admission.kind";

    /// <summary>Why an execution was refused.</summary>
    internal const string AdmissionReason = "cityhelper.admission.reason";

    internal static readonly ActivitySource Source = new(Name);

    // The steps that the conventions have for durations of HTTP, and three more below: most answers take less than the first of those.
    private static readonly InstrumentAdvice<double> s_durations = new()
    {
        HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
    };

    private static readonly Meter s_meter = new(Name);

    internal static readonly Histogram<double> RequestDuration =
        Duration("cityhelper.graphql.request.duration", "Time from a request's first byte to its answer's last.");

    internal static readonly Counter<long> ResponsesRefused =
        s_meter.CreateCounter<long>("cityhelper.graphql.response.refusals", "{response}", "Answers that had no room beside those that are held.");

    internal static readonly Counter<long> SlowReaders =
        s_meter.CreateCounter<long>("cityhelper.http.slow_readers", "{reader}", "Streams that were reset and connections that were ended because an answer was read too slowly.");

    internal static readonly Histogram<double> PlanDuration =
        Duration("cityhelper.graphql.plan.duration", "Time to compile an operation for one shape of its variables.");

    internal static readonly Counter<long> ReadsRepeated =
        s_meter.CreateCounter<long>("cityhelper.database.reads.repeated", "{read}", "Reads that were tried once more because a connection of the pool was dead.");

    internal static readonly Counter<long> SuspendedRefusals =
        s_meter.CreateCounter<long>("cityhelper.graphql.suspended.refusals", "{request}", "Requests refused because a statement of their shape outlived its limit.");

    internal static readonly Histogram<double> BatchDuration =
        Duration("cityhelper.graphql.batch.duration", "Time of a plan's database round trip, reading and writing of rows included.");

    /// <summary>Time in the queue, of executions that waited and were admitted.</summary>
    internal static readonly Histogram<double> AdmissionWait =
        Duration(
            "cityhelper.admission.wait.duration", "Time that admitted executions waited for a place; those that found one are not in it.");

    /// <summary>Refusals by client, kind of execution and reason.</summary>
    internal static readonly Counter<long> AdmissionRefusals =
        s_meter.CreateCounter<long>("cityhelper.admission.refusals", "{refusal}", "Requests refused with 503 before anything was read for them.");

    internal static readonly UpDownCounter<long> AdmissionExecutions =
        s_meter.CreateUpDownCounter<long>("cityhelper.admission.executions", "{execution}", "Executions that run now.");

    private static Histogram<double> Duration(string name, string description) =>
        s_meter.CreateHistogram(name, "s", description, tags: null, s_durations);
}
