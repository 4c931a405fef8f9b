using CityHelper.Engine.Documents;
using CityHelper.Engine.Lookups;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;

namespace CityHelper.Engine.Binding;

/// <summary>
/// The plans of all operations, by operation and variable signature. One limit for the process keeps clients' texts and signatures
/// from filling the memory. The most recently used plans stay. A plan's statements are evicted with it.
/// </summary>
internal sealed class PlanCache : IDisposable
{
    private readonly MemoryCache _plans = new(
        Options.Create(new MemoryCacheOptions { SizeLimit = Limits.CachedPlanWeightMax, TrackStatistics = true }));
    private readonly Coalescer<(Operation Operation, string Signature), CostedPlan> _compiling = new();

    /// <summary>The total weight of the cached plans. For tests.</summary>
    public long Weight => _plans.GetCurrentStatistics()?.CurrentEstimatedSize ?? 0;

    /// <summary>The number of cached plans. For tests.</summary>
    public int Count => _plans.Count;

    /// <summary>The plan of an operation and a signature. The first request compiles it; concurrent ones wait without a thread.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="signature">The signature of its variables.</param>
    /// <param name="compile">Compiles the plan; what it throws reaches all who wait.</param>
    /// <param name="cancellation">Cancels the wait.</param>
    public ValueTask<CostedPlan> GetOrAddAsync(
        Operation operation, string signature, Func<CostedPlan> compile, CancellationToken cancellation)
    {
        var key = (operation, signature);
        return _plans.TryGetValue(key, out CostedPlan? known)
            ? ValueTask.FromResult(known!)
            : new(_compiling.AskAsync(key, (_, _) => Task.FromResult(Compile(operation, key, compile)), cancellation));
    }

    public void Dispose() => _plans.Dispose();

    private CostedPlan Compile(Operation operation, (Operation, string) key, Func<CostedPlan> compile)
    {
        // Another request may have compiled it since the first look at the cache.
        if (_plans.TryGetValue(key, out CostedPlan? known))
        {
            return known!;
        }

        CostedPlan costed = compile();
        return _plans.Set(key, costed, new MemoryCacheEntryOptions { Size = WeightOf(operation, costed.Plan) }
            .RegisterPostEvictionCallback(static (_, evicted, _, _) => ((CostedPlan)evicted!).Life.Cancel()));
    }

    // A plan holds its parsed operation, even after the document cache has evicted it.
    private static int WeightOf(Operation operation, Planning.OperationPlan plan) =>
        Math.Max(Limits.PlanWeightMin, operation.TextChars + plan.Fields * Limits.PlannedFieldWeight);
}
