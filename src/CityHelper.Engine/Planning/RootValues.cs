using CityHelper.Engine.Cursors;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Figures;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Planning;

/// <summary>
/// What one request gives the statements of a root: the arguments of a plan, as a function has them. Binding makes them; they are complete
/// before anything is read, and never change. Null or empty is what the root does not ask for.
/// </summary>
/// <param name="Variables">The request's variables.</param>
internal sealed record RootValues(VariableValues Variables)
{
    /// <summary>The key of the partition that is read.</summary>
    public short Partition { get; init; }

    /// <summary>The rows that are looked up by global id.</summary>
    public long[] RowKeys { get; init; } = [];

    /// <summary>Rows that the page may hold.</summary>
    public int PageRows { get; init; } = 1;

    /// <summary>Rows of the page that were read before: 0, but where a second batch completes it.</summary>
    public int RowsAtHand { get; init; }

    /// <summary>Rows that the page still lacks.</summary>
    public int RowsMissing => PageRows - RowsAtHand;

    /// <summary>The row the page starts behind, in the order of the list.</summary>
    public CursorPosition? After { get; init; }

    /// <summary>The row the page ends before, in the order of the list.</summary>
    public CursorPosition? Before { get; init; }

    /// <summary>The keys that are read.</summary>
    public KeyRanges? Keys { get; init; }

    /// <summary>Where rows are looked for; null for everywhere.</summary>
    public Area? Area { get; init; }

    /// <summary>The cells of the area.</summary>
    public CellCover Cover { get; init; } = CellCover.None;

    /// <summary>The area of an id, when the area is one; its shape is that of <see cref="Area"/>.</summary>
    public KeptArea? KeptArea { get; init; }

    /// <summary>When the request was bound, for what is asked of the clock.</summary>
    public DateTimeOffset Moment { get; init; }

    /// <summary>The place and time of the root's figures.</summary>
    public FigureScope? Figures { get; init; }

    /// <summary>How the rows are reached.</summary>
    public Access Access { get; init; } = Access.Only;

    /// <summary>The nested lists, by their numbers; null for one that is not read.</summary>
    public IReadOnlyList<NestedValues?> Nested { get; init; } = [];

    /// <summary>The values of the batch that completes the page from the rest of the keys.</summary>
    /// <param name="rows">Rows of the page that were read.</param>
    /// <returns>Null when all keys were looked at.</returns>
    public RootValues? Completing(int rows) => Keys?.Rest is { } rest ? this with { Keys = rest, RowsAtHand = rows } : null;
}

/// <summary>What one request gives the statements of a nested list.</summary>
/// <param name="PageRows">Rows of each parent's page.</param>
/// <param name="Keys">The keys that are read; null where a list is no connection.</param>
internal sealed record NestedValues(int PageRows, KeyRanges? Keys = null);
