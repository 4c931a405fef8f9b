using System.ComponentModel.DataAnnotations;
using CityHelper.Engine.Telemetry;
using CityHelper.Server.Configuration;

namespace CityHelper.Server.Telemetry;

/// <summary>
/// OpenTelemetry, by its standard variables. Those that are not here, such as <c>OTEL_EXPORTER_OTLP_HEADERS</c>, are read by its SDK. Of
/// the variables of one signal the addresses alone are read.
/// </summary>
public sealed class TelemetrySettings : ISettings
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string TracesEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    private const string MetricsEndpoint = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT";
    private const string LogsEndpoint = "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT";
    private const string ProtocolKey = "OTEL_EXPORTER_OTLP_PROTOCOL";
    private const string SamplerKey = "OTEL_TRACES_SAMPLER";

    /// <summary>Names of samplers that the SDK knows (https://opentelemetry.io/docs/languages/sdk-configuration/general/).</summary>
    private static readonly string[] s_samplers =
        ["always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"];

    /// <summary>
    /// Where traces, metrics and logs are sent: the address of a collector. Without it, and without one of a signal's own, nothing is sent
    /// anywhere.
    /// </summary>
    [ConfigurationKeyName(Endpoint)]
    [Setting(IsSecret = true, Default = "none: nothing is sent")]
    public string? OtlpEndpoint { get; set; }

    /// <summary>Where traces are sent, if not there.</summary>
    [ConfigurationKeyName(TracesEndpoint)]
    [Setting(IsSecret = true)]
    public string? OtlpTracesEndpoint { get; set; }

    /// <summary>Where metrics are sent, if not there.</summary>
    [ConfigurationKeyName(MetricsEndpoint)]
    [Setting(IsSecret = true)]
    public string? OtlpMetricsEndpoint { get; set; }

    /// <summary>Where logs are sent, if not there.</summary>
    [ConfigurationKeyName(LogsEndpoint)]
    [Setting(IsSecret = true)]
    public string? OtlpLogsEndpoint { get; set; }

    /// <summary>How all of them are sent: <c>grpc</c>, or <c>http/protobuf</c>.</summary>
    [ConfigurationKeyName(ProtocolKey)]
    public string OtlpProtocol { get; set; } = "grpc";

    /// <summary>Which traces are kept.</summary>
    [ConfigurationKeyName(SamplerKey)]
    public string Sampler { get; set; } = "parentbased_traceidratio";

    /// <summary>The part of all traces that is kept, of samplers with a ratio: 1 is all of them.</summary>
    [ConfigurationKeyName("OTEL_TRACES_SAMPLER_ARG")]
    [Range(0d, 1d)]
    public double SamplerRatio { get; set; } = Limits.TracesKeptDefault;

    /// <summary>The name of this service in all that is sent.</summary>
    [ConfigurationKeyName("OTEL_SERVICE_NAME")]
    public string ServiceName { get; set; } = "cityhelper";

    /// <summary>Whether there is no telemetry but the console's log, whatever else is set.</summary>
    [ConfigurationKeyName("OTEL_SDK_DISABLED")]
    public bool Disabled { get; set; }

    /// <summary>Whether traces are sent.</summary>
    internal bool SendsTraces => IsSent(OtlpTracesEndpoint);

    /// <summary>Whether metrics are sent.</summary>
    internal bool SendsMetrics => IsSent(OtlpMetricsEndpoint);

    /// <summary>Whether logs are sent.</summary>
    internal bool SendsLogs => IsSent(OtlpLogsEndpoint);

    void ISettings.Read(SettingsReader reader) => reader.Read(this, "");

    IEnumerable<string> ISettings.Problems(IHostEnvironment environment)
    {
        foreach ((string key, string? address) in new[]
        {
            (Endpoint, OtlpEndpoint),
            (TracesEndpoint, OtlpTracesEndpoint),
            (MetricsEndpoint, OtlpMetricsEndpoint),
            (LogsEndpoint, OtlpLogsEndpoint),
        })
        {
            // Not shown: an address may hold a name and a password.
            if (address is not null && !(Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https"))
            {
                yield return $"{key} is no address: set it to one such as http://collector:4317.";
            }
        }

        if (OtlpProtocol is not ("grpc" or "http/protobuf"))
        {
            yield return $"{ProtocolKey} is {LogText.Escape(OtlpProtocol, Limits.ShownSettingCharsMax)}: set it to grpc or http/protobuf.";
        }

        if (!s_samplers.Contains(Sampler, StringComparer.Ordinal))
        {
            string shown = LogText.Escape(Sampler, Limits.ShownSettingCharsMax);
            yield return $"{SamplerKey} is {shown}: set it to one of {string.Join(", ", s_samplers)}.";
        }
    }

    private bool IsSent(string? own) => !Disabled && (own ?? OtlpEndpoint) is not null;
}
