using System.Text.Json.Nodes;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using GraphQL.Types;

namespace CityHelper.Checks.TestCases;

/// <summary>Groups an operation's variables, with the values to try.</summary>
internal static class VariableGroups
{
    /// <summary>Groups the variables; those without known values are returned apart.</summary>
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

    // The edges of a rectangle have no meaning one by one.
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
        // The values of the whole object, split into its members.
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
