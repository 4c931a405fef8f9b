using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// An HTTP/1.1 connection that reads only as much as requested, with almost no receive buffer in which a response could wait unread.
/// </summary>
internal sealed class SlowConnection : IDisposable
{
    /// <summary>About the least that Linux allows; it doubles it.</summary>
    private const int BufferBytes = 2_048;

    private readonly Socket _socket;

    private SlowConnection(Socket socket) => _socket = socket;

    /// <summary>Bytes of the body read so far.</summary>
    public long BodyBytes { get; private set; }

    public static async Task<SlowConnection> OpenAsync(Uri server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            ReceiveBufferSize = BufferBytes,
            NoDelay = true,
        };
        await socket.ConnectAsync(server.Host, server.Port);
        return new SlowConnection(socket);
    }

    /// <summary>Opens a connection and sends one GET.</summary>
    public static async Task<SlowConnection> GetAsync(Uri server, string target, params string[] headers)
    {
        SlowConnection connection = await OpenAsync(server);
        await connection.SendAsync(
            Encoding.ASCII.GetBytes($"GET {target} HTTP/1.1\r\nHost: localhost\r\n{string.Concat(headers.Select(h => h + "\r\n"))}\r\n"));
        return connection;
    }

    public async Task SendAsync(byte[] bytes) => await _socket.SendAsync(bytes);

    /// <summary>Sends bytes, and then shuts down the sending side.</summary>
    public async Task SendLastAsync(byte[] bytes)
    {
        await SendAsync(bytes);
        _socket.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Reads the head of the response and nothing more.</summary>
    public async Task<(int Status, IReadOnlyDictionary<string, string> Headers)> ReadHeadAsync()
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (head.Length < 4 || head.ToString(head.Length - 4, 4) != "\r\n\r\n")
        {
            if (await _socket.ReceiveAsync(one) == 0)
            {
                throw new EndOfStreamException("The connection ended within the head of the answer.");
            }

            head.Append((char)one[0]);
        }

        string[] lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        return (
            int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture),
            lines.Skip(1).Select(l => l.Split(": ", 2)).ToDictionary(l => l[0], l => l[1], StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>Reads this many bytes of the body, or fewer when the connection ends.</summary>
    public async Task<byte[]> ReadBodyAsync(long bytes)
    {
        using var body = new MemoryStream();
        byte[] some = new byte[64 * 1024];
        while (body.Length < bytes
            && await ReceiveAsync(some.AsMemory(0, (int)Math.Min(some.Length, bytes - body.Length))) is > 0 and var read)
        {
            body.Write(some, 0, read);
        }

        BodyBytes += body.Length;
        return body.ToArray();
    }

    public void Dispose() => _socket.Dispose();

    // A reset connection also counts as ended.
    private async ValueTask<int> ReceiveAsync(Memory<byte> bytes)
    {
        try
        {
            return await _socket.ReceiveAsync(bytes);
        }
        catch (SocketException cause) when (cause.SocketErrorCode == SocketError.ConnectionReset)
        {
            return 0;
        }
    }
}
