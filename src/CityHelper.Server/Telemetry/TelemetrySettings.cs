using System.ComponentModel.DataAnnotations;
using CityHelper.Engine.Telemetry;
using CityHelper.Server.Configuration;

namespace CityHelper.Server.Telemetry;

/// <summary>
/// OpenTelemetry, by its standard variables. Its SDK reads those that are not listed here, such as <c>OTEL_EXPORTER_OTLP_HEADERS</c>. Of
/// the variables for a single signal, only the addresses are read.
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
    /// The address of the collector for traces, metrics and logs. A signal without this and without its own address is not sent anywhere.
    /// </summary>
    [ConfigurationKeyName(Endpoint)]
    [Setting(IsSecret = true, Default = "none: nothing is sent")]
    public string? OtlpEndpoint { get; set; }

    /// <summary>The address for traces, if it is another.</summary>
    [ConfigurationKeyName(TracesEndpoint)]
    [Setting(IsSecret = true)]
    public string? OtlpTracesEndpoint { get; set; }

    /// <summary>The address for metrics, if it is another.</summary>
    [ConfigurationKeyName(MetricsEndpoint)]
    [Setting(IsSecret = true)]
    public string? OtlpMetricsEndpoint { get; set; }

    /// <summary>The address for logs, if it is another.</summary>
    [ConfigurationKeyName(LogsEndpoint)]
    [Setting(IsSecret = true)]
    public string? OtlpLogsEndpoint { get; set; }

    /// <summary>The protocol of all signals: <c>grpc</c>, or <c>http/protobuf</c>.</summary>
    [ConfigurationKeyName(ProtocolKey)]
    public string OtlpProtocol { get; set; } = "grpc";

    /// <summary>The sampler, which decides what traces are kept.</summary>
    [ConfigurationKeyName(SamplerKey)]
    public string Sampler { get; set; } = "parentbased_traceidratio";

    /// <summary>The share of traces that samplers with a ratio keep: 1 is all of them.</summary>
    [ConfigurationKeyName("OTEL_TRACES_SAMPLER_ARG")]
    [Range(0d, 1d)]
    public double SamplerRatio { get; set; } = Limits.TracesKeptDefault;

    /// <summary>The name of this service in all signals.</summary>
    [ConfigurationKeyName("OTEL_SERVICE_NAME")]
    public string ServiceName { get; set; } = "cityhelper";

    /// <summary>Whether all telemetry but the console's log is off, whatever else is set.</summary>
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
            // The value is not shown: an address may hold a user name and a password.
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
