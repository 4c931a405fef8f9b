using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace CityHelper.IntegrationTests.Subscriptions;

/// <summary>A block of an event stream (HTML standard, 9.2.6).</summary>
/// <param name="Event">The type; null when it is not given.</param>
/// <param name="Id">The id; null when it is not given.</param>
/// <param name="Data">The data; null when it is not given.</param>
/// <param name="Retry">The time to come back after, in milliseconds; null when it is not given.</param>
internal sealed record SseBlock(string? Event, string? Id, string? Data, string? Retry)
{
    /// <summary>Whether it is a comment alone.</summary>
    public bool IsComment => this is { Event: null, Id: null, Data: null, Retry: null };
}

/// <summary>A subscription over server-sent events, as a client without a library reads it.</summary>
internal sealed class SseStream : IAsyncDisposable
{
    /// <summary>A selection with everything that the log tells, and a little of the row.</summary>
    public const string Selection = "kind cursor at id status previousStatus serviceRequest { id status title }";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly HttpResponseMessage _response;
    private readonly StreamReader _reader;
    private readonly CancellationTokenSource _ending = new();

    private SseStream(HttpResponseMessage response, Stream body)
    {
        _response = response;
        _reader = new StreamReader(body);
    }

    public HttpResponseMessage Response => _response;

    /// <summary>Sends a request and waits for the headers.</summary>
    public static async Task<SseStream> SendAsync(HttpClient client, HttpRequestMessage request)
    {
        if (!request.Headers.Contains("Accept"))
        {
            request.Headers.TryAddWithoutValidation("Accept", "text/event-stream");
        }

        (request.Version, request.VersionPolicy) = (client.DefaultRequestVersion, client.DefaultVersionPolicy);
        HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return new SseStream(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>Posts a subscription, or any operation.</summary>
    public static Task<SseStream> PostAsync(HttpClient client, string query, object? variables = null, string? lastEventId = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/graphql") { Content = JsonContent.Create(new { query, variables }) };
        if (lastEventId is not null)
        {
            request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        }

        return SendAsync(client, request);
    }

    /// <summary>Subscribes to the changes of a city.</summary>
    /// <param name="client">The client.</param>
    /// <param name="within">A literal of <c>AreaInput</c>, or null.</param>
    /// <param name="where">A literal of the conditions, or null.</param>
    /// <param name="after">A cursor, or null.</param>
    /// <param name="selection">What is selected of an event.</param>
    public static Task<SseStream> OpenAsync(
        HttpClient client, string? within = null, string? where = null, string? after = null, string selection = Selection)
    {
        string arguments = (within is null ? "" : $", within: {within}") + (where is null ? "" : $", where: {where}");
        return PostAsync(
            client,
            $"subscription($after: String) {{ onServiceRequestChanged(city: \"nyc\"{arguments}, after: $after) {{ {selection} }} }}",
            new { after });
    }

    /// <summary>The next block; null at the end of the body.</summary>
    public async Task<SseBlock?> ReadAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        patience.CancelAfter(s_patience);
        var fields = new Dictionary<string, string>();
        bool hasLine = false;
        while (await _reader.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.Length == 0)
            {
                if (hasLine)
                {
                    return new SseBlock(
                        fields.GetValueOrDefault("event"), fields.GetValueOrDefault("id"), fields.GetValueOrDefault("data"),
                        fields.GetValueOrDefault("retry"));
                }

                continue;
            }

            hasLine = true;
            string[] parts = line.Split(':', 2);
            if (parts[0].Length > 0)
            {
                fields[parts[0]] = parts.Length < 2 ? "" : parts[1].StartsWith(' ') ? parts[1][1..] : parts[1];
            }
        }

        return null;
    }

    /// <summary>The next event of the subscription; comments and places are skipped.</summary>
    public async Task<StreamEvent> NextAsync()
    {
        while (true)
        {
            SseBlock block = await ReadAsync() ?? throw new InvalidOperationException($"The stream of {_response.StatusCode} has ended.");
            if (block.Event != "next")
            {
                continue;
            }

            using var json = JsonDocument.Parse(block.Data!);
            JsonElement root = json.RootElement.Clone();
            if (root.TryGetProperty("errors", out JsonElement errors))
            {
                throw new InvalidOperationException($"The event has errors: {errors}");
            }

            var next = StreamEvent.Of(root.GetProperty("data"));
            return block.Id == next.Cursor
                ? next
                : throw new InvalidOperationException($"The event's id is {block.Id}, and its cursor {next.Cursor}.");
        }
    }

    /// <summary>Some events.</summary>
    public async Task<IReadOnlyList<StreamEvent>> NextAsync(int count)
    {
        var events = new List<StreamEvent>();
        while (events.Count < count)
        {
            events.Add(await NextAsync());
        }

        return events;
    }

    /// <summary>The errors of a refusal, which is one event.</summary>
    public async Task<JsonElement> ErrorsAsync()
    {
        SseBlock block = (await ReadAsync())!;
        if (_response.StatusCode != HttpStatusCode.OK || block.Event != "next")
        {
            throw new InvalidOperationException($"{_response.StatusCode}: {block}");
        }

        return JsonDocument.Parse(block.Data!).RootElement.GetProperty("errors");
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _response.Dispose();
        _ending.Dispose();
    }
}
