using System.Security.Cryptography;
using System.Text;

namespace CityHelper.Engine.Proof;

/// <summary>
/// What of a plan stays the same while the data does: node types, tables and indexes, not leaves, rows or costs. Which of them stand in one statement is left out
/// too: where two ways cost about the same, the sample that ANALYZE took decides which values of a variable go which way.
/// </summary>
public static class PlanShape
{
    /// <summary>Nodes that only hand rows on, or differ with how many rows a leaf has: an append over one leaf is no node at all.</summary>
    private static readonly HashSet<string> s_passing = ["Append", "Merge Append", "Subquery Scan", "Result", "Limit", "Materialize", "Memoize", "Gather", "Gather Merge"];

    /// <summary>How rows of two nodes are put together hangs on estimates of a few rows, which differ with the sample that ANALYZE took.</summary>
    private static readonly HashSet<string> s_joins = ["Nested Loop", "Hash Join", "Merge Join", "Hash"];

    /// <summary>The shape as lines, one for each node that does work.</summary>
    public static IEnumerable<string> Of(PlanNode plan, PlanCatalog catalog) => plan.All.Select(node => LineOf(node, catalog)).OfType<string>();

    /// <summary>One hash of the shapes of all plans of an operation, lower-case hex, in whatever order they come.</summary>
    public static string Fingerprint(IEnumerable<string> shapes)
    {
        string text = string.Join('\n', shapes.Distinct().Order(StringComparer.Ordinal));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..FingerprintChars];
    }

    /// <summary>Sixteen hex digits tell a thousand operations' plans apart, and fit a line.</summary>
    private const int FingerprintChars = 16;

    private static string? LineOf(PlanNode node, PlanCatalog catalog)
    {
        if (node.Relation is { } relation)
        {
            // Of a leaf without rows PostgreSQL may take any index.
            return node.RowsSeen > 0 ? $"{node.Type} {catalog.TableOf(relation).Name}{(node.Index is { } index ? $" by {catalog.Indexes.GetValueOrDefault(index, index)}" : "")}" : null;
        }

        return node.Loops == 0 || s_passing.Contains(node.Type) || s_joins.Contains(node.Type) ? null : node.Type;
    }
}
