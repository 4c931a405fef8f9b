using System.Diagnostics;
using System.Text.Json;
using CityHelper.Engine.Cost;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Telemetry;
using GraphQL.Types;
using Microsoft.Extensions.Logging;

namespace CityHelper.Engine.Binding;

/// <summary>Coerces the variables of a request, takes the plan for their shape, compiled at its first use, and prices both.</summary>
/// <param name="schema">The schema that operations were validated against.</param>
/// <param name="plans">The plans that are kept.</param>
/// <param name="logger">Told of plans that are compiled.</param>
internal sealed class OperationPreparer(ISchema schema, PlanCache plans, ILogger<OperationPreparer> logger)
{
    private readonly Planner _planner = new(schema);

    /// <summary>Prepares an operation.</summary>
    /// <param name="operation">A compiled operation.</param>
    /// <param name="variables">The request's JSON object of variables; undefined when it sent none.</param>
    /// <returns>The prepared operation, or why it can have no plan with these variables.</returns>
    public (PreparedOperation? Prepared, RequestError? Refusal) Prepare(Operation operation, JsonElement variables)
    {
        (VariableValues? values, RequestError? error) = VariableValues.Coerce(operation.Variables, variables);
        if (values is null)
        {
            return (null, error);
        }

        try
        {
            PricedPlan priced = plans.GetOrAdd(operation, values.Shape, () => Compile(operation, values));
            return (new PreparedOperation(operation, priced, values, priced.Price.Of(values)), null);
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

    private PricedPlan Compile(Operation operation, VariableValues values)
    {
        using Activity? activity = EngineTelemetry.Source.StartActivity("GraphQL Operation Planning");
        activity?.SetTag(EngineTelemetry.OperationType, operation.Kind);
        long start = Stopwatch.GetTimestamp();
        OperationPrice price = new PricePlanner(schema, operation, values).Compile();
        var priced = new PricedPlan(_planner.Compile(operation, values), price);
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        EngineTelemetry.PlanDuration.Record(took.TotalSeconds);
        LogMessages.PlanCompiled(logger, operation.Name ?? operation.Id, values.Shape, took.TotalMilliseconds);
        return priced;
    }
}
