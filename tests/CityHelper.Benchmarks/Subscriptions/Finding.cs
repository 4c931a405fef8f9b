using CityHelper.Benchmarks.Log;

namespace CityHelper.Benchmarks.Subscriptions;

/// <summary>A result that has an aim.</summary>
/// <param name="Part">The part that measured it.</param>
/// <param name="Name">What it is.</param>
/// <param name="Measured">What was measured.</param>
/// <param name="Aim">What it should be at most.</param>
internal sealed record Finding(string Part, string Name, string Measured, string Aim)
{
    /// <summary>A result is printed beside its aim, and nothing fails: speed depends on the machine.</summary>
    public static LogTable Table(IEnumerable<Finding> findings) => new(
        "Results beside their aims.",
        ["part", "result", "measured", "aim"],
        [.. findings.Select(finding => (string[])[finding.Part, finding.Name, finding.Measured, finding.Aim])]);
}
