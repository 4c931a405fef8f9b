using System.Text.Json;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Subscriptions;

namespace CityHelper.Engine.Transport.WebSockets;

/// <summary>
/// The protocol graphql-transport-ws over one WebSocket (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md): who may say what
/// when. Messages are handled one after the other, operations run beside each other.
/// </summary>
/// <remarks>
/// Nothing piles up. Who reads also sends the short answers, so that nothing is read while one of them waits for a client that does not
/// take it. An operation waits with its result, or its next event, until the socket takes it; and there are few operations.
/// </remarks>
/// <param name="connection">The socket.</param>
/// <param name="requests">What answers.</param>
/// <param name="time">The clock.</param>
internal sealed class SocketSession(SocketConnection connection, ISocketRequests requests, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _answers = new(Limits.SocketAnswersMax, Limits.SocketAnswersMax);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, SocketOperation> _active = new(StringComparer.Ordinal);
    private ClientProfile? _client;
    private volatile bool _isInitialised;
    private int _unanswered;

    /// <summary>Serves the socket to its end.</summary>
    public async Task RunAsync()
    {
        using ITimer init = time.CreateTimer(
            static session => ((SocketSession)session!).EndUninitialised(), this, Limits.SocketInitTimeMax, Timeout.InfiniteTimeSpan);
        Task pinging = PingAsync();
        try
        {
            while (await connection.ReadAsync() is { IsOver: false } read)
            {
                if ((read.Wrong ?? await HandleAsync(read.Message!)) is { } why)
                {
                    connection.Close(why);
                }
            }
        }
        finally
        {
            // Whoever uses the socket has an answer to send; their reads were cancelled with the socket.
            for (int i = 0; i < Limits.SocketAnswersMax; i++)
            {
                await _answers.WaitAsync();
            }

            await pinging;
            await connection.FinishAsync();
        }
    }

    public void Dispose() => _answers.Dispose();

    /// <summary>Handles a message.</summary>
    /// <returns>Why the socket ends; null when it does not.</returns>
    private async Task<SocketClose?> HandleAsync(byte[] utf8)
    {
        // Whatever comes shows that the client is there: its pong may stand behind it.
        Interlocked.Exchange(ref _unanswered, 0);
        (SocketMessage? message, SocketClose? wrong) = SocketMessage.Parse(utf8);
        if (message is null)
        {
            return wrong;
        }

        bool isKept = false;
        try
        {
            switch (message.Type)
            {
                case SocketMessageType.ConnectionInit:
                    return await InitialiseAsync(message.Payload);
                case SocketMessageType.Ping:
                    await connection.SendAsync(SocketText.Pong(message.Payload), connection.Ending);
                    return null;
                case SocketMessageType.Subscribe:
                    (wrong, isKept) = await StartAsync(message);
                    return wrong;
                case SocketMessageType.Complete:
                    Complete(message.Id);
                    return null;
                default:
                    return null;
            }
        }
        catch (OperationCanceledException)
        {
            // The socket ends: its answer is not waited for.
            return null;
        }
        finally
        {
            if (!isKept)
            {
                message.Dispose();
            }
        }
    }

    private async Task<SocketClose?> InitialiseAsync(JsonElement payload)
    {
        if (_isInitialised)
        {
            return SocketClose.TooManyInits;
        }

        _isInitialised = true;
        if (requests.IsDraining)
        {
            return SocketClose.TryAgainLater;
        }

        SocketClient sent = SocketClient.Of(payload);
        if (requests.Identify(sent.Key, sent.Name) is not { } client)
        {
            return SocketClose.KeyUnknown;
        }

        if (!requests.TryCount(client))
        {
            return SocketClose.TryAgainLater;
        }

        // Order matters: what was acknowledged may ask, and only that.
        _client = client;
        await connection.SendAsync(SocketText.Ack, connection.Ending);
        return null;
    }

    private async Task<(SocketClose? Wrong, bool IsKept)> StartAsync(SocketMessage message)
    {
        if (_client is null)
        {
            return (SocketClose.Unauthorized, false);
        }

        SocketOperation? operation = null;
        lock (_gate)
        {
            if (_active.ContainsKey(message.Id))
            {
                return (SocketClose.IdTaken(message.Id), false);
            }

            if (_active.Count < Limits.SocketOperationsMax)
            {
                operation = new SocketOperation(message.Id, connection.Ending);
                _active.Add(message.Id, operation);
            }
        }

        if (operation is null)
        {
            byte[] errors = OperationResult.ErrorsJson([new TooManyOperationsError()]);
            await connection.SendAsync(SocketText.Error(message.Id), errors, connection.Ending);
            return (null, false);
        }

        try
        {
            await _answers.WaitAsync(connection.Ending);
        }
        catch (OperationCanceledException)
        {
            End(operation);
            throw;
        }

        // Elsewhere: planning takes milliseconds, and the next message may be a ping.
        _ = Task.Run(() => ServeAsync(operation, message));
        return (null, true);
    }

    private async Task ServeAsync(SocketOperation operation, SocketMessage message)
    {
        try
        {
            // The request is released before its answer is sent: a slow reader would otherwise hold it too.
            SocketAnswer answer;
            using (message)
            {
                answer = await requests.RunAsync(message, _client!, operation.Unwanted);
            }

            using (answer)
            {
                await SendAsync(operation, answer);
            }
        }
        catch (OperationCanceledException)
        {
            // The client wants no more of it, or has left.
        }
        catch (Exception cause)
        {
            requests.Failed(cause);
            connection.Close(SocketClose.Unexpected);
        }
        finally
        {
            End(operation);
            operation.Dispose();
            _answers.Release();
        }
    }

    private async Task SendAsync(SocketOperation operation, SocketAnswer answer)
    {
        string id = operation.Id;
        if (answer.Stream is { } stream)
        {
            await SendEventsAsync(operation, stream);
        }
        else if (answer.IsOverload)
        {
            // No message of the protocol says "later": clients take an error for the end, and come back after this.
            connection.Close(SocketClose.TryAgainLater);
        }
        else if (answer.Result.HasData)
        {
            await connection.SendAsync(SocketText.Next(id), answer.Result.Json, operation.Unwanted);

            // Order matters: who reads the end may use the id again.
            if (End(operation))
            {
                await connection.SendAsync(SocketText.Complete(id), operation.Unwanted);
            }
        }
        else if (End(operation))
        {
            byte[] errors = OperationResult.ErrorsJson(answer.Result.Errors);
            await connection.SendAsync(SocketText.Error(id), errors, operation.Unwanted);
        }
    }

    private async Task SendEventsAsync(SocketOperation operation, EventStream stream)
    {
        byte[] head = SocketText.Next(operation.Id);
        while (true)
        {
            StreamItem item = await stream.TakeAsync(operation.Unwanted);
            if (item.Event is not { } made)
            {
                // Not `complete`: clients take it for the end of the subscription, and come back after these.
                connection.Close(item.End == StreamEnd.RightExpired ? SocketClose.Forbidden : SocketClose.ServiceRestart);
                return;
            }

            // What was redacted since is skipped: the redaction follows.
            if (made.Json is { } json)
            {
                await connection.SendAsync(head, json, operation.Unwanted);
            }
        }
    }

    private void Complete(string id)
    {
        SocketOperation? operation;
        lock (_gate)
        {
            _active.Remove(id, out operation);
        }

        // It may have ended just now, and the client not know yet.
        operation?.Drop();
    }

    /// <summary>Ends an operation; its id is free then.</summary>
    /// <returns>Whether it was active.</returns>
    private bool End(SocketOperation operation)
    {
        lock (_gate)
        {
            return _active.TryGetValue(operation.Id, out SocketOperation? active) && active == operation && _active.Remove(operation.Id);
        }
    }

    private void EndUninitialised()
    {
        if (!_isInitialised)
        {
            connection.Close(SocketClose.InitTimeout);
        }
    }

    private async Task PingAsync()
    {
        using var timer = new PeriodicTimer(Limits.KeepAliveInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(connection.Ending))
            {
                if (Interlocked.Increment(ref _unanswered) > Limits.SocketPingsMax)
                {
                    connection.Close(SocketClose.PingsUnanswered);
                    return;
                }

                await connection.SendAsync(SocketText.Ping, connection.Ending);
            }
        }
        catch (OperationCanceledException)
        {
            // The socket ends.
        }
    }
}

/// <summary>An operation that a client has started over a WebSocket.</summary>
/// <param name="id">The id that the client gave it.</param>
/// <param name="ending">The socket ends.</param>
internal sealed class SocketOperation(string id, CancellationToken ending) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _unwanted = CancellationTokenSource.CreateLinkedTokenSource(ending);
    private bool _isDisposed;

    /// <summary>The id that the client gave it.</summary>
    public string Id => id;

    /// <summary>Cancelled when the client ends it, or the socket ends. Not to be asked for once it is disposed.</summary>
    public CancellationToken Unwanted => _unwanted.Token;

    /// <summary>The client wants no more of it.</summary>
    public void Drop()
    {
        lock (_gate)
        {
            if (!_isDisposed)
            {
                // Not on this thread, which reads: the callbacks cancel statements.
                _ = _unwanted.CancelAsync();
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _unwanted.Dispose();
        }
    }
}
