using System.Text.Json;
using System.Text.Json.Nodes;
using CityHelper.Engine.Operations;
using CityHelper.Engine.Proof;
using GraphQL.Types;

namespace CityHelper.Server.Proof;

/// <summary>Tries an operation with everything that is hard in a city's data.</summary>
internal sealed class OperationCheck(OperationCompiler compiler, OperationProver prover, DeepestPage pages, ISchema schema, ExtremeValues values)
{
    /// <summary>Compiles the operation and runs it with each trial.</summary>
    public async Task<CheckedOperation> CheckAsync(ManifestOperation entry, CancellationToken cancellation)
    {
        CompiledOperation compiled = await compiler.CompileAsync(entry.Body, entry.Name, cancellation);
        if (compiled.Operation is not { } operation)
        {
            return new CheckedOperation(entry, [], 0, [.. compiled.Errors.Select(error => error.Message)]);
        }

        (IReadOnlyList<VariableGroup> groups, IReadOnlyList<OperationVariable> unknown) = VariableGroups.Of(OperationVariable.Of(operation, schema), values);
        if (unknown.FirstOrDefault(variable => variable.IsRequired) is not null)
        {
            return new CheckedOperation(entry, [], 0, [.. unknown.Select(Missing)]);
        }

        List<FinishedTrial> tried = [];
        int withoutPage = 0;
        foreach (Trial trial in Trial.Of(groups))
        {
            JsonObject variables = trial.Json();
            if (trial.Cursor is { } cursor && !await TurnAsync(operation, groups, cursor, variables, cancellation))
            {
                withoutPage++;
                continue;
            }

            JsonElement json = JsonSerializer.SerializeToElement(variables);
            if (tried.Count == 0)
            {
                // A connection's first run reads catalogs, which later ones find in its memory.
                await prover.ProveAsync(operation, json, cancellation);
            }

            tried.Add(new FinishedTrial(trial.Label, json, await prover.ProveAsync(operation, json, cancellation)));
        }

        return new CheckedOperation(entry, tried, withoutPage, [.. unknown.Select(Missing), .. NothingRan(tried), .. Unnamed(entry, tried)]);
    }

    // Finds the cursor of the deepest page and puts it into the variables.
    private async Task<bool> TurnAsync(Operation operation, IReadOnlyList<VariableGroup> groups, string variable, JsonObject variables, CancellationToken cancellation)
    {
        VariableUse use = groups.SelectMany(group => group.Variables).Single(v => v.Name == variable).Uses[0];
        string? cursor = await pages.FindAsync(operation, use, JsonSerializer.SerializeToElement(variables), cancellation);
        variables[variable] = cursor;
        return cursor is not null;
    }

    private static string Missing(OperationVariable variable)
    {
        string what = variable.Uses is [var use, ..] ? $"`${variable.Name}` ({variable.Type}), used at {use.Place}" : $"`${variable.Name}` ({variable.Type})";
        return $"Nothing is known that {what} could be tried with: the city's data has none, such as no boundaries (`cityhelper import-boundaries`) or no requests, "
            + "or the check does not know the place.";
    }

    // A promise of the manifest's: an old one may have been built when the operation read something else.
    private static IEnumerable<string> Unnamed(ManifestOperation entry, List<FinishedTrial> tried)
    {
        string[] tables = [.. tried.SelectMany(t => t.Proof.Tables).Distinct().Except(entry.Reads).Order(StringComparer.Ordinal)];
        if (tables.Length > 0)
        {
            yield return $"It reads {string.Join(", ", tables.Select(table => $"`{table}`"))}, which the manifest does not name: build it anew with `cityhelper operations build`.";
        }
    }

    private static IEnumerable<string> NothingRan(List<FinishedTrial> tried)
    {
        if (tried.Count > 0 && tried.TrueForAll(t => t.Proof.Refusals.Count > 0 && t.Proof.Shapes.Count == 0))
        {
            yield return $"It was refused with all values that were tried: {tried[0].Proof.Refusals[0].Message}";
        }
    }
}

/// <summary>An operation and what was found.</summary>
/// <param name="Entry">The operation.</param>
/// <param name="Tried">Its runs.</param>
/// <param name="WithoutPage">Trials that were left out, because their list has no deep page.</param>
/// <param name="Problems">Why it could not be tried, or not in all ways.</param>
internal sealed record CheckedOperation(ManifestOperation Entry, IReadOnlyList<FinishedTrial> Tried, int WithoutPage, IReadOnlyList<string> Problems)
{
    /// <summary>The client and the operation's name.</summary>
    public string Name => $"{Entry.Client}/{Entry.Name}";

    /// <summary>Whether it may be published.</summary>
    public bool IsProven => Problems.Count == 0 && Tried.All(t => t.Proof.Findings.Count == 0);

    /// <summary>The shapes of its plans, over all trials.</summary>
    public string Fingerprint => PlanShape.Fingerprint(Tried.SelectMany(t => t.Proof.Shapes));

    /// <summary>The worst finding of each kind and field, with the run that shows it and how many show the same.</summary>
    public IEnumerable<(PlanFinding Finding, FinishedTrial Run, int Runs)> Findings => Tried
        .SelectMany(t => t.Proof.Findings.Select(finding => (Finding: finding, Run: t)))
        .GroupBy(found => (found.Finding.GetType(), found.Finding.Field))
        .Select(same => (same.MaxBy(found => found.Finding.Excess).Finding, same.MaxBy(found => found.Finding.Excess).Run, same.Select(found => found.Run).Distinct().Count()));
}

/// <summary>One run.</summary>
/// <param name="Label">What was chosen for the variables.</param>
/// <param name="Variables">The variables.</param>
/// <param name="Proof">What it has shown.</param>
internal sealed record FinishedTrial(string Label, JsonElement Variables, PlanProof Proof);
