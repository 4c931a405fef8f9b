using System.Diagnostics;
using System.Text.Json;
using CityHelper.Engine.Operations;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Telemetry;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CityHelper.Engine.Execution;

/// <summary>Runs an operation: its plan, the request's values, one batch, one answer.</summary>
public sealed class OperationExecutor
{
    private readonly Planner _planner;
    private readonly BatchRunner _batches;
    private readonly IntrospectionRunner _introspection;
    private readonly ILogger _logger;

    internal OperationExecutor(Planner planner, BatchRunner batches, IntrospectionRunner introspection, ILogger<OperationExecutor> logger)
    {
        _planner = planner;
        _batches = batches;
        _introspection = introspection;
        _logger = logger;
    }

    /// <summary>Runs a query.</summary>
    /// <param name="operation">A compiled operation.</param>
    /// <param name="variables">The request's JSON object of variables; undefined when it sent none.</param>
    /// <param name="cancellation">Ends the batch in PostgreSQL too.</param>
    /// <returns>The answer; errors of the client's making are in it.</returns>
    /// <remarks>
    /// (1) coerce the variables   (2) take the plan for their shape, compiled once   (3) bind each root's values, or refuse the root
    /// (4) send all statements in one batch and read them   (5) assemble the answer
    /// </remarks>
    public async Task<OperationResult> ExecuteAsync(Operation operation, JsonElement variables, CancellationToken cancellation)
    {
        (VariableValues? values, RequestError? error) = VariableValues.Coerce(operation.Variables, variables);                     // (1)
        if (values is null)
        {
            return OperationResult.Refused(error!);
        }

        OperationPlan plan;
        try
        {
            plan = operation.Plans.GetOrAdd(values.Shape, () => Compile(operation, values));                                       // (2)
        }
        catch (PlanException cause)
        {
            return OperationResult.Refused(cause.Error);
        }

        RootRun[] runs = [.. plan.Roots.Select(_ => new RootRun(values))];
        try
        {
            await BindAsync(plan, runs, operation, variables, cancellation);                                                       // (3)
            await _batches.RunAsync(plan, runs, cancellation);                                                                     // (4)
            return Assemble(plan, runs);                                                                                           // (5)
        }
        finally
        {
            foreach (RootRun run in runs)
            {
                run.Dispose();
            }
        }
    }

    /// <summary>How PostgreSQL runs the statements of an operation: <c>EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)</c> of each, in order.</summary>
    /// <exception cref="InvalidOperationException">The variables do not fit, or an argument was refused.</exception>
    public async Task<IReadOnlyList<StatementExplanation>> ExplainAsync(Operation operation, JsonElement variables, CancellationToken cancellation)
    {
        (VariableValues? values, RequestError? error) = VariableValues.Coerce(operation.Variables, variables);
        if (values is null)
        {
            throw new InvalidOperationException(error!.Message);
        }

        OperationPlan plan = operation.Plans.GetOrAdd(values.Shape, () => Compile(operation, values));
        RootRun[] runs = [.. plan.Roots.Select(_ => new RootRun(values))];
        await BindAsync(plan, runs, operation, variables, cancellation);
        return runs.FirstOrDefault(r => r.Error is not null) is { Error: { } refused }
            ? throw new InvalidOperationException(refused.Message)
            : await _batches.ExplainAsync(plan, runs, cancellation);
    }

    private OperationPlan Compile(Operation operation, VariableValues values)
    {
        using Activity? activity = EngineTelemetry.Source.StartActivity("GraphQL Operation Planning");
        activity?.SetTag("graphql.operation.name", operation.Name);
        long start = Stopwatch.GetTimestamp();
        OperationPlan plan = _planner.Compile(operation, values);
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        EngineTelemetry.PlanDuration.Record(took.TotalSeconds);
        LogMessages.PlanCompiled(_logger, operation.Name ?? operation.Id, values.Shape, took.TotalMilliseconds);
        return plan;
    }

    private async Task BindAsync(
        OperationPlan plan, RootRun[] runs, Operation operation, JsonElement variables, CancellationToken cancellation)
    {
        IReadOnlyDictionary<string, byte[]>? meta = plan.MetaFields.Count > 0
            ? await _introspection.RunAsync(operation, plan.MetaFields, variables, cancellation)
            : null;
        for (int i = 0; i < runs.Length; i++)
        {
            runs[i].Meta = meta;
            try
            {
                await plan.Roots[i].BindAsync(runs[i], cancellation);
            }
            catch (NpgsqlException cause)
            {
                runs[i].Error = DatabaseFailure.Of(cause);
                LogMessages.BatchFailed(_logger, runs[i].Error!.Code, cause);
            }
        }
    }

    private static OperationResult Assemble(OperationPlan plan, RootRun[] runs)
    {
        var data = new JsonBuffer();
        List<FieldError> errors = [];
        data.WriteByte((byte)'{');
        for (int i = 0; i < runs.Length; i++)
        {
            if (i > 0)
            {
                data.WriteByte((byte)',');
            }

            if (!TryWriteRoot(plan.Roots[i].Field, runs[i], data, errors))
            {
                // A non-null root is null: so is all of data (spec 6.4.4).
                data.CutBackTo(0);
                data.WriteNull();
                return OperationResult.Executed(data, errors, plan.Cache);
            }
        }

        data.WriteByte((byte)'}');
        return OperationResult.Executed(data, errors, plan.Cache);
    }

    private static bool TryWriteRoot(FieldWriter field, RootRun run, JsonBuffer data, List<FieldError> errors)
    {
        if (run.Error is null)
        {
            return field.TryWrite(new WriteContext(run) { Json = data, Errors = errors });
        }

        errors.Add(new FieldError(run.Error, [field.ResponseName]));
        data.WriteRaw(field.NameUtf8);
        data.WriteNull();
        return !field.NonNull;
    }
}
