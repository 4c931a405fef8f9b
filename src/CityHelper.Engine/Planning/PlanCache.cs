using System.Collections.Concurrent;

namespace CityHelper.Engine.Planning;

/// <summary>The plans of one operation by the shape of its variables. Full means: compile and do not keep.</summary>
internal sealed class PlanCache
{
    private readonly ConcurrentDictionary<string, OperationPlan> _plans = new(StringComparer.Ordinal);

    public OperationPlan GetOrAdd(string shape, Func<OperationPlan> compile)
    {
        if (_plans.TryGetValue(shape, out OperationPlan? known))
        {
            return known;
        }

        OperationPlan plan = compile();
        if (_plans.Count < Limits.PlansPerOperationMax)
        {
            _plans.TryAdd(shape, plan);
        }

        return plan;
    }
}
