using Microsoft.Extensions.Logging;

namespace CityHelper.Engine.Telemetry;

/// <summary>
/// All log messages of the engine; their ids are in <see cref="EventIds"/>. Texts are <see cref="LogText"/>. Only SQL is logged as it is,
/// since it contains nothing that a client wrote.
/// </summary>
internal static partial class LogMessages
{
    [LoggerMessage(EventIds.Answered, LogLevel.Debug, "{Method} {Operation} answered {Status} with {Bytes} bytes in {Milliseconds:F2} ms")]
    public static partial void Answered(ILogger logger, LogText method, LogText operation, int status, int bytes, double milliseconds);

    [LoggerMessage(EventIds.RequestFailed, LogLevel.Error, "{Method} {Path} failed unexpectedly")]
    public static partial void RequestFailed(ILogger logger, LogText method, LogText path, Exception cause);

    [LoggerMessage(EventIds.RequestTimedOut, LogLevel.Warning, "{Method} {Operation} ended after {TimeoutMs} ms without an answer")]
    public static partial void RequestTimedOut(ILogger logger, LogText method, LogText operation, int timeoutMs);

    [LoggerMessage(EventIds.ClientLeft, LogLevel.Debug,
        "{Method} {Path}: the client left after {Milliseconds:F2} ms; its statements are cancelled")]
    public static partial void ClientLeft(ILogger logger, LogText method, LogText path, double milliseconds);

    [LoggerMessage(EventIds.SlowReader, LogLevel.Warning,
        "A client had not read its answer after {TimeoutMs} ms; its connection was ended")]
    public static partial void SlowReader(ILogger logger, int timeoutMs);

    [LoggerMessage(EventIds.SlowStream, LogLevel.Warning,
        "A stream of HTTP/2 was not read to its end within {TimeoutMs} ms; it was reset, "
        + "and its connection ends with the next one")]
    public static partial void SlowStream(ILogger logger, int timeoutMs);

    [LoggerMessage(EventIds.SlowSubscriber, LogLevel.Warning,
        "A subscriber has taken nothing for {Seconds:F0} s; its connection is ended")]
    public static partial void SlowSubscriber(ILogger logger, double seconds);

    [LoggerMessage(EventIds.PlanCompiled, LogLevel.Debug,
        "Compiled a plan of {Operation} for the variable signature '{Signature}' in {Milliseconds:F2} ms")]
    public static partial void PlanCompiled(ILogger logger, LogText operation, LogText signature, double milliseconds);

    [LoggerMessage(EventIds.OperationsLoaded, LogLevel.Information, "Loaded {Count} persisted operations from {Path}")]
    public static partial void OperationsLoaded(ILogger logger, int count, LogText path);

    [LoggerMessage(EventIds.NotAllowedButDone, LogLevel.Warning,
        "{Client} may not {Act} {Operation} ({Id}) in mode {Mode}; it was done, because its mode is only logged")]
    public static partial void NotAllowedButDone(ILogger logger, LogText client, LogText mode, LogText act, LogText operation, LogText id);

    [LoggerMessage(EventIds.OperationDoesNotFit, LogLevel.Warning,
        "The published operation {Id} ({Client}/{Name}) does not fit this server's schema: {Reason}")]
    public static partial void OperationDoesNotFit(ILogger logger, LogText id, LogText client, LogText name, LogText reason);

    [LoggerMessage(EventIds.Statement, LogLevel.Debug, "Statement: {Sql}")]
    public static partial void Statement(ILogger logger, string sql);

    [LoggerMessage(EventIds.CountTimedOut, LogLevel.Warning, "A count was cancelled after {TimeoutMs} ms")]
    public static partial void CountTimedOut(ILogger logger, int timeoutMs);

    [LoggerMessage(EventIds.BatchTimedOut, LogLevel.Warning, "A batch of {Operation} was ended after {Milliseconds:F0} ms: {Reason}")]
    public static partial void BatchTimedOut(ILogger logger, LogText operation, double milliseconds, LogText reason);

    [LoggerMessage(EventIds.GeometryNotCompared, LogLevel.Warning, "A geometry of {Operation} could not be compared: {Reason}")]
    public static partial void GeometryNotCompared(ILogger logger, LogText operation, LogText reason);

    [LoggerMessage(EventIds.StaleConnection, LogLevel.Warning,
        "A connection of the pool was dead ({Reason}); the pool is cleared and the read is tried once more")]
    public static partial void StaleConnection(ILogger logger, LogText reason);

    [LoggerMessage(EventIds.MutationFailed, LogLevel.Error, "The mutation {Mutation} failed in the database, clients are told {Code}")]
    public static partial void MutationFailed(ILogger logger, LogText mutation, LogText code, Exception cause);

    [LoggerMessage(EventIds.MutationBroken, LogLevel.Error, "The mutation {Mutation} failed by a fault of the server")]
    public static partial void MutationBroken(ILogger logger, LogText mutation, Exception cause);

    [LoggerMessage(EventIds.ReplicaFailed, LogLevel.Warning,
        "The replica {Server} failed ({Reason}); the answer is read again from the primary")]
    public static partial void ReplicaFailed(ILogger logger, LogText server, LogText reason);

    [LoggerMessage(EventIds.ReplicaFar, LogLevel.Warning,
        "The replica {Server} is far behind; it is left alone for {Seconds:F0} s at a time until it has caught up")]
    public static partial void ReplicaFar(ILogger logger, LogText server, double seconds);

    [LoggerMessage(EventIds.ReplicasAway, LogLevel.Warning, "No replica can be read from ({Reason}); all is read from the primary")]
    public static partial void ReplicasAway(ILogger logger, LogText reason);

    [LoggerMessage(EventIds.ReplicasBack, LogLevel.Information, "The replica {Server} can be read from again")]
    public static partial void ReplicasBack(ILogger logger, LogText server);

    [LoggerMessage(EventIds.BatchFailed, LogLevel.Error, "A batch failed, clients are told {Code}")]
    public static partial void BatchFailed(ILogger logger, LogText code, Exception cause);

    [LoggerMessage(EventIds.EventsNotRead, LogLevel.Error,
        "The rows of events of tenant {Tenant} cannot be read; their subscribers are told to read their query again")]
    public static partial void EventsNotRead(ILogger logger, short tenant, Exception cause);

    [LoggerMessage(EventIds.EventsNotDispatched, LogLevel.Error,
        "Changes of tenant {Tenant} cannot be given to its subscribers, who are told to read their query again")]
    public static partial void EventsNotDispatched(ILogger logger, short tenant, Exception cause);

    [LoggerMessage(EventIds.Resynced, LogLevel.Information,
        "{Count} subscriptions of tenant {Tenant} are to read their query again, up to {Number}: {Reason}")]
    public static partial void Resynced(ILogger logger, int count, short tenant, long number, LogText reason);

    [LoggerMessage(EventIds.Draining, LogLevel.Information,
        "The server stops: its {Count} subscriptions end within {Seconds:F0} s, in random order")]
    public static partial void Draining(ILogger logger, int count, double seconds);

    [LoggerMessage(EventIds.SocketOpened, LogLevel.Debug, "A WebSocket of {Client} is open")]
    public static partial void SocketOpened(ILogger logger, LogText client);

    [LoggerMessage(EventIds.SocketClosed, LogLevel.Debug, "A WebSocket is closed with {Code} after {Seconds:F1} s: {Reason}")]
    public static partial void SocketClosed(ILogger logger, int code, double seconds, LogText reason);

    [LoggerMessage(EventIds.SocketAnswered, LogLevel.Debug,
        "WebSocket {Operation} answered with {Errors} errors in {Milliseconds:F2} ms")]
    public static partial void SocketAnswered(ILogger logger, LogText operation, int errors, double milliseconds);

    [LoggerMessage(EventIds.SocketRefused, LogLevel.Information, "A WebSocket of the origin {Origin} is refused: {Reason}")]
    public static partial void SocketRefused(ILogger logger, LogText origin, LogText reason);

    [LoggerMessage(EventIds.SocketFailed, LogLevel.Error, "A WebSocket failed unexpectedly")]
    public static partial void SocketFailed(ILogger logger, Exception cause);

    [LoggerMessage(EventIds.SocketsDraining, LogLevel.Information,
        "The server stops: its {Count} WebSockets are closed within {Seconds:F0} s, in random order")]
    public static partial void SocketsDraining(ILogger logger, int count, double seconds);
}
