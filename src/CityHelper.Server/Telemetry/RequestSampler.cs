using System.Diagnostics;
using OpenTelemetry.Trace;

namespace CityHelper.Server.Telemetry;

/// <summary>
/// Samples statements only within a sampled request, whatever sampler is configured. Otherwise the health check of each second and the
/// warm-up of each connection would start traces.
/// </summary>
internal sealed class RequestSampler(Sampler configured) : Sampler
{
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
        samplingParameters.Kind == ActivityKind.Client && (samplingParameters.ParentContext.TraceFlags & ActivityTraceFlags.Recorded) == 0
            ? new SamplingResult(SamplingDecision.Drop)
            : configured.ShouldSample(samplingParameters);
}
