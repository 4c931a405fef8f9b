using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace CityHelper.Benchmarks.Overload;

/// <summary>What an answer's head says; bodies are read and discarded.</summary>
/// <param name="Status">The status.</param>
/// <param name="RetryAfter">Seconds of <c>Retry-After</c>; null without the header.</param>
/// <param name="Bytes">The length of its body.</param>
internal readonly record struct WireAnswer(int Status, int? RetryAfter, int Bytes);

/// <summary>
/// One connection that sends requests as they are, and parses only the status, length and <c>Retry-After</c> of an answer. It costs a
/// twentieth of an HttpClient, on the processors that server and database need.
/// </summary>
internal sealed class Wire : IDisposable
{
    private const int BufferBytes = 64 * 1024;

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferBytes);
    private readonly Uri _server;
    private int _head;

    public Wire(Uri server) => _server = server;

    /// <summary>The head of the last answer.</summary>
    public ReadOnlySpan<byte> Head => _buffer.AsSpan(0, _head);

    /// <summary>A request as bytes.</summary>
    /// <param name="url">Its address.</param>
    /// <param name="headers">Further headers, each with its line's end.</param>
    public static byte[] Get(Uri url, string headers = "") =>
        Encoding.ASCII.GetBytes(
            $"GET {url.PathAndQuery} HTTP/1.1\r\nHost: {url.Authority}\r\nAccept: application/graphql-response+json\r\n{headers}\r\n");

    /// <summary>Sends a request and awaits its answer.</summary>
    /// <exception cref="IOException">The server closed the connection, or sent what this client cannot parse.</exception>
    public async ValueTask<WireAnswer> SendAsync(ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        if (!_socket.Connected)
        {
            await _socket.ConnectAsync(_server.Host, _server.Port, cancellation);
        }

        await _socket.SendAsync(request, cancellation);
        int received = 0;
        while (!HasHead(received))
        {
            received += Some(await _socket.ReceiveAsync(_buffer.AsMemory(received), cancellation));
        }

        (WireAnswer answer, int left) = Parse(received);
        while (left > 0)
        {
            left -= Some(await _socket.ReceiveAsync(_buffer.AsMemory(_head, Math.Min(left, BufferBytes - _head)), cancellation));
        }

        return answer;
    }

    /// <summary>As <see cref="SendAsync"/>, but on the caller's thread: the measured time includes no wait for a pool thread.</summary>
    public WireAnswer Send(ReadOnlySpan<byte> request)
    {
        if (!_socket.Connected)
        {
            _socket.Connect(_server.Host, _server.Port);
        }

        _socket.Send(request);
        int received = 0;
        while (!HasHead(received))
        {
            received += Some(_socket.Receive(_buffer.AsSpan(received)));
        }

        (WireAnswer answer, int left) = Parse(received);
        while (left > 0)
        {
            left -= Some(_socket.Receive(_buffer.AsSpan(_head, Math.Min(left, BufferBytes - _head))));
        }

        return answer;
    }

    public void Dispose() => _socket.Dispose();

    private static int Some(int received) =>
        received > 0 ? received : throw new IOException("The server closed the connection in the middle of an answer.");

    // A chunked answer, such as that of a readiness probe, is short: waits for all of it.
    private bool HasHead(int received)
    {
        ReadOnlySpan<byte> text = _buffer.AsSpan(0, received);
        if (text.IndexOf("\r\n\r\n"u8) >= 0 && (text.IndexOf("Transfer-Encoding: chunked"u8) < 0 || text.EndsWith("\r\n0\r\n\r\n"u8)))
        {
            return true;
        }

        return received == BufferBytes ? throw new IOException("The head of an answer is longer than any of ours.") : false;
    }

    private (WireAnswer Answer, int Left) Parse(int received)
    {
        _head = _buffer.AsSpan(0, received).IndexOf("\r\n\r\n"u8) + 4;
        string text = Encoding.ASCII.GetString(_buffer, 0, _head);
        int length = Header(text, "Content-Length") ?? received - _head;
        return (
            new WireAnswer(int.Parse(text.AsSpan(9, 3), CultureInfo.InvariantCulture), Header(text, "Retry-After"), length),
            length - (received - _head));
    }

    private static int? Header(string head, string name)
    {
        int at = head.IndexOf($"\r\n{name}: ", StringComparison.OrdinalIgnoreCase);
        if (at < 0)
        {
            return null;
        }

        int from = at + name.Length + 4;
        return int.Parse(head.AsSpan(from, head.IndexOf('\r', from) - from), CultureInfo.InvariantCulture);
    }
}
