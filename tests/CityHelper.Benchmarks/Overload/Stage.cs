using System.Diagnostics;

namespace CityHelper.Benchmarks.Overload;

/// <summary>The results of a stage.</summary>
/// <param name="Name">The name of the load.</param>
/// <param name="Took">How long the stage was measured.</param>
internal sealed record StageOutcome(string Name, TimeSpan Took)
{
    /// <summary>Times of answers with data, from the request to the last byte.</summary>
    public Samples Answered { get; } = new();

    /// <summary>Times of answers with status 503.</summary>
    public Samples Refused { get; } = new();

    public Samples Maps { get; } = new();

    public Samples Readiness { get; } = new();

    /// <summary>Requests that were due while every connection was in use.</summary>
    public int Unsent { get; set; }

    /// <summary>Anything else: an error, a closed connection.</summary>
    public List<string> Failures { get; } = [];

    /// <summary>Megabytes of the server's own memory at the end.</summary>
    public double MemoryMegabytes { get; set; }

    public double PerSecond => Answered.Count / Took.TotalSeconds;
}

/// <summary>One load for some time, beside occasional maps and a readiness probe.</summary>
/// <param name="server">The server.</param>
/// <param name="drawn">The requests.</param>
/// <param name="warmUp">The time at the start in which nothing is counted.</param>
/// <param name="length">The time in which answers are counted.</param>
internal sealed class Stage(ServerProcess server, Drawn drawn, TimeSpan warmUp, TimeSpan length)
{
    /// <summary>The most connections that the open loop holds.</summary>
    public const int ConnectionsMax = 800;

    private const double MapsPerSecond = 4;
    private const double ProbesPerSecond = 4;

    /// <summary>A closed loop: each client sends its next request when the last one is answered.</summary>
    public Task<StageOutcome> ClosedAsync(string name, int connections) => MeasureAsync(name, async (outcome, isCounted, end) =>
        await Task.WhenAll(Enumerable.Range(0, connections).Select(async _ =>
        {
            using var wire = new Wire(server.Url);
            byte[][] requests = drawn.Statistics(500);
            for (int i = 0; !end.IsCancellationRequested; i = (i + 1) % requests.Length)
            {
                await AskAsync(wire, requests[i], outcome, isCounted, end);
            }
        })));

    /// <summary>
    /// An open loop: requests come as a Poisson process, whether earlier ones are answered or not. A refused client comes back after
    /// <c>Retry-After</c>, on its connection.
    /// </summary>
    public Task<StageOutcome> OpenAsync(string name, double perSecond, int seed) =>
        MeasureAsync(
            name,
            async (outcome, isCounted, end) =>
            {
                var dice = new Random(seed);
                byte[][] requests = drawn.Statistics(2_000);
                var idle = new Stack<Wire>();
                var running = new HashSet<Task>();
                var all = new List<Wire>();
                long start = Stopwatch.GetTimestamp();
                double due = 0;
                for (int i = 0; !end.IsCancellationRequested; i++)
                {
                    due += -Math.Log(1 - dice.NextDouble()) / perSecond;
                    TimeSpan wait = TimeSpan.FromSeconds(due) - Stopwatch.GetElapsedTime(start);
                    if (wait > TimeSpan.Zero)
                    {
                        await Task.Delay(wait, end).ContinueWith(_ => { }, TaskScheduler.Default);
                    }

                    Wire? wire = Take(idle, all);
                    if (wire is null)
                    {
                        outcome.Unsent += isCounted() ? 1 : 0;
                        continue;
                    }

                    Task client = ClientAsync(wire, requests[i % requests.Length], outcome, isCounted, end)
                        .ContinueWith(_ => Give(idle, wire), TaskScheduler.Default);
                    running.Add(client);
                    running.RemoveWhere(task => task.IsCompleted);
                }

                await Task.WhenAll(running);
                all.ForEach(wire => wire.Dispose());
            }
        );

    /// <summary>Only the maps and the probes.</summary>
    public Task<StageOutcome> QuietAsync(string name) =>
        MeasureAsync(name, (_, _, end) => Task.Delay(Timeout.Infinite, end).ContinueWith(_ => { }, TaskScheduler.Default));

    private Wire? Take(Stack<Wire> idle, List<Wire> all)
    {
        lock (idle)
        {
            if (idle.TryPop(out Wire? wire))
            {
                return wire;
            }
        }

        if (all.Count >= ConnectionsMax)
        {
            return null;
        }

        all.Add(new Wire(server.Url));
        return all[^1];
    }

    private static void Give(Stack<Wire> idle, Wire wire)
    {
        lock (idle)
        {
            idle.Push(wire);
        }
    }

    private async Task<StageOutcome> MeasureAsync(string name, Func<StageOutcome, Func<bool>, CancellationToken, Task> load)
    {
        var outcome = new StageOutcome(name, length);
        long start = Stopwatch.GetTimestamp();
        bool IsCounted() => Stopwatch.GetElapsedTime(start) > warmUp;
        using var end = new CancellationTokenSource(warmUp + length);
        Task maps = Probe(drawn.Maps(200), MapsPerSecond, outcome.Maps, outcome, IsCounted, end.Token);
        Task readiness = Probe([drawn.Readiness()], ProbesPerSecond, outcome.Readiness, outcome, IsCounted, end.Token);
        await Task.WhenAll(load(outcome, IsCounted, end.Token), maps, readiness);
        outcome.MemoryMegabytes = server.MemoryMegabytes;
        return outcome;
    }

    // A separate thread, which waits only for the server and the system's scheduler.
    private Task Probe(
        byte[][] requests, double perSecond, Samples samples, StageOutcome outcome, Func<bool> isCounted, CancellationToken end) =>
        Task.Factory.StartNew(
            () =>
            {
                using var wire = new Wire(server.Url);
                for (int i = 0; !end.WaitHandle.WaitOne(TimeSpan.FromSeconds(1 / perSecond)); i++)
                {
                    long sent = Stopwatch.GetTimestamp();
                    WireAnswer answer = wire.Send(requests[i % requests.Length]);
                    if (isCounted())
                    {
                        samples.Add(Stopwatch.GetElapsedTime(sent));
                        Note(answer, 200, outcome);
                    }
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static async Task ClientAsync(Wire wire, byte[] request, StageOutcome outcome, Func<bool> isCounted, CancellationToken end)
    {
        while (!end.IsCancellationRequested && await AskAsync(wire, request, outcome, isCounted, end) is { RetryAfter: { } seconds })
        {
            await Task.Delay(TimeSpan.FromSeconds(seconds), end).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    private static async Task<WireAnswer> AskAsync(
        Wire wire, byte[] request, StageOutcome outcome, Func<bool> isCounted, CancellationToken end)
    {
        long sent = Stopwatch.GetTimestamp();
        try
        {
            // Requests in flight are awaited at the end too: a stage leaves nothing behind for the next.
            WireAnswer answer = await wire.SendAsync(request, CancellationToken.None);
            if (isCounted() && !end.IsCancellationRequested)
            {
                (answer.Status == 503 ? outcome.Refused : outcome.Answered).Add(Stopwatch.GetElapsedTime(sent));
                Note(answer, answer.Status == 503 ? 503 : 200, outcome);
            }

            return answer;
        }
        catch (Exception cause) when (cause is IOException or System.Net.Sockets.SocketException)
        {
            Fail(outcome, cause.Message);
            return default;
        }
    }

    private static void Note(WireAnswer answer, int expected, StageOutcome outcome)
    {
        if (answer.Status != expected)
        {
            Fail(outcome, $"status {answer.Status}");
        }
    }

    private static void Fail(StageOutcome outcome, string what)
    {
        lock (outcome.Failures)
        {
            outcome.Failures.Add(what);
        }
    }
}
