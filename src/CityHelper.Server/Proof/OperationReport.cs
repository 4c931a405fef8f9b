using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CityHelper.Data.Extremes;
using CityHelper.Engine.Operations;
using CityHelper.Engine.Proof;

namespace CityHelper.Server.Proof;

/// <summary>What a check has found, in words.</summary>
internal static class OperationReport
{
    private const int NameChars = 36;
    private const int RunsChars = 28;

    /// <summary>One line for an operation, and for each reason against it what is read, with which variables.</summary>
    public static IEnumerable<string> Lines(CheckedOperation operation, bool isSameData)
    {
        yield return Verdict(operation, isSameData);
        foreach (string problem in operation.Problems)
        {
            yield return $"    {problem}";
        }

        foreach ((PlanFinding finding, FinishedTrial run, int runs) in operation.Findings)
        {
            yield return $"    {finding.Message}";
            string others = runs == 1 ? "" : Text($" (the worst of {runs} runs)");
            yield return $"      with {run.Label}{others}: {Variables(run)}";
        }
    }

    /// <summary>One line for each run.</summary>
    public static IEnumerable<string> Runs(CheckedOperation operation) => operation.Tried.Select(run => Text(
        $"    {run.Proof.PageBuffers,7:N0} {run.Proof.FigureBuffers,7:N0} {run.Proof.RowsReadPerRow,8:N1}  {run.Label}{(run.Proof.Refusals is [var refusal, ..] ? $" (refused: {refusal.Message})" : "")}"));

    /// <summary>What is said of the plans' fingerprints.</summary>
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
        return changed.Length == 0 ? $"All plans are those of the manifest ({data})." : $"Plans differ from those of the manifest: {string.Join(", ", changed)}. --update writes them.";
    }

    /// <summary>What data plans are of. Equal data and PostgreSQL's equal version make equal plans, others need not.</summary>
    public static string DataOf(CityExtremes city, int serverVersion)
    {
        string facts = string.Join('|', [
            .. city.Keys.OrderBy(k => k.Key, StringComparer.Ordinal).SelectMany(k => k.Value.Select(v => Text($"{k.Key} {v.Code} {v.Requests}"))),
            .. city.SpreadIds.Select(id => Text($"{id}")),
            .. city.Named.Select(request => Text($"{request.Name} {request.Id}")),
            .. city.Boundaries.Select(boundary => Text($"{boundary.Name} {boundary.Code}"))]);
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(facts)))[..8];
        return Text($"{city.Requests:N0} requests of {city.Slug} ({hash}) in PostgreSQL {serverVersion}");
    }

    private static string Verdict(CheckedOperation operation, bool isSameData)
    {
        PlanProof[] proofs = [.. operation.Tried.Select(t => t.Proof)];
        int refused = proofs.Count(proof => proof.Refusals.Count > 0);
        string verdict = !operation.IsProven ? "REJECTED" : isSameData && IsChanged(operation) ? "passed, with other plans" : "passed";
        string less = (refused > 0 ? Text($", {refused} refused") : "") + (operation.WithoutPage > 0 ? Text($", {operation.WithoutPage} lists too short") : "");
        string runs = Text($"{proofs.Length,3} runs{less}").PadRight(RunsChars);
        return Text($"{operation.Name.PadRight(NameChars)} {runs}{Worst(proofs, p => p.PageBuffers),7:N0} buffers of rows {Worst(proofs, p => p.FigureBuffers),7:N0} of figures ")
            + Text($"{proofs.Select(p => p.RowsReadPerRow).DefaultIfEmpty().Max(),8:N1} read per row  {verdict}");
    }

    private static long Worst(PlanProof[] proofs, Func<PlanProof, long> buffers) => proofs.Select(buffers).DefaultIfEmpty().Max();

    private static bool IsChanged(CheckedOperation operation) => operation.Entry.Plan != operation.Fingerprint;

    private static string Variables(FinishedTrial run)
    {
        string json = run.Variables.GetRawText();
        return json.Length <= Limits.ProofVariablesCharsMax ? json : json[..Limits.ProofVariablesCharsMax] + "…";
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
