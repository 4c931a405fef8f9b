using CityHelper.Engine.Cost;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;

namespace CityHelper.Engine.Binding;

/// <summary>A plan with its cost formula, as it is cached.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Formula">Computes the cost from a request's list sizes and geometries.</param>
internal sealed record CostedPlan(OperationPlan Plan, CostFormula Formula)
{
    /// <summary>Cancelled when the plan is evicted: its statements are evicted too, and later ones are not cached.</summary>
    public CancellationTokenSource Life { get; } = new();
}

/// <summary>
/// An operation with the coerced variables of one request, the plan for their signature, and its cost. Immutable; made without the
/// database.
/// </summary>
/// <param name="Operation">The operation.</param>
/// <param name="Costed">Its plan.</param>
/// <param name="Variables">The request's variables.</param>
/// <param name="Cost">Its cost with them.</param>
internal sealed record PreparedOperation(Operation Operation, CostedPlan Costed, VariableValues Variables, CostMetrics Cost)
{
    public OperationPlan Plan => Costed.Plan;
}
