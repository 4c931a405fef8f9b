using CityHelper.Engine.Cursors;
using CityHelper.Engine.Documents;

namespace CityHelper.Engine.Writing;

/// <summary>What was read for one root in one request, and what its writers need beside it.</summary>
/// <param name="field">The root's field.</param>
/// <param name="variables">The request's variables.</param>
internal sealed class RootRows(FieldWriter field, VariableValues variables) : IDisposable
{
    public FieldWriter Field { get; } = field;

    public VariableValues Variables { get; } = variables;

    /// <summary>The key of the partition that is read.</summary>
    public short Partition { get; init; }

    /// <summary>Signs the cursors of the page; null when none is given or asked for.</summary>
    public CursorSeal? Cursors { get; init; }

    /// <summary>Whether the row is known not to be there, so that nothing is read.</summary>
    public bool IsAbsent { get; init; }

    /// <summary>Why the field has no value: it was refused, or could not be read.</summary>
    public RequestError? Error { get; set; }

    /// <summary>Why there is no total count, and no figure.</summary>
    public RequestError? TotalCountError { get; set; }

    /// <summary>What the root's own statement returned.</summary>
    public required RowSet Rows { get; init; }

    /// <summary>The nested lists, by their numbers.</summary>
    public required NestedRows[] Nested { get; init; }

    /// <summary>The connections of the partition that this root's row stands for.</summary>
    public required RootRows[] Below { get; init; }

    /// <summary>The rows that a loader asked for, each a row of its own, by their keys.</summary>
    public Dictionary<long, RowOutput> RowsByKey { get; } = [];

    /// <summary>What <c>node</c> and <c>nodes</c> found, in the order of the ids.</summary>
    public IReadOnlyList<NodeResult> Nodes { get; set; } = [];

    /// <summary>The figures that were read.</summary>
    public FigureSet Figures { get; } = new();

    /// <summary>The meta fields' answer.</summary>
    public MetaAnswer Meta { get; set; } = MetaAnswer.None;

    public void Dispose()
    {
        Rows.Dispose();
        Dispose(RowsByKey);
        foreach (Dictionary<long, RowOutput> rows in Figures.References.Values)
        {
            Dispose(rows);
        }

        Array.ForEach(Nested, nested => nested.Dispose());
        Array.ForEach(Below, below => below.Dispose());
    }

    private static void Dispose(Dictionary<long, RowOutput> rows)
    {
        foreach (RowOutput row in rows.Values)
        {
            row.Json.Dispose();
        }
    }
}

/// <summary>What became of one id of <c>node</c> or <c>nodes</c>.</summary>
/// <param name="Error">Why it has no row: it is no id, or its row could not be read.</param>
/// <param name="Row">The row, or null when there is none.</param>
internal sealed record NodeResult(RequestError? Error, RowOutput? Row);

/// <summary>What GraphQL.NET answered to the meta fields.</summary>
/// <param name="Json">JSON by response name.</param>
/// <param name="Error">Why there is none.</param>
internal sealed record MetaAnswer(IReadOnlyDictionary<string, byte[]> Json, RequestError? Error)
{
    public static MetaAnswer None { get; } = new(new Dictionary<string, byte[]>(), null);
}
