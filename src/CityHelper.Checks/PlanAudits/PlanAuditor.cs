using System.Text.Json;
using CityHelper.Engine;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Transport;
using Npgsql;

namespace CityHelper.Checks.PlanAudits;

/// <summary>Runs operations under EXPLAIN and checks their plans against the rules.</summary>
/// <param name="explainer">Explains them.</param>
/// <param name="catalog">The catalog that resolves names in plans.</param>
public sealed class PlanAuditor(OperationExplainer explainer, PlanCatalog catalog)
{
    /// <summary>Runs an operation once.</summary>
    /// <exception cref="NpgsqlException">The database is unavailable, or a statement fails for another reason than its time.</exception>
    public async Task<PlanAudit> AuditAsync(Operation operation, JsonElement variables, CancellationToken cancellation)
    {
        try
        {
            (IReadOnlyList<StatementExplanation> statements, IReadOnlyList<RequestError> refusals) =
                await explainer.TryExplainAsync(operation, variables, cancellation);
            return Evaluate([.. statements.Select(statement => (statement, PlanNode.Read(statement.Json)))], refusals);
        }
        catch (PostgresException late) when (late.SqlState == PostgresErrorCodes.QueryCanceled && !cancellation.IsCancellationRequested)
        {
            return new PlanAudit([new OutOfTime(operation.Name ?? operation.Id)], [], 0, 0, 0, [], []);
        }
    }

    private PlanAudit Evaluate(IReadOnlyList<(StatementExplanation Statement, PlanNode Plan)> plans, IReadOnlyList<RequestError> refusals)
    {
        (StatementExplanation Statement, PlanNode Plan)[] pages = [.. plans.Where(p => p.Statement.Kind == StatementKind.Page)];
        (StatementExplanation Statement, PlanNode Plan)[] others = [.. plans.Except(pages)];
        return new PlanAudit(
            [
                .. plans.SelectMany(p => PlanRules.Check(p.Statement, p.Plan, catalog)),
                .. Buffers(pages, StatementKind.Page, Limits.PageBuffersMax),
                .. Buffers(others, StatementKind.Aggregates, Limits.AggregateBuffersMax),
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

/// <summary>The results of running an operation once.</summary>
/// <param name="Findings">Why it must not be published.</param>
/// <param name="Refusals">What was refused before anything was read; other fields were read.</param>
/// <param name="PageBuffers">Buffers that its rows touch.</param>
/// <param name="AggregateBuffers">Buffers that its aggregates and rankings touch.</param>
/// <param name="RowsReadPerRow">Rows read for each row returned, of the worst page statement.</param>
/// <param name="Shapes">The shapes of its plans, see <see cref="PlanShape"/>.</param>
/// <param name="Tables">The tables in its plans, whether they were read or not.</param>
public sealed record PlanAudit(
    IReadOnlyList<PlanFinding> Findings,
    IReadOnlyList<RequestError> Refusals,
    long PageBuffers,
    long AggregateBuffers,
    double RowsReadPerRow,
    IReadOnlyList<string> Shapes,
    IReadOnlyList<string> Tables);
