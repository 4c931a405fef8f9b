using System.Text.Json.Nodes;

namespace CityHelper.Checks.TestCases;

/// <summary>A value that a variable is tried with.</summary>
/// <param name="Label">What it is, for people alone: <c>the densest place</c>.</param>
/// <param name="Value">The value as a client would send it; null for <see cref="DeepestPage"/>, which is found when the other variables are
/// known.</param>
public sealed record WorstCaseValue(string Label, JsonNode? Value)
{
    /// <summary>A cursor far into the list.</summary>
    public static WorstCaseValue DeepestPage { get; } = new("the deepest page", null) { IsDeepestPage = true };

    /// <summary>Whether it is <see cref="DeepestPage"/>.</summary>
    public bool IsDeepestPage { get; private init; }
}

/// <summary>The values that variables are tried with: those that the data of one tenant is hardest with. Reads nothing.</summary>
public interface IWorstCaseValues
{
    /// <summary>What the data is, for people and to tell it from other data: <c>200,000 requests of nyc (1a2b3c4d)</c>.</summary>
    string Data { get; }

    /// <summary>Why there may be no value for a variable, as a clause of a sentence.</summary>
    string WhyNone { get; }

    /// <summary>
    /// The values of a variable by its type and by where it is used, the usual one first; none when nothing is known of it.
    /// </summary>
    IReadOnlyList<WorstCaseValue> Of(OperationVariable variable);
}

/// <summary>Variables that are tried together, such as the edges of one rectangle, and what they are tried with.</summary>
/// <param name="Variables">The variables.</param>
/// <param name="IsRequired">Whether one of them must be sent.</param>
/// <param name="Options">What they are tried with, each a value for each of them.</param>
/// <param name="IsPageSize">Whether they say how much is returned.</param>
internal sealed record VariableGroup(
    IReadOnlyList<OperationVariable> Variables, bool IsRequired, IReadOnlyList<GroupOption> Options, bool IsPageSize);

/// <summary>One choice for a group.</summary>
/// <param name="Label">What it is, with the variables' names.</param>
/// <param name="Values">By variable.</param>
internal sealed record GroupOption(string Label, IReadOnlyDictionary<string, WorstCaseValue> Values);
