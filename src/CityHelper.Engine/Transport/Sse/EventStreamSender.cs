using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Subscriptions;
using CityHelper.Engine.Telemetry;
using CityHelper.Engine.Transport.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;

namespace CityHelper.Engine.Transport.Sse;

/// <summary>
/// Sends responses as server-sent events (HTML standard, 9.2), as GraphQL over SSE says for distinct connections
/// (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md). Beside <c>next</c> and <c>complete</c> it sends what EventSource
/// reads and GraphQL clients skip: the cursor of each event as its <c>id</c>, and comments that keep proxies from ending a quiet stream.
/// </summary>
/// <param name="options">How long a stream may be silent.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Told of readers that take nothing.</param>
internal sealed class EventStreamSender(EventStreamOptions options, TimeProvider time, ILogger<EventStreamSender> logger)
{
    /// <summary>Sends a single response: one event, then <c>complete</c>. Slow readers are bounded as those of other responses.</summary>
    public static async Task SendAsync(HttpContext http, OperationResult result)
    {
        await BeginAsync(http);
        Stream body = http.Response.Body;
        await body.WriteAsync("event: next\ndata: "u8.ToArray(), http.RequestAborted);
        await result.Json.SendAsync(body, http.RequestAborted);
        await body.WriteAsync("\n\nevent: complete\ndata:\n\n"u8.ToArray(), http.RequestAborted);
    }

    /// <summary>Sends the events of a subscription until it ends, or its reader leaves.</summary>
    /// <exception cref="OperationCanceledException">The reader has left, or took nothing for too long.</exception>
    public async Task SendAsync(HttpContext http, EventStream stream)
    {
        http.Features.Set(EndlessResponse.Instance);

        // A quiet stream sends less than any rate. HTTP/2 measures its connections, not its streams.
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        await BeginAsync(http);
        WriteRetry(http);
        long placed = time.GetTimestamp();
        while (true)
        {
            Task<StreamItem> next = stream.TakeAsync(http.RequestAborted).AsTask();
            while (!await IsThereAsync(next, http.RequestAborted))
            {
                placed = KeepAlive(http.Response.BodyWriter, stream, placed);
                await FlushAsync(http);
            }

            StreamItem item = await next;
            if (item.Event is not { } made)
            {
                Break(http);
                return;
            }

            if (made.Json is not { } json)
            {
                // It was redacted since it was taken: the redaction follows.
                continue;
            }

            Write(http.Response.BodyWriter, "id: ", made.Cursor, "\nevent: next\ndata: ");
            http.Response.BodyWriter.Write(json);
            http.Response.BodyWriter.Write("\n\n"u8);
            await FlushAsync(http);
        }
    }

    /// <summary>
    /// Begins a stream and breaks it: the server stops. An EventSource comes back after that, and never after a status of 503 (HTML
    /// standard, 9.2.3).
    /// </summary>
    public async Task SendBrokenAsync(HttpContext http)
    {
        http.Features.Set(EndlessResponse.Instance);
        await BeginAsync(http);
        WriteRetry(http);
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);

        // A connection that is reset takes with it what was sent just before: a proxy would make a status of 502 of it.
        await Task.Delay(Limits.BrokenStreamTime, time, http.RequestAborted);
        Break(http);
    }

    private static void WriteRetry(HttpContext http)
    {
        int retry = Random.Shared.Next(Limits.StreamRetryMsMin, Limits.StreamRetryMsMax + 1);
        Write(http.Response.BodyWriter, $"retry: {retry.ToString(CultureInfo.InvariantCulture)}\n\n");
    }

    // Neither `complete` nor a proper end of the body: clients take both for the end, and a broken connection for a pause.
    private static void Break(HttpContext http) => http.Abort();

    // A quiet stream would otherwise come back with a cursor that is hours old.
    private long KeepAlive(PipeWriter body, EventStream stream, long placed)
    {
        if (time.GetElapsedTime(placed) >= Limits.CursorInterval && stream.TryGetCursor() is { } cursor)
        {
            Write(body, "id: ", cursor, "\n\n");
            return time.GetTimestamp();
        }

        body.Write(":\n\n"u8);
        return placed;
    }

    private static async Task BeginAsync(HttpContext http)
    {
        HttpResponse response = http.Response;
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = AcceptHeader.EventStream;
        response.Headers.CacheControl = "no-store";
        response.Headers.Vary = GraphQLHttpHandler.Vary;

        // Proxies such as nginx collect a response before they pass it on.
        response.Headers["X-Accel-Buffering"] = "no";
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await response.StartAsync(http.RequestAborted);
    }

    private async Task<bool> IsThereAsync(Task next, CancellationToken left)
    {
        if (next.IsCompleted)
        {
            return true;
        }

        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(left);
        Task pause = Task.Delay(options.KeepAlive, time, waiting.Token);
        bool isThere = await Task.WhenAny(next, pause) == next;
        await waiting.CancelAsync();
        return isThere || left.IsCancellationRequested;
    }

    // The connection of a reader that takes nothing is ended: its events wait in memory.
    private async ValueTask FlushAsync(HttpContext http)
    {
        ValueTask<FlushResult> flush = http.Response.BodyWriter.FlushAsync(http.RequestAborted);
        if (flush.IsCompletedSuccessfully)
        {
            _ = flush.Result;
            return;
        }

        try
        {
            await flush.AsTask().WaitAsync(Limits.StreamTakeTimeMax, time, http.RequestAborted);
        }
        catch (TimeoutException)
        {
            EngineTelemetry.SlowReaders.Add(1, new KeyValuePair<string, object?>("cityhelper.http.ended", "subscription"));
            LogMessages.SlowSubscriber(logger, Limits.StreamTakeTimeMax.TotalSeconds);
            http.Abort();
            throw new OperationCanceledException("The reader has taken nothing.");
        }
    }

    private static void Write(PipeWriter body, params ReadOnlySpan<string> texts)
    {
        foreach (string text in texts)
        {
            Encoding.UTF8.GetBytes(text, body);
        }
    }
}
