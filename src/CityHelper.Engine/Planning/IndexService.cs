using CityHelper.Engine.Bindings;
using CityHelper.Engine.Operations;
using CityHelper.Engine.Types;
using GraphQL.Types;

namespace CityHelper.Engine.Planning;

/// <summary>
/// Which filters an index serves. One that none serves would read every row of a city, so it is allowed only beside one that leaves few: rows
/// by name, a category or an agency by name, a short time, or an area.
/// </summary>
internal static class IndexService
{
    /// <summary>The fields that need another filter beside them and have none.</summary>
    /// <param name="access">How the rows are reached.</param>
    /// <param name="input">The filter's type.</param>
    /// <param name="filter">The filter.</param>
    /// <param name="variables">A request's values, which tell how long a time is; without them none is short.</param>
    public static IReadOnlyList<string> Unserved(RowAccess access, FilterInput input, InputNode? filter, VariableValues? variables) =>
        access.IsSmall ? [] : [.. UnservedFields(access, input, filter, variables).Distinct()];

    private static IEnumerable<string> UnservedFields(RowAccess access, FilterInput input, InputNode? filter, VariableValues? variables)
    {
        if (IsServed(access, input, filter, variables))
        {
            return [];
        }

        return Members(input, filter).SelectMany(m => m.Field.Name is JoiningFilterInput.And or JoiningFilterInput.Or
            ? Items(m.Node).SelectMany(item => UnservedFields(access, input, item, variables))
            : NeedsService(access, FieldBinding.Of(input.Target(m.Field.Name)), m.Node) ? [m.Field.Name] : []);
    }

    // Served when one of what must all hold serves, or every alternative does.
    private static bool IsServed(RowAccess access, FilterInput input, InputNode? filter, VariableValues? variables) =>
        IsShort(access, input, filter, variables) || Members(input, filter).Any(m => m.Field.Name switch
        {
            JoiningFilterInput.And => Items(m.Node).Any(item => IsServed(access, input, item, variables)),
            JoiningFilterInput.Or => Items(m.Node) is { Count: > 0 } items && items.All(item => IsServed(access, input, item, variables)),
            _ => Serves(access, FieldBinding.Of(input.Target(m.Field.Name)), m.Field, m.Node),
        });

    private static bool IsShort(RowAccess access, FilterInput input, InputNode? filter, VariableValues? variables) =>
        variables is not null && access.Created is { } created && CreationBounds.Of(input, filter, created.Column, variables).IsShort;

    private static bool Serves(RowAccess access, FieldBinding? binding, FieldType field, InputNode node) => binding switch
    {
        GlobalIdBinding => NamesValues(node),
        ColumnBinding { Column: var column } => column.Name == access.External?.Property && NamesValues(node),
        ReferenceBinding reference => access.IsIndexed(reference.Keys.Single().Here) && NamesRows(reference.Target, (FilterInput)field.ResolvedType!, node),
        _ => false,
    };

    private static bool NamesRows(EntityMap target, FilterInput input, InputNode node) => Members(input, node).Any(m => m.Field.Name switch
    {
        JoiningFilterInput.And => Items(m.Node).Any(item => NamesRows(target, input, item)),
        JoiningFilterInput.Or => Items(m.Node) is { Count: > 0 } items && items.All(item => NamesRows(target, input, item)),
        _ => FilterCompiler.IsKey(target, FieldBinding.Of(input.Target(m.Field.Name))) && NamesValues(m.Node),
    });

    private static bool NamesValues(InputNode node) =>
        node is ObjectNode { Members: { } operations } && operations.Any(o => o.Key is "eq" or "in" && !o.Value.IsNull);

    private static bool NeedsService(RowAccess access, FieldBinding? binding, InputNode node) => node is ObjectNode { Members.Count: > 0 } && binding switch
    {
        ColumnBinding { Column: var column } => !access.IsIndexed(column.Name),
        ReferenceBinding reference => !access.IsIndexed(reference.Keys.Single().Here),
        ChildrenBinding => true,
        _ => false,
    };

    private static IEnumerable<(FieldType Field, InputNode Node)> Members(FilterInput input, InputNode? node) =>
        node is ObjectNode { Members: { } members }
            ? input.Fields.Where(f => members.ContainsKey(f.Name)).Select(f => (f, members[f.Name]))
            : [];

    private static IReadOnlyList<InputNode> Items(InputNode node) => (node as ListNode)?.Items ?? [];
}
