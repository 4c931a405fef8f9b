using CityHelper.Engine.Cost;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;

namespace CityHelper.Engine.Binding;

/// <summary>A plan with what it costs, as it is kept.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Price">What it costs, given how long its lists are.</param>
internal sealed record PricedPlan(OperationPlan Plan, OperationPrice Price)
{
    /// <summary>Cancelled when the plan is kept no longer: statements that are made for it then are not kept either.</summary>
    public CancellationTokenSource Life { get; } = new();
}

/// <summary>
/// An operation with the coerced variables of one request, its plan for their shape, and what it costs. Immutable; nothing was asked of the
/// database for it.
/// </summary>
/// <param name="Operation">The operation.</param>
/// <param name="Priced">Its plan.</param>
/// <param name="Variables">The request's variables.</param>
/// <param name="Price">What it costs with them.</param>
internal sealed record PreparedOperation(Operation Operation, PricedPlan Priced, VariableValues Variables, Price Price)
{
    public OperationPlan Plan => Priced.Plan;
}
