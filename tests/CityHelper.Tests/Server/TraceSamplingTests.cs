using System.Diagnostics;
using CityHelper.Server.Telemetry;
using Microsoft.AspNetCore.Http;
using OpenTelemetry.Trace;
using Xunit;

namespace CityHelper.Tests.Server;

public sealed class TraceSamplingTests
{
    private const string Stranger = "0af7651916cd43dd8448eb211c80319c";

    [Fact]
    public void A_tenth_of_all_requests_is_traced_unless_another_part_is_configured()
    {
        Assert.InRange(Kept(new TelemetrySettings()), 800, 1_200);
        Assert.InRange(Kept(new TelemetrySettings { Sampler = "traceidratio", SamplerRatio = 0.5 }), 4_500, 5_500);
        Assert.Equal(10_000, Kept(new TelemetrySettings { Sampler = "always_on" }));
        Assert.Equal(0, Kept(new TelemetrySettings { Sampler = "parentbased_always_off" }));
    }

    [Fact]
    public void What_the_server_asks_the_database_for_itself_is_no_trace() =>
        Assert.Equal(0, Kept(new TelemetrySettings { Sampler = "always_on" }, ActivityKind.Client));

    [Theory]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", 1)]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", 1)]
    [InlineData("00-00000000000000000000000000000000-b7ad6b7169203331-01", 0)]
    [InlineData("nonsense", 0)]
    [InlineData("", 0)]
    public void A_traceparent_is_linked_to_when_it_is_one(string traceparent, int links)
    {
        using var span = new Activity("request");
        var http = new DefaultHttpContext();
        http.Request.Headers.TraceParent = traceparent;
        http.Request.Headers.TraceState = "vendor=x";
        RemoteTraces.Link(span.Start(), http.Request);
        Assert.Equal(links, span.Links.Count());
        Assert.All(span.Links, link => Assert.Equal((Stranger, null), (link.Context.TraceId.ToHexString(), link.Context.TraceState)));
        Assert.NotEqual(Stranger, span.TraceId.ToHexString());
    }

    private static int Kept(TelemetrySettings settings, ActivityKind kind = ActivityKind.Server)
    {
        Sampler sampler = new RequestSampler(TelemetryServices.SamplerOf(settings));
        return Enumerable.Range(0, 10_000).Count(_ => sampler.ShouldSample(new SamplingParameters(
            default, ActivityTraceId.CreateRandom(), "request", kind)).Decision == SamplingDecision.RecordAndSample);
    }
}
