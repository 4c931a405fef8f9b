using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CityHelper.IntegrationTests.Serving;

namespace CityHelper.IntegrationTests.Subscriptions;

/// <summary>
/// A WebSocket frame by frame (RFC 6455): .NET's own client takes no close code that it does not know, such as 1012, and reads whatever the
/// test does.
/// </summary>
internal sealed class RawSocket : IAsyncDisposable
{
    public const string Protocol = "graphql-transport-ws";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly TcpClient _connection;
    private readonly NetworkStream _stream;

    private RawSocket(TcpClient connection)
    {
        _connection = connection;
        _stream = connection.GetStream();
    }

    /// <summary>The status of the answer to the upgrade.</summary>
    public int Status { get; private set; }

    /// <summary>The headers of that answer.</summary>
    public string Head { get; private set; } = "";

    /// <inheritdoc cref="OpenAsync(Uri, string?, string[])"/>
    public static Task<RawSocket> OpenAsync(TestServer server, string? protocol = Protocol, params string[] headers) =>
        OpenAsync(server.Client.BaseAddress!, protocol, headers);

    /// <summary>Asks for an upgrade.</summary>
    /// <param name="address">The server's.</param>
    /// <param name="protocol">The subprotocols; null for none.</param>
    /// <param name="headers">Further header lines; one of <c>Host</c> replaces the usual one.</param>
    public static async Task<RawSocket> OpenAsync(Uri address, string? protocol = Protocol, params string[] headers)
    {
        var connection = new TcpClient { NoDelay = true };
        await connection.ConnectAsync(address.Host, address.Port);
        var socket = new RawSocket(connection);
        List<string> lines = ["GET /graphql HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];
        lines.Add($"Sec-WebSocket-Key: {Convert.ToBase64String(RandomNumberGenerator.GetBytes(16))}");
        lines.AddRange(headers);
        if (protocol is not null)
        {
            lines.Add($"Sec-WebSocket-Protocol: {protocol}");
        }

        if (!headers.Any(header => header.StartsWith("Host:", StringComparison.Ordinal)))
        {
            lines.Add($"Host: {address.Authority}");
        }

        await socket._stream.WriteAsync(Encoding.ASCII.GetBytes(string.Join("\r\n", lines) + "\r\n\r\n"));
        socket.Head = await socket.ReadHeadAsync();
        socket.Status = int.Parse(socket.Head.Split(' ')[1], CultureInfo.InvariantCulture);
        return socket;
    }

    /// <inheritdoc cref="OpenKnownAsync(Uri, object?, string[])"/>
    public static Task<RawSocket> OpenKnownAsync(TestServer server, object? payload = null, params string[] headers) =>
        OpenKnownAsync(server.Client.BaseAddress!, payload, headers);

    /// <summary>Opens one whose client is known.</summary>
    public static async Task<RawSocket> OpenKnownAsync(Uri address, object? payload = null, params string[] headers)
    {
        RawSocket socket = await OpenAsync(address, Protocol, headers);
        await socket.SendAsync(new { type = "connection_init", payload });
        JsonElement ack = await socket.ReadAsync();
        return ack.GetProperty("type").GetString() == "connection_ack" ? socket : throw new InvalidOperationException($"{ack}");
    }

    public Task SendAsync(object message) => SendTextAsync(JsonSerializer.Serialize(message));

    public Task SendTextAsync(string text) => SendFrameAsync(opcode: 1, Encoding.UTF8.GetBytes(text));

    /// <summary>Starts an operation.</summary>
    public Task SubscribeAsync(string id, string query, object? variables = null) =>
        SendAsync(new { id, type = "subscribe", payload = new { query, variables } });

    /// <summary>Sends a frame, masked as a client must.</summary>
    public async Task SendFrameAsync(int opcode, byte[] payload, bool isLast = true)
    {
        using var frame = new MemoryStream();
        frame.WriteByte((byte)(opcode | (isLast ? 0x80 : 0)));
        if (payload.Length < 126)
        {
            frame.WriteByte((byte)(0x80 | payload.Length));
        }
        else
        {
            frame.WriteByte(0x80 | 127);
            byte[] length = new byte[8];
            BinaryPrimitives.WriteInt64BigEndian(length, payload.Length);
            frame.Write(length);
        }

        byte[] mask = [1, 2, 3, 4];
        frame.Write(mask);
        frame.Write([.. payload.Select((b, i) => (byte)(b ^ mask[i % 4]))]);
        await _stream.WriteAsync(frame.ToArray());
    }

    /// <summary>Starts the closing handshake.</summary>
    public Task SendCloseAsync(int code)
    {
        byte[] payload = new byte[2];
        BinaryPrimitives.WriteInt16BigEndian(payload, (short)code);
        return SendFrameAsync(opcode: 8, payload);
    }

    /// <summary>The next message; those of keep-alive are answered and left out.</summary>
    public async Task<JsonElement> ReadAsync()
    {
        while (true)
        {
            (int opcode, byte[] payload) = await ReadMessageAsync();
            if (opcode != 1)
            {
                throw new InvalidOperationException($"The socket was closed: {TextOf(payload)}");
            }

            JsonElement message = JsonDocument.Parse(payload).RootElement;
            if (message.GetProperty("type").GetString() != "ping")
            {
                return message;
            }

            await SendAsync(new { type = "pong" });
        }
    }

    /// <summary>The payload of the next message, which must be a result of an operation.</summary>
    public async Task<JsonElement> NextAsync(string id)
    {
        JsonElement message = await ReadAsync();
        return message.GetProperty("type").GetString() == "next" && message.GetProperty("id").GetString() == id
            ? message.GetProperty("payload")
            : throw new InvalidOperationException($"{message}");
    }

    /// <summary>Reads until the socket is closed, and confirms it.</summary>
    public async Task<(int Code, string Reason)> ReadEndAsync()
    {
        while (true)
        {
            (int opcode, byte[] payload) = await ReadMessageAsync();
            if (opcode == 8)
            {
                await SendFrameAsync(opcode: 8, payload.Length < 2 ? [] : payload[..2]);
                return (BinaryPrimitives.ReadUInt16BigEndian(payload), TextOf(payload));
            }
        }
    }

    /// <summary>Waits until the server has closed the connection below.</summary>
    public async Task ReadConnectionEndAsync()
    {
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            byte[] rest = new byte[64 * 1024];
            while (await _stream.ReadAsync(rest, patience.Token) > 0)
            {
            }
        }
        catch (IOException)
        {
            // Reset.
        }
    }

    /// <summary>The body of a refused upgrade, as the JSON that it is.</summary>
    public async Task<JsonElement> ReadBodyAsync()
    {
        string length = Head.Split("\r\n").Single(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
        byte[] body = new byte[int.Parse(length.Split(':')[1], CultureInfo.InvariantCulture)];
        await ReadExactlyAsync(body);
        return JsonDocument.Parse(body).RootElement;
    }

    /// <summary>Cuts the connection below, without a word.</summary>
    public void Cut() => _connection.Dispose();

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _connection.Dispose();
    }

    private static string TextOf(byte[] payload) => payload.Length < 2 ? "" : Encoding.UTF8.GetString(payload.AsSpan(2));

    private async Task<(int Opcode, byte[] Payload)> ReadMessageAsync()
    {
        var message = new MemoryStream();
        int opcode = 0;
        while (true)
        {
            byte[] head = new byte[2];
            await ReadExactlyAsync(head);
            int length = head[1];
            if (length >= 126)
            {
                byte[] longer = new byte[length == 126 ? 2 : 8];
                await ReadExactlyAsync(longer);
                length = longer.Length == 2
                    ? BinaryPrimitives.ReadUInt16BigEndian(longer)
                    : (int)BinaryPrimitives.ReadInt64BigEndian(longer);
            }

            byte[] payload = new byte[length];
            await ReadExactlyAsync(payload);
            message.Write(payload);
            opcode = opcode == 0 ? head[0] & 0x0F : opcode;
            if ((head[0] & 0x80) != 0)
            {
                return (opcode, message.ToArray());
            }
        }
    }

    private async Task<string> ReadHeadAsync()
    {
        var head = new List<byte>();
        byte[] one = new byte[1];
        while (!head.TakeLast(4).SequenceEqual("\r\n\r\n"u8.ToArray()))
        {
            await ReadExactlyAsync(one);
            head.Add(one[0]);
        }

        return Encoding.ASCII.GetString([.. head]);
    }

    private async Task ReadExactlyAsync(byte[] bytes)
    {
        using var patience = new CancellationTokenSource(s_patience);
        await _stream.ReadExactlyAsync(bytes, patience.Token);
    }
}
