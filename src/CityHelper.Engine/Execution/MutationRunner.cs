using System.Diagnostics;
using CityHelper.Engine.Binding;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Database;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Telemetry;
using CityHelper.Engine.Writing;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CityHelper.Engine.Execution;

/// <summary>
/// Runs mutations in turn (GraphQL specification, 6.2.2): the handler of one, then the row that it wrote, then the next. A later mutation
/// sees what an earlier one wrote.
/// </summary>
/// <param name="batches">Reads rows.</param>
/// <param name="binder">Binds the rows.</param>
/// <param name="log">Reads log positions.</param>
/// <param name="cursors">Signs the cursors of payloads.</param>
/// <param name="logger">Logs failures of the database.</param>
internal sealed class MutationRunner(
    BatchRunner batches, RootBinder binder, LogStatements log, LogPositionCursors cursors, ILogger<MutationRunner> logger)
{
    /// <summary>Runs the mutations among the roots.</summary>
    /// <param name="bound">The operation.</param>
    /// <param name="roots">Its roots, which receive the results.</param>
    /// <param name="options">The caller, and the memory of the response.</param>
    /// <param name="cancellation">
    /// Cancels reads. A mutation that has begun ends by itself, whoever leaves; one that has not begun is not done, and says so.
    /// </param>
    /// <returns>What the reads took.</returns>
    public async Task<BatchUsage> RunAsync(
        BoundOperation bound, IReadOnlyList<RootExecution> roots, AnswerOptions options, CancellationToken cancellation)
    {
        BatchUsage usage = default;
        foreach (RootExecution root in roots)
        {
            if (root.Bound.Plan is not MutationPlan plan)
            {
                continue;
            }

            // A request error would say that nothing ran, and what ran before this one was done.
            MutationOutcome outcome = cancellation.IsCancellationRequested
                ? MutationOutcome.Failed(new RequestTimeoutError())
                : await HandleAsync(plan, root.Bound.Input!, options.Caller);
            if (outcome.Failure is { } failure)
            {
                root.Rows.Error = failure;

                // The payload is non-null, so `data` will be null, and no client would learn what the others did. They do not run, as the
                // specification allows for siblings that have not begun (6.3).
                break;
            }

            usage += await ReadAsync(bound, root, plan, outcome, options.Memory, cancellation);
        }

        return usage;
    }

    /// <summary>
    /// Explains the statements that read the rows of mutations, and runs no handler. The row is the one whose global id is a member of the
    /// input; without such a member it is one that does not exist.
    /// </summary>
    /// <exception cref="NpgsqlException">A statement fails or times out.</exception>
    public async Task<IReadOnlyList<StatementExplanation>> ExplainAsync(BoundOperation bound, CancellationToken cancellation)
    {
        List<StatementExplanation> explanations = [];
        foreach (MutationPlan plan in bound.Roots.Select(root => root.Plan).OfType<MutationPlan>().Where(plan => plan.Row is not null))
        {
            (short tenant, long key) = NamedRow(plan, bound.Prepared.Variables);
            using RootExecution row = await RowAsync(bound, plan.Row!, tenant, key, MemoryLease.Uncounted, cancellation);
            explanations.AddRange(await batches.ExplainAsync([row], LogOf(row) is { IsShown: true } shown ? shown : null, cancellation));
        }

        return explanations;
    }

    private async Task<MutationOutcome> HandleAsync(MutationPlan plan, object input, MutationCaller caller)
    {
        using Activity? activity = EngineTelemetry.Source.StartActivity("GraphQL Mutation");
        activity?.SetTag(EngineTelemetry.Mutation, plan.Name);
        try
        {
            MutationOutcome outcome = await plan.Binding.HandleAsync(input, caller);
            return outcome.Errors.FirstOrDefault(error => !plan.Binding.Errors.Contains(error.GetType())) is { } undeclared
                ? throw new InvalidOperationException($"{undeclared.GetType().Name} is no declared error of {plan.Name}.")
                : outcome;
        }
        catch (NpgsqlException cause)
        {
            var error = new MutationUncertainError(DatabaseFailure.Of(cause).Code);
            activity?.SetTag(EngineTelemetry.ErrorType, error.Code).SetStatus(ActivityStatusCode.Error);
            LogMessages.MutationFailed(logger, plan.Name, error.Code, cause);
            return MutationOutcome.Failed(error);
        }
        catch (Exception cause)
        {
            // A fault of ours in one mutation must not hide what the ones before it have done.
            var error = new MutationUncertainError(new UnexpectedError().Code);
            activity?.SetTag(EngineTelemetry.ErrorType, error.Code).SetStatus(ActivityStatusCode.Error);
            LogMessages.MutationBroken(logger, plan.Name, cause);
            return MutationOutcome.Failed(error);
        }
    }

    private async Task<BatchUsage> ReadAsync(
        BoundOperation bound,
        RootExecution root,
        MutationPlan plan,
        MutationOutcome outcome,
        MemoryLease memory,
        CancellationToken cancellation)
    {
        string? cursor = outcome is { Written: { } written, Position: { } position } ? cursors.Sign(written.Tenant, position) : null;
        var result = new MutationResult(cursor, outcome.Errors, Row: null);
        root.Rows.Mutation = result;
        if (plan.Row is null || outcome.Written is not var (tenant, key))
        {
            return default;
        }

        try
        {
            RootExecution row = await RowAsync(bound, plan.Row, tenant, key, memory, cancellation);
            root.Rows.Mutation = result with { Row = row.Rows };
            return await batches.RunAsync([row], LogOf(row), bound.Signature, cancellation);
        }
        catch (Exception cause) when (Refusal(cause, cancellation) is { } error)
        {
            // The mutation was done, and the response must not say otherwise: only the row is missing in it.
            RefuseRow(bound, root, plan.Row, error);
            return default;
        }
    }

    /// <summary>Puts an error in the place of the rows of mutations.</summary>
    /// <param name="bound">The operation.</param>
    /// <param name="roots">Its roots, whose mutations were done.</param>
    /// <param name="error">Why there are no rows.</param>
    public static void RefuseRows(BoundOperation bound, IReadOnlyList<RootExecution> roots, RequestError error)
    {
        foreach (RootExecution root in roots)
        {
            if (root.Rows.Mutation is { Row: not null } && root.Bound.Plan is MutationPlan { Row: { } plan })
            {
                RefuseRow(bound, root, plan, error);
            }
        }
    }

    private static void RefuseRow(BoundOperation bound, RootExecution root, RowsByKeyPlan plan, RequestError error)
    {
        root.Rows.Mutation!.Row?.Dispose();
        BoundRoot refused = RootBinder.Refused(plan, new RootSeed(bound.Prepared.Variables), error);
        var row = new RootExecution(refused, MemoryLease.Uncounted, bound.Prepared.Costed.Life.Token);
        root.Rows.Mutation = root.Rows.Mutation with { Row = row.Rows };
    }

    private static RequestError? Refusal(Exception cause, CancellationToken cancellation) => cause switch
    {
        ResponseRefusedException refused => refused.Error,
        OperationCanceledException when cancellation.IsCancellationRequested => new RequestTimeoutError(),
        _ => null,
    };

    private async Task<RootExecution> RowAsync(
        BoundOperation bound, RowsByKeyPlan plan, short tenant, long key, MemoryLease memory, CancellationToken cancellation)
    {
        var seed = new RootSeed(bound.Prepared.Variables) { Tenant = tenant, RowKeys = [key] };
        return new RootExecution(await binder.BindAsync(plan, seed, cancellation), memory, bound.Prepared.Costed.Life.Token);
    }

    // Each payload has the positions of its own batch: its row is an answer of its own, about what its mutation left.
    private LogRead LogOf(RootExecution row) => LogRead.Of([row.Bound], log, cursors);

    private static (short Tenant, long Key) NamedRow(MutationPlan plan, VariableValues variables)
    {
        var members = (IReadOnlyDictionary<string, object?>)plan.Input.Evaluate(variables)!;
        GlobalId? id = members.Values.OfType<string>().Select(plan.Binding.Row.ParseId).FirstOrDefault(parsed => parsed is not null);
        return id is { } named ? (named.Tenant ?? (short)named.Row, named.Row) : default;
    }
}
