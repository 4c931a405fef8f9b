using CityHelper.Engine.Binding;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Execution;

/// <summary>
/// One execution of a bound root: the rows read so far, and the values of the next batch. Dispose it after writing the response.
/// </summary>
internal sealed class RootExecution : IDisposable
{
    /// <param name="bound">The root.</param>
    /// <param name="memory">Counts the bytes of the response.</param>
    /// <param name="planLife">Cancelled when the operation's plan is evicted.</param>
    public RootExecution(BoundRoot bound, MemoryLease memory, CancellationToken planLife)
    {
        Bound = bound;
        Memory = memory;
        PlanLife = planLife;
        Values = bound.Values;
        NestedRoots = [.. bound.NestedRoots.Select(nested => new RootExecution(nested, memory, planLife))];
        Rows = new RootRows(bound.Plan.Field, bound.Values.Variables)
        {
            Tenant = bound.Values.Tenant,
            Cursors = bound.Cursors,
            IsAbsent = bound.IsAbsent,
            Error = bound.Error,
            Rows = new RowSet { Backward = bound.Plan.Backward },
            Nested = [.. bound.Nested.Select((nested, i) => new NestedRows(memory, bound.Plan.Nested[i].Outputs)
            {
                Error = nested.Error,
                Cursors = nested.Cursors,
                Backward = bound.Plan.Nested[i].Backward,
            })],
            NestedRoots = Array.ConvertAll(NestedRoots, nested => nested.Rows),
        };
    }

    public BoundRoot Bound { get; }

    /// <summary>The values of the next batch's parameters.</summary>
    public RootValues Values { get; private set; }

    /// <summary>The rows read so far.</summary>
    public RootRows Rows { get; }

    /// <summary>Counts the bytes of the rows.</summary>
    public MemoryLease Memory { get; }

    /// <summary>Cancelled when the operation's plan is evicted.</summary>
    public CancellationToken PlanLife { get; }

    /// <summary>The connections nested in the row of this root.</summary>
    public RootExecution[] NestedRoots { get; }

    /// <summary>Whether statements are sent for it.</summary>
    public bool IsRead => Rows.Error is null && !Bound.IsAbsent;

    /// <summary>This root and, if its row may exist, its nested roots.</summary>
    public IEnumerable<RootExecution> All => IsRead ? NestedRoots.SelectMany(nested => nested.All).Prepend(this) : [this];

    /// <summary>
    /// The access path of a connection, and whether its initial key range was enough; null for other roots, or when not read.
    /// </summary>
    public string? AccessPath => Bound.Plan is ConnectionPlan or Planning.Nearby.NearbyPlan && IsRead
        ? Bound.AccessPathWith(Values)
        : null;

    /// <summary>Takes the parameters of the log statement, because this root is the first of its batch.</summary>
    /// <param name="tenants">The tenants whose positions are read; null for all.</param>
    public void ReadLogOf(short[]? tenants) => Values = Values with { LogTenants = tenants };

    /// <summary>Moves on to the remaining keys when the initial key range gave fewer rows than the page and one more.</summary>
    /// <returns>False when there is nothing more to read.</returns>
    public bool TryWiden()
    {
        if (!IsRead || Rows.Rows.HasMore || Values.Completing(Rows.Rows.Count) is not { } rest)
        {
            return false;
        }

        Values = rest;
        foreach (NestedRows nested in Rows.Nested)
        {
            nested.Batch++;
        }

        return true;
    }

    public void Dispose() => Rows.Dispose();
}
