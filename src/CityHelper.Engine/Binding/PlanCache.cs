using CityHelper.Engine.Documents;
using CityHelper.Engine.Lookups;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;

namespace CityHelper.Engine.Binding;

/// <summary>
/// The plans of all operations by the shape of their variables: one bound for the process, so that no client's shapes or texts fill the
/// memory. What is asked for most recently stays. A plan's statements are forgotten with it.
/// </summary>
internal sealed class PlanCache : IDisposable
{
    private readonly MemoryCache _plans = new(Options.Create(new MemoryCacheOptions { SizeLimit = Limits.CachedPlanWeightMax, TrackStatistics = true }));
    private readonly Coalescer<(Operation Operation, string Shape), PricedPlan> _compiling = new();

    /// <summary>What the plans that are kept weigh.</summary>
    public long Weight => _plans.GetCurrentStatistics()?.CurrentEstimatedSize ?? 0;

    /// <summary>How many are kept.</summary>
    public int Count => _plans.Count;

    public PricedPlan GetOrAdd(Operation operation, string shape, Func<PricedPlan> compile)
    {
        var key = (operation, shape);
        if (_plans.TryGetValue(key, out PricedPlan? known))
        {
            return known!;
        }

        // Compiling is synchronous: who comes meanwhile waits on its thread for the one who compiles, some milliseconds.
        return _compiling.AskAsync(key, (_, _) => Task.FromResult(Compile(operation, key, compile))).GetAwaiter().GetResult();
    }

    public void Dispose() => _plans.Dispose();

    private PricedPlan Compile(Operation operation, (Operation, string) key, Func<PricedPlan> compile)
    {
        // Another request may have compiled it just before this one began.
        if (_plans.TryGetValue(key, out PricedPlan? known))
        {
            return known!;
        }

        PricedPlan priced = compile();
        return _plans.Set(key, priced, new MemoryCacheEntryOptions { Size = WeightOf(operation, priced.Plan) }
            .RegisterPostEvictionCallback(static (_, forgotten, _, _) => ((PricedPlan)forgotten!).Life.Cancel()));
    }

    // A plan keeps its operation, parsed, even when the texts have forgotten it.
    private static int WeightOf(Operation operation, Planning.OperationPlan plan) =>
        Math.Max(Limits.PlanWeightMin, operation.TextChars + plan.Fields * Limits.PlannedFieldWeight);
}
