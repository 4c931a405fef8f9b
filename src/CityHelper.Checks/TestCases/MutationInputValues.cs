using System.Text.Json.Nodes;
using CityHelper.Engine.Cost;
using CityHelper.Engine.Schema.Bindings;
using GraphQL;
using GraphQL.Types;

namespace CityHelper.Checks.TestCases;

/// <summary>
/// Values for variables of mutations' inputs, beside those that are known of others. A check explains how the row of a mutation is read and
/// runs no handler, so only the ids in an input matter: other members have their usual values.
/// </summary>
/// <param name="others">The worst-case values.</param>
internal sealed class MutationInputValues(IWorstCaseValues others) : IWorstCaseValues
{
    public string Data => others.Data;

    public string WhyNone => others.WhyNone;

    public IReadOnlyList<WorstCaseValue> Of(OperationVariable variable)
    {
        IReadOnlyList<WorstCaseValue> known = others.Of(variable);
        return known.Count == 0 && variable.Uses is [var use, ..] && FieldBinding.Of(use.Field) is MutationBinding
            ? [new WorstCaseValue("the usual value", Usual(variable.Type, use))]
            : known;
    }

    private JsonNode? Usual(IGraphType type, VariableUse use)
    {
        JsonNode? usual = UsualVariables.Least(type);
        if (usual is JsonObject members && type.GetNamedType() is IInputObjectGraphType input)
        {
            foreach (FieldType id in input.Fields.Where(f => members.ContainsKey(f.Name) && f.ResolvedType!.GetNamedType() is IdGraphType))
            {
                var member = new OperationVariable(id.Name, id.ResolvedType!, true, [use with { Input = input, Member = id.Name }]);
                if (others.Of(member) is [var worst, ..])
                {
                    members[id.Name] = worst.Value?.DeepClone();
                }
            }
        }

        return usual;
    }
}
