using System.Buffers;
using System.Net.WebSockets;
using CityHelper.Engine.Telemetry;
using CityHelper.Engine.Writing;
using Microsoft.Extensions.Logging;

namespace CityHelper.Engine.Transport.WebSockets;

/// <summary>What came over a WebSocket: a message, something that ends it, or neither when it is over.</summary>
/// <param name="Message">The text of a message, which nobody else has.</param>
/// <param name="Wrong">Why the connection ends.</param>
internal readonly record struct SocketRead(byte[]? Message, SocketClose? Wrong)
{
    /// <summary>Whether nothing more will come.</summary>
    public bool IsOver => Message is null && Wrong is null;
}

/// <summary>
/// The frames of a WebSocket. One reads, any number send: each message waits for its turn, in the order of asking, so operations share the
/// socket fairly and none waits in memory but at its owner. Whoever takes too long to read is cut off.
/// </summary>
/// <param name="socket">The socket; the caller disposes it.</param>
/// <param name="abort">Ends the connection below it without a word.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Told of readers that take nothing.</param>
internal sealed class SocketConnection(WebSocket socket, Action abort, TimeProvider time, ILogger logger) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(Limits.SocketReceiveBytes);
    private readonly Lock _gate = new();
    private volatile SocketClose? _close;
    private Task _closing = Task.CompletedTask;
    private bool _isDisposed;

    /// <summary>Cancelled when it ends, whoever ends it: nothing more is sent but the end.</summary>
    public CancellationToken Ending => _ending.Token;

    /// <summary>Why it ended; null while it does not, and when it broke.</summary>
    public SocketClose? Closed => _close;

    /// <summary>
    /// The next message. For one reader, who asks until it is over: that is how the client's confirmation of an end is read.
    /// </summary>
    public async Task<SocketRead> ReadAsync()
    {
        try
        {
            if (await ReadMessageAsync() is { IsOver: false } read)
            {
                return read;
            }
        }
        catch (Exception cause) when (IsGone(cause))
        {
            // The client has left, or broke a rule of the frames; of those the socket itself has told it.
        }

        _over.TrySetResult();
        await _ending.CancelAsync();
        return default;
    }

    /// <summary>Sends a message when its turn has come.</summary>
    /// <param name="message">The whole message.</param>
    /// <param name="unwanted">Nobody wants it any more; without effect once it is being sent.</param>
    /// <exception cref="OperationCanceledException">It was not sent, or not to its end: nobody wants it, or the socket ends.</exception>
    public Task SendAsync(ReadOnlyMemory<byte> message, CancellationToken unwanted) =>
        SendAsync(sending => socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, sending), unwanted);

    /// <inheritdoc cref="SendAsync(ReadOnlyMemory{byte}, CancellationToken)"/>
    /// <param name="head">The beginning of the message.</param>
    /// <param name="payload">Its payload.</param>
    /// <param name="unwanted">Nobody wants it any more; without effect once it is being sent.</param>
    public Task SendAsync(byte[] head, ReadOnlyMemory<byte> payload, CancellationToken unwanted) => SendAsync(
        async sending =>
        {
            // One frame, so that the kernel is asked once.
            int length = head.Length + payload.Length + SocketText.End.Length;
            byte[] whole = ArrayPool<byte>.Shared.Rent(length);
            head.CopyTo(whole, 0);
            payload.CopyTo(whole.AsMemory(head.Length));
            SocketText.End.CopyTo(whole.AsMemory(head.Length + payload.Length));
            await socket.SendAsync(whole.AsMemory(0, length), WebSocketMessageType.Text, endOfMessage: true, sending);

            // Not when that failed: the socket may still look at it.
            ArrayPool<byte>.Shared.Return(whole);
        },
        unwanted);

    /// <inheritdoc cref="SendAsync(ReadOnlyMemory{byte}, CancellationToken)"/>
    /// <param name="head">The beginning of the message.</param>
    /// <param name="payload">Its payload; empty when this returns.</param>
    /// <param name="unwanted">Nobody wants it any more; without effect once it is being sent.</param>
    public Task SendAsync(byte[] head, JsonBuffer payload, CancellationToken unwanted)
    {
        if (payload.Length <= Limits.ResponsePieceBytes)
        {
            return SendAsync(head, payload.ToArray(), unwanted);
        }

        // In pieces: the socket copies each, and a large answer is released while it is sent.
        return SendAsync(
            async sending =>
            {
                await socket.SendAsync(head.AsMemory(), WebSocketMessageType.Text, endOfMessage: false, sending);
                await payload.SendAsync(new PieceStream(socket), sending);
                await socket.SendAsync(SocketText.End, WebSocketMessageType.Text, endOfMessage: true, sending);
            },
            unwanted);
    }

    /// <summary>Ends it with a reason; the first one counts. Does not wait.</summary>
    public void Close(SocketClose why)
    {
        lock (_gate)
        {
            if (_close is null && !_isDisposed)
            {
                _close = why;
                _closing = CloseAsync(why);
            }
        }
    }

    /// <summary>Completes when the end was sent, or given up.</summary>
    public Task FinishAsync()
    {
        lock (_gate)
        {
            return _closing;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
        }

        ArrayPool<byte>.Shared.Return(Interlocked.Exchange(ref _buffer, []));
        _turn.Dispose();
        _ending.Dispose();
    }

    private async Task<SocketRead> ReadMessageAsync()
    {
        int length = 0;
        while (true)
        {
            Fit(length);
            ValueWebSocketReceiveResult got = await socket.ReceiveAsync(_buffer.AsMemory(length), CancellationToken.None);
            if (got.MessageType == WebSocketMessageType.Close)
            {
                await ConfirmAsync();
                return default;
            }

            if (_close is not null)
            {
                // What was on its way when the end was sent.
                length = 0;
                continue;
            }

            if (got.MessageType == WebSocketMessageType.Binary)
            {
                return new SocketRead(null, SocketClose.BadRequest("Invalid message: send text, not bytes"));
            }

            length += got.Count;
            if (length > Limits.RequestBytesMax)
            {
                return new SocketRead(null, SocketClose.MessageTooLarge);
            }

            if (got.EndOfMessage)
            {
                return new SocketRead(_buffer.AsSpan(0, length).ToArray(), null);
            }
        }
    }

    // Large only while a message is.
    private void Fit(int length)
    {
        int wanted = length == 0 ? Limits.SocketReceiveBytes : length == _buffer.Length ? 2 * length : _buffer.Length;
        if (wanted == _buffer.Length)
        {
            return;
        }

        byte[] next = ArrayPool<byte>.Shared.Rent(wanted);
        _buffer.AsSpan(0, length).CopyTo(next);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = next;
    }

    private async Task SendAsync(Func<CancellationToken, ValueTask> write, CancellationToken unwanted)
    {
        await _turn.WaitAsync(unwanted);
        try
        {
            unwanted.ThrowIfCancellationRequested();
            _ending.Token.ThrowIfCancellationRequested();
            using var limit = new CancellationTokenSource(Limits.StreamTakeTimeMax, time);
            try
            {
                // Not `unwanted`: half a message would be the end of the socket.
                await write(limit.Token);
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested)
            {
                EngineTelemetry.SlowReaders.Add(1, new KeyValuePair<string, object?>("cityhelper.http.ended", "websocket"));
                LogMessages.SlowSubscriber(logger, Limits.StreamTakeTimeMax.TotalSeconds);
                Abort();
                throw;
            }
            catch (Exception cause) when (IsGone(cause))
            {
                Abort();
                throw new OperationCanceledException("The client has left.", cause);
            }
            catch
            {
                // A part of the message may be on its way, and nothing can follow it.
                Abort();
                throw;
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task CloseAsync(SocketClose why)
    {
        using var limit = new CancellationTokenSource(Limits.SocketCloseTimeMax, time);
        try
        {
            // Those that wait for their turn give it up.
            await _ending.CancelAsync();
            await SendCloseAsync(why, limit.Token);
            await _over.Task.WaitAsync(limit.Token);
        }
        catch (Exception cause) when (IsGone(cause))
        {
            Abort();
        }
    }

    private async Task ConfirmAsync()
    {
        var why = new SocketClose((int)(socket.CloseStatus ?? WebSocketCloseStatus.NormalClosure), "");
        lock (_gate)
        {
            if (_close is not null)
            {
                return;
            }

            _close = why;
        }

        using var limit = new CancellationTokenSource(Limits.SocketCloseTimeMax, time);
        await SendCloseAsync(why, limit.Token);
    }

    private async Task SendCloseAsync(SocketClose why, CancellationToken limit)
    {
        await _turn.WaitAsync(limit);
        try
        {
            await socket.CloseOutputAsync((WebSocketCloseStatus)why.Code, why.Reason, limit);
        }
        finally
        {
            _turn.Release();
        }
    }

    private void Abort()
    {
        // The request that opened the socket may have ended by now, and its context serve another.
        lock (_gate)
        {
            if (!_isDisposed)
            {
                socket.Abort();
                abort();

                // Those that wait for their turn give it up.
                _ = _ending.CancelAsync();
            }
        }
    }

    // How the end of a connection shows, from whichever side and however far it has come.
    private static bool IsGone(Exception cause) =>
        cause is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException;

    /// <summary>The middle of a message, as a stream.</summary>
    private sealed class PieceStream(WebSocket socket) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default) =>
            socket.SendAsync(bytes, WebSocketMessageType.Text, endOfMessage: false, cancellationToken);

        public override Task WriteAsync(byte[] bytes, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(bytes.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Write(byte[] bytes, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override int Read(byte[] bytes, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
