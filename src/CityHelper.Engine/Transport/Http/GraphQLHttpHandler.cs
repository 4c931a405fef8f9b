using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using CityHelper.Engine.Caching;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Cost;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Database;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Subscriptions;
using CityHelper.Engine.Telemetry;
using CityHelper.Engine.Transport.Sse;
using CityHelper.Engine.Writing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Extensions.Logging;

namespace CityHelper.Engine.Transport.Http;

/// <summary>Handles GraphQL requests over HTTP.</summary>
internal sealed class GraphQLHttpHandler(
    IClientDirectory clients, Pipeline pipeline, StoredAnswers stored, CachingHeaders caching, ResponseSender sender,
    EventStreamSender events, GraphQLHttpOptions options, TimeProvider time, ILogger<GraphQLHttpHandler> logger)
{
    /// <summary>The request headers that select the representation of a response.</summary>
    internal const string Vary = "Accept, Accept-Encoding";

    /// <summary>
    /// With this header, whatever its value, a server in development reports the access paths in <see cref="AccessPathsHeader"/>.
    /// </summary>
    public const string DebugHeader = "CityHelper-Debug";

    /// <summary>The access paths of a response's connections: <c>serviceRequests=loose-index-scan initial-range=enough</c>.</summary>
    public const string AccessPathsHeader = "CityHelper-Access-Paths";

    /// <summary>
    /// Requests the cost of an operation, as in HotChocolate: <c>report</c> adds it to the response, <c>validate</c> replaces the data.
    /// </summary>
    public const string CostHeaderName = "GraphQL-Cost";

    /// <summary>
    /// On POST: the cursor of a change that the answer must have, because the client made it or was told of it. An answer to GET may come
    /// from a cache that never asks.
    /// </summary>
    public const string AtLeastHeader = "CityHelper-At-Least";

    /// <summary>With this header, whatever its value, the response says how fresh it is; not where caches answer.</summary>
    public const string FreshnessHeader = "CityHelper-Freshness";

    /// <summary>The place of an EventSource that comes back (HTML standard, 9.2.4).</summary>
    public const string LastEventIdHeader = "Last-Event-ID";

    /// <summary>Handles a request.</summary>
    /// <remarks>
    /// (1) choose the media type   (2) answer from the store, else read the request, bounded   (3) run the pipeline   (4) write headers and
    /// body
    /// </remarks>
    public async Task HandleAsync(HttpContext http)
    {
        long start = Stopwatch.GetTimestamp();
        if (!await AllowsMethodAsync(http))
        {
            return;
        }

        (Accepted? accepted, RequestError? acceptError) = AcceptHeader.Choose(http.Request.Headers.Accept); // (1)
        if (accepted is not { } types)
        {
            await RefuseAcceptAsync(http, acceptError);
            return;
        }

        try
        {
            using EventStream? stream = await RespondAsync(http, types, start); // (2)-(4)
            if (stream is not null)
            {
                await events.SendAsync(http, stream);
            }
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            LogMessages.ClientLeft(logger, http.Request.Method, http.Request.Path.Value, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
    }

    // A stream that was opened is an answered request: how long its reader stays says nothing about the server.
    private async Task<EventStream?> RespondAsync(HttpContext http, Accepted accepted, long start)
    {
        string span = HttpMethods.IsPost(http.Request.Method) ? "GraphQL HTTP POST" : "GraphQL HTTP GET";
        using Activity? activity = EngineTelemetry.Source.StartActivity(span);
        Answered answered = (accepted.Json is { } mediaType ? await TryStoredAsync(http, mediaType) : null) // (2)
            ?? await RespondAsync(http, accepted); // (2)-(4)
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        answered.Operation.Mark(activity);
        activity?.SetTag(EngineTelemetry.ErrorCount, answered.Errors);
        Record(took, answered.Operation, answered.Status);
        LogMessages.Answered(
            logger, http.Request.Method, answered.Operation.Name, answered.Status, answered.Bytes, took.TotalMilliseconds);
        return answered.Stream;
    }

    private static void Record(TimeSpan took, AnsweredOperation operation, int status)
    {
        // The status becomes an object, which nobody needs who does not measure.
        if (EngineTelemetry.RequestDuration.Enabled)
        {
            EngineTelemetry.RequestDuration.Record(
                took.TotalSeconds,
                new KeyValuePair<string, object?>(EngineTelemetry.OperationName, operation.Label),
                new KeyValuePair<string, object?>(EngineTelemetry.OperationType, operation.TypeLabel),
                new KeyValuePair<string, object?>("http.response.status_code", status));
        }
    }

    private async ValueTask<Answered?> TryStoredAsync(HttpContext http, ResponseMediaType mediaType)
    {
        if (stored.QuestionOf(http.Request) is not { } question || stored.Find(question) is not { } valid)
        {
            return null;
        }

        AnsweredOperation operation = AnsweredOperation.Of(valid.Answer.Operation, isPublished: true);
        CachingHeaders.SetStored(http.Response.Headers, valid);
        (int status, int bytes) = await SendStoredAsync(http, question, valid.Answer, unkept: null, mediaType);
        return new Answered(status, 0, operation, bytes);
    }

    private async ValueTask<(int Status, int Bytes)> SendStoredAsync(
        HttpContext http, Question question, StoredAnswer answer, JsonBuffer? unkept, ResponseMediaType mediaType)
    {
        try
        {
            return await stored.SendAsync(http, question, answer, unkept, mediaType);
        }
        catch (ResponseRefusedException cause)
        {
            http.Response.Clear();
            using OperationResult refused = OperationResult.Refused(cause.Error);
            int status = StatusOf(mediaType, refused.Errors);
            await WriteAsync(http, refused, mediaType, status);
            return (status, 0);
        }
    }

    private async Task<Answered> RespondAsync(HttpContext http, Accepted accepted)
    {
        // Status codes of the older type: an event has none.
        ResponseMediaType mediaType = accepted.Json ?? ResponseMediaType.Json;
        using MemoryLease? memory = sender.TryBegin(http);
        Produced produced = memory is null
            ? Refuse(AnsweredOperation.Unknown, mediaType, new OverloadedError(Limits.ResponseMemoryRetrySeconds))
            : await ProduceAsync(http, new Part(memory) { Accepted = accepted }, mediaType);
        using OperationResult result = produced.Result;
        if (produced.Stream is { } stream)
        {
            return new Answered(StatusCodes.Status200OK, 0, produced.Operation, 0) { Stream = stream };
        }

        if (produced is { Question: { } question, Stored: { } answer })
        {
            CachingHeaders.SetExecuted(http.Response.Headers, stored.Executed(answer), produced.Origin);
            (int sent, int length) = await SendStoredAsync(http, question, answer, result.Json, mediaType);
            return new Answered(sent, 0, produced.Operation, length);
        }

        int bytes = result.Json.Length;
        if (accepted.Json is not null)
        {
            await WriteAsync(http, result, mediaType, produced.Status); // (4)
        }
        else if (result.Errors is [ServerStopsError])
        {
            await events.SendBrokenAsync(http);
        }
        else if (OutageOf(result) is { } status)
        {
            await WriteAsync(http, result, mediaType, status);
        }
        else
        {
            await EventStreamSender.SendAsync(http, result);
        }

        return new Answered(http.Response.StatusCode, result.Errors.Count, produced.Operation, bytes);
    }

    // The request is released before the response is written: a slow reader would otherwise hold it too.
    private async Task<Produced> ProduceAsync(HttpContext http, Part part, ResponseMediaType mediaType)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMilliseconds(options.RequestTimeoutMs), time);
        using CancellationTokenRegistration leaving = http.RequestAborted.UnsafeRegister(
            source => ((CancellationTokenSource)source!).Cancel(), timeout);
        return await AnswerAsync(http, part, mediaType, timeout.Token);
    }

    private async ValueTask<bool> AllowsMethodAsync(HttpContext http)
    {
        string method = http.Request.Method;
        if (SafeMethods.Includes(method) || HttpMethods.IsPost(method))
        {
            return true;
        }

        http.Response.Headers.Allow = "GET, HEAD, POST";
        using OperationResult refused = OperationResult.Refused(new RequestInvalidError("Send the request with GET or POST."));
        await WriteAsync(http, refused, ResponseMediaType.Json, StatusCodes.Status405MethodNotAllowed);
        return false;
    }

    private async Task RefuseAcceptAsync(HttpContext http, RequestError? error)
    {
        if (error is null)
        {
            http.Response.StatusCode = StatusCodes.Status406NotAcceptable;
            http.Response.Headers.Vary = Vary;
            http.Response.Headers.CacheControl = CachePolicy.None.Header;
            return;
        }

        using OperationResult refused = OperationResult.Refused(error);
        await WriteAsync(http, refused, ResponseMediaType.GraphQLResponse, StatusCodes.Status400BadRequest);
    }

    private async Task<Produced> AnswerAsync(
        HttpContext http, Part part, ResponseMediaType mediaType, CancellationToken cancellation)
    {
        var found = new FoundOperation();
        using var request = new OperationRequest();
        try
        {
            if (await RequestReader.ReadAsync(http.Request, part.Element, request, cancellation) is { } unreadable) // (2)
            {
                return Refuse(found.Operation, mediaType, unreadable);
            }

            if (request.Batch is { } batch)
            {
                return await AnswerBatchAsync(http, batch, request.Id is not null, mediaType, part.Memory, cancellation);
            }

            return CostHeader(http.Request) is { } report
                ? await RunAsync(http, PipelineRequestOf(http, part, request, report, found), found, mediaType, cancellation)
                : Refuse(found.Operation, mediaType, new RequestInvalidError($"The header `{CostHeaderName}` is `report` or `validate`."));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested && !http.RequestAborted.IsCancellationRequested)
        {
            LogMessages.RequestTimedOut(logger, http.Request.Method, found.Operation.Name, options.RequestTimeoutMs);
            int status = mediaType == ResponseMediaType.Json ? StatusCodes.Status200OK : StatusCodes.Status504GatewayTimeout;
            return new Produced(OperationResult.Refused(new RequestTimeoutError()), status, found.Operation);
        }
        catch (ResponseRefusedException cause)
        {
            // The array of a batch; its parts were refused one by one.
            return Refuse(found.Operation, mediaType, cause.Error);
        }
        catch (Exception cause) when (cause is not OperationCanceledException)
        {
            LogMessages.RequestFailed(logger, http.Request.Method, http.Request.Path.Value, cause);
            return new Produced(OperationResult.Refused(new UnexpectedError()), StatusCodes.Status500InternalServerError, found.Operation);
        }
    }

    private PipelineRequest PipelineRequestOf(
        HttpContext http, Part part, OperationRequest request, CostReport report, FoundOperation found) =>
        new(request, clients.Identify(http.Request), part.Memory)
        {
            MayWrite = !SafeMethods.Includes(http.Request.Method),
            Spent = part.Spent,
            Found = (operation, isPublished) => found.Operation = AnsweredOperation.Of(operation, isPublished),
            Report = report,
            WithAccessPaths = options.WithAccessPaths && http.Request.Headers.ContainsKey(DebugHeader),
            AtLeast = AtLeast(http.Request),
            WithFreshness = !CacheableAddress.Includes(http.Request) && http.Request.Headers.ContainsKey(FreshnessHeader),
            AcceptsStream = part.Accepted.Stream && !HttpMethods.IsHead(http.Request.Method),
            After = http.Request.Headers[LastEventIdHeader] is [{ Length: > 0 } cursor] ? cursor : null,
            QuestionOf = (operation, variables) =>
                part.Accepted.Json is not null && CanonicalAddress.IsOf(http.Request, operation, variables)
                    ? stored.QuestionOf(http.Request)
                    : null,
        };

    private async Task<Produced> RunAsync(
        HttpContext http, PipelineRequest asked, FoundOperation found, ResponseMediaType mediaType, CancellationToken cancellation)
    {
        PipelineAnswer answer = await pipeline.RunAsync(asked, cancellation); // (3)
        OperationResult result = answer.Result;
        if (answer.Stream is not null)
        {
            return new Produced(result, StatusCodes.Status200OK, found.Operation) { Stream = answer.Stream };
        }

        if (answer.Operation is null)
        {
            if (result.Errors.Any(error => error is OperationKindNotAllowedError or PostRequiredError))
            {
                http.Response.Headers.Allow = HttpMethods.Post;
            }

            return new Produced(result, StatusOf(mediaType, result.Errors), found.Operation);
        }

        if (answer.Question is null)
        {
            result.ForbidCaching();
        }

        return new Produced(result, result.HasData ? StatusCodes.Status200OK : StatusOf(mediaType, result.Errors), found.Operation)
        {
            Question = answer.Question,
            Stored = answer.Stored,
            Origin = answer.Origin,
        };
    }

    // Each request of a batch has its own result, so the status says only that there are results.
    private async Task<Produced> AnswerBatchAsync(
        HttpContext http, JsonElement batch, bool hasId, ResponseMediaType mediaType, MemoryLease memory, CancellationToken cancellation)
    {
        if (RequestBatch.Check(batch, hasId, options.BatchRequestsMax) is { } refusal)
        {
            return Refuse(AnsweredOperation.Batch, mediaType, refusal);
        }

        OperationResult results = await RequestBatch.AnswerAsync(batch, memory, async (element, spent) =>
        {
            Produced produced = await AnswerAsync(http, new Part(memory) { Element = element, Spent = spent }, mediaType, cancellation);
            return produced.Result;
        });
        return new Produced(results, StatusCodes.Status200OK, AnsweredOperation.Batch);
    }

    private static Produced Refuse(
        AnsweredOperation operation, ResponseMediaType mediaType, params IReadOnlyList<RequestError> errors) =>
        new(OperationResult.Refused(errors), StatusOf(mediaType, errors), operation);

    // Clients of streams retry a status that is no success, and take an event with errors for the answer.
    private static int? OutageOf(OperationResult result) =>
        result.HasData || result.Errors is not [var error, ..] ? null
        : error.Status >= StatusCodes.Status500InternalServerError ? error.Status
        : DatabaseFailure.IsOne(error) ? StatusCodes.Status503ServiceUnavailable
        : null;

    private static int StatusOf(ResponseMediaType mediaType, IReadOnlyList<RequestError> errors) =>
        errors[0].Status ?? (mediaType == ResponseMediaType.Json ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest);

    private static string? AtLeast(HttpRequest request) =>
        HttpMethods.IsPost(request.Method) && request.Headers.TryGetValue(AtLeastHeader, out StringValues cursor)
            ? cursor.ToString()
            : null;

    private static CostReport? CostHeader(HttpRequest request) => request.Headers[CostHeaderName].ToString() switch
    {
        "" => CostReport.None,
        "report" => CostReport.Report,
        "validate" => CostReport.Validate,
        _ => null,
    };

    private async Task WriteAsync(HttpContext http, OperationResult result, ResponseMediaType mediaType, int status)
    {
        HttpResponse response = http.Response;
        response.StatusCode = status;
        response.ContentType = AcceptHeader.Text(mediaType);
        response.Headers.Vary = Vary;
        if (result.AccessPaths is { } accessPaths)
        {
            response.Headers[AccessPathsHeader] =
                accessPaths.Length <= Limits.AccessPathsHeaderCharsMax ? accessPaths : accessPaths[..Limits.AccessPathsHeaderCharsMax];
        }

        if (result.Errors.Select(e => e.RetryAfterSeconds).FirstOrDefault(s => s is not null) is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        caching.Set(response.Headers, result);
        try
        {
            await sender.SendAsync(http, result.Json);
        }
        catch (ResponseRefusedException cause)
        {
            // There is no room for the compressed response. The refusal needs none, nor does the answer to mutations without their rows.
            using OperationResult shorter = result.Shortened?.Invoke(cause.Error) ?? OperationResult.Refused(cause.Error);
            await WriteAsync(http, shorter, mediaType, result.HasWritten ? status : StatusOf(mediaType, shorter.Errors));
        }
    }

    /// <summary>A response before it is sent.</summary>
    /// <param name="Result">The response.</param>
    /// <param name="Status">Its status.</param>
    /// <param name="Operation">Its operation.</param>
    private sealed record Produced(OperationResult Result, int Status, AnsweredOperation Operation)
    {
        /// <summary>The question at whose canonical address the request was sent; null for any other request.</summary>
        public Question? Question { get; init; }

        /// <summary>The same with its headers, for caches; null when they must not keep it.</summary>
        public StoredAnswer? Stored { get; init; }

        /// <summary>How the request came by it.</summary>
        public AnswerOrigin Origin { get; init; }

        /// <summary>The events of a subscription, in place of the response.</summary>
        public EventStream? Stream { get; init; }
    }

    /// <summary>A request that was answered, as it is recorded.</summary>
    /// <param name="Status">Its status.</param>
    /// <param name="Errors">How many errors it told.</param>
    /// <param name="Operation">Its operation.</param>
    /// <param name="Bytes">Its bytes.</param>
    private readonly record struct Answered(int Status, int Errors, AnsweredOperation Operation, int Bytes)
    {
        /// <summary>What is still to be sent: the events of a subscription.</summary>
        public EventStream? Stream { get; init; }
    }

    /// <summary>The operation of a request, once it is found: whatever ends the request names it in logs.</summary>
    private sealed class FoundOperation
    {
        public AnsweredOperation Operation { get; set; } = AnsweredOperation.Unknown;
    }

    /// <summary>One request: the whole body, or an element of a batch.</summary>
    /// <param name="Memory">Counts the bytes of its response.</param>
    private readonly record struct Part(MemoryLease Memory)
    {
        /// <summary>The element; null for the whole body.</summary>
        public JsonElement? Element { get; init; }

        /// <summary>Cost of the earlier requests of the batch.</summary>
        public CostMetrics Spent { get; init; }

        /// <summary>What the client takes. A part of a batch is never a stream.</summary>
        public Accepted Accepted { get; init; }
    }
}
