using System.Diagnostics;
using System.Text.Json;
using CityHelper.Engine.Cost;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Telemetry;
using GraphQL.Types;
using Microsoft.Extensions.Logging;

namespace CityHelper.Engine.Binding;

/// <summary>Coerces a request's variables, takes or compiles the plan for their signature, and computes the cost.</summary>
/// <param name="schema">The schema that operations were validated against.</param>
/// <param name="plans">The cached plans.</param>
/// <param name="logger">Logs compiled plans.</param>
internal sealed class OperationPreparer(ISchema schema, PlanCache plans, ILogger<OperationPreparer> logger)
{
    private readonly Planner _planner = new(schema);

    /// <summary>Prepares an operation.</summary>
    /// <param name="operation">A compiled operation.</param>
    /// <param name="variables">The request's JSON object of variables; undefined when it sends none.</param>
    /// <param name="cancellation">Cancels the wait for a plan that another request compiles.</param>
    /// <returns>The prepared operation, or why these variables are refused.</returns>
    public async ValueTask<(PreparedOperation? Prepared, RequestError? Refusal)> PrepareAsync(
        Operation operation, JsonElement variables, CancellationToken cancellation)
    {
        (VariableValues? values, RequestError? error) = VariableValues.Coerce(operation.Variables, variables);
        if (values is null)
        {
            return (null, error);
        }

        try
        {
            CostedPlan costed = await plans.GetOrAddAsync(
                operation, values.Signature, () => Compile(operation, values), cancellation);
            return (new PreparedOperation(operation, costed, values, costed.Formula.Of(values)), null);
        }
        catch (PlanException cause)
        {
            return (null, cause.Error);
        }
        catch (InputException cause)
        {
            return (null, cause.Error ?? new LiteralInvalidError(cause.Message));
        }
    }

    private CostedPlan Compile(Operation operation, VariableValues values)
    {
        using Activity? activity = EngineTelemetry.Source.StartActivity("GraphQL Operation Planning");
        activity?.SetTag(EngineTelemetry.OperationType, operation.Kind);
        long start = Stopwatch.GetTimestamp();
        CostFormula formula = new CostPlanner(schema, operation, values).Compile();
        CostedPlan costed = new CostedPlan(_planner.Compile(operation, values), formula);
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        EngineTelemetry.PlanDuration.Record(took.TotalSeconds);
        LogMessages.PlanCompiled(logger, operation.Name ?? operation.Id, values.Signature, took.TotalMilliseconds);
        return costed;
    }
}
