using GraphQLParser.AST;

namespace CityHelper.Checks.Contracts;

/// <summary>The definitions of two lists, matched by name; each part keeps the order of its list.</summary>
internal sealed record DefinitionPairs<T>(IReadOnlyList<T> Removed, IReadOnlyList<T> Added, IReadOnlyList<(T Old, T Now)> Kept);

/// <summary>Matches definitions.</summary>
internal static class DefinitionPairs
{
    /// <param name="old">The definitions of the old schema; null for none.</param>
    /// <param name="now">The definitions of the new schema; null for none.</param>
    public static DefinitionPairs<T> Of<T>(IEnumerable<T>? old, IEnumerable<T>? now)
        where T : INamedNode
    {
        T[] before = [.. old ?? []];
        T[] after = [.. now ?? []];
        Dictionary<string, T> byName = after.ToDictionary(d => d.Name.StringValue);
        HashSet<string> known = [.. before.Select(d => d.Name.StringValue)];
        return new(
            [.. before.Where(d => !byName.ContainsKey(d.Name.StringValue))],
            [.. after.Where(d => !known.Contains(d.Name.StringValue))],
            [.. before.Where(d => byName.ContainsKey(d.Name.StringValue)).Select(d => (d, byName[d.Name.StringValue]))]);
    }
}
