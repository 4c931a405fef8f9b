using CityHelper.Engine.Subscriptions;
using CityHelper.Engine.Transport.WebSockets;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace CityHelper.Server.Subscriptions;

/// <summary>
/// When the server is told to stop: it is no longer ready, then its subscriptions and WebSockets end in random order, and only then does
/// it stop listening. So a deploy is no storm for the servers that stay.
/// </summary>
/// <param name="streams">The subscriptions.</param>
/// <param name="sockets">The WebSockets, also those without subscriptions.</param>
/// <param name="settings">How long that takes.</param>
internal sealed class StreamDraining(EventStreams streams, SocketRegister sockets, EventStreamOptions settings)
    : IHostedLifecycleService, IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(streams.IsDraining ? HealthCheckResult.Unhealthy("The server stops.") : HealthCheckResult.Healthy());

    /// <summary>Runs before any service of the host stops, the web server among them.</summary>
    public Task StoppingAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(streams.DrainAsync(cancellationToken), sockets.DrainAsync(settings.DrainTime, cancellationToken));

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
