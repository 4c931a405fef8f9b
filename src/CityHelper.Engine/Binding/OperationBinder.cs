using CityHelper.Engine.Cost;
using CityHelper.Engine.Database;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Nearby;

namespace CityHelper.Engine.Binding;

/// <summary>
/// An operation with the values of one request: those of each root, and the final cost. Immutable, and complete before anything is
/// read for the answer. So <see cref="Dependencies"/> can tell what the answer will depend on before it is read.
/// </summary>
/// <param name="Prepared">Plan and variables.</param>
/// <param name="Roots">One for each root of the plan.</param>
/// <param name="Cost">The computed cost, plus what binding counted.</param>
/// <param name="Signature">Equal for executions that run the same statements.</param>
internal sealed record BoundOperation(
    PreparedOperation Prepared, IReadOnlyList<BoundRoot> Roots, CostMetrics Cost, ExecutionSignature Signature)
{
    /// <summary>Whether rows are read by global id, after the batch.</summary>
    public bool AsksForNodes => Roots.Any(root => root.Nodes.Count > 0);

    /// <summary>The one tenant that it reads; null when it reads none, or several.</summary>
    public short? Tenant => Read.SelectMany(root => root.Tenants).Distinct().ToArray() is [var tenant] ? tenant : null;

    /// <summary>The roots that are read, nested ones too.</summary>
    public IEnumerable<BoundRoot> Read => Roots.Where(root => root.IsRead).SelectMany(root => root.All).Where(root => root.IsRead);

    /// <summary>The revisions of the tenant's areas under which areas were looked up: one, unless they changed meanwhile.</summary>
    public IEnumerable<long> AreaRevisions => Read.Select(root => root.Values.StoredArea?.TenantRevision).OfType<long>().Distinct();

    /// <summary>Why roots, or parts of them, are refused.</summary>
    public IEnumerable<RequestError> Errors => Roots.SelectMany(root => root.Errors);
}

/// <summary>Binds operations.</summary>
/// <param name="context">Keys, statistics, lookups.</param>
internal sealed class OperationBinder(BindingContext context)
{
    /// <summary>The binder of roots.</summary>
    public RootBinder Roots { get; } = new(context);

    /// <summary>Binds each root of an operation. A refused argument value is an error of its root.</summary>
    /// <param name="prepared">Plan and variables.</param>
    /// <param name="cancellation">Cancels lookups.</param>
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

        CostMetrics cost = counted == 0 ? prepared.Cost : prepared.Cost + new CostMetrics(Math.Round(counted, Limits.CostDecimals), 0);
        ExecutionSignature signature = new ExecutionSignature(
            prepared.Operation.Id, prepared.Operation.Name ?? prepared.Operation.Id, prepared.Variables.Signature, AccessPathsOf(roots));
        return new BoundOperation(prepared, roots, cost, signature);
    }

    private static string AccessPathsOf(IEnumerable<BoundRoot> roots) => string.Join(", ", roots.SelectMany(root => root.All)
        .Where(root => root.Plan is ConnectionPlan or NearbyPlan && root.IsRead)
        .Select(root => root.AccessPath));
}
