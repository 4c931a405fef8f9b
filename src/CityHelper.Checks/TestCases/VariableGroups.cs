using System.Text.Json.Nodes;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using GraphQL.Types;

namespace CityHelper.Checks.TestCases;

/// <summary>The variables of an operation, with what each is tried with.</summary>
internal static class VariableGroups
{
    /// <summary>Groups the variables; what no value is known for is named.</summary>
    public static (IReadOnlyList<VariableGroup> Groups, IReadOnlyList<OperationVariable> Unknown) Of(
        IReadOnlyList<OperationVariable> variables, IWorstCaseValues values)
    {
        List<VariableGroup> groups = [];
        List<OperationVariable> unknown = [];
        foreach (var group in variables.GroupBy(variable => (object?)ObjectOf(variable) ?? variable.Name))
        {
            VariableGroup together = group.Key is IInputObjectGraphType input
                ? Members(input, [.. group], values)
                : Alone(group.Single(), values);
            if (together.Options.Count > 0)
            {
                groups.Add(together);
            }
            else
            {
                unknown.AddRange(group);
            }
        }

        return (groups, unknown);
    }

    // The edges of a rectangle mean nothing one by one.
    private static IInputObjectGraphType? ObjectOf(OperationVariable variable) =>
        variable.Uses is [{ Input: ViewportInput or CircleInput or PositionInput } use, ..] ? use.Input : null;

    private static VariableGroup Alone(OperationVariable variable, IWorstCaseValues values)
    {
        IEnumerable<GroupOption> options = values.Of(variable)
            .Select(option => new GroupOption(
                $"${variable.Name}: {option.Label}", new Dictionary<string, WorstCaseValue> { [variable.Name] = option }));
        return new VariableGroup(
            [variable],
            variable.IsRequired,
            [.. options],
            variable.Uses is [{ Argument: ConnectionBinding.FirstArgument or ConnectionBinding.LastArgument }, ..]);
    }

    private static VariableGroup Members(IInputObjectGraphType input, IReadOnlyList<OperationVariable> variables, IWorstCaseValues values)
    {
        // What the whole object would be tried with, taken apart.
        var whole = new OperationVariable(input.Name, input, true, [variables[0].Uses[0] with { Input = null }]);
        return new VariableGroup(
            variables,
            variables.Any(variable => variable.IsRequired),
            [.. values.Of(whole).Select(option => new GroupOption(
                $"{string.Join(", ", variables.Select(variable => "$" + variable.Name))}: {option.Label}",
                variables.ToDictionary(
                    variable => variable.Name,
                    variable => option with { Value = ((JsonObject)option.Value!)[variable.Uses[0].Member!] })))],
            IsPageSize: false);
    }
}
