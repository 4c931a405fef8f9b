using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Schema;
using GraphQL;
using GraphQL.Types;

namespace CityHelper.Engine.Cost;

/// <summary>
/// The cost of a field's arguments: the weights of their members, which the variable signature fixes, and the sizes of a request's values.
/// </summary>
/// <param name="Weight">The weights of the members that are given.</param>
/// <param name="Values">Values that weigh by their size: lists by length, geometries by positions.</param>
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
/// <remarks>Weights stand for the time that PostgreSQL takes (docs/performance.md, Cost): <c>eng/bench cost</c> measures them.</remarks>
internal sealed class ArgumentWeigher
{
    private readonly List<Func<VariableValues, double>> _values = [];
    private double _weight;
    private bool _ofPoints;

    /// <summary>The cost of all arguments added so far.</summary>
    public ArgumentCost Cost => new(_weight, [.. _values]);

    /// <summary>Adds an argument, or a member of an input.</summary>
    /// <param name="element">The argument or member, with its own weight.</param>
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

    // Objects and lists of them are part of the signature, so their weight is known here. Lists of leaf values are not.
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
        // One input type serves operations on points and on areas; the enclosing filter tells which.
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
