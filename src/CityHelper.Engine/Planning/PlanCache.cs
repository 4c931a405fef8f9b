using CityHelper.Engine.Operations;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;

namespace CityHelper.Engine.Planning;

/// <summary>
/// The plans of all operations by the shape of their variables: one bound for the process, so that no client's shapes or texts fill the
/// memory. What is asked for most recently stays.
/// </summary>
internal sealed class PlanCache : IDisposable
{
    private readonly MemoryCache _plans = new(Options.Create(new MemoryCacheOptions { SizeLimit = Limits.CachedPlansMax }));

    public OperationPlan GetOrAdd(Operation operation, string shape, Func<OperationPlan> compile)
    {
        var key = (operation, shape);
        if (_plans.TryGetValue(key, out OperationPlan? known))
        {
            return known!;
        }

        OperationPlan plan = compile();
        _plans.Set(key, plan, new MemoryCacheEntryOptions { Size = 1 });
        return plan;
    }

    public void Dispose() => _plans.Dispose();
}
