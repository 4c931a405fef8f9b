using System.Text.Json;
using CityHelper.Engine.Admission;
using CityHelper.Engine.Binding;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Transport.Http;

namespace CityHelper.Engine.Transport;

/// <summary>
/// Reports how PostgreSQL runs the statements of an operation: <c>EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)</c> of each, in order.
/// </summary>
public sealed class OperationExplainer
{
    private readonly OperationPreparer _preparer;
    private readonly OperationBinder _binder;
    private readonly OperationExecutor _executor;
    private readonly AdmissionControl _admission;
    private readonly TenantLog _log;
    private readonly SubscriptionBinder _subscriptions;

    internal OperationExplainer(
        OperationPreparer preparer,
        OperationBinder binder,
        OperationExecutor executor,
        AdmissionControl admission,
        TenantLog log,
        SubscriptionBinder subscriptions)
    {
        _subscriptions = subscriptions;
        _preparer = preparer;
        _binder = binder;
        _executor = executor;
        _admission = admission;
        _log = log;
    }

    /// <summary>Explains what the answer to an operation depends on. Nothing is read but what binding looks up.</summary>
    /// <param name="operation">The operation, which has a name.</param>
    /// <param name="variables">A JSON object.</param>
    /// <param name="path">Where persisted operations are mapped: <c>/graphql/persisted</c>.</param>
    /// <param name="cancellation">Cancels lookups.</param>
    public async Task<CacheExplanation> ExplainCacheAsync(
        Operation operation, JsonElement variables, string path, CancellationToken cancellation)
    {
        string pathOf = $"{path}/{operation.Id}/{operation.Name}";
        if (CanonicalAddress.UndeclaredIn(operation, variables) is { } undeclared)
        {
            return CacheExplanation.Never("none", $"the operation declares no variable `{undeclared}`");
        }

        if (CanonicalAddress.Of(pathOf, variables) is not { } address)
        {
            return CacheExplanation.Never("none", "the variables have no canonical JSON");
        }

        (PreparedOperation? prepared, RequestError? refusal) = await _preparer.PrepareAsync(operation, variables, cancellation);
        if (refusal is not null || prepared!.Plan.Cache == CachePolicy.None)
        {
            return CacheExplanation.Never(address, refusal?.Message ?? "a field has no cache policy");
        }

        BoundOperation bound = await _binder.BindAsync(prepared, cancellation);
        return Dependencies.Of(bound, _log) is { } dependencies
            ? new CacheExplanation(address, prepared.Plan.Cache.Header)
            {
                Tenant = dependencies.Tenant, Tags = dependencies.Tags, Until = dependencies.Until,
            }
            : CacheExplanation.Never(
                address, bound.Errors.FirstOrDefault()?.Message ?? "it reads no tenant, several tenants, or what the log does not tell");
    }

    /// <summary>Explains an operation.</summary>
    /// <exception cref="InvalidOperationException">The operation is refused with these variables; the message is the client's.</exception>
    public async Task<IReadOnlyList<StatementExplanation>> ExplainAsync(
        Operation operation, JsonElement variables, CancellationToken cancellation)
    {
        (IReadOnlyList<StatementExplanation> statements, IReadOnlyList<RequestError> refusals) = await TryExplainAsync(
            operation, variables, cancellation);
        return refusals is [var refusal, ..] ? throw new InvalidOperationException(refusal.Message) : statements;
    }

    /// <summary>Like <see cref="ExplainAsync"/>, but returns refusals as values and explains the fields that are not refused.</summary>
    /// <exception cref="Npgsql.NpgsqlException">A statement fails, or exceeds its time limit.</exception>
    public async Task<(IReadOnlyList<StatementExplanation> Statements, IReadOnlyList<RequestError> Refusals)> TryExplainAsync(
        Operation operation, JsonElement variables, CancellationToken cancellation)
    {
        (PreparedOperation? prepared, RequestError? refusal) = await _preparer.PrepareAsync(operation, variables, cancellation);
        if (prepared is null)
        {
            return ([], [refusal!]);
        }

        (AdmissionLease? lease, OverloadedError? overloaded) = await _admission.AdmitAsync(
            new AdmissionRequest(ClientShare.Everybody, prepared.Cost.FieldCost, prepared.Plan.IsAggregate, IsPublished: true),
            cancellation);
        if (lease is null)
        {
            return ([], [overloaded!]);
        }

        using AdmissionLease admitted = lease;
        if (prepared.Plan.Subscription is not null)
        {
            (BoundSubscription? subscription, RequestError? unfit) = await _subscriptions.BindAsync(prepared, after: null, cancellation);
            return subscription is null ? ([], [unfit!]) : (await _executor.ExplainAsync(subscription, cancellation), []);
        }

        BoundOperation bound = await _binder.BindAsync(prepared, cancellation);
        return (await _executor.ExplainAsync(bound, cancellation), [.. bound.Errors]);
    }
}
