using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Schema;
using GraphQL.Types;

namespace CityHelper.Engine.Cost;

/// <summary>What is known of an operation before the first request.</summary>
/// <param name="Usual">Its usual variables.</param>
/// <param name="Cost">What it costs with them.</param>
/// <param name="Cache">How long its responses may be cached.</param>
internal sealed record CostAnalysis(VariableValues Usual, CostMetrics Cost, CachePolicy Cache);

/// <summary>Computes the cost of operations with their usual variables, before the first request.</summary>
/// <param name="schema">The schema that validated them.</param>
public sealed class CostAnalyser(ISchema schema)
{
    /// <summary>The cost of an operation with its usual variables, or the error why it cannot be planned.</summary>
    internal (CostAnalysis? Analysis, RequestError? Error) Analyse(Operation operation)
    {
        VariableValues usual = UsualVariables.Of(operation);
        CostPlanner planner = new CostPlanner(schema, operation, usual);
        try
        {
            return (new CostAnalysis(usual, planner.Compile().Of(usual), planner.Cache), null);
        }
        catch (PlanException cause)
        {
            return (null, cause.Error);
        }
    }
}
