using System.Text.Json;
using CityHelper.Engine.Admission;
using CityHelper.Engine.Binding;
using CityHelper.Engine.Caching;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Cost;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Database;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Subscriptions;
using CityHelper.Engine.Writing;
using GraphQLParser.AST;

namespace CityHelper.Engine.Transport;

/// <summary>A request from a transport.</summary>
/// <param name="Request">The request.</param>
/// <param name="Client">The client.</param>
/// <param name="Memory">Counts the bytes of the response.</param>
internal sealed record PipelineRequest(OperationRequest Request, ClientProfile Client, MemoryLease Memory)
{
    /// <summary>Whether the request may write: GET and HEAD only read.</summary>
    public bool MayWrite { get; init; } = true;

    /// <summary>Cost of the earlier requests of its batch: a batch may cost as much as one request.</summary>
    public CostMetrics Spent { get; init; }

    /// <summary>What the response reports about its cost.</summary>
    public CostReport Report { get; init; }

    /// <summary>Receives the operation, and whether it is published, once it is found: logs name it even if the request fails.</summary>
    public Action<Operation, bool>? Found { get; init; }

    /// <summary>Whether the response lists the access path of each connection.</summary>
    public bool WithAccessPaths { get; init; }

    /// <summary>
    /// The cursor of a change that the answer must have: what its client wrote, or was told. Null for none.
    /// </summary>
    public string? AtLeast { get; init; }

    /// <summary>Whether the response says how fresh it is.</summary>
    public bool WithFreshness { get; init; }

    /// <summary>Whether the client takes a stream of events: then it may subscribe.</summary>
    public bool AcceptsStream { get; init; }

    /// <summary>Whether that stream is one of several on a connection, which ends with all of them.</summary>
    public bool IsOnSocket { get; init; }

    /// <summary>The cursor that the transport knows a subscription to have; it wins over the argument <c>after</c>.</summary>
    public string? After { get; init; }

    /// <summary>
    /// The question, when the request was sent to the canonical address of an operation with these variables; null for any other, whose
    /// answer is not kept.
    /// </summary>
    public Func<Operation, JsonElement, Question?> QuestionOf { get; init; } = static (_, _) => null;
}

/// <summary>A response and its operation.</summary>
/// <param name="Result">The response; the receiver disposes it.</param>
/// <param name="Operation">The operation; null when it was not found or may not run.</param>
internal sealed record PipelineAnswer(OperationResult Result, Operation? Operation)
{
    /// <summary>The question at whose canonical address the request was sent; null for any other request.</summary>
    public Question? Question { get; init; }

    /// <summary>The same with its headers, for caches; null when they must not keep it.</summary>
    public StoredAnswer? Stored { get; init; }

    /// <summary>How the request came by it.</summary>
    public AnswerOrigin Origin { get; init; }

    /// <summary>The events of a subscription, in place of the response; the receiver disposes it. Null for any other operation.</summary>
    public EventStream? Stream { get; init; }
}

/// <summary>
/// Processes every request, whichever transport brought it: (1) authorise: find the operation that the client may run (2) coerce variables,
/// plan, compute the cost; refuse mutations that the client may not send (3) refuse what costs too much, store what is registered
/// (4) admit, or refuse for load (5) bind (6) execute. Requests that ask the same at a cacheable address share (4) to (6). A subscription
/// opens a stream of events in place of (6).
/// </summary>
/// <remarks>
/// Nothing reaches the database before (4), since binding looks up cities, areas and calendars, and computes with geometries
/// (docs/decisions/0015). Registration uses the result of (2), so an operation is prepared once.
/// </remarks>
public sealed class Pipeline
{
    private readonly OperationAuthorisation _authorisation;
    private readonly OperationPreparer _preparer;
    private readonly OperationBinder _binder;
    private readonly OperationExecutor _executor;
    private readonly AdmissionControl _admission;
    private readonly SuspendedSignatures _suspended;
    private readonly BackendRegister _backends;
    private readonly ResponseCache _cache;
    private readonly TenantLog _log;
    private readonly IAreaDirectory _areas;
    private readonly Freshness _freshness;
    private readonly SubscriptionBinder _subscriptions;
    private readonly EventStreams? _streams;

    /// <param name="authorisation">Decides what clients may run.</param>
    /// <param name="preparer">Coerces variables, plans, computes costs.</param>
    /// <param name="binder">Binds variables.</param>
    /// <param name="executor">Executes.</param>
    /// <param name="admission">Limits how much runs at once.</param>
    /// <param name="suspended">The suspended signatures.</param>
    /// <param name="backends">The backends, abandoned ones included.</param>
    /// <param name="cache">Shares executions and keeps their answers.</param>
    /// <param name="log">What the log tells of each table.</param>
    /// <param name="areas">Told of areas that are no longer current.</param>
    /// <param name="freshness">Reads and tells positions.</param>
    /// <param name="subscriptions">Binds subscriptions.</param>
    /// <param name="streams">The streams of events; null for a schema without subscriptions.</param>
    internal Pipeline(
        OperationAuthorisation authorisation,
        OperationPreparer preparer,
        OperationBinder binder,
        OperationExecutor executor,
        AdmissionControl admission,
        SuspendedSignatures suspended,
        BackendRegister backends,
        ResponseCache cache,
        TenantLog log,
        IAreaDirectory areas,
        Freshness freshness,
        SubscriptionBinder subscriptions,
        EventStreams? streams)
    {
        _authorisation = authorisation;
        _preparer = preparer;
        _binder = binder;
        _executor = executor;
        _admission = admission;
        _suspended = suspended;
        _backends = backends;
        _cache = cache;
        _log = log;
        _areas = areas;
        _freshness = freshness;
        _subscriptions = subscriptions;
        _streams = streams;
    }

    /// <summary>Processes a request.</summary>
    /// <exception cref="OperationCanceledException">The request was cancelled.</exception>
    internal async Task<PipelineAnswer> RunAsync(PipelineRequest request, CancellationToken cancellation)
    {
        Authorisation authorisation = await _authorisation.AuthoriseAsync(request.Request, request.Client, cancellation); // (1)
        if (CheckKind(request.MayWrite, authorisation) is { } notAllowed)
        {
            return Refused(notAllowed);
        }

        if (authorisation.Operation is not { } operation)
        {
            return Refused(authorisation.Errors);
        }

        request.Found?.Invoke(operation, authorisation.IsPublished);
        (PreparedOperation? prepared, RequestError? refusal) = await PrepareAsync( // (2)
            operation, request.Request.Variables, request.Client.Writes, cancellation);
        IReadOnlyDictionary<string, object>? persisted = authorisation.Persisted;
        if (authorisation.Registration is { } registration) // (3)
        {
            refusal ??= authorisation.Limit?.Check(prepared!.Cost);
            if (refusal is not null)
            {
                return Refused(OperationAuthorisation.ErrorsFor(request.Client, [refusal]));
            }

            persisted = await _authorisation.RegisterAsync(request.Client, registration, cancellation);
        }

        var options = new RunOptions(request.WithAccessPaths, LimitOf(authorisation, request), request.Report, request.Client.MayReadSchema)
        {
            Share = request.Client.Share,
            Writes = request.Client.Writes,
            Caller = new MutationCaller(request.Client.Name),
            IsPublished = authorisation.IsPublished,
            Memory = request.Memory,
            AtLeast = request.AtLeast,
            WithFreshness = request.WithFreshness,
        };
        if (prepared is null)
        {
            return new PipelineAnswer(Refused(refusal!, options), operation);
        }

        if (!request.MayWrite && prepared.Plan.IsPersonal)
        {
            return Refused(new PostRequiredError());
        }

        if (prepared.Plan.Subscription is not null)
        {
            return request.AcceptsStream
                ? await SubscribeAsync(request, prepared, options, cancellation)
                : Refused(new StreamRequiredError());
        }

        // Published ones alone: what else a client may send is decided, counted and logged with each request.
        if (authorisation.IsPublished
            && prepared.Plan.Cache != CachePolicy.None
            && request.QuestionOf(operation, request.Request.Variables) is { } question)
        {
            return await ShareAsync(question, prepared, options, cancellation);
        }

        OperationResult result = await RunAsync(prepared, options, run: null, cancellation);
        if (persisted is not null)
        {
            result.With("persistedQuery", persisted);
        }

        return new PipelineAnswer(result, operation);
    }

    // The lease is for planning and binding. Reading for events has connections of its own.
    private async Task<PipelineAnswer> SubscribeAsync(
        PipelineRequest request, PreparedOperation prepared, RunOptions options, CancellationToken cancellation)
    {
        if (options.Limit?.Check(prepared.Cost) is { } tooExpensive)
        {
            return Subscribed(prepared, options, tooExpensive);
        }

        if (options.Report == CostReport.Validate)
        {
            return new PipelineAnswer(OperationResult.CostOnly(prepared.Cost, options.Memory), prepared.Operation);
        }

        (AdmissionLease? lease, OverloadedError? overloaded) = await _admission.AdmitAsync(
            new AdmissionRequest(options.Share, prepared.Cost.FieldCost, prepared.Plan.IsAggregate, options.IsPublished), cancellation);
        if (lease is null)
        {
            return Subscribed(prepared, options, overloaded!);
        }

        BoundSubscription? bound;
        RequestError? refused;
        using (lease)
        {
            (bound, refused) = await _subscriptions.BindAsync(prepared, request.After, cancellation);
        }

        if ((refused ?? options.Limit?.Check(bound!.Cost)) is { } error)
        {
            return Subscribed(prepared, options, error);
        }

        (EventStream? stream, RequestError? full) = await _streams!.OpenAsync(
            bound!,
            request.Request.Variables,
            new Subscriber(request.Client.Name, request.Client.Share, request.IsOnSocket),
            cancellation);
        return full is not null
            ? Subscribed(prepared, options, full)
            : new PipelineAnswer(OperationResult.Stored(CachePolicy.None), prepared.Operation) { Stream = stream };
    }

    private static PipelineAnswer Subscribed(PreparedOperation prepared, RunOptions options, RequestError refused) =>
        new(Refused(refused, options), prepared.Operation);

    // A caller that joins takes nothing of the admission. The cost limit is the operation's, the same for all callers.
    private async Task<PipelineAnswer> ShareAsync(
        Question question, PreparedOperation prepared, RunOptions options, CancellationToken cancellation)
    {
        (SharedAnswer shared, AnswerOrigin origin) = await _cache.ExecuteAsync(
            question,
            prepared.Operation,
            (run, memory, ending) => RunAsync(prepared, options with { Memory = memory }, run, ending),
            cancellation);
        return new PipelineAnswer(shared.CopyFor(options.Memory), prepared.Operation)
        {
            Question = question,
            Stored = shared.Stored,
            Origin = origin,
        };
    }

    /// <summary>Runs an operation that is known to be allowed: the pipeline from (2) on.</summary>
    /// <param name="operation">A compiled operation.</param>
    /// <param name="variables">The request's JSON object of variables; undefined when it has none.</param>
    /// <param name="options">The cost limit, and what the response reports beside its data.</param>
    /// <param name="cancellation">Cancels the batch in PostgreSQL too.</param>
    /// <returns>The response, with the client's errors in it.</returns>
    public async Task<OperationResult> ExecuteAsync(
        Operation operation, JsonElement variables, RunOptions options, CancellationToken cancellation)
    {
        (PreparedOperation? prepared, RequestError? refusal) = await PrepareAsync(operation, variables, options.Writes, cancellation);
        return prepared is null ? Refused(refusal!, options) : await RunAsync(prepared, options, run: null, cancellation);
    }

    // Which mutations an operation has depends on its variables (@skip and @include), so the access is checked with the plan. A mutation
    // that the client may not send is neither registered, nor costed, nor admitted.
    private async ValueTask<(PreparedOperation? Prepared, RequestError? Refusal)> PrepareAsync(
        Operation operation, JsonElement variables, WriteAccess writes, CancellationToken cancellation)
    {
        (PreparedOperation? prepared, RequestError? refusal) = await _preparer.PrepareAsync(operation, variables, cancellation);
        return prepared?.Plan.Writes > writes ? (null, new NotAuthorizedError()) : (prepared, refusal);
    }

    /// <param name="prepared">Plan and variables.</param>
    /// <param name="options">The cost limit, and what the response reports beside its data.</param>
    /// <param name="run">Told what the answer depends on; null when it is not kept.</param>
    /// <param name="cancellation">Cancels the batch in PostgreSQL too.</param>
    private async Task<OperationResult> RunAsync(
        PreparedOperation prepared, RunOptions options, QuestionRun? run, CancellationToken cancellation)
    {
        if (prepared.Plan.Subscription is not null)
        {
            return Refused(new StreamRequiredError(), options);
        }

        if (options.Limit?.Check(prepared.Cost) is { } tooExpensive)
        {
            return Refused(tooExpensive, options);
        }

        if (options.Report == CostReport.Validate)
        {
            return OperationResult.CostOnly(prepared.Cost, options.Memory);
        }

        (AdmissionLease? lease, OverloadedError? overloaded) = await _admission.AdmitAsync( // (4)
            new AdmissionRequest(options.Share, prepared.Cost.FieldCost, prepared.Plan.IsAggregate, options.IsPublished), cancellation);
        if (lease is null)
        {
            return OperationResult.Refused(overloaded!);
        }

        BoundOperation? bound = null;
        try
        {
            bound = await _binder.BindAsync(prepared, cancellation); // (5)

            // A replica must have what this server knows of the log, also for an answer that is not kept.
            run ??= _executor.HasReplicas ? _cache.NewRun() : null;
            run?.Begin(Dependencies.Of(bound, _log));
            (LogPosition? atLeast, RequestError? refused) = _freshness.Open(options.AtLeast, bound);
            refused ??= CheckBound(bound, options);
            return refused is not null
                ? OperationResult.Refused(refused)
                : await ExecuteAsync(bound, options, atLeast ?? run?.Needed, cancellation); // (6)
        }
        catch (ResponseRefusedException cause)
        {
            // The rows were read all the same, so they count towards the cost.
            OperationResult unread = OperationResult.Refused(cause.Error);
            unread.Cost = bound?.Cost ?? prepared.Cost;
            return unread;
        }
        finally
        {
            if (!_backends.TryHold(bound?.Signature, lease))
            {
                lease.Dispose();
            }
        }
    }

    private async Task<OperationResult> ExecuteAsync(
        BoundOperation bound, RunOptions options, LogPosition? needed, CancellationToken cancellation)
    {
        DateTimeOffset sentAt = _freshness.Now;
        OperationResult result = await _executor.ExecuteAsync(bound, options.Answer with { Needed = needed }, cancellation);
        if (result.Read is { } read)
        {
            foreach (long revision in bound.AreaRevisions.Where(revision => revision != read.Areas))
            {
                _areas.Drop(read.Tenant, revision);
            }

            if (options.AtLeast is not null && result.Errors.Count == 0 && read.Position < needed)
            {
                result.Dispose();
                return OperationResult.Refused(new PositionNotReachedError());
            }
        }

        if (options.WithFreshness)
        {
            _freshness.Report(result, sentAt);
        }

        return result;
    }

    // Checks that need the variables' values: the cost counted during binding, and a suspended signature.
    private RequestError? CheckBound(BoundOperation bound, RunOptions options) =>
        (bound.Cost == bound.Prepared.Cost ? null : options.Limit?.Check(bound.Cost)) ?? _suspended.Check(bound.Signature);

    /// <summary>Why an operation may not run over a transport that only reads; null for what reads, and where writes are allowed.</summary>
    internal static RequestError? CheckKind(bool mayWrite, Authorisation authorisation)
    {
        bool onlyReads = authorisation.Operation is { } operation
            ? operation.Definition.Operation != OperationType.Mutation
            : !authorisation.Errors.Any(e => e is OperationKindUnknownError);
        return mayWrite || onlyReads ? null : new OperationKindNotAllowedError();
    }

    // Within a batch, a published operation must also fit what is left of the client's limit; otherwise a batch could hold fifty.
    private static CostLimit? LimitOf(Authorisation authorisation, PipelineRequest request) =>
        !authorisation.IsPublished ? authorisation.Limit?.Less(request.Spent)
        : request.Spent == default ? authorisation.Limit
        : authorisation.Limit?.And(request.Client.CostLimit.Less(request.Spent));

    private static PipelineAnswer Refused(params IReadOnlyList<RequestError> errors) => new(OperationResult.Refused(errors), null);

    private static OperationResult Refused(RequestError error, RunOptions options) =>
        OperationResult.Refused(options.SuggestsNames ? error : EngineErrors.WithoutSuggestion(error));
}
