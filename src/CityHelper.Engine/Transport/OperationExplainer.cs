using System.Text.Json;
using CityHelper.Engine.Admission;
using CityHelper.Engine.Binding;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;

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

    internal OperationExplainer(OperationPreparer preparer, OperationBinder binder, OperationExecutor executor, AdmissionControl admission)
    {
        _preparer = preparer;
        _binder = binder;
        _executor = executor;
        _admission = admission;
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
        BoundOperation bound = await _binder.BindAsync(prepared, cancellation);
        return (await _executor.ExplainAsync(bound, cancellation), [.. bound.Errors]);
    }
}
