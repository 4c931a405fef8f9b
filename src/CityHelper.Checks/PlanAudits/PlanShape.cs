using System.Security.Cryptography;
using System.Text;

namespace CityHelper.Checks.PlanAudits;

/// <summary>
/// The part of an operation's plans that stays the same while its data does: which tables are read by which indexes, and whether rows are
/// sorted or aggregated.
/// </summary>
/// <remarks>
/// It leaves out what differs between two databases of equal rows, because ANALYZE takes a sample and an import's batches end in varying
/// order: rows, costs, loops, join methods, whether an index needs the table too, how a small table is read, and which scans share a
/// statement. Where two plans cost about the same, the sample decides which values of a variable get which plan.
/// </remarks>
public static class PlanShape
{
    /// <summary>Sixteen hex digits tell a thousand operations' plans apart, and fit a line.</summary>
    private const int FingerprintChars = 16;

    /// <summary>The shape, as lines.</summary>
    public static IEnumerable<string> Of(PlanNode plan, PlanCatalog catalog) =>
        plan.All.Select(node => LineOf(node, catalog)).OfType<string>();

    /// <summary>One hash of the shapes of all plans of an operation, as lower-case hex, independent of their order.</summary>
    public static string Fingerprint(IEnumerable<string> shapes)
    {
        string text = string.Join('\n', shapes.Distinct().Order(StringComparer.Ordinal));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..FingerprintChars];
    }

    private static string? LineOf(PlanNode node, PlanCatalog catalog)
    {
        if (node.Relation is not { } relation)
        {
            return (node.Loops, node.Type) switch
            {
                (0, _) => null,
                (_, "Sort" or "Incremental Sort") => "sorted",
                (_, "Aggregate" or "WindowAgg") => "counted",
                _ => null,
            };
        }

        // For a partition without rows PostgreSQL may choose any index.
        PlanTable table = catalog.TableOf(relation);
        return node.RowsSeen == 0 ? null
            : table.IsSmall ? table.Name
            : node.Index is { } index ? catalog.Indexes.GetValueOrDefault(index, index)
            : $"all of {table.Name}";
    }
}
