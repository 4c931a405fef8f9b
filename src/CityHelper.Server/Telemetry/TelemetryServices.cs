using System.Diagnostics;
using CityHelper.Engine.Telemetry;
using CityHelper.Server.Configuration;
using Npgsql;
using OpenTelemetry;
using OpenTelemetry.Context.Propagation;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace CityHelper.Server.Telemetry;

/// <summary>Registers OpenTelemetry. docs/operating.md lists its signals.</summary>
internal static class TelemetryServices
{
    /// <summary>Adds only what is configured: a signal without an address is not recorded, and there is no default address.</summary>
    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        TelemetrySettings telemetry = SettingsReader.Read<TelemetrySettings>(builder.Configuration);
        bool isScraped = !telemetry.Disabled && SettingsReader.Read<MetricsSettings>(builder.Configuration).Port is not null;
        builder.Services.AddSettings<TelemetrySettings>();
        builder.Services.AddSettings<MetricsSettings>();

        // Also needed without tracing: logs carry trace ids.
        builder.Services.AddSingleton<DistributedContextPropagator>(new RemoteTraces());
        if (!isScraped && !telemetry.SendsTraces && !telemetry.SendsMetrics && !telemetry.SendsLogs)
        {
            return;
        }

        OpenTelemetryBuilder signals = builder.Services.AddOpenTelemetry().ConfigureResource(resource => resource
            .AddService(telemetry.ServiceName, serviceVersion: typeof(ServerApplication).Assembly.GetName().Version?.ToString())
            .AddEnvironmentVariableDetector());
        if (telemetry.SendsTraces)
        {
            signals.WithTracing(traces => AddTraces(traces, telemetry));
        }

        if (telemetry.SendsMetrics || isScraped)
        {
            signals.WithMetrics(metrics => AddMetrics(metrics, telemetry, isScraped));
        }

        if (telemetry.SendsLogs)
        {
            signals.WithLogging(
                logs => logs.AddOtlpExporter("logs", options => SendTo(options, telemetry.OtlpLogsEndpoint)),
                options => options.IncludeFormattedMessage = true);
        }

        if (isScraped)
        {
            builder.Services.AddHostedService<MetricsListener>();
        }
    }

    private static void AddTraces(TracerProviderBuilder traces, TelemetrySettings telemetry)
    {
        // Otherwise OpenTelemetry's instrumentation would continue clients' traces, although ASP.NET Core does not.
        Sdk.SetDefaultTextMapPropagator(new CompositeTextMapPropagator([]));
        traces
            .AddSource(EngineTelemetry.Name)
            .AddAspNetCoreInstrumentation(options =>
            {
                options.Filter = http => !IsOfOperators(http.Request.Path);
                options.EnrichWithHttpRequest = RemoteTraces.Link;
            })
            .AddNpgsql()
            .SetSampler(new RequestSampler(SamplerOf(telemetry)))
            .AddOtlpExporter("traces", options => SendTo(options, telemetry.OtlpTracesEndpoint));
    }

    private static void AddMetrics(MeterProviderBuilder metrics, TelemetrySettings telemetry, bool isScraped)
    {
        metrics
            .AddMeter(EngineTelemetry.Name)
            .AddAspNetCoreInstrumentation()
            .AddNpgsqlInstrumentation()
            .AddRuntimeInstrumentation()
            .AddProcessInstrumentation();
        if (telemetry.SendsMetrics)
        {
            metrics.AddOtlpExporter("metrics", options => SendTo(options, telemetry.OtlpMetricsEndpoint));
        }

        if (isScraped)
        {
            metrics.AddPrometheusExporter(options =>
            {
                options.ScopeInfoEnabled = false;
                options.MaxScrapeResponseSizeBytes = Limits.MetricsBytesMax;
                options.ScrapeResponseTimeoutMilliseconds = Limits.MetricsTimeoutMs;
            });
        }
    }

    // The exporter reads the address for all signals, but none for a single signal: it would send to a collector on this machine.
    private static void SendTo(OtlpExporterOptions options, string? own)
    {
        if (own is not null)
        {
            options.Endpoint = new Uri(own);
        }
    }

    // Probes come each second and would be most of the traces.
    private static bool IsOfOperators(PathString path) =>
        path.StartsWithSegments("/health") || path.StartsWithSegments(MetricsListener.Path);

    internal static Sampler SamplerOf(TelemetrySettings telemetry) => telemetry.Sampler switch
    {
        "always_on" => new AlwaysOnSampler(),
        "always_off" => new AlwaysOffSampler(),
        "traceidratio" => new TraceIdRatioBasedSampler(telemetry.SamplerRatio),
        "parentbased_always_on" => new ParentBasedSampler(new AlwaysOnSampler()),
        "parentbased_always_off" => new ParentBasedSampler(new AlwaysOffSampler()),
        _ => new ParentBasedSampler(new TraceIdRatioBasedSampler(telemetry.SamplerRatio)),
    };
}
