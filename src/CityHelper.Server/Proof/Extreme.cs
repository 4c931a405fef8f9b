using System.Text.Json.Nodes;
using CityHelper.Engine.Proof;

namespace CityHelper.Server.Proof;

/// <summary>A value that a variable is tried with.</summary>
/// <param name="Label">What it is, for people: <c>the densest place</c>.</param>
/// <param name="Value">The value as a client would send it; null for a cursor that is found when the other variables are known.</param>
internal sealed record Extreme(string Label, JsonNode? Value)
{
    /// <summary>A cursor far into the list.</summary>
    public static Extreme DeepestPage { get; } = new("the deepest page", null);
}

/// <summary>Variables that are tried together, such as the edges of one rectangle, and what they are tried with.</summary>
/// <param name="Variables">The variables.</param>
/// <param name="IsRequired">Whether one of them must be sent.</param>
/// <param name="Options">What they are tried with, each a value for each of them.</param>
/// <param name="IsPageSize">Whether they say how much is returned.</param>
internal sealed record VariableGroup(IReadOnlyList<OperationVariable> Variables, bool IsRequired, IReadOnlyList<GroupOption> Options, bool IsPageSize);

/// <summary>One choice for a group.</summary>
/// <param name="Label">What it is, with the variables' names.</param>
/// <param name="Values">By variable.</param>
internal sealed record GroupOption(string Label, IReadOnlyDictionary<string, Extreme> Values);
