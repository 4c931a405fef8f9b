using CityHelper.Engine.Execution;
using CityHelper.Engine.Planning;

namespace CityHelper.Checks.PlanAudits;

/// <summary>What the plan of a statement must not do (docs/decisions/0012).</summary>
/// <remarks>
/// (a) no table is read from its first row to its last, but for small ones   (b) no partition but its own, and not too many leaves of it
/// (c) nothing is written to disk   (d) a page reads ten rows for each that it returns, or ten largest pages   (e) buffers stay within a
/// budget, see <see cref="PlanAuditor"/>
/// </remarks>
public static class PlanRules
{
    /// <summary>
    /// Rows that a statement reads: those that its scans fetched from their tables, whether they gave or dropped them, in all their loops.
    /// Entries of an index that is read alone are not among them: a hundred lie in one block, and buffers bound them.
    /// </summary>
    public static double RowsRead(PlanNode plan) => plan.All.Sum(node => node.RowsRead);

    /// <summary>Holds a plan against the rules (a) to (d).</summary>
    public static IEnumerable<PlanFinding> Check(StatementExplanation statement, PlanNode plan, PlanCatalog catalog)
    {
        // Nodes that were never run read nothing, but that they are planned says that a partition was not left out.
        PlanNode[] scans = [.. plan.All.Where(node => node.Relation is not null)];
        return [
            .. SequentialScans(statement, scans, catalog),
            .. Partitions(statement, scans, catalog),
            .. Spills(statement, plan),
            .. statement.Kind == StatementKind.Page ? Rows(statement, plan, catalog) : [],
        ];
    }

    // Of a small table that is read again and again it is the buffers that bound it (e).
    private static IEnumerable<PlanFinding> SequentialScans(
        StatementExplanation statement, IEnumerable<PlanNode> scans, PlanCatalog catalog) => scans
        .Where(node => node.Type == "Seq Scan")
        .Select(node => (node.Relation, Rows: node.RowsRead / Math.Max(1, node.Loops)))
        .Where(scan => scan.Rows > Limits.ScannedRowsMax)
        .Select(scan => new SequentialScan(statement.Field, catalog.TableOf(scan.Relation!).Name, scan.Relation!, scan.Rows));

    private static IEnumerable<PlanFinding> Partitions(StatementExplanation statement, IEnumerable<PlanNode> scans, PlanCatalog catalog)
    {
        foreach (var table in scans.Select(node => (Node: node, Table: catalog.TableOf(node.Relation!)))
            .Where(scan => scan.Table.Partition is not null)
            .GroupBy(scan => scan.Table.Name))
        {
            string[] foreign =
                [.. table.Where(scan => scan.Table.Partition != statement.Partition).Select(scan => scan.Node.Relation!).Distinct()];
            if (foreign.Length > 0)
            {
                yield return new ForeignPartitions(statement.Field, table.Key, foreign);
            }

            int read = table.Where(scan => scan.Node.Loops > 0).Select(scan => scan.Node.Relation).Distinct().Count();
            if (read > Limits.LeavesMax)
            {
                yield return new TooManyLeaves(statement.Field, table.Key, read);
            }
        }
    }

    private static IEnumerable<PlanFinding> Spills(StatementExplanation statement, PlanNode plan)
    {
        string[] spills = [.. plan.All.Select(node => node.Spill).OfType<string>().Distinct()];
        if (spills.Length > 0 || plan.TempBlocks > 0)
        {
            yield return new Spill(statement.Field, spills.Length > 0 ? string.Join(" and ", spills) : "keeps rows", plan.TempBlocks);
        }
    }

    private static IEnumerable<PlanFinding> Rows(StatementExplanation statement, PlanNode plan, PlanCatalog catalog)
    {
        double read = RowsRead(plan);
        if (read > Math.Max(Limits.RowsReadMin, Limits.RowsReadPerRow * plan.Rows))
        {
            string most = plan.All.Where(node => node.Relation is not null)
                .GroupBy(node => catalog.TableOf(node.Relation!).Name)
                .MaxBy(table => table.Sum(node => node.RowsRead))!.Key;
            yield return new TooManyRows(statement.Field, read, plan.Rows, most);
        }
    }
}
