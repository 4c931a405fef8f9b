using System.Diagnostics;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Subscriptions;
using CityHelper.Engine.Telemetry;
using CityHelper.Engine.Transport.Http;
using CityHelper.Engine.Writing;
using GraphQLParser.AST;
using Microsoft.AspNetCore.Http;

namespace CityHelper.Engine.Transport.WebSockets;

/// <summary>What a WebSocket's operations are answered by.</summary>
internal interface ISocketRequests
{
    /// <summary>Whether the server stops: it takes no more clients.</summary>
    bool IsDraining { get; }

    /// <summary>The client, by what it says of itself and by the request that opened the socket; null when no client has its key.</summary>
    ClientProfile? Identify(string? key, string? name);

    /// <summary>Counts the socket as one of the client's.</summary>
    /// <returns>Whether it may have one more.</returns>
    bool TryCount(ClientProfile client);

    /// <summary>Runs the operation of a <c>subscribe</c>.</summary>
    /// <param name="message">The message.</param>
    /// <param name="client">The client.</param>
    /// <param name="unwanted">The client wants no more of it.</param>
    /// <returns>The answer, also when it failed; the caller disposes it.</returns>
    /// <exception cref="OperationCanceledException">Nobody wants it any more.</exception>
    Task<SocketAnswer> RunAsync(SocketMessage message, ClientProfile client, CancellationToken unwanted);

    /// <summary>A fault of the server is reported, which has no answer.</summary>
    void Failed(Exception cause);
}

/// <summary>The answer to an operation, as it is to be sent.</summary>
/// <param name="Result">The response; empty beside a stream.</param>
/// <param name="IsSubscription">Whether it was asked by a subscription.</param>
internal sealed record SocketAnswer(OperationResult Result, bool IsSubscription) : IDisposable
{
    /// <summary>The events of a subscription, in place of the response.</summary>
    public EventStream? Stream { get; init; }

    /// <summary>Counts the bytes of the response; null for none.</summary>
    public MemoryLease? Memory { get; init; }

    /// <summary>Whether it refuses a subscription that may be asked again: no room, or no answer of the database.</summary>
    public bool IsOverload => IsSubscription
        && !Result.HasData
        && Result.Errors.Any(error => error.RetryAfterSeconds is not null || error is RequestTimeoutError or DatabaseUnavailableError);

    public void Dispose()
    {
        Result.Dispose();
        Memory?.Dispose();
        Stream?.Dispose();
    }
}

/// <summary>Runs the operations of one WebSocket, each with its own time limit.</summary>
/// <param name="http">The request that opened the socket.</param>
/// <param name="slot">The socket's slot.</param>
/// <param name="tools">What all sockets share.</param>
internal sealed class SocketRequests(HttpContext http, SocketSlot slot, SocketTools tools) : ISocketRequests
{
    private const string Method = "WebSocket";

    public bool IsDraining => tools.Register.IsDraining;

    public ClientProfile? Identify(string? key, string? name)
    {
        ClientProfile? client = tools.Clients.Identify(http.Request, key, name);
        if (client is not null)
        {
            LogMessages.SocketOpened(tools.Logger, client.Name);
        }

        return client;
    }

    public bool TryCount(ClientProfile client) => slot.TryCount(client.Share);

    public async Task<SocketAnswer> RunAsync(SocketMessage message, ClientProfile client, CancellationToken unwanted)
    {
        long start = Stopwatch.GetTimestamp();
        using Activity? activity = EngineTelemetry.Source.StartActivity("GraphQL WebSocket");
        var found = new Found();
        MemoryLease? memory = tools.Sender.TryBegin(http);
        SocketAnswer answer;
        try
        {
            answer = memory is null
                ? Refused(found, new OverloadedError(Limits.ResponseMemoryRetrySeconds))
                : await AnswerAsync(message, client, memory, found, unwanted);
        }
        catch
        {
            memory?.Dispose();
            throw;
        }

        TimeSpan took = Stopwatch.GetElapsedTime(start);
        found.Operation.Mark(activity);
        activity?.SetTag(EngineTelemetry.ErrorCount, answer.Result.Errors.Count);
        Record(took, found.Operation);
        LogMessages.SocketAnswered(tools.Logger, found.Operation.Name, answer.Result.Errors.Count, took.TotalMilliseconds);
        if (answer.Stream is null)
        {
            return answer with { Memory = memory };
        }

        // A stream's events are counted where they are made.
        memory?.Dispose();
        return answer;
    }

    public void Failed(Exception cause) => LogMessages.SocketFailed(tools.Logger, cause);

    private async Task<SocketAnswer> AnswerAsync(
        SocketMessage message, ClientProfile client, MemoryLease memory, Found found, CancellationToken unwanted)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMilliseconds(tools.Options.RequestTimeoutMs), tools.Time);
        using CancellationTokenRegistration leaving = unwanted.UnsafeRegister(
            source => ((CancellationTokenSource)source!).Cancel(), timeout);
        try
        {
            if (RequestReader.ReadMembers(message.Payload, message.Request) is { } unreadable)
            {
                return Refused(found, unreadable);
            }

            PipelineAnswer answer = await tools.Pipeline.RunAsync(RequestOf(message.Request, client, memory, found), timeout.Token);
            return new SocketAnswer(answer.Result, found.IsSubscription) { Stream = answer.Stream };
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !unwanted.IsCancellationRequested)
        {
            LogMessages.RequestTimedOut(tools.Logger, Method, found.Operation.Name, tools.Options.RequestTimeoutMs);
            return Refused(found, new RequestTimeoutError());
        }
        catch (ResponseRefusedException cause)
        {
            return Refused(found, cause.Error);
        }
        catch (Exception cause) when (cause is not OperationCanceledException)
        {
            LogMessages.RequestFailed(tools.Logger, Method, http.Request.Path.Value, cause);
            return Refused(found, new UnexpectedError());
        }
    }

    private static PipelineRequest RequestOf(OperationRequest request, ClientProfile client, MemoryLease memory, Found found) =>
        new(request, client, memory)
        {
            AcceptsStream = true,
            IsOnSocket = true,
            Found = (operation, isPublished) =>
            {
                found.Operation = AnsweredOperation.Of(operation, isPublished);
                found.IsSubscription = operation.Definition.Operation == OperationType.Subscription;
            },
        };

    private static SocketAnswer Refused(Found found, RequestError error) => new(OperationResult.Refused(error), found.IsSubscription);

    // Without the status of HTTP, which it has none of.
    private static void Record(TimeSpan took, AnsweredOperation operation)
    {
        if (EngineTelemetry.RequestDuration.Enabled)
        {
            EngineTelemetry.RequestDuration.Record(
                took.TotalSeconds,
                new KeyValuePair<string, object?>(EngineTelemetry.OperationName, operation.Label),
                new KeyValuePair<string, object?>(EngineTelemetry.OperationType, operation.TypeLabel));
        }
    }

    /// <summary>The operation of a request, once it is found.</summary>
    private sealed class Found
    {
        public AnsweredOperation Operation { get; set; } = AnsweredOperation.Unknown;

        public bool IsSubscription { get; set; }
    }
}
