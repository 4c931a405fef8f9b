using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using CityHelper.Engine.Cursors;
using CityHelper.IntegrationTests.Serving;
using CityHelper.IntegrationTests.Subscriptions;

namespace CityHelper.IntegrationTests.Chaos;

/// <summary>What a subscriber was told, in order.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Epoch">The epoch of its cursor.</param>
/// <param name="Number">The number in it.</param>
/// <param name="Id">The id of its request; null for RESUMED and RESYNC.</param>
internal sealed record Told(string Kind, int Epoch, long Number, string? Id);

/// <summary>
/// A page that shows what it watches and keeps it up to date: reads it, subscribes behind what it has read, comes back at any server
/// after whatever ends its stream, and reads again when it is told to. Now and then it leaves by itself, or stops reading for a while.
/// </summary>
/// <param name="watch">What it watches.</param>
/// <param name="hasSocket">Whether by WebSocket; else by server-sent events.</param>
/// <param name="servers">The servers.</param>
/// <param name="answers">A cache between it and them, which lags.</param>
/// <param name="cursors">Opens places, for the test alone.</param>
/// <param name="dice">Draws servers and moods.</param>
internal sealed class ChaosSubscriber(
    Watch watch, bool hasSocket, ChaosServers servers, LaggingCache answers, LogPositionCursors cursors, Random dice)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly List<Told> _told = [];
    private readonly HashSet<string> _shown = [];
    private string? _place;
    private ChaosSocket? _socket;

    public Watch Watch => watch;

    public bool HasSocket => hasSocket;

    /// <summary>How often it came back.</summary>
    public int Returns { get; private set; }

    /// <summary>What it was told so far.</summary>
    public IReadOnlyList<Told> Told
    {
        get
        {
            lock (_gate)
            {
                return [.. _told];
            }
        }
    }

    /// <summary>The requests that it shows.</summary>
    public IReadOnlySet<string> Shown
    {
        get
        {
            lock (_gate)
            {
                return _shown.ToHashSet();
            }
        }
    }

    /// <summary>Watches until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        // Half of them begin with an answer that a cache may have kept, and go on behind its place.
        if (dice.Next(2) == 0 && watch.Query is not null)
        {
            await ReadAgainAsync(atLeast: null, stop);
        }

        while (!stop.IsCancellationRequested)
        {
            try
            {
                // Some come back as a page that is loaded anew, with whatever a cache has kept.
                if (Returns > 0 && watch.Query is not null && dice.Next(3) == 0)
                {
                    await ReadAgainAsync(atLeast: null, stop);
                }

                await ListenAsync(stop);
            }
            catch (Exception cause) when (cause is HttpRequestException or IOException or SocketException
                or OperationCanceledException or InvalidOperationException or JsonException or ObjectDisposedException)
            {
                // However a stream ends: it is read to its end or cut, or its server is not there.
                Returns++;
                _socket = null;
                await Task.Delay(s_pause * dice.NextDouble(), CancellationToken.None);
            }
        }

        if (_socket is not null)
        {
            await _socket.DisposeAsync();
        }
    }

    private async Task ListenAsync(CancellationToken stop)
    {
        string query = $"subscription($after: String) {{ {watch.Subscription}, after: $after) "
            + "{ kind cursor id serviceRequest { id status version title } } }";
        string? after = _place;
        ChaosStream stream = await OpenAsync(query, new { after });
        bool stays = false;
        try
        {
            using CancellationTokenRegistration leaving = stop.Register(stream.Cut);
            await ListenAsync(stream, after, stop);
            if (stays = stream == _socket && dice.Next(2) == 0)
            {
                await _socket!.LeaveAsync();
            }
        }
        finally
        {
            if (!stays)
            {
                _socket = null;
                await stream.DisposeAsync();
            }
        }
    }

    private async Task<ChaosStream> OpenAsync(string query, object variables)
    {
        HttpClient server = servers.Pick(dice);
        if (!hasSocket)
        {
            return await ChaosStream.OverEventsAsync(server, query, variables);
        }

        _socket ??= await ChaosSocket.OpenAsync(server.BaseAddress!);
        await _socket.SubscribeAsync(query, variables);
        return _socket;
    }

    private async Task ListenAsync(ChaosStream stream, string? after, CancellationToken stop)
    {
        int left = dice.Next(20, 400);
        while (left-- > 0)
        {
            StreamEvent next = await stream.NextAsync();
            await TakeAsync(next, after, stop);
            if (dice.Next(2_000) == 0)
            {
                // Long enough for queue and sockets to fill.
                await Task.Delay(TimeSpan.FromSeconds(dice.Next(2, 8)), stop);
            }
        }
    }

    private async Task TakeAsync(StreamEvent next, string? after, CancellationToken stop)
    {
        LogPosition position = cursors.Open(RequestRows.City, next.Cursor)!.Value;
        lock (_gate)
        {
            _told.Add(new Told(next.Kind, position.Epoch, position.Number, next.Id));
        }

        switch (next.Kind)
        {
            case "RESUMED" when next.Cursor != after:
                throw new NotSupportedException($"It goes on behind {next.Cursor}, and was asked to behind {after}.");
            case "RESYNC" when watch.Query is not null:
                await ReadAgainAsync(next.Cursor, stop);
                break;
            case "ENTERED" or "UPDATED":
                Show(next.Id!, isShown: true);
                break;
            case "LEFT":
                Show(next.Id!, isShown: false);
                break;
        }

        _place = next.Cursor;
    }

    private void Show(string id, bool isShown)
    {
        lock (_gate)
        {
            _ = isShown ? _shown.Add(id) : _shown.Remove(id);
        }
    }

    // The events behind the cursor are applied to what is read: some of them it may have already, which changes nothing in the end.
    private async Task ReadAgainAsync(string? atLeast, CancellationToken stop)
    {
        HashSet<string> read = [];
        string? page = null;
        string? place = null;
        do
        {
            JsonElement data = await answers.AskAsync(
                $"query($page: String) {{ city(slug: \"nyc\") {{ cursor }} serviceRequests({watch.Query}, first: 100, after: $page) "
                    + "{ nodes { id } pageInfo { hasNextPage endCursor } } }",
                new { page },
                atLeast,
                dice,
                stop);

            // The smallest place of all that is shown.
            string cursor = data.GetProperty("city").GetProperty("cursor").GetString()!;
            place = place is null || cursors.Open(RequestRows.City, cursor) < cursors.Open(RequestRows.City, place) ? cursor : place;
            JsonElement requests = data.GetProperty("serviceRequests");
            read.UnionWith(requests.GetProperty("nodes").EnumerateArray().Select(node => node.GetProperty("id").GetString()!));
            JsonElement info = requests.GetProperty("pageInfo");
            page = info.GetProperty("hasNextPage").GetBoolean() ? info.GetProperty("endCursor").GetString() : null;
        }
        while (page is not null);
        lock (_gate)
        {
            _shown.Clear();
            _shown.UnionWith(read);
            if (atLeast is null)
            {
                LogPosition position = cursors.Open(RequestRows.City, place)!.Value;
                _told.Add(new Told("READ", position.Epoch, position.Number, null));
                _place = place;
            }
        }
    }
}

/// <summary>
/// A cache before the servers that keeps answers for half a minute, except for who names a change that the answer must have.
/// </summary>
/// <param name="servers">The servers.</param>
internal sealed class LaggingCache(ChaosServers servers)
{
    private static readonly TimeSpan s_kept = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, (JsonElement Data, long At)> _answers = new();
    private int _hits;

    /// <summary>Whether it gives old answers. It stops that before the end, so that all arrive at the last change.</summary>
    public bool IsLagging { get; set; } = true;

    /// <summary>How often an old answer was given.</summary>
    public int Hits => _hits;

    /// <summary>Asks until there is an answer.</summary>
    public async Task<JsonElement> AskAsync(string query, object variables, string? atLeast, Random dice, CancellationToken stop)
    {
        string key = query + JsonSerializer.Serialize(variables);
        if (atLeast is null
            && IsLagging
            && _answers.TryGetValue(key, out (JsonElement Data, long At) kept)
            && Stopwatch.GetElapsedTime(kept.At) < s_kept)
        {
            Interlocked.Increment(ref _hits);
            return kept.Data;
        }

        while (true)
        {
            stop.ThrowIfCancellationRequested();
            long at = Stopwatch.GetTimestamp();
            if (await TryAsync(query, variables, atLeast, dice, stop) is { } data)
            {
                _answers[key] = (data, at);
                return data;
            }

            await Task.Delay(100, stop);
        }
    }

    private async Task<JsonElement?> TryAsync(string query, object variables, string? atLeast, Random dice, CancellationToken stop)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/graphql");
            request.Content = JsonContent.Create(new { query, variables });
            if (atLeast is not null)
            {
                request.Headers.Add("CityHelper-At-Least", atLeast);
            }

            using HttpResponseMessage response = await servers.Pick(dice).SendAsync(request, stop);
            JsonElement json = await response.Content.ReadFromJsonAsync<JsonElement>(stop);
            return json.TryGetProperty("errors", out _) ? null : json.GetProperty("data");
        }
        catch (Exception cause) when (!stop.IsCancellationRequested
            && cause is HttpRequestException or IOException or OperationCanceledException or JsonException or ObjectDisposedException)
        {
            return null;
        }
    }
}
