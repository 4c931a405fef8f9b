using System.Diagnostics;

namespace CityHelper.Server.Telemetry;

/// <summary>
/// Treats the trace context of clients as untrusted. This server is public, so the <c>traceparent</c> of a request is a client's text: a
/// span may link to it, and it decides nothing. A client that could continue a trace would choose its id, have every request sampled, and
/// attach spans to other people's traces.
/// </summary>
internal sealed class RemoteTraces : DistributedContextPropagator
{
    public override IReadOnlyCollection<string> Fields => [];

    /// <summary>Links a request's span to the one that its client named, if any.</summary>
    public static void Link(Activity span, HttpRequest request)
    {
        // Leaves out the client's tracestate: it is text of any length, for the client's own tools.
        if (request.Headers.TraceParent is [{ } named]
            && ActivityContext.TryParse(named, traceState: null, isRemote: true, out ActivityContext remote))
        {
            span.AddLink(new ActivityLink(remote));
        }
    }

    public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter)
    {
        // The server calls nothing that would continue a trace.
    }

    public override void ExtractTraceIdAndState(
        object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState)
    {
        traceId = null;
        traceState = null;
    }

    public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) => null;
}
