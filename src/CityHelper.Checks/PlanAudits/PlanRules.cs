using CityHelper.Engine.Execution;
using CityHelper.Engine.Planning;

namespace CityHelper.Checks.PlanAudits;

/// <summary>Rules for the plan of a statement (docs/decisions/0012).</summary>
/// <remarks>
/// (a) no sequential scan but of small tables   (b) no partition of another tenant, and not too many of its own   (c) nothing is written to
/// disk   (d) a page reads ten rows for each that it returns, or ten times the largest page   (e) buffers stay within a budget, see
/// <see cref="PlanAuditor"/>
/// </remarks>
public static class PlanRules
{
    /// <summary>
    /// Rows that a statement reads: those that its scans fetched from tables, returned or dropped, in all loops. Entries of index-only
    /// scans do not count: a hundred lie in one block, and the buffers limit them.
    /// </summary>
    public static double RowsRead(PlanNode plan) => plan.All.Sum(node => node.RowsRead);

    /// <summary>Checks a plan against the rules (a) to (d).</summary>
    public static IEnumerable<PlanFinding> Check(StatementExplanation statement, PlanNode plan, PlanCatalog catalog)
    {
        // A node that never ran read nothing, but it shows that its partition was not pruned during planning.
        PlanNode[] scans = [.. plan.All.Where(node => node.Relation is not null)];
        return [
            .. SequentialScans(statement, scans, catalog),
            .. Tenants(statement, scans, catalog),
            .. Spills(statement, plan),
            .. statement.Kind == StatementKind.Page ? Rows(statement, plan, catalog) : [],
        ];
    }

    // A small table that is read repeatedly is limited by its buffers (e).
    private static IEnumerable<PlanFinding> SequentialScans(
        StatementExplanation statement, IEnumerable<PlanNode> scans, PlanCatalog catalog) => scans
        .Where(node => node.Type == "Seq Scan")
        .Select(node => (node.Relation, Rows: node.RowsRead / Math.Max(1, node.Loops)))
        .Where(scan => scan.Rows > Limits.ScannedRowsMax)
        .Select(scan => new SequentialScan(statement.Field, catalog.TableOf(scan.Relation!).Name, scan.Relation!, scan.Rows));

    private static IEnumerable<PlanFinding> Tenants(StatementExplanation statement, IEnumerable<PlanNode> scans, PlanCatalog catalog)
    {
        foreach (var table in scans.Select(node => (Node: node, Table: catalog.TableOf(node.Relation!)))
            .Where(scan => scan.Table.Tenant is not null)
            .GroupBy(scan => scan.Table.Name))
        {
            string[] foreign =
                [.. table.Where(scan => scan.Table.Tenant != statement.Tenant).Select(scan => scan.Node.Relation!).Distinct()];
            if (foreign.Length > 0)
            {
                yield return new ForeignTenants(statement.Field, table.Key, foreign);
            }

            int read = table.Where(scan => scan.Node.Loops > 0).Select(scan => scan.Node.Relation).Distinct().Count();
            if (read > Limits.PartitionsMax)
            {
                yield return new TooManyPartitions(statement.Field, table.Key, read);
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
