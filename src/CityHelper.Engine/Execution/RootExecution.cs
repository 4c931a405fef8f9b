using CityHelper.Engine.Binding;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Execution;

/// <summary>
/// One run of a bound root: what was read so far, and what the next batch is given. Dispose it when its answer was written.
/// </summary>
internal sealed class RootExecution : IDisposable
{
    /// <param name="bound">The root.</param>
    /// <param name="memory">Where the bytes of the answer are counted.</param>
    /// <param name="planLife">Cancelled when the operation's plan is kept no longer.</param>
    public RootExecution(BoundRoot bound, MemoryLease memory, CancellationToken planLife)
    {
        Bound = bound;
        Memory = memory;
        PlanLife = planLife;
        Values = bound.Values;
        Below = [.. bound.Below.Select(below => new RootExecution(below, memory, planLife))];
        Rows = new RootRows(bound.Plan.Field, bound.Values.Variables)
        {
            Partition = bound.Values.Partition,
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
            Below = Array.ConvertAll(Below, below => below.Rows),
        };
    }

    public BoundRoot Bound { get; }

    /// <summary>What the next batch's statements are given.</summary>
    public RootValues Values { get; private set; }

    /// <summary>What was read.</summary>
    public RootRows Rows { get; }

    /// <summary>Where the bytes of the rows are counted.</summary>
    public MemoryLease Memory { get; }

    /// <summary>Cancelled when the operation's plan is kept no longer.</summary>
    public CancellationToken PlanLife { get; }

    /// <summary>The connections of the partition that this root's row stands for.</summary>
    public RootExecution[] Below { get; }

    /// <summary>Whether statements are sent for it.</summary>
    public bool IsRead => Rows.Error is null && !Bound.IsAbsent;

    /// <summary>This root and, if its row may be there, those below it.</summary>
    public IEnumerable<RootExecution> All => IsRead ? Below.SelectMany(below => below.All).Prepend(this) : [this];

    /// <summary>
    /// The form in which a connection's rows were reached, and what became of its window; null for what is none, or was not read.
    /// </summary>
    public string? Form => Bound.Plan is ConnectionPlan or Planning.Nearby.NearbyPlan && IsRead
        ? Bound.AccessPathWith(Values)
        : null;

    /// <summary>Opens the rest of the keys when the window gave fewer rows than the page and the one behind it.</summary>
    /// <returns>False when there is nothing left to look at.</returns>
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
