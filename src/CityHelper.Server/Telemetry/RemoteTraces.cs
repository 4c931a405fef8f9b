using System.Diagnostics;

namespace CityHelper.Server.Telemetry;

/// <summary>
/// What strangers say of traces. This server is public, so the <c>traceparent</c> of a request is text of a client: it may be linked to and
/// decides nothing. Whoever could continue a trace would choose its id, have it kept at every request, and attach spans to other people's
/// traces.
/// </summary>
internal sealed class RemoteTraces : DistributedContextPropagator
{
    public override IReadOnlyCollection<string> Fields => [];

    /// <summary>Links a request's span to the one that its client named, if it named one.</summary>
    public static void Link(Activity span, HttpRequest request)
    {
        // The client's state is left out: it is text of any length, for its own tools.
        if (request.Headers.TraceParent is [{ } named]
            && ActivityContext.TryParse(named, traceState: null, isRemote: true, out ActivityContext remote))
        {
            span.AddLink(new ActivityLink(remote));
        }
    }

    public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter)
    {
        // Nobody is called who would continue a trace.
    }

    public override void ExtractTraceIdAndState(
        object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState)
    {
        traceId = null;
        traceState = null;
    }

    public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) => null;
}
