using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using CityHelper.IntegrationTests.Chaos;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;

namespace CityHelper.IntegrationTests.Caching;

/// <summary>
/// Readers at the canonical addresses of both servers: details and maps of few cells, whose tags are exact, and the list and the statistics
/// of the city, which have the tag <c>rows</c>. Every other question is asked with the entity tag of the last answer.
/// </summary>
/// <param name="servers">Who is asked.</param>
internal sealed class StalenessReaders(ChaosServers servers) : IDisposable
{
    private const int ReadersPerServer = 6;

    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(60);
    private static readonly TimeSpan s_answerMax = TimeSpan.FromSeconds(20);

    // The forty that the database has without reports.
    private const int Rows = 40;

    private static readonly Question[] s_questions =
    [
        .. Enumerable.Range(0, StalenessWriter.Requests).Select(n => new Question(
            "ServiceRequestDetail", new { city = "nyc", id = ReadingFixture.Id(n) }, IsOfRows: false)),
        .. Enumerable.Range(0, 5).Select(n => new Question("ServiceRequestMap", new { city = "nyc", viewport = Viewport(2 * n) }, false)),
        .. Enumerable.Repeat(new Question("ServiceRequestList", new { city = "nyc", first = Rows }, IsOfRows: true), 3),
        .. Enumerable.Repeat(new Question("ServiceRequestStats", new { city = "nyc" }, IsOfRows: true), 3),
    ];

    private static readonly Dictionary<string, int> s_requests =
        Enumerable.Range(0, StalenessWriter.Requests).ToDictionary(ReadingFixture.Id);

    private readonly ConcurrentDictionary<(string Address, string ETag), IReadOnlyList<(int Subject, int Shown)>> _known = new();
    private readonly ConcurrentDictionary<(int Server, string Address), string> _etags = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];
    private ConcurrentQueue<Reading> _readings = new();

    public void Start()
    {
        for (int i = 0; i < ReadersPerServer * servers.Count; i++)
        {
            (int server, var dice) = (i % servers.Count, new Random(i));
            _running.Add(Task.Run(() => RepeatAsync(server, dice)));
        }
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
    }

    /// <summary>What was received since the last call.</summary>
    public IReadOnlyCollection<Reading> Take() => Interlocked.Exchange(ref _readings, new());

    /// <summary>What was received, for whoever waits for something among it.</summary>
    public IReadOnlyCollection<Reading> Peek() => _readings;

    public void Dispose() => _stop.Dispose();

    // Each cell of zoom 16 is 0.0055 degrees wide: a few of them.
    private static object Viewport(int n)
    {
        (double west, double south) = (-73.9905 + n * 0.001, 40.7395 + n * 0.0005);
        return new { west, south, east = west + 0.003, north = south + 0.002 };
    }

    private async Task RepeatAsync(int server, Random dice)
    {
        while (!_stop.IsCancellationRequested)
        {
            if (servers.ClientOf(server) is { } client)
            {
                await AskAsync(client, server, s_questions[dice.Next(s_questions.Length)], isConditional: dice.Next(2) == 0);
            }

            await Task.Delay(s_interval * (2 * dice.NextDouble()));
        }
    }

    private async Task AskAsync(HttpClient client, int server, Question question, bool isConditional)
    {
        string? etag = isConditional ? _etags.GetValueOrDefault((server, question.Address)) : null;
        using var request = new HttpRequestMessage(HttpMethod.Get, question.Address);
        if (etag is not null)
        {
            request.Headers.TryAddWithoutValidation("If-None-Match", etag);
        }

        using var patience = new CancellationTokenSource(s_answerMax);
        long sent = Stopwatch.GetTimestamp();
        try
        {
            using HttpResponseMessage response = await client.SendAsync(request, patience.Token);
            byte[] body = await response.Content.ReadAsByteArrayAsync(patience.Token);
            var reading = new Reading(question, server, sent, Stopwatch.GetTimestamp())
            {
                AgeSeconds = response.Headers.Age is { } age ? (int)age.TotalSeconds : 0,
                IsHit = response.Headers.NonValidated.TryGetValues("Cache-Status", out HeaderStringValues status)
                    && status.ToString() == CacheAnswer.Hit,
                IsNotModified = response.StatusCode == HttpStatusCode.NotModified,
            };
            _readings.Enqueue(reading with { Shown = ShownBy(question, response, body, etag, server) });
        }
        catch (Exception cause) when (cause is HttpRequestException or OperationCanceledException or ObjectDisposedException or IOException)
        {
            // Its server was killed, or waits for a dead database.
            _readings.Enqueue(new Reading(question, server, sent, Stopwatch.GetTimestamp()));
        }
    }

    /// <summary>The changes that an answer shows; null for one with errors.</summary>
    private IReadOnlyList<(int Subject, int Shown)>? ShownBy(
        Question question, HttpResponseMessage response, byte[] body, string? etag, int server)
    {
        if (response.StatusCode == HttpStatusCode.NotModified)
        {
            return _known[(question.Address, etag!)];
        }

        if (response.StatusCode != HttpStatusCode.OK)
        {
            return null;
        }

        using JsonDocument json = JsonDocument.Parse(body);
        if (json.RootElement.TryGetProperty("errors", out _))
        {
            return null;
        }

        List<(int, int)> shown = [.. Shown(json.RootElement.GetProperty("data"))];
        if (response.Headers.ETag?.ToString() is { } tag)
        {
            _known[(question.Address, tag)] = shown;
            _etags[(server, question.Address)] = tag;
        }

        return shown;
    }

    private static IEnumerable<(int Subject, int Shown)> Shown(JsonElement data)
    {
        if (data.TryGetProperty("serviceRequestStats", out JsonElement stats))
        {
            return [(StalenessWriter.Reports, stats.GetProperty("total").GetInt32() - Rows)];
        }

        IEnumerable<JsonElement> requests = data.TryGetProperty("serviceRequest", out JsonElement one)
            ? [one]
            : data.GetProperty("serviceRequests").GetProperty("nodes").EnumerateArray();
        return requests.Where(request => s_requests.ContainsKey(request.GetProperty("id").GetString()!)).Select(request =>
            (s_requests[request.GetProperty("id").GetString()!], StalenessWriter.NumberOf(request.GetProperty("title").GetString())));
    }

    /// <summary>What is asked.</summary>
    internal sealed record Question(string Operation, object Variables, bool IsOfRows)
    {
        public string Address { get; } = PersistedAddress.Of(Operation, Variables);
    }

    /// <summary>An answer.</summary>
    /// <param name="Question">Its question.</param>
    /// <param name="Server">Who answered.</param>
    /// <param name="Sent">When it was asked for, as a timestamp.</param>
    /// <param name="Received">When the last byte of the answer was there.</param>
    internal sealed record Reading(Question Question, int Server, long Sent, long Received)
    {
        /// <summary>By how much it says that it may lack changes.</summary>
        public int AgeSeconds { get; init; }

        public bool IsHit { get; init; }

        public bool IsNotModified { get; init; }

        /// <summary>The last change that it shows of each thing in it; null without an answer, or with errors.</summary>
        public IReadOnlyList<(int Subject, int Shown)>? Shown { get; init; }
    }
}
