using System.Diagnostics;
using OpenTelemetry.Trace;

namespace CityHelper.Server.Telemetry;

/// <summary>
/// Traces are of requests: statements are in them where the request is, and begin none of their own. The server looks at the database's
/// health each second, and warms up each connection, whatever sampler is configured for the rest.
/// </summary>
internal sealed class RequestSampler(Sampler configured) : Sampler
{
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
        samplingParameters.Kind == ActivityKind.Client && (samplingParameters.ParentContext.TraceFlags & ActivityTraceFlags.Recorded) == 0
            ? new SamplingResult(SamplingDecision.Drop)
            : configured.ShouldSample(samplingParameters);
}
