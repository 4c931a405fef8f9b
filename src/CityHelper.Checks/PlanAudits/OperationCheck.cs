using System.Text.Json;
using System.Text.Json.Nodes;
using CityHelper.Checks.TestCases;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Transport;
using GraphQL.Types;

namespace CityHelper.Checks.PlanAudits;

/// <summary>
/// Audits the plans of an operation with all of its test cases. Of a mutation it audits how its row is read; no handler runs.
/// </summary>
/// <param name="schema">The schema of the operations.</param>
/// <param name="explainer">Explains them, on connections like a server's.</param>
/// <param name="pipeline">Runs them to find cursors.</param>
/// <param name="catalog">The catalog that resolves names in plans.</param>
/// <param name="values">The worst-case values of variables.</param>
public sealed class OperationCheck(
    ISchema schema, OperationExplainer explainer, Pipeline pipeline, PlanCatalog catalog, IWorstCaseValues values)
{
    private readonly OperationCompiler _compiler = new(schema);
    private readonly PlanAuditor _auditor = new(explainer, catalog);
    private readonly MutationInputValues _values = new(values);

    /// <summary>Compiles the operation and runs it with each test case.</summary>
    /// <returns>The result, also when the operation does not compile or has no test cases.</returns>
    /// <exception cref="Npgsql.NpgsqlException">The database is unavailable, or a statement fails for another reason than its time
    /// limit.</exception>
    public async Task<CheckedOperation> CheckAsync(ManifestOperation entry, CancellationToken cancellation)
    {
        CompiledOperation compiled = await _compiler.CompileAsync(entry.Body, entry.Name, cancellation);
        if (compiled.Operation is not { } operation)
        {
            return new CheckedOperation(entry, [], 0, [.. compiled.Errors.Select(error => error.Message)]);
        }

        IReadOnlyList<OperationVariable> variables = OperationVariable.Of(operation, schema);
        (IReadOnlyList<VariableGroup> groups, IReadOnlyList<OperationVariable> unknown) = VariableGroups.Of(variables, _values);
        if (unknown.FirstOrDefault(variable => variable.IsRequired) is not null)
        {
            return new CheckedOperation(entry, [], 0, [.. unknown.Select(Missing)]);
        }

        List<FinishedTestCase> tried = [];
        int withoutPage = 0;
        foreach (TestCase test in TestCase.Of(groups))
        {
            JsonObject sent = test.Json();
            if (test.Cursor is { } cursor && !await TurnAsync(operation, variables.Single(v => v.Name == cursor), sent, cancellation))
            {
                withoutPage++;
                continue;
            }

            JsonElement json = JsonSerializer.SerializeToElement(sent);
            if (tried.Count == 0)
            {
                // A connection's first run reads catalogs, which later runs find in its memory.
                await _auditor.AuditAsync(operation, json, cancellation);
            }

            tried.Add(new FinishedTestCase(test.Label, json, await _auditor.AuditAsync(operation, json, cancellation)));
        }

        string[] problems = [.. unknown.Select(Missing), .. NothingRan(tried), .. Unnamed(entry, tried)];
        return new CheckedOperation(entry, tried, withoutPage, problems);
    }

    // Puts the cursor of the deepest page into the variables.
    private async Task<bool> TurnAsync(Operation operation, OperationVariable variable, JsonObject sent, CancellationToken cancellation)
    {
        JsonElement others = JsonSerializer.SerializeToElement(sent);
        string? cursor = await new DeepestPage(_compiler, pipeline).FindAsync(operation, variable.Uses[0], others, cancellation);
        sent[variable.Name] = cursor;
        return cursor is not null;
    }

    private string Missing(OperationVariable variable)
    {
        string where = variable.Uses is [var use, ..] ? $", used at {use.Coordinate}" : "";
        return $"Nothing is known that `${variable.Name}` ({variable.Type}){where} could be tried with: "
            + $"{values.WhyNone}, or the check does not know the place.";
    }

    // The manifest promises these tables; an old manifest may date from when the operation read others.
    private static IEnumerable<string> Unnamed(ManifestOperation entry, List<FinishedTestCase> tried)
    {
        string[] tables = [.. tried.SelectMany(t => t.Audit.Tables).Distinct().Except(entry.Reads).Order(StringComparer.Ordinal)];
        if (tables.Length > 0)
        {
            yield return $"It reads {string.Join(", ", tables.Select(table => $"`{table}`"))}, which the manifest does not name: "
                + "build it anew with `cityhelper operations build`.";
        }
    }

    private static IEnumerable<string> NothingRan(List<FinishedTestCase> tried)
    {
        if (tried.Count > 0 && tried.TrueForAll(t => t.Audit.Refusals.Count > 0 && t.Audit.Shapes.Count == 0))
        {
            yield return $"It was refused with all values that were tried: {tried[0].Audit.Refusals[0].Message}";
        }
    }
}

/// <summary>An operation and the results of its check.</summary>
/// <param name="Entry">The operation.</param>
/// <param name="Tried">Its runs.</param>
/// <param name="WithoutPage">Test cases that were skipped because their list has no deep page.</param>
/// <param name="Problems">Why it could not run, or not with all variables.</param>
public sealed record CheckedOperation(
    ManifestOperation Entry, IReadOnlyList<FinishedTestCase> Tried, int WithoutPage, IReadOnlyList<string> Problems)
{
    /// <summary>The client and the operation's name.</summary>
    public string Name => $"{Entry.Client}/{Entry.Name}";

    /// <summary>Whether it may be published.</summary>
    public bool HasPassed => Problems.Count == 0 && Tried.All(t => t.Audit.Findings.Count == 0);

    /// <summary>The fingerprint of its plan shapes, over all test cases.</summary>
    public string Fingerprint => PlanShape.Fingerprint(Tried.SelectMany(t => t.Audit.Shapes));

    /// <summary>The worst finding of each kind and field, with the run that shows it and the number of runs with the same.</summary>
    public IEnumerable<(PlanFinding Finding, FinishedTestCase Run, int Runs)> Findings => Tried
        .SelectMany(t => t.Audit.Findings.Select(finding => (Finding: finding, Run: t)))
        .GroupBy(found => (found.Finding.GetType(), found.Finding.Field))
        .Select(same => (Worst: same.MaxBy(found => found.Finding.Excess), Runs: same.Select(found => found.Run).Distinct().Count()))
        .Select(same => (same.Worst.Finding, same.Worst.Run, same.Runs));
}

/// <summary>One run of a test case.</summary>
/// <param name="Label">The choice of values.</param>
/// <param name="Variables">The variables.</param>
/// <param name="Audit">Its plan audit.</param>
public sealed record FinishedTestCase(string Label, JsonElement Variables, PlanAudit Audit);
