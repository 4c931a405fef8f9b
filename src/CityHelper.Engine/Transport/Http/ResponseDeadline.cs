using CityHelper.Engine.Telemetry;
using CityHelper.Engine.Writing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CityHelper.Engine.Transport.Http;

/// <summary>
/// Ends the connection of a client that reads a response too slowly, whichever endpoint sends it. The server's own minimum rate does not
/// see a client that opens an HTTP/2 window byte by byte, and lets a large response at the minimum rate take half an hour.
/// </summary>
/// <remarks>
/// On HTTP/2 only the first such stream is reset: a proxy sends the responses of many readers over one connection, and one of them may be
/// slow. The second ends the connection: otherwise a client that lets responses wait one after the other would hold a connection's memory
/// for as long as it likes.
/// </remarks>
internal sealed class ResponseDeadline(TimeProvider time, ILogger<ResponseDeadline> logger)
{
    public async Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        using var writing = new Writing(http, this);
        http.Response.OnStarting(static state => ((Writing)state).StartAsync(), writing);
        Task running = next(http);
        if (!running.IsCompleted)
        {
            writing.Wait();
        }

        await running;
    }

    private static readonly KeyValuePair<string, object?> s_stream = new("cityhelper.http.ended", "stream");
    private static readonly KeyValuePair<string, object?> s_connection = new("cityhelper.http.ended", "connection");

    /// <summary>The time from a response's first byte to its last.</summary>
    private sealed class Writing(HttpContext http, ResponseDeadline deadline) : IDisposable
    {
        private readonly IConnectionLifetimeFeature? _connection = http.Features.Get<IConnectionLifetimeFeature>();
        private readonly ConnectionResponses? _responses = http.Features.Get<ConnectionResponses>();
        private readonly bool _isStream = !HttpProtocol.IsHttp11(http.Request.Protocol) && !HttpProtocol.IsHttp10(http.Request.Protocol);
        private readonly Lock _lock = new();
        private ITimer? _timer;
        private bool _hasStarted;
        private bool _isWaiting;
        private bool _hasEnded;

        /// <summary>The first byte is about to be sent.</summary>
        public Task StartAsync()
        {
            lock (_lock)
            {
                _hasStarted = true;
                SetTimer();
            }

            return Task.CompletedTask;
        }

        /// <summary>Whoever writes waits, maybe for the client. What was sent without a wait, as a hit is, needs no timer.</summary>
        public void Wait()
        {
            lock (_lock)
            {
                _isWaiting = true;
                SetTimer();
            }
        }

        public void Dispose()
        {
            lock (_lock)
            {
                _hasEnded = true;
            }

            _timer?.Dispose();
        }

        // A response without a body starts after everything has returned.
        private void SetTimer()
        {
            if (http.Features.Get<EndlessResponse>() is null && _hasStarted && _isWaiting && !_hasEnded)
            {
                _timer ??= deadline.Time.CreateTimer(
                    static writing => ((Writing)writing!).CutOff(),
                    this,
                    TimeSpan.FromMilliseconds(Limits.ResponseTimeoutMs),
                    Timeout.InfiniteTimeSpan);
            }
        }

        private void CutOff()
        {
            // A stream's context serves another request as soon as this one has ended, and that one must not be aborted.
            lock (_lock)
            {
                if (!_hasEnded)
                {
                    Abort(_responses?.CountCutOff() ?? 1);
                }
            }
        }

        private void Abort(int cutOff)
        {
            if (_isStream && cutOff == 1)
            {
                EngineTelemetry.SlowReaders.Add(1, s_stream);
                LogMessages.SlowStream(deadline.Logger, Limits.ResponseTimeoutMs);
                http.Abort();
                return;
            }

            // All remaining streams end with the connection, and are reported as one.
            if (cutOff == (_isStream ? 2 : 1))
            {
                EngineTelemetry.SlowReaders.Add(1, s_connection);
                LogMessages.SlowReader(deadline.Logger, Limits.ResponseTimeoutMs);
            }

            if (_connection is null)
            {
                http.Abort();
                return;
            }

            _connection.Abort();
        }
    }

    private TimeProvider Time => time;

    private ILogger Logger => logger;
}

/// <summary>A request feature: the response has no end of its own, and whoever sends it sees to slow readers.</summary>
internal sealed class EndlessResponse
{
    public static EndlessResponse Instance { get; } = new();
}

/// <summary>Registers the deadline.</summary>
public static class ResponseDeadlineExtensions
{
    /// <summary>Limits the time that reading a response may take; comes before all middleware that writes.</summary>
    public static void UseResponseDeadline(this IApplicationBuilder app)
    {
        var deadline = ActivatorUtilities.CreateInstance<ResponseDeadline>(app.ApplicationServices);
        app.Use(deadline.InvokeAsync);
    }
}
