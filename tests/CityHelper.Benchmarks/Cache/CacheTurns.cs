using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using CityHelper.Benchmarks.Log;
using CityHelper.Engine.Transport.Http;

namespace CityHelper.Benchmarks.Cache;

/// <summary>What a turn measured of one operation, over questions that no turn had before.</summary>
/// <param name="Floor">A bare server that sends as many bytes.</param>
/// <param name="Hit">From the server's store.</param>
/// <param name="NotModified">The same, 304.</param>
/// <param name="Read">Read from PostgreSQL by a server without Redis.</param>
/// <param name="Shared">Asked for in Redis in vain, read, and shared.</param>
/// <param name="Found">Found in Redis.</param>
internal sealed record CacheTurn(CacheCost Floor, CacheCost Hit, CacheCost NotModified, CacheCost Read, CacheCost Shared, CacheCost Found)
{
    /// <summary>A hit of another build; null when none is compared.</summary>
    public CacheCost? OtherHit { get; init; }

    /// <summary>A 304 of another build; null when none is compared.</summary>
    public CacheCost? OtherNotModified { get; init; }

    /// <summary>The time of an answer's batches, one request at a time.</summary>
    public required double BatchMs { get; init; }

    /// <summary>The time from a request to its answer when it is read, one request at a time.</summary>
    public required double ReadMs { get; init; }

    /// <summary>The same when it is found in Redis.</summary>
    public required double FoundMs { get; init; }
}

/// <summary>
/// The turns of one operation. In each, drawn questions are asked (1) of a server that reads them (2) of one that shares them (3) of one
/// that finds them in Redis (4) of the first again: hits and 304, in turns with a bare server. (5) Others are asked one at a time.
/// </summary>
internal sealed class CacheTurns : IAsyncDisposable
{
    /// <summary>Requests of a round of hits.</summary>
    private const int HitRequests = 1_000;

    /// <summary>Rounds of hits, of 304 and of the bare server in a turn. Short ones meet a busy machine alike.</summary>
    private const int HitRounds = 4;

    /// <summary>The JIT compiles hot code in the background for thousands of requests, and that is the server's CPU time too.</summary>
    private const int WarmUpHits = 3_000;

    private const int WarmUpTurns = 3;
    private const int TurnsMin = 3;
    private const int HitConnections = 8;

    /// <summary>Few: admission queues statistics.</summary>
    private const int ReadConnections = 4;

    /// <summary>More, since they wait: what a server does besides, such as following the log, is shared by more answers then.</summary>
    private const int ShareConnections = 8;

    /// <summary>Questions after which a server takes the operation for dear.</summary>
    private const int DearQuestions = 4;

    private const int TimedQuestions = 50;

    private static readonly TimeSpan s_settling = TimeSpan.FromMilliseconds(100);

    /// <summary>Longer than a server leaves Redis alone after a call that exceeded its time.</summary>
    private static readonly TimeSpan s_recovering = TimeSpan.FromSeconds(2);

    /// <summary>Turns that may be spoilt, one after the other.</summary>
    private const int SpoiltMax = 5;

    private readonly CacheServers _servers;
    private readonly CacheQuestions _questions;
    private readonly CacheOperation _operation;
    private readonly ServerProcess _floorServer;
    private readonly CacheClients _floor;
    private readonly CacheClients _hit;
    private readonly CacheClients? _other;
    private readonly CacheClients _read;
    private readonly CacheClients _share;
    private readonly CacheClients _find;
    private readonly CacheClients _readOne;
    private readonly CacheClients _findOne;
    private readonly HttpClient _http = new();

    private CacheTurns(CacheServers servers, CacheQuestions questions, CacheOperation operation, ServerProcess floor)
    {
        (_servers, _questions, _operation, _floorServer) = (servers, questions, operation, floor);
        _floor = new CacheClients(floor.Url, HitConnections);
        _hit = new CacheClients(servers.Alone.Url, HitConnections);
        _other = servers.Other is { } other ? new CacheClients(other.Url, HitConnections) : null;
        _read = new CacheClients(servers.Alone.Url, ReadConnections);
        _share = new CacheClients(servers.Sharing.Url, ShareConnections);
        _find = new CacheClients(servers.Finding.Url, ReadConnections);
        _readOne = new CacheClients(servers.Alone.Url, 1);
        _findOne = new CacheClients(servers.Finding.Url, 1);
    }

    /// <summary>Asks for some answers, and starts a bare server that sends as many bytes as they have.</summary>
    public static async Task<CacheTurns> StartAsync(CacheServers servers, CacheQuestions questions, CacheOperation operation)
    {
        using var clients = new CacheClients(servers.Alone.Url, ReadConnections);
        RoundAnswers sample = await clients.SendAsync(
            clients.Requests(questions.Draw(operation, operation.TurnQuestions)), operation.TurnQuestions, ExpectedAnswer.Miss);
        string bytes = (sample.Bytes / sample.Count).ToString(CultureInfo.InvariantCulture);

        var settings = new Dictionary<string, string?> { [KestrelFloor.SpinLimit] = "0" };
        return new CacheTurns(servers, questions, operation, await ServerProcess.StartAsync(
            "CityHelper.Benchmarks.dll", "/", url => ["floor", url, bytes], environment: settings));
    }

    /// <summary>Measures turns for some time.</summary>
    public async Task<IReadOnlyList<CacheTurn>> MeasureAsync(TimeSpan length)
    {
        for (int i = 0; i < WarmUpTurns; i++)
        {
            await WholeTurnAsync(WarmUpHits);
        }

        var turns = new List<CacheTurn>();
        for (long start = Stopwatch.GetTimestamp(); turns.Count < TurnsMin || Stopwatch.GetElapsedTime(start) < length;)
        {
            turns.Add(await WholeTurnAsync(HitRequests));
        }

        return turns;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (CacheClients? clients in (CacheClients?[])[_floor, _hit, _other, _read, _share, _find, _readOne, _findOne])
        {
            clients?.Dispose();
        }

        _http.Dispose();
        await _floorServer.DisposeAsync();
    }

    // A turn is measured again when its answers ended with the minute, or when a busy machine let calls to Redis exceed their time.
    private async Task<CacheTurn> WholeTurnAsync(int hits)
    {
        for (int spoilt = 0; ; spoilt++)
        {
            int minute = TimeProvider.System.GetUtcNow().Minute;
            try
            {
                CacheTurn turn = await TurnAsync(hits);
                if (!_operation.EndsWithMinute || TimeProvider.System.GetUtcNow().Minute == minute)
                {
                    return turn;
                }
            }
            catch (InvalidOperationException) when (spoilt < SpoiltMax)
            {
                await Task.Delay(s_recovering);
            }
        }
    }

    private async Task<CacheTurn> TurnAsync(int hits)
    {
        await BeginDearAsync();
        CacheQuestion[] drawn = _questions.Draw(_operation, _operation.TurnQuestions);
        string[] etags = new string[drawn.Length];
        CacheCost read = await _servers.MeasureAsync(_servers.Alone, () => _read.SendAsync( // (1)
            _read.Requests(drawn), drawn.Length, ExpectedAnswer.Miss, (i, head) => etags[i] = ETagOf(head)));
        CacheCost shared = await ShareAsync(drawn); // (2)
        CacheCost found = await FindAsync(_find, drawn); // (3)
        await (_other?.SendAsync(_other.Requests(drawn), drawn.Length, ExpectedAnswer.Miss) ?? Task.CompletedTask);
        byte[][] bare = _floor.FloorRequests(drawn);
        List<CacheCost> floor = [];
        List<CacheCost> hit = [];
        List<CacheCost> same = [];
        List<CacheCost> otherHit = [];
        List<CacheCost> otherSame = [];
        for (int i = 0; i < HitRounds; i++) // (4)
        {
            floor.Add(await _servers.MeasureAsync(_floorServer, () => _floor.SendAsync(bare, hits, ExpectedAnswer.Any)));
            await HitAsync(_servers.Alone, _hit, hit, same);
            if (_other is { } clients)
            {
                await HitAsync(_servers.Other!, clients, otherHit, otherSame);
            }
        }

        CacheQuestion[] timed = _questions.Draw(_operation, TimedQuestions); // (5)
        RoundAnswers one = await _readOne.SendAsync(_readOne.Requests(timed), timed.Length, ExpectedAnswer.Miss);
        await ShareAsync(timed);
        CacheCost foundOne = await FindAsync(_findOne, timed);
        return new CacheTurn(CacheCost.Mean(floor), CacheCost.Mean(hit), CacheCost.Mean(same), read, shared, found)
        {
            OtherHit = _other is null ? null : CacheCost.Mean(otherHit),
            OtherNotModified = _other is null ? null : CacheCost.Mean(otherSame),
            ReadMs = one.Took.TotalMilliseconds / one.Count,
            FoundMs = 1_000 / foundOne.PerSecond,
            BatchMs = await BatchMsAsync(timed),
        };

        async Task HitAsync(ServerProcess server, CacheClients clients, List<CacheCost> whole, List<CacheCost> notModified)
        {
            byte[][] requests = clients.Requests(drawn);
            byte[][] conditional = clients.Requests(drawn, etags);
            whole.Add(await _servers.MeasureAsync(server, () => clients.SendAsync(requests, hits, ExpectedAnswer.Hit)));
            notModified.Add(await _servers.MeasureAsync(server, () => clients.SendAsync(conditional, hits, ExpectedAnswer.NotModified)));
        }
    }

    // Both servers meet an answer that took long, so both ask Redis from then on.
    private async Task BeginDearAsync()
    {
        CacheQuestion[] dear = _questions.Draw(_operation, DearQuestions);
        _servers.SlowOfFinding.Delay = _servers.SlowOfSharing.Delay = CacheServers.Delay;
        await _find.SendAsync(_find.Requests(dear), dear.Length, ExpectedAnswer.Miss);
        _servers.SlowOfFinding.Delay = TimeSpan.Zero;
        CacheQuestion[] more = _questions.Draw(_operation, DearQuestions);
        await _share.SendAsync(_share.Requests(more), more.Length, ExpectedAnswer.Miss);
    }

    // A server shares after it has answered.
    private Task<CacheCost> ShareAsync(CacheQuestion[] drawn) => _servers.MeasureAsync(_servers.Sharing, async () =>
    {
        RoundAnswers answers = await _share.SendAsync(_share.Requests(drawn), drawn.Length, ExpectedAnswer.Miss);
        await Task.Delay(s_settling);
        return answers;
    });

    private Task<CacheCost> FindAsync(CacheClients clients, CacheQuestion[] drawn) => _servers.MeasureAsync(
        _servers.Finding, () => clients.SendAsync(clients.Requests(drawn), drawn.Length, ExpectedAnswer.Found));

    // As the server measures it, with which it decides whether to share.
    private async Task<double> BatchMsAsync(CacheQuestion[] drawn)
    {
        var times = new List<double>();
        foreach (CacheQuestion question in drawn)
        {
            using var message = new HttpRequestMessage(HttpMethod.Get, new Uri(_servers.Alone.Url, question.Target));
            message.Headers.Add(GraphQLHttpHandler.CostHeaderName, "report");
            using HttpResponseMessage response = await _http.SendAsync(message);
            using JsonDocument answer = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync());
            times.Add(answer.RootElement.GetProperty("extensions").GetProperty("cost").GetProperty("databaseMs").GetDouble());
        }

        return LogTable.Median(times);
    }

    private static string ETagOf(string head)
    {
        int from = head.IndexOf("\r\nETag: ", StringComparison.Ordinal) + "\r\nETag: ".Length;
        return head[from..head.IndexOf('\r', from)];
    }
}
