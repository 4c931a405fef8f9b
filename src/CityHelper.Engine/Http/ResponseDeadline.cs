using CityHelper.Engine.Admission;
using CityHelper.Engine.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CityHelper.Engine.Http;

/// <summary>
/// Ends the connection of a reader who takes too long over an answer, whichever endpoint sends it. The server's own minimum rate does not see a reader that opens
/// a window of HTTP/2 byte by byte, and lets a large answer at the minimum rate take half an hour.
/// </summary>
internal sealed class ResponseDeadline(TimeProvider time, ILogger<ResponseDeadline> logger)
{
    public async Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        using var writing = new Writing(http, this);
        http.Response.OnStarting(static state => ((Writing)state).StartAsync(), writing);
        await next(http);
    }

    /// <summary>The time from an answer's first byte to its last.</summary>
    private sealed class Writing(HttpContext http, ResponseDeadline deadline) : IDisposable
    {
        private readonly IConnectionLifetimeFeature? _connection = http.Features.Get<IConnectionLifetimeFeature>();
        private readonly ConnectionResponses? _responses = http.Features.Get<ConnectionResponses>();
        private ITimer? _timer;
        private bool _hasEnded;

        public Task StartAsync()
        {
            // An answer without a body starts when everything has returned.
            if (!_hasEnded)
            {
                _timer = deadline.Time.CreateTimer(
                    static writing => ((Writing)writing!).CutOff(), this, TimeSpan.FromMilliseconds(Limits.ResponseTimeoutMs), Timeout.InfiniteTimeSpan);
            }

            return Task.CompletedTask;
        }

        public void Dispose()
        {
            _hasEnded = true;
            _timer?.Dispose();
        }

        // All streams of HTTP/2: who does not read one of them chose a window that lets none through.
        private void CutOff()
        {
            if (_responses?.TryCutOff() != false)
            {
                EngineTelemetry.SlowReaders.Add(1);
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

/// <summary>Adds the deadline.</summary>
public static class ResponseDeadlineExtensions
{
    /// <summary>Bounds the time that any answer may take to be read; before everything that writes.</summary>
    public static void UseResponseDeadline(this IApplicationBuilder app)
    {
        var deadline = ActivatorUtilities.CreateInstance<ResponseDeadline>(app.ApplicationServices);
        app.Use(deadline.InvokeAsync);
    }
}
