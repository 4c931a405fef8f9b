using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace CityHelper.Engine.Telemetry;

/// <summary>
/// Spans and metrics of the engine. Span names are HotChocolate's; attributes follow OpenTelemetry's conventions for GraphQL and databases
/// (https://opentelemetry.io/docs/specs/semconv/graphql/graphql-spans/, …/database/); metric names follow its rules
/// (https://opentelemetry.io/docs/specs/semconv/general/metrics/), with durations in seconds. Names that are not in these conventions begin
/// with <c>cityhelper</c>.
/// </summary>
/// <remarks>
/// Each combination of a metric's labels stays in memory while the server runs. So labels have few values, and none that a client makes up:
/// only published operations appear by name, others as <see cref="OtherOperation"/>. Spans may hold more; clients' texts in them are cut as
/// in logs.
/// </remarks>
public static class EngineTelemetry
{
    /// <summary>The name of the activity source and the meter.</summary>
    public const string Name = "CityHelper.Engine";

    /// <summary>
    /// Stands in metrics for the names of unpublished operations, as <c>_OTHER</c> does in OpenTelemetry for unknown HTTP methods.
    /// </summary>
    public const string OtherOperation = "_OTHER";

    /// <summary>The operation's name.</summary>
    internal const string OperationName = "graphql.operation.name";

    /// <summary><c>query</c>, <c>mutation</c> or <c>subscription</c>.</summary>
    internal const string OperationType = "graphql.operation.type";

    /// <summary>The id of a published operation.</summary>
    internal const string DocumentId = "graphql.document.id";

    /// <summary>The number of errors in a response.</summary>
    internal const string ErrorCount = "graphql.error.count";

    /// <summary>Why a span failed: a code of docs/errors.md.</summary>
    internal const string ErrorType = "error.type";

    /// <summary>The value of <see cref="Target"/> for the primary.</summary>
    internal const string Primary = "primary";

    /// <summary>The value of <see cref="Target"/> for a replica.</summary>
    internal const string Replica = "replica";

    /// <summary>The reason of an answer that was older than needed.</summary>
    internal const string Behind = "behind";

    /// <summary>The reason of an answer whose batches belong to no state that ever was.</summary>
    internal const string Torn = "torn";

    /// <summary>The reason of an answer that could not be read to its end.</summary>
    internal const string Failed = "failed";

    /// <summary>What was read from: <see cref="Primary"/> or <see cref="Replica"/>.</summary>
    internal const string Target = "cityhelper.database.target";

    /// <summary>Why a replica's answer was read again: <see cref="Behind"/>, <see cref="Torn"/> or <see cref="Failed"/>.</summary>
    internal const string UnmetReason = "cityhelper.database.unmet.reason";

    /// <summary>The name of a mutation in the schema.</summary>
    internal const string Mutation = "cityhelper.mutation";

    /// <summary>The share that an execution runs in.</summary>
    internal const string Client = "cityhelper.client";

    /// <summary>The admission line of an execution.</summary>
    internal const string AdmissionKind = "cityhelper.admission.kind";

    /// <summary>Why an execution was refused.</summary>
    internal const string AdmissionReason = "cityhelper.admission.reason";

    internal static readonly ActivitySource Source = new(Name);

    // OpenTelemetry's boundaries for HTTP durations, and three below them: most responses take less than its smallest.
    private static readonly InstrumentAdvice<double> s_durations = new()
    {
        HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
    };

    private static readonly Meter s_meter = new(Name);

    internal static readonly Histogram<double> RequestDuration =
        Duration("cityhelper.graphql.request.duration", "Time from a request's first byte to its answer's last.");

    internal static readonly Counter<long> ResponsesRefused = s_meter.CreateCounter<long>(
        "cityhelper.graphql.response.refusals", "{response}", "Responses refused because response memory was full.");

    internal static readonly Counter<long> SlowReaders = s_meter.CreateCounter<long>(
        "cityhelper.http.slow_readers",
        "{reader}",
        "Streams that were reset and connections that were ended because an answer was read too slowly.");

    internal static readonly Histogram<double> PlanDuration =
        Duration("cityhelper.graphql.plan.duration", "Time to compile an operation for one signature of its variables.");

    internal static readonly Counter<long> ReadsRepeated = s_meter.CreateCounter<long>(
        "cityhelper.database.reads.repeated", "{read}", "Reads that were tried once more because a connection of the pool was dead.");

    internal static readonly Counter<long> Reads = s_meter.CreateCounter<long>(
        "cityhelper.database.reads", "{read}", "Batches and look-ups, by what they were read from.");

    internal static readonly Counter<long> AnswersUnmet = s_meter.CreateCounter<long>(
        "cityhelper.database.answers.unmet", "{answer}", "Answers of replicas that were read again from the primary.");

    internal static readonly Counter<long> SuspendedRefusals = s_meter.CreateCounter<long>(
        "cityhelper.graphql.suspended.refusals",
        "{request}",
        "Requests refused because a statement with the same execution signature outlived its limit.");

    internal static readonly Histogram<double> BatchDuration =
        Duration("cityhelper.graphql.batch.duration", "Time of a plan's database round trip, reading and writing of rows included.");

    /// <summary>Queue time of executions that waited and were admitted.</summary>
    internal static readonly Histogram<double> AdmissionWait =
        Duration(
            "cityhelper.admission.wait.duration",
            "Time that admitted executions waited for permits; executions admitted at once are not recorded.");

    /// <summary>Refusals by client, kind of execution and reason.</summary>
    internal static readonly Counter<long> AdmissionRefusals = s_meter.CreateCounter<long>(
        "cityhelper.admission.refusals", "{refusal}", "Requests refused with 503 before anything was read for them.");

    /// <summary>The tenant of a stored answer, by its name in tags.</summary>
    internal const string CacheTenant = "cityhelper.tenant";

    /// <summary>What the response cache did with a question.</summary>
    internal const string CacheOutcome = "cityhelper.cache.outcome";

    internal static readonly Counter<long> CacheAnswers = s_meter.CreateCounter<long>(
        "cityhelper.cache.answers",
        "{answer}",
        "Answers at cacheable addresses: hit, stale (a hit that lacks changes, and says so), miss, invalidated (stored, and no longer "
            + "valid), joined (another request's execution), shared (another server's), refused.");

    internal static readonly UpDownCounter<long> CacheBytes =
        s_meter.CreateUpDownCounter<long>("cityhelper.cache.size", "By", "Bytes of stored answers.");

    internal static readonly UpDownCounter<long> AdmissionExecutions =
        s_meter.CreateUpDownCounter<long>("cityhelper.admission.executions", "{execution}", "Executions that run now.");

    internal static readonly UpDownCounter<long> Streams =
        s_meter.CreateUpDownCounter<long>("cityhelper.subscription.streams", "{stream}", "Subscriptions that are open.");

    internal static readonly UpDownCounter<long> Sockets =
        s_meter.CreateUpDownCounter<long>("cityhelper.websocket.connections", "{connection}", "WebSockets that are open.");

    internal static readonly UpDownCounter<long> StreamQueue = s_meter.CreateUpDownCounter<long>(
        "cityhelper.subscription.queue", "{event}", "Events that wait for the readers of subscriptions.");

    internal static readonly Histogram<double> EventDelay = Duration(
        "cityhelper.subscription.delay", "Time from the recording of a change until its event was handed to the readers.");

    internal static readonly Counter<long> Resyncs = s_meter.CreateCounter<long>(
        "cityhelper.subscription.resyncs", "{event}", "Subscriptions that were told to read their query again.");

    internal static readonly Counter<long> StreamRefusals = s_meter.CreateCounter<long>(
        "cityhelper.subscription.refusals", "{stream}", "Subscriptions refused because there are too many, or too many new ones.");

    /// <summary>Counts RESYNCs by their reason, one of few values.</summary>
    internal static void CountResyncs(int count, string reason) =>
        Resyncs.Add(count, new KeyValuePair<string, object?>("cityhelper.subscription.reason", reason));

    /// <summary>Counts a read.</summary>
    internal static void CountRead(string target) => Reads.Add(1, new KeyValuePair<string, object?>(Target, target));

    /// <summary>Counts an answer of a replica that is not sent.</summary>
    internal static void CountUnmet(string reason) => AnswersUnmet.Add(1, new KeyValuePair<string, object?>(UnmetReason, reason));

    private static Histogram<double> Duration(string name, string description) =>
        s_meter.CreateHistogram(name, "s", description, tags: null, s_durations);
}
