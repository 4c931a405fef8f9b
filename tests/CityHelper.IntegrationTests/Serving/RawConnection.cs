using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>One HTTP/1.1 connection, byte by byte: shows what an HTTP client hides, such as when a connection can be reused.</summary>
internal sealed class RawConnection : IAsyncDisposable
{
    private readonly TcpClient _socket;
    private readonly NetworkStream _stream;

    private RawConnection(TcpClient socket)
    {
        _socket = socket;
        _stream = socket.GetStream();
    }

    public static async Task<RawConnection> OpenAsync(TestServer server)
    {
        Uri address = server.Client.BaseAddress!;
        var socket = new TcpClient { NoDelay = true };
        await socket.ConnectAsync(address.Host, address.Port);
        return new RawConnection(socket);
    }

    /// <summary>A POST of JSON.</summary>
    /// <param name="body">The body.</param>
    /// <param name="headers">Additional header lines; a content type replaces the default one.</param>
    public static byte[] Post(byte[] body, params string[] headers)
    {
        IEnumerable<string> type = headers.Any(h => h.StartsWith("Content-Type", StringComparison.Ordinal))
            ? []
            : ["Content-Type: application/json"];
        return [.. Head("POST /graphql", [.. type, .. headers, $"Content-Length: {body.Length}"]), .. body];
    }

    public static byte[] Post(string body, params string[] headers) => Post(Encoding.UTF8.GetBytes(body), headers);

    public static byte[] Head(string request, params string[] headers) =>
        Encoding.ASCII.GetBytes($"{request} HTTP/1.1\r\nHost: localhost\r\n{string.Concat(headers.Select(h => h + "\r\n"))}\r\n");

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await _stream.WriteAsync(bytes);

    /// <summary>Reads one response.</summary>
    /// <param name="hasBody">Whether a body of the stated length follows; false for HEAD.</param>
    /// <exception cref="EndOfStreamException">The server has closed the connection.</exception>
    public async Task<RawAnswer> ReadAsync(bool hasBody = true)
    {
        int status = int.Parse((await ReadLineAsync()).Split(' ')[1], CultureInfo.InvariantCulture);
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        while (await ReadLineAsync() is { Length: > 0 } line)
        {
            string[] parts = line.Split(':', 2);
            headers[parts[0]] = parts[1].Trim();
        }

        // Uncompressed responses have a length; this reads only those.
        byte[] body = new byte[hasBody ? int.Parse(headers.GetValueOrDefault("Content-Length", "0"), CultureInfo.InvariantCulture) : 0];
        await _stream.ReadExactlyAsync(body);
        return new RawAnswer(status, headers, Encoding.UTF8.GetString(body));
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return _stream.DisposeAsync();
    }

    private async Task<string> ReadLineAsync()
    {
        var line = new List<byte>();
        byte[] one = new byte[1];
        while (!line.TakeLast(2).SequenceEqual("\r\n"u8.ToArray()))
        {
            await _stream.ReadExactlyAsync(one);
            line.Add(one[0]);
        }

        return Encoding.ASCII.GetString([.. line]).TrimEnd();
    }
}

/// <summary>A response as received.</summary>
internal sealed record RawAnswer(int Status, IReadOnlyDictionary<string, string> Headers, string Body);
