using System.Net.WebSockets;
using System.Text;
using System.Threading.Channels;

namespace CityHelper.Tests.Engine.WebSockets;

/// <summary>The server's end of a WebSocket, whose client is the test.</summary>
internal sealed class FakeSocket : WebSocket
{
    private readonly Channel<(byte[] Bytes, WebSocketMessageType Type, bool IsLast)> _received =
        Channel.CreateUnbounded<(byte[], WebSocketMessageType, bool)>();

    private readonly Channel<string> _sent = Channel.CreateUnbounded<string>();
    private readonly TaskCompletionSource<(int Code, string? Reason)> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<byte> _part = [];
    private (byte[] Bytes, WebSocketMessageType Type, bool IsLast) _rest = ([], WebSocketMessageType.Text, true);
    private WebSocketState _state = WebSocketState.Open;
    private int _sending;

    /// <summary>Set, the client takes nothing.</summary>
    public bool IsStuck { get; set; }

    /// <summary>Whether the client answers the end of the server.</summary>
    public bool Confirms { get; set; } = true;

    /// <summary>Whether two wrote at once.</summary>
    public bool HasMixed { get; private set; }

    /// <summary>The largest buffer that was offered for reading.</summary>
    public int BufferMax { get; private set; }

    /// <summary>Whether the server broke the connection.</summary>
    public bool IsAborted => _state == WebSocketState.Aborted;

    public override WebSocketCloseStatus? CloseStatus => WebSocketCloseStatus.NormalClosure;

    public override string? CloseStatusDescription => null;

    public override WebSocketState State => _state;

    public override string? SubProtocol => null;

    /// <summary>Sends a message to the server.</summary>
    public void Send(string text) => Send(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, isLast: true);

    public void Send(byte[] bytes, WebSocketMessageType type, bool isLast) => _received.Writer.TryWrite((bytes, type, isLast));

    /// <summary>Closes it from the client.</summary>
    public void Leave() => Send([], WebSocketMessageType.Close, isLast: true);

    /// <summary>The next message of the server.</summary>
    public async Task<string> ReadAsync() => await _sent.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));

    /// <summary>Whether the server has sent something that was not read.</summary>
    public bool HasMore => _sent.Reader.TryPeek(out _);

    /// <summary>The end that the server sent.</summary>
    public Task<(int Code, string? Reason)> EndAsync() => _end.Task.WaitAsync(TimeSpan.FromSeconds(30));

    public override async ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        BufferMax = Math.Max(BufferMax, buffer.Length);
        (byte[] bytes, WebSocketMessageType type, bool isLast) = _rest;
        if (bytes.Length == 0)
        {
            try
            {
                (bytes, type, isLast) = await _received.Reader.ReadAsync(cancellationToken);
            }
            catch (ChannelClosedException)
            {
                throw new WebSocketException(WebSocketError.ConnectionClosedPrematurely);
            }
        }

        int count = Math.Min(bytes.Length, buffer.Length);
        bytes.AsMemory(0, count).CopyTo(buffer);
        _rest = (bytes[count..], type, isLast);
        return new ValueWebSocketReceiveResult(count, type, isLast && count == bytes.Length);
    }

    public override async ValueTask SendAsync(
        ReadOnlyMemory<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken)
    {
        HasMixed |= Interlocked.Increment(ref _sending) > 1;
        await Task.Yield();
        if (IsStuck)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        if (IsAborted)
        {
            throw new WebSocketException(WebSocketError.InvalidState);
        }

        _part.AddRange(buffer.ToArray());
        if (endOfMessage)
        {
            _sent.Writer.TryWrite(Encoding.UTF8.GetString([.. _part]));
            _part.Clear();
        }

        Interlocked.Decrement(ref _sending);
    }

    public override Task CloseOutputAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken)
    {
        _end.TrySetResult(((int)closeStatus, statusDescription));
        if (Confirms)
        {
            Leave();
        }

        return Task.CompletedTask;
    }

    public override void Abort()
    {
        _state = WebSocketState.Aborted;
        _received.Writer.TryComplete();
        _end.TrySetResult((1006, null));
    }

    public override void Dispose()
    {
    }

    public override Task CloseAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public override Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public override Task SendAsync(
        ArraySegment<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken) =>
        throw new NotSupportedException();
}
