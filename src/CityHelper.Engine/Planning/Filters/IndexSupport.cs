using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using GraphQL.Types;

namespace CityHelper.Engine.Planning.Filters;

/// <summary>
/// Which filters an index serves. A filter that none serves would read every row of a city, so it is allowed only beside a filter that
/// leaves few: named rows, a named category or agency, a short time, or an area.
/// </summary>
internal static class IndexSupport
{
    /// <summary>The fields that are tested row by row, whatever other filters there are.</summary>
    /// <param name="access">How the rows are reached.</param>
    /// <param name="input">The filter's type.</param>
    /// <param name="filter">The filter.</param>
    /// <remarks>Tables without value indexes hold few rows, or few per parent.</remarks>
    public static IReadOnlyList<string> RowByRow(RowAccess access, FilterInput input, InputNode? filter) =>
        HasFewRows(access) ? [] : [.. RowByRowFields(access, input, filter).Distinct()];

    /// <summary>The fields that need another filter beside them and have none.</summary>
    /// <remarks>Time, area, and how many rows the other filters name are checked with a request's values.</remarks>
    public static IReadOnlyList<string> Unserved(RowAccess access, FilterInput input, InputNode? filter) =>
        HasFewRows(access) ? [] : [.. UnservedFields(access, input, filter).Distinct()];

    /// <summary>Whether a filter on a field reads rows from their table, whatever its operation.</summary>
    public static bool IsRowByRow(RowAccess access, FieldBinding? binding) => !HasFewRows(access) && binding switch
    {
        ColumnBinding { Column: var column } => !access.IsIndexed(column.Name),
        ReferenceBinding reference => !access.IsIndexed(reference.Keys.Single().Here),
        ChildrenBinding or GeometryBinding => true,
        _ => false,
    };

    private static bool HasFewRows(RowAccess access) => access.IsSmall || access.Values.Count == 0;

    private static IEnumerable<string> UnservedFields(RowAccess access, FilterInput input, InputNode? filter) =>
        IsServed(access, input, filter) ? [] : Fields(access, input, filter, item => UnservedFields(access, input, item));

    private static IEnumerable<string> RowByRowFields(RowAccess access, FilterInput input, InputNode? filter) =>
        Fields(access, input, filter, item => RowByRowFields(access, input, item));

    private static IEnumerable<string> Fields(
        RowAccess access, FilterInput input, InputNode? filter, Func<InputNode, IEnumerable<string>> ofItem) =>
        InputNode.MembersOf(input, filter).SelectMany(m =>
            m.Field.Name is JoiningFilterInput.And or JoiningFilterInput.Or ? InputNode.ItemsOf(m.Node).SelectMany(ofItem)
            : m.Node is ObjectNode { Members.Count: > 0 } && IsRowByRow(access, FieldBinding.Of(input.Target(m.Field.Name)))
                ? [m.Field.Name]
            : []);

    // Served when one of the conditions that must all hold is served, or every alternative is.
    private static bool IsServed(RowAccess access, FilterInput input, InputNode? filter) =>
        InputNode.MembersOf(input, filter).Any(m => m.Field.Name switch
        {
            JoiningFilterInput.And => InputNode.ItemsOf(m.Node).Any(item => IsServed(access, input, item)),
            JoiningFilterInput.Or => InputNode.ItemsOf(m.Node) is { Count: > 0 } items && items.All(item => IsServed(access, input, item)),
            _ => Serves(access, FieldBinding.Of(input.Target(m.Field.Name)), m.Field, m.Node),
        });

    private static bool Serves(RowAccess access, FieldBinding? binding, FieldType field, InputNode node) =>
        binding switch
        {
            GlobalIdBinding => NamesValues(node),
            ColumnBinding { Column: var column } => column.Name == access.External?.Property && NamesValues(node),
            ReferenceBinding reference =>
                access.IsIndexed(reference.Keys.Single().Here) && NamesRows(reference.Target, (FilterInput)field.ResolvedType!, node),
            _ => false,
        };

    private static bool NamesRows(EntityMap target, FilterInput input, InputNode node) =>
        InputNode.MembersOf(input, node).Any(m => m.Field.Name switch
        {
            JoiningFilterInput.And => InputNode.ItemsOf(m.Node).Any(item => NamesRows(target, input, item)),
            JoiningFilterInput.Or => InputNode.ItemsOf(m.Node) is { Count: > 0 } items && items.All(item => NamesRows(target, input, item)),
            _ => FilterCompiler.IsKey(target, FieldBinding.Of(input.Target(m.Field.Name))) && NamesValues(m.Node),
        });

    private static bool NamesValues(InputNode node) =>
        node is ObjectNode { Members: { } operations } && operations.Any(o => o.Key is "eq" or "in" && !o.Value.IsNull);
}
