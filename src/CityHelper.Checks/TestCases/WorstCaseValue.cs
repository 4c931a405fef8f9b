using System.Text.Json.Nodes;

namespace CityHelper.Checks.TestCases;

/// <summary>A value to try a variable with.</summary>
/// <param name="Label">A description for people: <c>the densest place</c>.</param>
/// <param name="Value">The value as a client would send it; null for <see cref="DeepestPage"/>, which is found once the other variables are
/// known.</param>
public sealed record WorstCaseValue(string Label, JsonNode? Value)
{
    /// <summary>A cursor deep in the list.</summary>
    public static WorstCaseValue DeepestPage { get; } = new("the deepest page", null) { IsDeepestPage = true };

    /// <summary>Whether it is <see cref="DeepestPage"/>.</summary>
    public bool IsDeepestPage { get; private init; }
}

/// <summary>Supplies the values to try variables with: the worst cases in one tenant's data. Reads nothing.</summary>
public interface IWorstCaseValues
{
    /// <summary>Describes the data, for people and to distinguish it from other data: <c>200,000 requests of nyc (1a2b3c4d)</c>.</summary>
    string Data { get; }

    /// <summary>Why a variable may have no value, as a clause of a sentence.</summary>
    string WhyNone { get; }

    /// <summary>The values of a variable by its type and its uses, the usual one first; none when nothing is known about it.</summary>
    IReadOnlyList<WorstCaseValue> Of(OperationVariable variable);
}

/// <summary>Variables that are tried together, such as the edges of one rectangle, and their options.</summary>
/// <param name="Variables">The variables.</param>
/// <param name="IsRequired">Whether one of them is required.</param>
/// <param name="Options">The options; each has a value for each variable.</param>
/// <param name="IsPageSize">Whether they set the page size.</param>
internal sealed record VariableGroup(
    IReadOnlyList<OperationVariable> Variables, bool IsRequired, IReadOnlyList<GroupOption> Options, bool IsPageSize);

/// <summary>One option of a group.</summary>
/// <param name="Label">A description, with the variables' names.</param>
/// <param name="Values">Values by variable.</param>
internal sealed record GroupOption(string Label, IReadOnlyDictionary<string, WorstCaseValue> Values);
