using System.Text.RegularExpressions;

namespace CityHelper.IntegrationTests.Reading;

/// <summary>The tables and columns that a statement reads: aliases are resolved from the innermost select outwards.</summary>
internal static partial class SqlReads
{
    private static readonly HashSet<string> s_tables =
    [
        "service_request",
        "status_update",
        "category",
        "agency",
        "city",
        "service_request_external_id",
        "boundary",
        "boundary_outline",
        "boundary_part",
        "service_request_count",
        "service_request_closing_count",
        "service_request_delta",
        "service_request_boundary_month",
        "service_request_boundary_count",
        "service_request_pack",
    ];

    /// <summary>Columns by table, both sorted by name.</summary>
    public static SortedDictionary<string, SortedSet<string>> Of(IEnumerable<string> statements)
    {
        var reads = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        foreach (string statement in statements)
        {
            Read(statement, reads);
        }

        return reads;
    }

    private static void Read(string statement, SortedDictionary<string, SortedSet<string>> reads)
    {
        // One scope per pair of brackets: its tables are known only at its end, because `from` follows the list.
        var scopes = new Stack<Scope>([new Scope()]);
        foreach (Match token in Token().Matches(statement))
        {
            if (token.Value == "(")
            {
                scopes.Push(new Scope());
            }
            else if (token.Value == ")")
            {
                Scope inner = scopes.Pop();
                Resolve(inner, scopes.Peek(), reads);
            }
            else if (token.Groups["table"].Success && s_tables.Contains(token.Groups["table"].Value))
            {
                scopes.Peek().Tables[token.Groups["as"].Value] = token.Groups["table"].Value;
            }
            else if (token.Groups["column"].Success)
            {
                scopes.Peek().Columns.Add((token.Groups["alias"].Value, token.Groups["column"].Value));
            }
        }

        Resolve(scopes.Pop(), new Scope(), reads);
    }

    private static void Resolve(Scope scope, Scope outer, SortedDictionary<string, SortedSet<string>> reads)
    {
        foreach ((string alias, string column) in scope.Columns)
        {
            if (scope.Tables.TryGetValue(alias, out string? table))
            {
                reads.TryAdd(table, new SortedSet<string>(StringComparer.Ordinal));
                reads[table].Add(column);
            }
            else
            {
                outer.Columns.Add((alias, column));
            }
        }
    }

    [GeneratedRegex(@"\(|\)|\b(?:from|join) (?<table>[a-z_]+) (?<as>[a-z]\d?)\b|\b(?<alias>[a-z]\d?)\.(?<column>[a-z_0-9]+)")]
    private static partial Regex Token();

    private sealed class Scope
    {
        public Dictionary<string, string> Tables { get; } = [];

        public List<(string Alias, string Column)> Columns { get; } = [];
    }
}
