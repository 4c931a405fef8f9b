using CityHelper.Engine.Cursors;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Statistics;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Planning;

/// <summary>
/// What one request supplies to the statements of a root: the arguments of its plan. Binding creates them. They are complete before
/// anything is read, and never change. What the root does not use is null or empty.
/// </summary>
/// <param name="Variables">The request's variables.</param>
internal sealed record RootValues(VariableValues Variables)
{
    /// <summary>The key of the tenant that is read.</summary>
    public short Tenant { get; init; }

    /// <summary>The keys of the rows that are looked up by global id.</summary>
    public long[] RowKeys { get; init; } = [];

    /// <summary>The tenants whose log positions the batch reads, for the root that is first of it; null for all tenants.</summary>
    public short[]? LogTenants { get; init; }

    /// <summary>How many rows the page may hold.</summary>
    public int PageRows { get; init; } = 1;

    /// <summary>Rows of the page that were read before: 0, unless a second batch completes the page.</summary>
    public int RowsAtHand { get; init; }

    /// <summary>Rows that the page still lacks.</summary>
    public int RowsMissing => PageRows - RowsAtHand;

    /// <summary>The keyset position that the page starts after.</summary>
    public KeysetPosition? After { get; init; }

    /// <summary>The keyset position that the page ends before.</summary>
    public KeysetPosition? Before { get; init; }

    /// <summary>The keys that are read.</summary>
    public KeyRanges? Keys { get; init; }

    /// <summary>The area that rows must lie in; null for everywhere.</summary>
    public Area? Area { get; init; }

    /// <summary>The covering of the area by cells.</summary>
    public CellCovering Covering { get; init; } = CellCovering.None;

    /// <summary>The stored area, when the area is given by an id; its geometry is that of <see cref="Area"/>.</summary>
    public StoredArea? StoredArea { get; init; }

    /// <summary>Longitudes and latitudes of points that are tested against the area.</summary>
    public (double[] X, double[] Y) TestedPoints { get; init; } = ([], []);

    /// <summary>When the request was bound: the current time for its statements.</summary>
    public DateTimeOffset Moment { get; init; }

    /// <summary>The area and time range of the root's statistics.</summary>
    public AggregateScope? Aggregates { get; init; }

    /// <summary>The access path of the rows.</summary>
    public AccessPath Access { get; init; } = AccessPath.Only;

    /// <summary>The nested lists by number; null for one that is not read.</summary>
    public IReadOnlyList<NestedValues?> Nested { get; init; } = [];

    /// <summary>The values of the batch that completes the page from the rest of the keys.</summary>
    /// <param name="rows">Rows of the page read so far.</param>
    /// <returns>Null when all keys were read.</returns>
    public RootValues? Completing(int rows) => Keys?.Rest is { } rest ? this with { Keys = rest, RowsAtHand = rows } : null;
}

/// <summary>What one request supplies to the statements of a nested list.</summary>
/// <param name="PageRows">Rows of each parent's page.</param>
/// <param name="Keys">The keys that are read; null where the list is no connection.</param>
internal sealed record NestedValues(int PageRows, KeyRanges? Keys = null);
