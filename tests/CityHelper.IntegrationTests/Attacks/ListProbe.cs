using System.Globalization;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Asks for the list of cities forty times a second, without waiting for earlier answers: otherwise a stalled server would get one request
/// and look fast.
/// </summary>
internal sealed class ListProbe : IDisposable
{
    /// <summary>How many times slower a list may be than without other load.</summary>
    public const int SlowerMax = 5;

    /// <summary>A faster list is never slow: it takes a millisecond or two, and ten on a busy machine.</summary>
    private static readonly TimeSpan s_quick = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(25);

    /// <summary>Fewer probes mean little: the attack took less than half a second.</summary>
    private const int ProbesMin = 20;

    /// <summary>The most that wait at once.</summary>
    private const int WaitingMax = 400;

    private const int QuietProbes = 31;

    private readonly HttpClient _client;
    private readonly ConcurrentQueue<TimeSpan> _times = new();
    private CancellationTokenSource _ending = new();
    private Task _asking = Task.CompletedTask;
    private volatile string? _failure;

    private ListProbe(Uri server) => _client = new HttpClient { BaseAddress = server };

    /// <summary>The median time of a list without other load.</summary>
    public TimeSpan Quiet { get; private set; }

    /// <summary>The median time of a list during the attack; null when the attack was over too soon.</summary>
    public TimeSpan? Meanwhile => _times.Count >= ProbesMin ? Median(_times) : null;

    /// <summary>What went wrong.</summary>
    public async Task<IReadOnlyList<string>> ComplaintsAsync()
    {
        if (_failure is { } failure)
        {
            return [$"A list of cities failed during the attack: {failure}"];
        }

        int count = _times.Count;
        if (Meanwhile is not { } meanwhile || meanwhile <= AllowedBy(Quiet))
        {
            return [];
        }

        // Something other than the attack may keep the machine busy: measures again without the attack.
        TimeSpan after = await MeasureAsync(QuietProbes);
        return meanwhile <= AllowedBy(after)
            ? []
            : [string.Create(
                CultureInfo.InvariantCulture,
                $"A list of cities took {meanwhile.TotalMilliseconds:0.0} ms during the attack (median of {count}), "
                    + $"{Quiet.TotalMilliseconds:0.0} ms before and {after.TotalMilliseconds:0.0} ms after it.")];
    }

    /// <summary>Makes a probe and measures how long a list takes without other load.</summary>
    public static async Task<ListProbe> StartAsync(Uri server)
    {
        var probe = new ListProbe(server);

        // Concurrently first, to open as many connections, and compile the same methods, as an attack would.
        await Task.WhenAll(Enumerable.Range(0, QuietProbes).Select(_ => probe.AskAsync()));
        probe.Quiet = await probe.MeasureAsync(3 * QuietProbes);
        return probe;
    }

    /// <summary>Starts asking.</summary>
    public void Begin()
    {
        _times.Clear();
        _failure = null;
        _ending = new CancellationTokenSource();
        _asking = Task.Run(() => AskOnAsync(_ending.Token));
    }

    /// <summary>Stops asking, and waits for the pending answers.</summary>
    public async Task EndAsync()
    {
        await _ending.CancelAsync();
        await _asking;
        _ending.Dispose();
    }

    public void Dispose() => _client.Dispose();

    private async Task AskOnAsync(CancellationToken ending)
    {
        using var timer = new PeriodicTimer(s_interval);
        var waiting = new List<Task>();
        while (!ending.IsCancellationRequested)
        {
            waiting.RemoveAll(task => task.IsCompleted);
            if (waiting.Count < WaitingMax)
            {
                waiting.Add(AskAsync());
            }

            await timer.WaitForNextTickAsync(CancellationToken.None);
        }

        await Task.WhenAll(waiting);
    }

    private async Task AskAsync()
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            using var content = new StringContent("""{"query":"{ cities { slug } }"}""", Encoding.UTF8, "application/json");
            using HttpResponseMessage response = await _client.PostAsync(new Uri("/graphql", UriKind.Relative), content);
            string body = await response.Content.ReadAsStringAsync();
            if (!body.StartsWith("""{"data":{"cities":[{"slug":"nyc"}]""", StringComparison.Ordinal))
            {
                _failure = body[..Math.Min(body.Length, 300)];
            }
        }
        catch (Exception cause) when (cause is HttpRequestException or TaskCanceledException)
        {
            _failure = cause.Message;
        }

        _times.Enqueue(Stopwatch.GetElapsedTime(start));
    }

    private async Task<TimeSpan> MeasureAsync(int probes)
    {
        _times.Clear();
        for (int i = 0; i < probes; i++)
        {
            await AskAsync();
        }

        return Median(_times.TakeLast(QuietProbes));
    }

    private static TimeSpan AllowedBy(TimeSpan quiet) => quiet * SlowerMax > s_quick ? quiet * SlowerMax : s_quick;

    private static TimeSpan Median(IEnumerable<TimeSpan> times)
    {
        TimeSpan[] sorted = [.. times.Order()];
        return sorted[sorted.Length / 2];
    }
}
