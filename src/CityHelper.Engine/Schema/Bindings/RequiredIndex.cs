using GraphQL.Types;

namespace CityHelper.Engine.Schema.Bindings;

/// <summary>A PostgreSQL index that plans rely on. Without it they return the same rows, but read a whole city for them.</summary>
/// <param name="Table">The table; the parent of a partitioned table.</param>
/// <param name="Columns">The key columns, in order.</param>
/// <param name="Included">Columns that the index includes, in any order; it may include more.</param>
public sealed record RequiredIndex(string Table, IReadOnlyList<string> Columns, IReadOnlyList<string> Included)
{
    /// <summary>The index as PostgreSQL writes it.</summary>
    public override string ToString() =>
        $"{Table} ({string.Join(", ", Columns)}){(Included.Count == 0 ? "" : $" include ({string.Join(", ", Included)})")}";

    /// <summary>The indexes that the connections, statistics and lists of a schema rely on, each once.</summary>
    /// <param name="schema">An initialized schema.</param>
    public static IReadOnlyList<RequiredIndex> Of(ISchema schema) =>
    [
        .. schema.AllTypes.OfType<IObjectGraphType>().SelectMany(type => type.Fields).SelectMany(field => Of(FieldBinding.Of(field)))
            .GroupBy(index => (index.Table, Columns: string.Join(", ", index.Columns)))
            .Select(same => same.First() with { Included = [.. same.SelectMany(index => index.Included).Distinct()] })
            .OrderBy(index => index.ToString(), StringComparer.Ordinal),
    ];

    private static IEnumerable<RequiredIndex> Of(FieldBinding? binding)
    {
        IEnumerable<RequiredIndex> ofRows = binding?.ListedRows?.Access is { } access ? Of(access) : [];
        return binding switch
        {
            NestedConnectionBinding nested => [.. ofRows, Keyed(nested.Rows.Access.Entity, nested.ChildColumn, [])],
            ChildrenBinding children => [Keyed(children.Target, children.ChildColumn, [])],
            _ => ofRows,
        };
    }

    private static IEnumerable<RequiredIndex> Of(RowAccess access)
    {
        if (access.IsSmall)
        {
            yield break;
        }

        foreach (ValueIndex index in access.Values)
        {
            yield return Keyed(access.Entity, index.Column, index.Included);
        }

        foreach ((_, string column) in access.Grid?.Levels ?? [])
        {
            yield return Keyed(access.Entity, column, access.Grid!.Included);
        }

        if (access.Ordered is { } ordered)
        {
            yield return Keyed(access.Entity, ordered.Column, ordered.Included);
        }

        if (access.External is { } external)
        {
            yield return new RequiredIndex(external.Table, [access.Entity.TenantColumn!, external.KeyColumn], []);
        }
    }

    private static RequiredIndex Keyed(EntityMap entity, string column, IReadOnlyList<string> included) =>
        new(entity.Table, [entity.TenantColumn!, column, entity.RowColumn], included);
}
