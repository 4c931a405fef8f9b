using System.Diagnostics;
using OpenTelemetry.Trace;

namespace CityHelper.Server.Telemetry;

/// <summary>
/// Traces are of requests: statements that the server sends for itself, such as a look at the database's health each second, begin none.
/// All else is as configured.
/// </summary>
internal sealed class RequestSampler(Sampler configured) : Sampler
{
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
        samplingParameters is { ParentContext.TraceId: var trace, Kind: ActivityKind.Client } && trace == default
            ? new SamplingResult(SamplingDecision.Drop)
            : configured.ShouldSample(samplingParameters);
}
