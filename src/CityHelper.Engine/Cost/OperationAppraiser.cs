using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema;
using GraphQL.Types;

namespace CityHelper.Engine.Cost;

/// <summary>What is known of an operation before anybody asks it.</summary>
/// <param name="Usual">Its usual variables.</param>
/// <param name="Price">What it costs with them.</param>
/// <param name="Cache">How long its answers may be kept.</param>
internal sealed record Appraisal(VariableValues Usual, Price Price, CachePolicy Cache);

/// <summary>Prices operations with their usual variables, before anybody sends any.</summary>
/// <param name="schema">The schema that they were validated against.</param>
public sealed class OperationAppraiser(ISchema schema)
{
    /// <summary>What an operation costs with its usual variables, or why it can have no plan.</summary>
    internal (Appraisal? Appraisal, RequestError? Error) Appraise(Operation operation)
    {
        VariableValues usual = UsualVariables.Of(operation);
        var pricing = new PricePlanner(schema, operation, usual);
        try
        {
            return (new Appraisal(usual, pricing.Compile().Of(usual), pricing.Cache), null);
        }
        catch (PlanException cause)
        {
            return (null, cause.Error);
        }
    }
}
