using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using CityHelper.Engine.Operations;
using Spectre.Console;

namespace CityHelper.Benchmarks;

/// <summary>
/// CPU time of the server per request, for the operations of the web client, beside Kestrel's floor in the same run. CPU time, not
/// latency, because it is what a machine's capacity is bought with and because other load on the machine disturbs it little.
/// </summary>
internal static class RequestBenchmark
{
    // The JIT compiles hot code in the background for thousands of requests, and that is the server's CPU time too: every question is
    // asked this often before any is measured.
    private const int WarmUpRequests = 10_000;
    private const int RoundRequests = 4_000;
    private const int Rounds = 3;
    private const int ConnectionCount = 8;

    private const string City = "nyc";
    private static readonly object s_midtown = new { west = -73.995, south = 40.745, east = -73.965, north = 40.765 };

    public static async Task<int> RunAsync()
    {
        await using ServerProcess floor = await ServerProcess.StartAsync("CityHelper.Benchmarks.dll", "/", url => ["floor", url]);
        await using ServerProcess server = await ServerProcess.StartAsync("CityHelper.Server.dll", "/health/ready", url => ["serve", "--urls", url]);
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = ConnectionCount });

        List<(string Name, Uri[] Urls)> questions = await QuestionsAsync(client, server.Url);
        foreach (Uri[] urls in questions.Select(q => q.Urls).Prepend([floor.Url]))
        {
            await SendAsync(client, urls, WarmUpRequests);
        }

        Measurement least = await MeasureAsync(client, floor, $"Kestrel's floor ({KestrelFloor.AnswerBytes / 1024} kB)", [floor.Url]);
        List<Measurement> all = [least];
        foreach ((string name, Uri[] urls) in questions)
        {
            all.Add(await MeasureAsync(client, server, name, urls));
        }

        Print(all, least);
        return 0;
    }

    private static async Task<List<(string Name, Uri[] Urls)>> QuestionsAsync(HttpClient client, Uri server)
    {
        OperationManifest manifest = OperationManifest.Read(Path.Combine(AppContext.BaseDirectory, "persisted-queries", OperationManifest.FileName));
        Uri Url(string operation, object variables)
        {
            string id = manifest.Operations.Single(o => o.Client == "web" && o.Name == operation).Id;
            return new Uri(server, $"/graphql/persisted/{id}/{operation}?variables={Uri.EscapeDataString(JsonSerializer.Serialize(variables))}");
        }

        // Many different requests, so that no one page of the database is all there is.
        using JsonDocument page = JsonDocument.Parse(await client.GetStringAsync(Url("ServiceRequestList", new { city = City, first = 100 })));
        string[] ids = [.. page.RootElement.GetProperty("data").GetProperty("serviceRequests").GetProperty("nodes").EnumerateArray()
            .Select(n => n.GetProperty("id").GetString()!)];
        if (ids.Length < 100)
        {
            throw new InvalidOperationException($"The database has {ids.Length} requests of {City}, 100 are needed: run eng/run once, which loads a sample.");
        }

        return
        [
            ("detail", [.. ids.Select(id => Url("ServiceRequestDetail", new { city = City, id }))]),
            ("list of 50 with updates", [Url("ServiceRequestList", new { city = City, first = 50 })]),
            ("map, newest 50 in Midtown", [Url("ServiceRequestMap", new { city = City, viewport = s_midtown })]),
            ("map, status OPEN", [Url("ServiceRequestMap", new { city = City, viewport = s_midtown, where = new { status = new { eq = "OPEN" } } })]),
        ];
    }

    private static async Task<Measurement> MeasureAsync(HttpClient client, ServerProcess server, string name, Uri[] urls)
    {
        var rounds = new List<Measurement>();
        for (int i = 0; i < Rounds; i++)
        {
            rounds.Add(await RoundAsync(client, server, name, urls));
        }

        // The middle one: another program's burst on this machine spoils one round, not the figure.
        return rounds.OrderBy(r => r.CpuMicroseconds).ElementAt(Rounds / 2);
    }

    private static async Task<Measurement> RoundAsync(HttpClient client, ServerProcess server, string name, Uri[] urls)
    {
        TimeSpan cpuBefore = server.CpuTime;
        long start = Stopwatch.GetTimestamp();
        long bytes = await SendAsync(client, urls, RoundRequests);
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        return new Measurement(
            name,
            (server.CpuTime - cpuBefore).TotalMicroseconds / RoundRequests,
            RoundRequests / took.TotalSeconds,
            bytes / RoundRequests);
    }

    private static async Task<long> SendAsync(HttpClient client, Uri[] urls, int requests)
    {
        int next = -1;
        long bytes = 0;
        await Task.WhenAll(Enumerable.Range(0, ConnectionCount).Select(async _ =>
        {
            for (int i = Interlocked.Increment(ref next); i < requests; i = Interlocked.Increment(ref next))
            {
                using HttpResponseMessage answer = await client.GetAsync(urls[i % urls.Length]);
                byte[] body = await answer.Content.ReadAsByteArrayAsync();
                if (answer.StatusCode != HttpStatusCode.OK || body.AsSpan(0, Math.Min(12, body.Length)).StartsWith("{\"errors\""u8))
                {
                    throw new InvalidOperationException($"{urls[i % urls.Length]} answered {answer.StatusCode}: only answers without errors count.");
                }

                Interlocked.Add(ref bytes, body.Length);
            }
        }));
        return bytes;
    }

    private static void Print(List<Measurement> all, Measurement least)
    {
        var table = new Table().AddColumns("operation", "server CPU us/request", "x floor", "requests/s", "answer bytes");
        foreach (Measurement m in all)
        {
            table.AddRow(m.Name, Text(m.CpuMicroseconds, "F0"), Text(m.CpuMicroseconds / least.CpuMicroseconds, "F1"), Text(m.PerSecond, "F0"), Text(m.Bytes, "N0"));
        }

        AnsiConsole.Profile.Width = 120; // a log has no width of its own
        AnsiConsole.Write(table);
    }

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    /// <summary>What one question costs.</summary>
    private sealed record Measurement(string Name, double CpuMicroseconds, double PerSecond, long Bytes);
}
