using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// An HTTP/2 connection without TLS, frame by frame (RFC 9113), for what no client library does, such as a window of one byte. It never
/// enlarges a window.
/// </summary>
internal sealed class Http2Connection : IAsyncDisposable
{
    private const byte DataFrame = 0;
    private const byte HeadersFrame = 1;
    private const byte ResetFrame = 3;
    private const byte SettingsFrame = 4;
    private const byte PingFrame = 6;
    private const byte Acknowledged = 1;
    private const byte EndOfStreamAndHeaders = 5;
    private const ushort HeaderTableSetting = 1;
    private const ushort InitialWindowSetting = 4;

    /// <summary>Empties the header table (RFC 7541, 6.3).</summary>
    private const byte EmptyTable = 0x20;

    private readonly TcpClient _socket;
    private readonly NetworkStream _stream;
    private int _nextStream = 1;

    private Http2Connection(TcpClient socket)
    {
        _socket = socket;
        _stream = socket.GetStream();
    }

    /// <summary>Bytes of bodies received.</summary>
    public long BodyBytes { get; private set; }

    /// <summary>Opens a connection.</summary>
    /// <param name="server">The address.</param>
    /// <param name="windowBytes">Bytes of each response that the server may send; the window never grows.</param>
    public static async Task<Http2Connection> OpenAsync(Uri server, int windowBytes)
    {
        var socket = new TcpClient { NoDelay = true };
        await socket.ConnectAsync(server.Host, server.Port);
        var connection = new Http2Connection(socket);
        await connection._stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());

        // No header table, so each response's headers decode by themselves.
        await connection.SendAsync(SettingsFrame, 0, 0, [.. Setting(HeaderTableSetting, 0), .. Setting(InitialWindowSetting, windowBytes)]);
        return connection;
    }

    /// <summary>Sends a GET on a new stream.</summary>
    /// <returns>The stream's number.</returns>
    public async Task<int> GetAsync(string target)
    {
        // Method and scheme by their indexes in HPACK's static table (RFC 7541, appendix A), path and authority as literals.
        byte[] headers = [0x82, 0x86, .. Literal(4, target), .. Literal(1, "localhost")];
        int stream = _nextStream;
        _nextStream += 2;
        await SendAsync(HeadersFrame, EndOfStreamAndHeaders, stream, headers);
        return stream;
    }

    /// <summary>Reads frames until the server resets a stream.</summary>
    /// <returns>The stream's number.</returns>
    public async Task<int> ReadResetAsync()
    {
        while (true)
        {
            (byte type, byte flags, int stream, byte[] payload) = await ReadAsync();
            if (type == ResetFrame)
            {
                return stream;
            }

            await AnswerAsync(type, flags, payload);
        }
    }

    /// <summary>Reads frames until this many responses have begun.</summary>
    /// <returns>Their statuses.</returns>
    public async Task<IReadOnlyList<int>> ReadStatusesAsync(int count)
    {
        var statuses = new List<int>();
        while (statuses.Count < count)
        {
            (byte type, byte flags, _, byte[] payload) = await ReadAsync();
            if (type == HeadersFrame)
            {
                statuses.Add(Status(payload));
            }

            await AnswerAsync(type, flags, payload);
        }

        return statuses;
    }

    /// <summary>Reads frames until the server ends the connection.</summary>
    public async Task ReadToEndAsync()
    {
        try
        {
            while (true)
            {
                (byte type, byte flags, _, byte[] payload) = await ReadAsync();
                await AnswerAsync(type, flags, payload);
            }
        }
        catch (IOException)
        {
            // The end, by a reset or not.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _socket.Dispose();
    }

    private async Task AnswerAsync(byte type, byte flags, byte[] payload)
    {
        BodyBytes += type == DataFrame ? payload.Length : 0;
        if (type is SettingsFrame or PingFrame && (flags & Acknowledged) == 0)
        {
            await SendAsync(type, Acknowledged, 0, type == PingFrame ? payload : []);
        }
    }

    private async Task<(byte Type, byte Flags, int Stream, byte[] Payload)> ReadAsync()
    {
        byte[] head = new byte[9];
        await _stream.ReadExactlyAsync(head);
        byte[] payload = new byte[head[0] << 16 | head[1] << 8 | head[2]];
        await _stream.ReadExactlyAsync(payload);
        return (head[3], head[4], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)) & int.MaxValue, payload);
    }

    private async Task SendAsync(byte type, byte flags, int stream, byte[] payload)
    {
        byte[] frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8 | type);
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        await _stream.WriteAsync(frame);
    }

    private static byte[] Setting(ushort id, int value)
    {
        byte[] setting = new byte[6];
        BinaryPrimitives.WriteUInt16BigEndian(setting, id);
        BinaryPrimitives.WriteInt32BigEndian(setting.AsSpan(2), value);
        return setting;
    }

    // Never indexed, without Huffman coding: the name's index, then the value with its length in seven bits and more.
    private static byte[] Literal(byte name, string value)
    {
        byte[] text = Encoding.ASCII.GetBytes(value);
        var length = new List<byte>();
        if (text.Length < 127)
        {
            length.Add((byte)text.Length);
        }
        else
        {
            length.Add(127);
            int rest = text.Length - 127;
            for (; rest >= 128; rest >>= 7)
            {
                length.Add((byte)(rest % 128 + 128));
            }

            length.Add((byte)rest);
        }

        return [name, .. length, .. text];
    }

    // `:status` comes first: by its index in the static table, or as a literal of three digits.
    private static int Status(ReadOnlySpan<byte> headers) => headers[0] switch
    {
        EmptyTable => Status(headers[1..]),
        0x88 => 200,
        0x8C => 400,
        0x8D => 404,
        0x8E => 500,
        _ when headers[1] == 3 => int.Parse(Encoding.ASCII.GetString(headers[2..5]), CultureInfo.InvariantCulture),
        _ => throw new InvalidDataException($"The answer begins with {Convert.ToHexString(headers)}."),
    };
}
