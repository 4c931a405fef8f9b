using CityHelper.Engine.Cursors;
using CityHelper.Engine.Documents;

namespace CityHelper.Engine.Writing;

/// <summary>The rows read for one root in one request, and what its writers need besides.</summary>
/// <param name="field">The root's field.</param>
/// <param name="variables">The request's variables.</param>
internal sealed class RootRows(FieldWriter field, VariableValues variables) : IDisposable
{
    public FieldWriter Field { get; } = field;

    public VariableValues Variables { get; } = variables;

    /// <summary>The key of the tenant that is read.</summary>
    public short Tenant { get; init; }

    /// <summary>Signs the cursors of the page; null when the request neither sends nor selects any.</summary>
    public CursorSigner? Cursors { get; init; }

    /// <summary>The log positions that the batches of the answer read; null where no row of the answer shows one.</summary>
    public LogPositions? Log { get; set; }

    /// <summary>Whether the row is known to be missing, so that nothing is read.</summary>
    public bool IsAbsent { get; init; }

    /// <summary>Why the field has no value: it was refused, or could not be read.</summary>
    public RequestError? Error { get; set; }

    /// <summary>Why there are no total count and no aggregates.</summary>
    public RequestError? TotalCountError { get; set; }

    /// <summary>The rows that the root's own statement returned.</summary>
    public required RowSet Rows { get; init; }

    /// <summary>The nested lists, by their numbers.</summary>
    public required NestedRows[] Nested { get; init; }

    /// <summary>The connections nested in the row of this root.</summary>
    public required RootRows[] NestedRoots { get; init; }

    /// <summary>The rows that a DataLoader requested, each in a buffer of its own, by their keys.</summary>
    public Dictionary<long, RowOutput> RowsByKey { get; } = [];

    /// <summary>The results of <c>node</c> and <c>nodes</c>, in the order of the ids.</summary>
    public IReadOnlyList<NodeResult> Nodes { get; set; } = [];

    /// <summary>The aggregates read.</summary>
    public AggregateSet Aggregates { get; } = new();

    /// <summary>What became of the mutation; null for another root, and before it ran.</summary>
    public MutationResult? Mutation { get; set; }

    /// <summary>The event of a subscription; null for another root.</summary>
    public ChangeValues? Change { get; init; }

    /// <summary>The results of the meta fields.</summary>
    public MetaAnswer Meta { get; set; } = MetaAnswer.None;

    public void Dispose()
    {
        Rows.Dispose();
        Mutation?.Row?.Dispose();
        Dispose(RowsByKey);
        foreach (Dictionary<long, RowOutput> rows in Aggregates.References.Values)
        {
            Dispose(rows);
        }

        Array.ForEach(Nested, nested => nested.Dispose());
        Array.ForEach(NestedRoots, nested => nested.Dispose());
    }

    private static void Dispose(Dictionary<long, RowOutput> rows)
    {
        foreach (RowOutput row in rows.Values)
        {
            row.Json.Dispose();
        }
    }
}

/// <summary>The result of one id of <c>node</c> or <c>nodes</c>.</summary>
/// <param name="Error">Why it has no row: the id is invalid, or its row could not be read.</param>
/// <param name="Row">The row, or null when there is none.</param>
internal sealed record NodeResult(RequestError? Error, RowOutput? Row);

/// <summary>What became of a mutation.</summary>
/// <param name="Cursor">The cursor of its payload, or null.</param>
/// <param name="Errors">Why it was refused; empty when it was done.</param>
/// <param name="Row">Its row, with the error if it could not be read; null when it was refused or no row is selected.</param>
internal sealed record MutationResult(string? Cursor, IReadOnlyList<MutationError> Errors, RootRows? Row);

/// <summary>The results of the meta fields, from GraphQL.NET.</summary>
/// <param name="Json">JSON by response name.</param>
/// <param name="Error">Why there are none.</param>
internal sealed record MetaAnswer(IReadOnlyDictionary<string, byte[]> Json, RequestError? Error)
{
    public static MetaAnswer None { get; } = new(new Dictionary<string, byte[]>(), null);
}
