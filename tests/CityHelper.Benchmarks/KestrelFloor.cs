using System.Collections.Concurrent;
using System.IO.Pipelines;

namespace CityHelper.Benchmarks;

/// <summary>The least that a request, or an event, can cost here: Kestrel sends bytes that never change.</summary>
internal static class KestrelFloor
{
    /// <summary>The bytes of an answer, unless others are asked for.</summary>
    public const int AnswerBytes = 8 * 1024;

    /// <summary>
    /// The variable that ends the spinning of idle pool threads, as the server's own settings do (docs/performance.md): a floor that spins
    /// would flatter the server.
    /// </summary>
    public const string SpinLimit = "DOTNET_ThreadPool_UnfairSemaphoreSpinLimit";

    /// <summary>Streams of server-sent events: a GET opens one, and a POST has its body sent to all.</summary>
    public const string EventsPath = "/events";

    /// <summary>Runs the server until it is ended.</summary>
    /// <param name="url">Where it listens.</param>
    /// <param name="bytes">The length of its answer to every request at <c>/</c>.</param>
    public static async Task RunAsync(string url, int bytes)
    {
        byte[] answer = [.. Enumerable.Repeat((byte)'x', bytes)];
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        await using WebApplication app = builder.Build();
        app.MapGet("/", async http =>
        {
            http.Response.ContentType = "application/json; charset=utf-8";
            http.Response.ContentLength = answer.Length;
            await http.Response.Body.WriteAsync(answer, http.RequestAborted);
        });
        MapEvents(app);
        await app.RunAsync();
    }

    // One loop writes to all: no stream has a task, a queue or a timer.
    private static void MapEvents(WebApplication app)
    {
        var open = new ConcurrentDictionary<PipeWriter, bool>();
        app.MapGet(EventsPath, async http =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.StartAsync(http.RequestAborted);
            await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
            open[http.Response.BodyWriter] = true;
            await Task.Delay(Timeout.Infinite, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            open.TryRemove(http.Response.BodyWriter, out _);
        });
        app.MapPost(EventsPath, async http =>
        {
            var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body, http.RequestAborted);
            byte[] sent = body.ToArray();
            foreach (PipeWriter stream in open.Keys)
            {
                await stream.WriteAsync(sent);
            }
        });
    }
}
