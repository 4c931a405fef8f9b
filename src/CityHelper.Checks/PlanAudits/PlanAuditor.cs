using System.Text.Json;
using CityHelper.Engine;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Transport;
using Npgsql;

namespace CityHelper.Checks.PlanAudits;

/// <summary>Runs operations under EXPLAIN and holds their plans against the rules.</summary>
/// <param name="explainer">Explains them.</param>
/// <param name="catalog">What the names in plans belong to.</param>
public sealed class PlanAuditor(OperationExplainer explainer, PlanCatalog catalog)
{
    /// <summary>Runs an operation once.</summary>
    /// <exception cref="NpgsqlException">The database does not answer, or refuses a statement for another reason than its time.</exception>
    public async Task<PlanAudit> AuditAsync(Operation operation, JsonElement variables, CancellationToken cancellation)
    {
        try
        {
            (IReadOnlyList<StatementExplanation> statements, IReadOnlyList<RequestError> refusals) =
                await explainer.TryExplainAsync(operation, variables, cancellation);
            return Judge([.. statements.Select(statement => (statement, PlanNode.Read(statement.Json)))], refusals);
        }
        catch (PostgresException late) when (late.SqlState == PostgresErrorCodes.QueryCanceled && !cancellation.IsCancellationRequested)
        {
            return new PlanAudit([new OutOfTime(operation.Name ?? operation.Id)], [], 0, 0, 0, [], []);
        }
    }

    private PlanAudit Judge(IReadOnlyList<(StatementExplanation Statement, PlanNode Plan)> plans, IReadOnlyList<RequestError> refusals)
    {
        (StatementExplanation Statement, PlanNode Plan)[] pages = [.. plans.Where(p => p.Statement.Kind == StatementKind.Page)];
        (StatementExplanation Statement, PlanNode Plan)[] others = [.. plans.Except(pages)];
        return new PlanAudit(
            [
                .. plans.SelectMany(p => PlanRules.Check(p.Statement, p.Plan, catalog)),
                .. Buffers(pages, StatementKind.Page, Limits.PageBuffersMax),
                .. Buffers(others, StatementKind.Figures, Limits.FigureBuffersMax),
            ],
            refusals,
            pages.Sum(p => p.Plan.Buffers),
            others.Sum(p => p.Plan.Buffers),
            pages.Select(p => PlanRules.RowsRead(p.Plan) / Math.Max(1, p.Plan.Rows)).DefaultIfEmpty().Max(),
            [.. plans.SelectMany(p => PlanShape.Of(p.Plan, catalog)).Distinct()],
            [
                .. plans.SelectMany(p => p.Plan.All).Select(node => node.Relation).OfType<string>()
                    .Select(relation => catalog.TableOf(relation).Name)
                    .Distinct(),
            ]);
    }

    private static IEnumerable<PlanFinding> Buffers(
        (StatementExplanation Statement, PlanNode Plan)[] plans, StatementKind kind, long allowed)
    {
        long buffers = plans.Sum(p => p.Plan.Buffers);
        if (buffers > allowed)
        {
            yield return new TooManyBuffers(plans.MaxBy(p => p.Plan.Buffers).Statement.Field, kind, buffers, allowed);
        }
    }
}

/// <summary>What running an operation once has shown.</summary>
/// <param name="Findings">Why it must not be published.</param>
/// <param name="Refusals">What was refused before anything was read; the fields beside it were.</param>
/// <param name="PageBuffers">Buffers of its rows.</param>
/// <param name="FigureBuffers">Buffers of its figures and rankings.</param>
/// <param name="RowsReadPerRow">Rows read for each row returned, of the worst statement of rows.</param>
/// <param name="Shapes">What its plans do, see <see cref="PlanShape"/>.</param>
/// <param name="Tables">The tables that were read or planned to be.</param>
public sealed record PlanAudit(
    IReadOnlyList<PlanFinding> Findings,
    IReadOnlyList<RequestError> Refusals,
    long PageBuffers,
    long FigureBuffers,
    double RowsReadPerRow,
    IReadOnlyList<string> Shapes,
    IReadOnlyList<string> Tables);
