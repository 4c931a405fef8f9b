namespace CityHelper.Benchmarks;

/// <summary>The least that a request can cost here: Kestrel sends bytes that never change.</summary>
internal static class KestrelFloor
{
    /// <summary>The bytes of an answer, unless others are asked for.</summary>
    public const int AnswerBytes = 8 * 1024;

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
        await app.RunAsync();
    }
}
