using System.Globalization;
using CityHelper.Checks.TestCases;
using CityHelper.Engine.Clients;

namespace CityHelper.Checks.PlanAudits;

/// <summary>Writes the results of a check as text.</summary>
public static class OperationReport
{
    private const int NameChars = 36;
    private const int RunsChars = 28;

    /// <summary>One line for an operation, and for each reason against it what it reads, with which variables.</summary>
    public static IEnumerable<string> Lines(CheckedOperation operation, bool isSameData)
    {
        yield return Verdict(operation, isSameData);
        foreach (string problem in operation.Problems)
        {
            yield return $"    {problem}";
        }

        foreach ((PlanFinding finding, FinishedTestCase run, int runs) in operation.Findings)
        {
            yield return $"    {finding.Message}";
            string others = runs == 1 ? "" : Text($" (the worst of {runs} runs)");
            yield return $"      with {run.Label}{others}: {Variables(run)}";
        }
    }

    /// <summary>One line for each run.</summary>
    public static IEnumerable<string> Runs(CheckedOperation operation) => operation.Tried.Select(run => Text(
        $"    {run.Audit.PageBuffers,7:N0} {run.Audit.AggregateBuffers,7:N0} {run.Audit.RowsReadPerRow,8:N1}  {run.Label}")
        + (run.Audit.Refusals is [var refusal, ..] ? $" (refused: {refusal.Message})" : ""));

    /// <summary>Compares the plans' fingerprints with those of the manifest, as text.</summary>
    public static string Plans(IReadOnlyList<CheckedOperation> operations, OperationManifest manifest, string data, bool isUpdated)
    {
        if (isUpdated)
        {
            return $"The manifest has the plans of {data} now.";
        }

        if (manifest.PlansOf != data)
        {
            return manifest.PlansOf is { } other
                ? $"The manifest has the plans of {other}; these are of {data} and are not compared. --update writes them."
                : "The manifest has no plans yet. --update writes them.";
        }

        string[] changed = [.. operations.Where(IsChanged).Select(operation => operation.Name)];
        return changed.Length == 0
            ? $"All plans are those of the manifest ({data})."
            : $"Plans differ from those of the manifest: {string.Join(", ", changed)}. --update writes them.";
    }

    /// <summary>The data that plans belong to. Equal data in an equal PostgreSQL version gives equal plans; other data may not.</summary>
    public static string DataOf(IWorstCaseValues values, int serverVersion) => Text($"{values.Data} in PostgreSQL {serverVersion}");

    private static string Verdict(CheckedOperation operation, bool isSameData)
    {
        PlanAudit[] audits = [.. operation.Tried.Select(t => t.Audit)];
        int refused = audits.Count(audit => audit.Refusals.Count > 0);
        string verdict = !operation.HasPassed ? "REJECTED" : isSameData && IsChanged(operation) ? "passed, with other plans" : "passed";
        string less = (refused > 0 ? Text($", {refused} refused") : "")
            + (operation.WithoutPage > 0 ? Text($", {operation.WithoutPage} lists too short") : "");
        string runs = Text($"{audits.Length,3} runs{less}").PadRight(RunsChars);
        return Text($"{operation.Name.PadRight(NameChars)} {runs}{Worst(audits, p => p.PageBuffers),7:N0} buffers of rows ")
            + Text($"{Worst(audits, p => p.AggregateBuffers),7:N0} of statistics ")
            + Text($"{audits.Select(p => p.RowsReadPerRow).DefaultIfEmpty().Max(),8:N1} read per row  {verdict}");
    }

    private static long Worst(PlanAudit[] audits, Func<PlanAudit, long> buffers) => audits.Select(buffers).DefaultIfEmpty().Max();

    private static bool IsChanged(CheckedOperation operation) => operation.Entry.Plan != operation.Fingerprint;

    private static string Variables(FinishedTestCase run)
    {
        string json = run.Variables.GetRawText();
        return json.Length <= Limits.VariablesCharsMax ? json : json[..Limits.VariablesCharsMax] + "…";
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
