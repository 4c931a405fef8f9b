using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using CityHelper.Engine.Clients;
using Spectre.Console;

namespace CityHelper.Benchmarks;

/// <summary>
/// CPU time of the server per request, for the operations of the web client, beside Kestrel's floor in the same run. CPU time, not latency,
/// because it determines what a machine can serve, and because other load on the machine disturbs it little.
/// </summary>
internal static class RequestBenchmark
{
    // The JIT compiles hot code in the background for thousands of requests, and that is the server's CPU time too: every question is sent
    // this often before any is measured.
    private const int WarmUpRequests = 10_000;
    private const int RoundRequests = 4_000;
    private const int Rounds = 3;
    private const int ConnectionCount = 8;
    private static readonly TimeSpan s_timeMax = TimeSpan.FromSeconds(60);

    private const string City = "nyc";
    private static readonly object s_midtown = new { west = -73.995, south = 40.745, east = -73.965, north = 40.765 };

    public static async Task<int> RunAsync()
    {
        await using ServerProcess floor = await ServerProcess.StartAsync("CityHelper.Benchmarks.dll", "/", url => ["floor", url]);
        await using ServerProcess server = await ServerProcess.StartAsync(
            "CityHelper.Server.dll", "/health/ready", url => ["serve", "--urls", url]);
        using var load = new HttpLoad(ConnectionCount, s_timeMax);

        Question[] floorQuestions = [new Question(floor.Url)];
        List<(string Name, Question[] Questions)> all = await QuestionsAsync(load.Client, server.Url);
        foreach (Question[] questions in all.Select(q => q.Questions).Prepend(floorQuestions))
        {
            await load.SendAsync(questions, WarmUpRequests);
        }

        Measurement least = await MeasureAsync(load, floor, $"Kestrel's floor ({KestrelFloor.AnswerBytes / 1024} kB)", floorQuestions);
        List<Measurement> measured = [least];
        foreach ((string name, Question[] questions) in all)
        {
            measured.Add(await MeasureAsync(load, server, name, questions));
        }

        Print(measured, least);
        return 0;
    }

    private static async Task<List<(string Name, Question[] Questions)>> QuestionsAsync(HttpClient client, Uri server)
    {
        OperationManifest manifest = OperationManifest.Read(
            Path.Combine(AppContext.BaseDirectory, "persisted-queries", OperationManifest.FileName));
        Question Ask(string operation, object variables) =>
            Question.Persisted(server, manifest.Operations.Single(o => o.Client == "web" && o.Name == operation).Id, operation, variables);

        // Many different requests, so that they do not all read the same pages of the database.
        using JsonDocument page = JsonDocument.Parse(
            await client.GetStringAsync(Ask("ServiceRequestList", new { city = City, first = 100 }).Url));
        string[] ids =
        [
            .. page
                .RootElement.GetProperty("data")
                .GetProperty("serviceRequests")
                .GetProperty("nodes")
                .EnumerateArray()
                .Select(n => n.GetProperty("id").GetString()!),
        ];
        if (ids.Length < 100)
        {
            throw new InvalidOperationException(
                $"The database has {ids.Length} requests of {City}, 100 are needed: run eng/run once, which loads a sample.");
        }

        return
        [
            ("detail", [.. ids.Select(id => Ask("ServiceRequestDetail", new { city = City, id }))]),
            ("list of 50 with updates", [Ask("ServiceRequestList", new { city = City, first = 50 })]),
            ("map, newest 50 in Midtown", [Ask("ServiceRequestMap", new { city = City, viewport = s_midtown })]),
            (
                "map, status OPEN",
                [
                    Ask(
                        "ServiceRequestMap",
                        new
                        {
                            city = City,
                            viewport = s_midtown,
                            where = new { status = new { eq = "OPEN" } },
                        }
                    ),
                ]),
        ];
    }

    private static async Task<Measurement> MeasureAsync(HttpLoad load, ServerProcess server, string name, Question[] questions)
    {
        var rounds = new List<Measurement>();
        for (int i = 0; i < Rounds; i++)
        {
            rounds.Add(await RoundAsync(load, server, name, questions));
        }

        // The median: another program's burst on this machine spoils one round, not the result.
        return rounds.OrderBy(r => r.CpuMicroseconds).ElementAt(Rounds / 2);
    }

    private static async Task<Measurement> RoundAsync(HttpLoad load, ServerProcess server, string name, Question[] questions)
    {
        TimeSpan cpuBefore = server.CpuTime;
        long start = Stopwatch.GetTimestamp();
        Sent sent = await load.SendAsync(questions, RoundRequests);
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        return new Measurement(
            name,
            (server.CpuTime - cpuBefore).TotalMicroseconds / sent.Requests,
            sent.Requests / took.TotalSeconds,
            sent.Bytes / sent.Requests);
    }

    private static void Print(List<Measurement> all, Measurement least)
    {
        var table = new Table().AddColumns("operation", "server CPU us/request", "x floor", "requests/s", "answer bytes");
        foreach (Measurement m in all)
        {
            table.AddRow(
                m.Name,
                Text(m.CpuMicroseconds, "F0"),
                Text(m.CpuMicroseconds / least.CpuMicroseconds, "F1"),
                Text(m.PerSecond, "F0"),
                Text(m.Bytes, "N0"));
        }

        AnsiConsole.Profile.Width = 120; // a log has no width of its own
        AnsiConsole.Write(table);
    }

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    /// <summary>What one kind of request costs.</summary>
    private sealed record Measurement(string Name, double CpuMicroseconds, double PerSecond, long Bytes);
}
