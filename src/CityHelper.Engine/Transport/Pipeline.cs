using System.Text.Json;
using CityHelper.Engine.Admission;
using CityHelper.Engine.Binding;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Cost;
using CityHelper.Engine.Database;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Writing;
using GraphQLParser.AST;

namespace CityHelper.Engine.Transport;

/// <summary>A request as a transport hands it over.</summary>
/// <param name="Request">What is asked.</param>
/// <param name="Client">Who asks.</param>
/// <param name="Memory">Where the bytes of the answer are counted.</param>
internal sealed record PipelineRequest(OperationRequest Request, ClientProfile Client, MemoryLease Memory)
{
    /// <summary>Whether the way that it came by may change something: GET and HEAD only read.</summary>
    public bool MayWrite { get; init; } = true;

    /// <summary>What the requests before it in its batch have cost: a batch may cost what one request may.</summary>
    public Price Spent { get; init; }

    /// <summary>What the answer is to say of its cost.</summary>
    public CostReport Report { get; init; }

    /// <summary>Told the operation, and whether it is published, as soon as it is found: logs name it also when it is never answered.</summary>
    public Action<Operation, bool>? Found { get; init; }

    /// <summary>Whether the answer says in which form each connection's rows were reached.</summary>
    public bool TellForms { get; init; }
}

/// <summary>An answer, and the operation that it is of.</summary>
/// <param name="Result">The answer; whoever has it disposes it.</param>
/// <param name="Operation">The operation; null when it was not found, or may not run.</param>
internal sealed record PipelineAnswer(OperationResult Result, Operation? Operation);

/// <summary>
/// The way of every request, whichever transport brought it: (1) authorise: which operation may this client run (2) coerce its variables,
/// plan and price them (3) refuse what costs too much, keep what is registered (4) admit, or refuse for the load (5) bind (6) execute.
/// </summary>
/// <remarks>
/// Nothing reaches the database before (4): binding looks up cities, areas and calendars, and computes with geometries
/// (docs/decisions/0015). Registration uses what (2) made, so an operation is prepared once.
/// </remarks>
public sealed class Pipeline
{
    private readonly OperationGate _gate;
    private readonly OperationPreparer _preparer;
    private readonly OperationBinder _binder;
    private readonly OperationExecutor _executor;
    private readonly AdmissionControl _admission;
    private readonly SuspendedShapes _suspended;
    private readonly BackendRegister _backends;

    /// <param name="gate">Knows what clients may run.</param>
    /// <param name="preparer">Coerces, plans, prices.</param>
    /// <param name="binder">Binds.</param>
    /// <param name="executor">Reads and writes.</param>
    /// <param name="admission">How much runs at once.</param>
    /// <param name="suspended">What is not run for a while.</param>
    /// <param name="backends">What still runs when nobody waits for it.</param>
    internal Pipeline(
        OperationGate gate,
        OperationPreparer preparer,
        OperationBinder binder,
        OperationExecutor executor,
        AdmissionControl admission,
        SuspendedShapes suspended,
        BackendRegister backends)
    {
        _gate = gate;
        _preparer = preparer;
        _binder = binder;
        _executor = executor;
        _admission = admission;
        _suspended = suspended;
        _backends = backends;
    }

    /// <summary>Answers a request.</summary>
    /// <exception cref="OperationCanceledException">The request ended.</exception>
    internal async Task<PipelineAnswer> RunAsync(PipelineRequest request, CancellationToken cancellation)
    {
        Authorisation authorisation = await _gate.AuthoriseAsync(request.Request, request.Client, cancellation);                  // (1)
        if (CheckKind(request.MayWrite, authorisation) is { } notAllowed)
        {
            return Refused(notAllowed);
        }

        if (authorisation.Operation is not { } operation)
        {
            return Refused(authorisation.Errors);
        }

        request.Found?.Invoke(operation, authorisation.IsPublished);
        (PreparedOperation? prepared, RequestError? refusal) = _preparer.Prepare(operation, request.Request.Variables);           // (2)
        IReadOnlyDictionary<string, object>? persisted = authorisation.Persisted;
        if (authorisation.Registration is { } registration)                                                                       // (3)
        {
            refusal ??= authorisation.Limit?.Check(prepared!.Price);
            if (refusal is not null)
            {
                return Refused(OperationGate.ErrorsFor(request.Client, [refusal]));
            }

            persisted = await _gate.RegisterAsync(request.Client, registration, cancellation);
        }

        var options = new RunOptions(request.TellForms, LimitOf(authorisation, request), request.Report, request.Client.MayReadSchema)
        {
            Share = request.Client.Share,
            IsPublished = authorisation.IsPublished,
            Memory = request.Memory,
        };
        OperationResult result = prepared is null ? Refused(refusal!, options) : await RunAsync(prepared, options, cancellation);
        if (persisted is not null)
        {
            result.With("persistedQuery", persisted);
        }

        return new PipelineAnswer(result, operation);
    }

    /// <summary>Runs an operation that is already known to be allowed: the pipeline from (2) on.</summary>
    /// <param name="operation">A compiled operation.</param>
    /// <param name="variables">The request's JSON object of variables; undefined when it sent none.</param>
    /// <param name="options">What it may cost, and what the answer is to tell beside its data.</param>
    /// <param name="cancellation">Ends the batch in PostgreSQL too.</param>
    /// <returns>The answer; errors of the client's making are in it.</returns>
    public async Task<OperationResult> ExecuteAsync(Operation operation, JsonElement variables, RunOptions options, CancellationToken cancellation)
    {
        (PreparedOperation? prepared, RequestError? refusal) = _preparer.Prepare(operation, variables);
        return prepared is null ? Refused(refusal!, options) : await RunAsync(prepared, options, cancellation);
    }

    private async Task<OperationResult> RunAsync(PreparedOperation prepared, RunOptions options, CancellationToken cancellation)
    {
        if (options.Limit?.Check(prepared.Price) is { } tooDear)
        {
            return Refused(tooDear, options);
        }

        if (options.Report == CostReport.Validate)
        {
            return OperationResult.Priced(prepared.Price, options.Memory);
        }

        (AdmissionLease? lease, OverloadedError? overloaded) = await _admission.AdmitAsync(                                       // (4)
            new AdmissionRequest(options.Share, prepared.Price.FieldCost, prepared.Plan.AddsUp, options.IsPublished), cancellation);
        if (lease is null)
        {
            return OperationResult.Refused(overloaded!);
        }

        BoundOperation? bound = null;
        try
        {
            bound = await _binder.BindAsync(prepared, cancellation);                                                              // (5)
            return CheckBound(bound, options) is { } refused
                ? OperationResult.Refused(refused)
                : await _executor.ExecuteAsync(bound, options.Answer, cancellation);                                                     // (6)
        }
        catch (ResponseRefusedException cause)
        {
            // It was read all the same, and so it is paid for.
            OperationResult unread = OperationResult.Refused(cause.Error);
            unread.Price = bound?.Price ?? prepared.Price;
            return unread;
        }
        finally
        {
            if (!_backends.TryHold(bound?.Shape, lease))
            {
                lease.Dispose();
            }
        }
    }

    // What only its values tell: what was counted while it was bound, and a shape whose statements do not end.
    private RequestError? CheckBound(BoundOperation bound, RunOptions options) =>
        (bound.Price == bound.Prepared.Price ? null : options.Limit?.Check(bound.Price)) ?? _suspended.Check(bound.Shape);

    /// <summary>Why an operation may not run on a way that only reads; null for a query, and for any way that may write.</summary>
    internal static RequestError? CheckKind(bool mayWrite, Authorisation authorisation)
    {
        bool isQuery = authorisation.Operation is { } operation
            ? operation.Definition.Operation == OperationType.Query
            : !authorisation.Errors.Any(e => e is OperationKindUnknownError);
        return mayWrite || isQuery ? null : new OperationKindNotAllowedError();
    }

    // Behind others of its batch a published operation must fit what they leave of the client's limit too, or a batch could hold fifty.
    private static PriceLimit? LimitOf(Authorisation authorisation, PipelineRequest request) =>
        !authorisation.IsPublished ? authorisation.Limit?.Less(request.Spent)
        : request.Spent == default ? authorisation.Limit
        : authorisation.Limit?.And(request.Client.PriceLimit.Less(request.Spent));

    private static PipelineAnswer Refused(params IReadOnlyList<RequestError> errors) => new(OperationResult.Refused(errors), null);

    private static OperationResult Refused(RequestError error, RunOptions options) =>
        OperationResult.Refused(options.SuggestsNames ? error : EngineErrors.WithoutSuggestion(error));
}
