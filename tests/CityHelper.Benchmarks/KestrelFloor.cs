namespace CityHelper.Benchmarks;

/// <summary>The least that a request can cost here: Kestrel sends 8 kB that never change.</summary>
internal static class KestrelFloor
{
    public const int AnswerBytes = 8 * 1024;

    public static async Task RunAsync(string url)
    {
        byte[] answer = [.. Enumerable.Repeat((byte)'x', AnswerBytes)];
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
