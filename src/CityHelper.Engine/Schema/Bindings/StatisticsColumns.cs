using GraphQL.Types;

namespace CityHelper.Engine.Schema.Bindings;

/// <summary>The columns whose distribution of values decides which access path is chosen.</summary>
public static class StatisticsColumns
{
    /// <summary>The columns of a table with a value index, and those of its grid's levels, each once.</summary>
    /// <param name="schema">An initialized schema.</param>
    /// <param name="table">The table.</param>
    public static IReadOnlyList<string> Of(ISchema schema, string table) =>
    [
        .. schema.AllTypes.OfType<IObjectGraphType>()
            .SelectMany(type => type.Fields)
            .Select(field => FieldBinding.Of(field)?.ListedRows?.Access)
            .OfType<RowAccess>()
            .Where(access => access.Entity.Table == table && !access.IsSmall)
            .SelectMany(access => access.Values.Select(index => index.Column).Concat((access.Grid?.Levels ?? []).Select(l => l.Column)))
            .Distinct()
            .Order(StringComparer.Ordinal),
    ];
}
