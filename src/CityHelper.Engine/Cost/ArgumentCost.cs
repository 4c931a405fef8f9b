using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Schema;
using GraphQL;
using GraphQL.Types;

namespace CityHelper.Engine.Cost;

/// <summary>
/// What the arguments of a field cost: what their members weigh, which the shape of the variables fixes, and how large a request's values
/// are.
/// </summary>
/// <param name="Weight">The weights of what is given.</param>
/// <param name="Values">Values that weigh by their size: lists by their length, geometries by their positions.</param>
internal sealed record ArgumentCost(double Weight, IReadOnlyList<Func<VariableValues, double>> Values)
{
    public double Of(VariableValues variables)
    {
        double cost = Weight;
        foreach (Func<VariableValues, double> value in Values)
        {
            cost += value(variables);
        }

        return cost;
    }
}

/// <summary>Weighs the arguments of a field.</summary>
/// <remarks>Weights are of the time that PostgreSQL takes (docs/performance.md, Cost): <c>eng/bench cost</c> measures them.</remarks>
internal sealed class ArgumentWeigher
{
    private readonly List<Func<VariableValues, double>> _values = [];
    private double _weight;
    private bool _ofPoints;

    /// <summary>What was weighed.</summary>
    public ArgumentCost Cost => new(_weight, [.. _values]);

    /// <summary>Adds an argument, or a member of an input.</summary>
    /// <param name="element">It, with its own weight.</param>
    /// <param name="node">Its value.</param>
    /// <param name="type">Its type.</param>
    public void Add(IMetadataReader element, InputNode node, IGraphType type)
    {
        if (!node.IsNull)
        {
            _weight += Weight.Of(element) ?? 0;
            Add(node, type);
        }
    }

    // Objects and lists of them are part of the shape, so what they weigh is known here. Lists of leaves are not.
    private void Add(InputNode node, IGraphType type)
    {
        switch (node, type.GetNamedType())
        {
            case (ObjectNode, IInputObjectGraphType input):
                AddMembers(node, input);
                break;
            case (ListNode list, IInputObjectGraphType):
                foreach (InputNode item in list.Items)
                {
                    Add(item, type);
                }

                break;
            case (_, not IInputObjectGraphType) when IsList(type):
                _values.Add(variables => node.Evaluate(variables) is List<object?> items ? items.Count * ValueWeights.ListItem : 0);
                break;
        }
    }

    private void AddMembers(InputNode node, IInputObjectGraphType input)
    {
        // One input stands for an operation on points and on areas alike; what it stands in says which.
        _ofPoints = input is SpatialFilterInput spatial ? spatial.IsPoint : _ofPoints;
        if (input is AreaInput)
        {
            _values.Add(variables => ValueWeights.OfArea((Dictionary<string, object?>)node.Evaluate(variables)!));
            return;
        }

        if (input is SpatialOperationFilterInput operation)
        {
            _values.Add(ValueWeights.OfOperand(operation, node, _ofPoints));
        }

        foreach ((FieldType field, InputNode member) in InputNode.MembersOf(input, node))
        {
            _weight += field.Name == JoiningFilterInput.Or ? InputNode.ItemsOf(member).Count * ValueWeights.Alternative : 0;
            Add(field, member, field.ResolvedType!);
        }
    }

    private static bool IsList(IGraphType type) => type switch
    {
        NonNullGraphType nonNull => IsList(nonNull.ResolvedType!),
        _ => type is ListGraphType,
    };
}
