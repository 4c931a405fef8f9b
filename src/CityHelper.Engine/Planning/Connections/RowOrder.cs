using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using GraphQL.Types;

namespace CityHelper.Engine.Planning.Connections;

/// <summary>What rows are ordered by before their key.</summary>
internal enum OrderKind
{
    /// <summary>Nothing: the key alone, which carries the creation time.</summary>
    Key,

    /// <summary>The column of an <see cref="OrderIndex"/>.</summary>
    Column,

    /// <summary>A column of few values, or columns of the row that it references; then that value.</summary>
    Group,

    /// <summary>Any columns of a small table.</summary>
    Small,
}

/// <summary>A column that rows are ordered by.</summary>
internal sealed record OrderTerm(ColumnMap Column, bool Descending)
{
    /// <summary>Texts are ordered by code point on every machine, whatever the version of its locale.</summary>
    public string Sql(string alias) => $"{alias}.{Column.Name}{(Column.ValueType == typeof(string) ? " collate \"C\"" : "")}";
}

/// <summary>The order of a connection's rows. Rows that are equal in all terms are ordered by key.</summary>
/// <param name="Kind">What the terms are.</param>
/// <param name="Terms">The columns, most significant first; empty for the key alone.</param>
/// <param name="KeyDescending">Whether larger keys come first.</param>
/// <param name="Group">For a group: the column whose values are the groups.</param>
/// <param name="Reference">For a group by columns of another row: the reference to it.</param>
internal sealed record RowOrder(
    OrderKind Kind, IReadOnlyList<OrderTerm> Terms, bool KeyDescending, string? Group = null, ReferenceBinding? Reference = null)
{
    /// <summary>Whether groups that are equal in all terms are ordered by descending value.</summary>
    public bool GroupDescending => Terms[^1].Descending;

    /// <summary>The reverse order, which a backward index scan gives.</summary>
    public RowOrder Reversed => this with
    {
        Terms = [.. Terms.Select(t => t with { Descending = !t.Descending })],
        KeyDescending = !KeyDescending,
    };

    /// <summary>The text that cursors are bound to.</summary>
    public string Name => string.Concat(Terms.Select(t => $"{Reference?.Target.Name}.{t.Column.Name} {(t.Descending ? "desc" : "asc")},"))
        + (KeyDescending ? "desc" : "asc");

    /// <summary>The order of a connection's argument.</summary>
    /// <returns>Null when no index gives the order; the error names the orders that there are.</returns>
    public static RowOrder? Of(ConnectionRows rows, InputNode? order)
    {
        List<SortKey> keys = Distinct(Keys(rows.Sort, order, []));
        if (keys.Count == 0)
        {
            return Default(rows);
        }

        if (rows.Access.IsSmall)
        {
            return keys.All(k => k.Reference is null)
                ? new RowOrder(OrderKind.Small, [.. keys.Select(k => new OrderTerm(k.Column, k.Descending))], keys[^1].Descending)
                : null;
        }

        // The creation time is the key: terms after it have no effect.
        int created = keys.FindIndex(k => k.Column == rows.Access.Created?.Column);
        SortKey[] terms = [.. created < 0 ? keys : keys.Take(created)];
        bool keyDescending = created < 0 ? keys[^1].Descending : keys[created].Descending;
        return terms.Length == 0 ? new RowOrder(OrderKind.Key, [], keyDescending) : OfTerms(rows.Access, terms, keyDescending);
    }

    private static RowOrder Default(ConnectionRows rows) =>
        rows.Access.IsSmall
            ? new RowOrder(
                OrderKind.Small,
                [
                    .. rows.DefaultOrder.Select(name => new OrderTerm(
                        ((ColumnBinding)FieldBinding.Of(rows.Sort.Target(name))!).Column, false)),
                ],
                false)
            : new RowOrder(OrderKind.Key, [], !rows.OldestFirst);

    private static RowOrder? OfTerms(RowAccess access, SortKey[] terms, bool keyDescending)
    {
        OrderTerm[] columns = [.. terms.Select(t => new OrderTerm(t.Column, t.Descending))];
        SortKey first = terms[0];
        if (first.Reference is { } reference)
        {
            string here = reference.Keys.Single().Here;
            return terms.All(t => t.Reference == reference) && access.Values.Any(v => v.Column == here)
                ? new RowOrder(OrderKind.Group, columns, keyDescending, here, reference)
                : null;
        }

        if (terms.Length > 1)
        {
            return null;
        }

        return first.Column.Name == access.Ordered?.Column ? new RowOrder(OrderKind.Column, columns, keyDescending)
            : access.Values.Any(v => v.Column == first.Column.Name)
                ? new RowOrder(OrderKind.Group, columns, keyDescending, first.Column.Name)
            : null;
    }

    private static List<SortKey> Distinct(IEnumerable<SortKey> keys) => [.. keys.DistinctBy(k => (k.Reference, k.Column))];

    private static IEnumerable<SortKey> Keys(SortInput input, InputNode? node, ReferenceBinding?[] path) => node switch
    {
        ListNode list => list.Items.SelectMany(item => Keys(input, item, path)),
        _ => InputNode.MembersOf(input, node).SelectMany(m => Member(input, m.Field, m.Node, path)),
    };

    private static IEnumerable<SortKey> Member(SortInput input, FieldType field, InputNode node, ReferenceBinding?[] path) =>
        (FieldBinding.Of(input.Target(field.Name)), node) switch
        {
            (ReferenceBinding reference, _) => Keys((SortInput)field.ResolvedType!, node, [.. path, reference]),
            (ColumnBinding column, FixedNode { Value: string direction }) =>
                [new SortKey(path.SingleOrDefault(), column.Column, direction == SortEnumType.Descending)],
            _ => [],
        };

    private sealed record SortKey(ReferenceBinding? Reference, ColumnMap Column, bool Descending);
}
