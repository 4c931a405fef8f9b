using System.Net;
using CityHelper.Engine.Telemetry;
using CityHelper.Server.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;

namespace CityHelper.Server.Telemetry;

/// <summary>
/// Serves <c>/metrics</c> to Prometheus from a separate server on a separate port: the public server has no such endpoint, and metrics stay
/// readable while clients hold all of its connections.
/// </summary>
internal sealed class MetricsListener(
    IOptions<MetricsSettings> settings, MeterProvider metrics, ILoggerFactory loggers, ILogger<MetricsListener> logger)
    : IHostedService, IAsyncDisposable
{
    /// <summary>The path of the metrics.</summary>
    public const string Path = "/metrics";

    private WebApplication? _app;

    /// <exception cref="IOException">The port is taken.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(Configure);
        builder.Services.AddSingleton(loggers);

        // The main server already logs that it has started.
        builder.Services.Configure<ConsoleLifetimeOptions>(options => options.SuppressStatusMessages = true);
        _app = builder.Build();
        _app.UseSafeHeaders();
        _app.Use((http, next) =>
        {
            // Scrapes are not client requests.
            if (http.Features.Get<IHttpMetricsTagsFeature>() is { } own)
            {
                own.MetricsDisabled = true;
            }

            return next(http);
        });
        _app.UseOpenTelemetryPrometheusScrapingEndpoint(
            metrics, predicate: null, path: Path, configureBranchedPipeline: null, optionsName: null);
        await _app.StartAsync(cancellationToken);
        LogMessages.MetricsServed(logger, settings.Value.Address, settings.Value.Port!.Value);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_app is not null)
        {
            await _app.StopAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }
    }

    private void Configure(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = Limits.MetricsConnectionsMax;
        kestrel.Limits.MaxConcurrentUpgradedConnections = 0;
        kestrel.Limits.MaxRequestBodySize = 0;
        kestrel.Listen(
            IPAddress.Parse(settings.Value.Address), settings.Value.Port!.Value, listen => listen.Protocols = HttpProtocols.Http1);
    }
}

/// <summary>The log messages of telemetry.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(EventIds.MetricsServed, LogLevel.Information, "Metrics are served at http://{Address}:{Port}/metrics")]
    public static partial void MetricsServed(ILogger logger, LogText address, int port);
}
