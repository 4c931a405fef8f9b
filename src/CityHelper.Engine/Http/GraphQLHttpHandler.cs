using System.Diagnostics;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Operations;
using CityHelper.Engine.Telemetry;
using CityHelper.Engine.Types;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CityHelper.Engine.Http;

/// <summary>One GraphQL request over HTTP.</summary>
public sealed class GraphQLHttpHandler(OperationRegistry operations, OperationExecutor executor, ILogger<GraphQLHttpHandler> logger)
{
    /// <summary>Answers a request.</summary>
    /// <remarks>
    /// (1) choose what the answer is sent as   (2) read the request, bounded   (3) find the operation: by id before any text is parsed
    /// (4) run its plan   (5) headers and body
    /// </remarks>
    public async Task HandleAsync(HttpContext http)
    {
        using Activity? activity = EngineTelemetry.Source.StartActivity($"GraphQL HTTP {http.Request.Method}", ActivityKind.Internal);
        long start = Stopwatch.GetTimestamp();
        if (!await AllowsMethodAsync(http))
        {
            return;
        }

        (ResponseMediaType? accepted, RequestError? acceptError) = AcceptHeader.Choose(http.Request.Headers.Accept);                // (1)
        if (accepted is not { } mediaType)
        {
            await RefuseAcceptAsync(http, acceptError);
            return;
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        timeout.CancelAfter(Limits.RequestTimeoutMs);
        using var request = new OperationRequest();
        (OperationResult result, int status, string name) = await AnswerAsync(http, request, mediaType, timeout.Token);
        using (result)
        {
            await WriteAsync(http, result, mediaType, status);                                                                     // (5)
        }

        TimeSpan took = Stopwatch.GetElapsedTime(start);
        activity?.SetTag("graphql.operation.name", name);
        activity?.SetTag("graphql.error.count", result.Errors.Count);
        EngineTelemetry.RequestDuration.Record(
            took.TotalSeconds, new KeyValuePair<string, object?>("http.response.status_code", status));
        LogMessages.Answered(logger, http.Request.Method, name, status, result.Json.Length, took.TotalMilliseconds);
    }

    private static async ValueTask<bool> AllowsMethodAsync(HttpContext http)
    {
        string method = http.Request.Method;
        if (HttpMethods.IsGet(method) || HttpMethods.IsPost(method) || HttpMethods.IsHead(method))
        {
            return true;
        }

        http.Response.Headers.Allow = "GET, HEAD, POST";
        using OperationResult refused = OperationResult.Refused(new RequestInvalidError("Send the request with GET or POST."));
        await WriteAsync(http, refused, ResponseMediaType.Json, StatusCodes.Status405MethodNotAllowed);
        return false;
    }

    private static async Task RefuseAcceptAsync(HttpContext http, RequestError? error)
    {
        if (error is null)
        {
            http.Response.StatusCode = StatusCodes.Status406NotAcceptable;
            return;
        }

        using OperationResult refused = OperationResult.Refused(error);
        await WriteAsync(http, refused, ResponseMediaType.GraphQLResponse, StatusCodes.Status400BadRequest);
    }

    private async Task<(OperationResult Result, int Status, string Name)> AnswerAsync(
        HttpContext http, OperationRequest request, ResponseMediaType mediaType, CancellationToken cancellation)
    {
        string name = "unknown";
        try
        {
            if (await RequestReader.ReadAsync(http.Request, request, cancellation) is { } bad)                                      // (2)
            {
                return (OperationResult.Refused(bad.Error), bad.Status, name);
            }

            (CompiledOperation found, int refusedStatus) = await FindAsync(request, mediaType, cancellation);                       // (3)
            if (found.Operation is not { } operation)
            {
                return (OperationResult.Refused(found.Errors), refusedStatus, name);
            }

            name = operation.Name ?? "anonymous";
            if (!operation.IsQuery && !HttpMethods.IsPost(http.Request.Method))
            {
                http.Response.Headers.Allow = "POST";
                return (OperationResult.Refused(new OperationKindNotAllowedError()), StatusCodes.Status405MethodNotAllowed, name);
            }

            OperationResult result = await executor.ExecuteAsync(operation, request.Variables, cancellation);                       // (4)
            return (result, result.HasData ? StatusCodes.Status200OK : RequestErrorStatus(mediaType), name);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested && !http.RequestAborted.IsCancellationRequested)
        {
            LogMessages.RequestTimedOut(logger, http.Request.Method, name, Limits.RequestTimeoutMs);
            return (OperationResult.Refused(new RequestTimeoutError()), StatusCodes.Status200OK, name);
        }
        catch (Exception cause) when (cause is not OperationCanceledException and not BadHttpRequestException)
        {
            LogMessages.RequestFailed(logger, http.Request.Method, http.Request.Path, cause);
            return (OperationResult.Refused(new UnexpectedError()), StatusCodes.Status500InternalServerError, name);
        }
    }

    // An id is looked up before any text is parsed; an empty text beside an id counts as none (conventions §8).
    private async ValueTask<(CompiledOperation Found, int RefusedStatus)> FindAsync(
        OperationRequest request, ResponseMediaType mediaType, CancellationToken cancellation)
    {
        if (!string.IsNullOrEmpty(request.Query))
        {
            CompiledOperation compiled = await operations.CompileAsync(request.Query, Given(request.OperationName), cancellation);
            return (compiled, RequestErrorStatus(mediaType));
        }

        if (string.IsNullOrEmpty(request.Id))
        {
            return (CompiledOperation.Refused(new OperationMissingError()), StatusCodes.Status400BadRequest);
        }

        CompiledOperation found = operations.Find(request.Id);

        // The name in a URL must be the operation's: logs and caches are read by it.
        if (found.Operation is { } operation && Given(request.OperationName) is { } name && name != operation.Name)
        {
            found = CompiledOperation.Refused(new OperationNameUnknownError(name));
        }

        return (found, StatusCodes.Status400BadRequest);
    }

    private static string? Given(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static int RequestErrorStatus(ResponseMediaType mediaType) =>
        mediaType == ResponseMediaType.Json ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest;

    private static async Task WriteAsync(HttpContext http, OperationResult result, ResponseMediaType mediaType, int status)
    {
        HttpResponse response = http.Response;
        response.StatusCode = status;
        response.ContentType = AcceptHeader.Text(mediaType);
        response.ContentLength = result.Json.Length;
        response.Headers.Vary = "Accept";

        // One form of request is cacheable, the persisted GET; every other URL says nothing that a cache could key on (settled).
        bool cacheable = status == StatusCodes.Status200OK
            && !HttpMethods.IsPost(http.Request.Method)
            && http.Request.RouteValues.ContainsKey(RequestReader.NameRouteValue);
        response.Headers.CacheControl = (cacheable ? result.Cache : CachePolicy.None).Header;
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            result.Json.Written.CopyTo(response.BodyWriter.GetSpan(result.Json.Length));
            response.BodyWriter.Advance(result.Json.Length);
            await response.BodyWriter.FlushAsync(http.RequestAborted);
        }
    }
}
