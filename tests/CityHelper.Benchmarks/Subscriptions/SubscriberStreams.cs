using System.Text.Json;

namespace CityHelper.Benchmarks.Subscriptions;

/// <summary>Streams of server-sent events, over a connection of HTTP/1.1 each.</summary>
internal sealed class SubscriberStreams : Subscribers
{
    private const int BufferBytes = 4 * 1024;

    private readonly HttpClient _client = new(new SocketsHttpHandler()) { Timeout = Timeout.InfiniteTimeSpan };
    private MemoryStream _sample = new();

    /// <summary>The bytes of the last whole event of the first stream, as they were sent.</summary>
    public byte[] LastEvent { get; private set; } = [];

    /// <summary>Opens streams to an area of a server.</summary>
    public static async Task<SubscriberStreams> OpenAsync(Uri server, string city, DrawnArea area, int count)
    {
        string variables = JsonSerializer.Serialize(SubscriberSockets.VariablesOf(city, area));
        var url = new Uri(
            server, $"/graphql?query={Uri.EscapeDataString(SubscriberSockets.Query)}&variables={Uri.EscapeDataString(variables)}");
        var streams = new SubscriberStreams();
        await streams.BeginAsync(count, i => streams.OpenAsync(url, isFirst: i == 0));
        return streams;
    }

    /// <summary>Opens streams to the bare web server, which sends nothing at first.</summary>
    public static async Task<SubscriberStreams> OpenBareAsync(Uri floor, int count)
    {
        var url = new Uri(floor, KestrelFloor.EventsPath);
        var streams = new SubscriberStreams();
        for (int i = 0; i < count; i++)
        {
            await streams.OpenAsync(url, isFirst: false);
        }

        return streams;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _client.Dispose();
    }

    private async Task OpenAsync(Uri url, bool isFirst)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Accept.ParseAdd("text/event-stream");
        HttpResponseMessage answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Leaving);
        answer.EnsureSuccessStatusCode();
        _ = Task.Run(() => ReadAsync(() => ReadAsync(answer, isFirst)));
    }

    // JSON has no line breaks, so an event has one line that begins with "data". Retries, comments and ids are other lines.
    private async Task ReadAsync(HttpResponseMessage answer, bool isFirst)
    {
        using HttpResponseMessage open = answer;
        await using Stream body = await open.Content.ReadAsStreamAsync(Leaving);
        var buffer = new byte[BufferBytes];
        bool isLineStart = true;
        while (await body.ReadAsync(buffer, Leaving) is > 0 and var read)
        {
            int events = CountLines(buffer.AsSpan(0, read), ref isLineStart);
            if (isFirst)
            {
                Sample(buffer.AsSpan(0, read));
            }

            Count(events);
        }

        throw new IOException("The server has ended a stream.");
    }

    private static int CountLines(ReadOnlySpan<byte> text, ref bool isLineStart)
    {
        int lines = 0;
        while (!text.IsEmpty)
        {
            lines += isLineStart && text[0] == 'd' ? 1 : 0;
            int end = text.IndexOf((byte)'\n');
            isLineStart = end >= 0;
            text = isLineStart ? text[(end + 1)..] : [];
        }

        return lines;
    }

    private void Sample(ReadOnlySpan<byte> text)
    {
        _sample.Write(text);
        if (text.EndsWith("\n\n"u8))
        {
            ReadOnlySpan<byte> all = _sample.ToArray();
            int start = all[..^2].LastIndexOf("\n\n"u8);
            ReadOnlySpan<byte> last = all[(start < 0 ? 0 : start + 2)..];
            if (last.IndexOf("data"u8) >= 0)
            {
                LastEvent = last.ToArray();
            }

            _sample = new();
        }
    }
}
