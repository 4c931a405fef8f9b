using CityHelper.Engine.Cost;
using CityHelper.Engine.Database;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Nearby;

namespace CityHelper.Engine.Binding;

/// <summary>
/// An operation with everything that one request decides: the values of each root, and what it costs with what was counted. Complete before
/// anything is read for its answer, and immutable. The key of a cached answer and the tags it depends on are values of it too, once answers
/// are kept.
/// </summary>
/// <param name="Prepared">Plan and variables.</param>
/// <param name="Roots">One for each root of the plan.</param>
/// <param name="Price">What it costs with what was counted while it was bound.</param>
/// <param name="Shape">What it has in common with others that run the same statements.</param>
internal sealed record BoundOperation(PreparedOperation Prepared, IReadOnlyList<BoundRoot> Roots, Price Price, ExecutionShape Shape)
{
    /// <summary>Whether rows are read by global ids, once the batch was sent.</summary>
    public bool AsksForNodes => Roots.Any(root => root.Nodes.Count > 0);

    /// <summary>Why roots or parts of them are not read.</summary>
    public IEnumerable<RequestError> Errors => Roots.SelectMany(root => root.Errors);
}

/// <summary>Binds operations.</summary>
/// <param name="context">Keys, statistics, look-ups.</param>
internal sealed class OperationBinder(BindingContext context)
{
    /// <summary>Binds roots.</summary>
    public RootBinder Roots { get; } = new(context);

    /// <summary>Binds each root of an operation. What the arguments' values forbid is an error of its root.</summary>
    /// <param name="prepared">Plan and variables.</param>
    /// <param name="cancellation">Ends look-ups.</param>
    public async ValueTask<BoundOperation> BindAsync(PreparedOperation prepared, CancellationToken cancellation)
    {
        var seed = new RootSeed(prepared.Variables);
        var roots = new BoundRoot[prepared.Plan.Roots.Count];
        double counted = 0;
        for (int i = 0; i < roots.Length; i++)
        {
            roots[i] = await Roots.BindAsync(prepared.Plan.Roots[i], seed, cancellation);
            counted += roots[i].CountedCostInAll;
        }

        Price price = counted == 0 ? prepared.Price : prepared.Price + new Price(Math.Round(counted, Limits.CostDecimals), 0);
        var shape = new ExecutionShape(
            prepared.Operation.Id, prepared.Operation.Name ?? prepared.Operation.Id, prepared.Variables.Shape, AccessPathsOf(roots));
        return new BoundOperation(prepared, roots, price, shape);
    }

    private static string AccessPathsOf(IEnumerable<BoundRoot> roots) => string.Join(", ", roots.SelectMany(root => root.All)
        .Where(root => root.Plan is ConnectionPlan or NearbyPlan && root.IsRead)
        .Select(root => root.AccessPath));
}
