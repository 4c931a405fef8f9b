using System.Diagnostics;
using System.Globalization;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>
/// Writes the duration of each request of a test to the file named by <c>CITYHELPER_REQUEST_TIMES</c>, a line each: milliseconds, status,
/// bytes sent, the class that sent it. For people to read: no test asserts a time.
/// </summary>
internal sealed class RequestTimes(string file) : DelegatingHandler(new SocketsHttpHandler())
{
    private static readonly Lock s_writing = new();

    /// <summary>The handler of a test's client.</summary>
    public static HttpMessageHandler Handler() =>
        Environment.GetEnvironmentVariable("CITYHELPER_REQUEST_TIMES") is { Length: > 0 } file
            ? new RequestTimes(file)
            : new SocketsHttpHandler();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        string sender = Sender();
        long bytes = request.Content?.Headers.ContentLength ?? 0;
        long start = Stopwatch.GetTimestamp();
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
        await response.Content.LoadIntoBufferAsync(cancellationToken);
        double milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        lock (s_writing)
        {
            File.AppendAllText(
                file, string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0.0} {(int)response.StatusCode} {bytes} {sender}\n"));
        }

        return response;
    }

    // The outermost test class on the stack: the call from a test to here has no await before it.
    private static string Sender() => new StackTrace().GetFrames()
        .Select(frame => frame.GetMethod()?.DeclaringType)
        .Select(type => type?.DeclaringType ?? type)
        .LastOrDefault(type => type?.Name.EndsWith("Tests", StringComparison.Ordinal) == true)?.Name ?? "-";
}
