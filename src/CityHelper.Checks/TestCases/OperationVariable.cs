using CityHelper.Engine.Documents;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using GraphQL;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Checks.TestCases;

/// <summary>A variable of an operation, and its uses.</summary>
/// <param name="Name">Without the dollar sign.</param>
/// <param name="Type">Its input type.</param>
/// <param name="IsRequired">Whether a request must send it.</param>
/// <param name="Uses">Where it is used, except in directives.</param>
public sealed record OperationVariable(string Name, IGraphType Type, bool IsRequired, IReadOnlyList<VariableUse> Uses)
{
    /// <summary>The variables of an operation, in order.</summary>
    public static IReadOnlyList<OperationVariable> Of(Operation operation, ISchema schema)
    {
        var uses = new VariableUses(operation, schema).Find();
        return [.. operation.Variables.Select(v => new OperationVariable(
            v.Name,
            v.Type,
            v.Type is NonNullGraphType && v.Default == InputCoercion.Absent,
            [.. uses.Where(use => use.Variable == v.Name)]))];
    }
}

/// <summary>One use of a variable.</summary>
/// <param name="Variable">The variable.</param>
/// <param name="Parent">The type that has the field.</param>
/// <param name="Field">The field.</param>
/// <param name="Argument">The argument that is or contains the variable.</param>
public sealed record VariableUse(string Variable, IComplexGraphType Parent, FieldType Field, string Argument)
{
    /// <summary>The input object that has the variable as a member; null when the variable is the whole argument.</summary>
    public IInputObjectGraphType? Input { get; init; }

    /// <summary>The name of that member.</summary>
    public string? Member { get; init; }

    /// <summary>In a filter: the row's field that the variable is compared with.</summary>
    public FieldType? Compared { get; init; }

    /// <summary>
    /// The tables of the types with an id that fragments below the field select; for a field of a concrete type, the table of that type;
    /// for a mutation, that of its payload's row; for a subscription, that of its events' rows.
    /// </summary>
    public IReadOnlyList<EntityMap> SelectedRows { get; init; } = [];

    /// <summary>The schema coordinate: <c>Query.serviceRequests(first:)</c>.</summary>
    public string Coordinate => $"{Parent.Name}.{Field.Name}({Argument}:)";

    /// <summary>The selections from the root to the field.</summary>
    internal IReadOnlyList<ASTNode> Path { get; init; } = [];
}

/// <summary>Finds the uses of variables in an operation.</summary>
internal sealed class VariableUses(Operation operation, ISchema schema)
{
    private readonly List<VariableUse> _uses = [];
    private readonly HashSet<string> _visited = new(StringComparer.Ordinal);

    public IReadOnlyList<VariableUse> Find()
    {
        Visit(operation.Root, operation.Definition.SelectionSet, []);
        return _uses;
    }

    // Visits each fragment once: its other spreads mean the same.
    private void Visit(IGraphType type, GraphQLSelectionSet selections, IReadOnlyList<ASTNode> path)
    {
        foreach (ASTNode selection in selections.Selections)
        {
            switch (selection)
            {
                case GraphQLField field when (type as IComplexGraphType)?.Fields.Find(field.Name) is { } definition:
                    Field((IComplexGraphType)type, field, definition, [.. path, field]);
                    break;
                case GraphQLInlineFragment inline:
                    Visit(inline.TypeCondition is { } condition ? TypeOf(condition) : type, inline.SelectionSet, [.. path, inline]);
                    break;
                case GraphQLFragmentSpread spread when _visited.Add(spread.FragmentName.Name.StringValue):
                    GraphQLFragmentDefinition fragment = operation.Fragments[spread.FragmentName.Name.StringValue];
                    Visit(TypeOf(fragment.TypeCondition), fragment.SelectionSet, [.. path, fragment]);
                    break;
            }
        }
    }

    private IGraphType TypeOf(GraphQLTypeCondition condition) => schema.AllTypes[condition.Type.Name]!;

    private void Field(IComplexGraphType parent, GraphQLField field, FieldType definition, IReadOnlyList<ASTNode> path)
    {
        IGraphType type = definition.ResolvedType!.GetNamedType();
        IEnumerable<IGraphType> types = type is IAbstractGraphType several ? SelectedTypes(several, field.SelectionSet) : [type];
        foreach (GraphQLArgument argument in field.Arguments ?? Enumerable.Empty<GraphQLArgument>())
        {
            var use = new VariableUse("", parent, definition, argument.Name.StringValue)
            {
                Path = path,
                SelectedRows = FieldBinding.Of(definition) switch
                {
                    MutationBinding mutation => [mutation.Row],
                    SubscriptionBinding changes => [changes.Rows.Entity],
                    _ => [.. types.SelectMany(RowsOf)],
                },
            };
            Value(argument.Value, definition.Arguments!.Find(argument.Name)!.ResolvedType!, use);
        }

        if (field.SelectionSet is { } nested)
        {
            Visit(type, nested, path);
        }
    }

    // If no type is named, all possible types are meant.
    private IEnumerable<IGraphType> SelectedTypes(IAbstractGraphType type, GraphQLSelectionSet? selections) =>
        NamedTypes(selections).Distinct().ToArray() is { Length: > 0 } named ? named : type.PossibleTypes;

    private IEnumerable<IGraphType> NamedTypes(GraphQLSelectionSet? selections) =>
        (selections?.Selections ?? Enumerable.Empty<ASTNode>()).SelectMany(selection => selection switch
        {
            GraphQLInlineFragment { TypeCondition: { } condition } => [TypeOf(condition)],
            GraphQLInlineFragment inline => NamedTypes(inline.SelectionSet),
            GraphQLFragmentSpread spread => [TypeOf(operation.Fragments[spread.FragmentName.Name.StringValue].TypeCondition)],
            _ => Enumerable.Empty<IGraphType>(),
        });

    private static IEnumerable<EntityMap> RowsOf(IGraphType type) =>
        (type as IObjectGraphType)?.Fields.Select(FieldBinding.Of).OfType<GlobalIdBinding>().Select(id => id.Entity) ?? [];

    private void Value(GraphQLValue value, IGraphType type, VariableUse use)
    {
        switch (value)
        {
            case GraphQLVariable variable:
                _uses.Add(use with { Variable = variable.Name.StringValue });
                break;
            case GraphQLListValue list:
                IGraphType item = Named(type);
                foreach (GraphQLValue element in list.Values ?? [])
                {
                    Value(element, item, use);
                }

                break;
            case GraphQLObjectValue members when Named(type) is IInputObjectGraphType input:
                foreach (GraphQLObjectField member in members.Fields ?? [])
                {
                    string name = member.Name.StringValue;
                    VariableUse within = use with { Input = input, Member = name, Compared = Compared(input, name) ?? use.Compared };
                    Value(member.Value, input.Fields.Find(name)!.ResolvedType!, within);
                }

                break;
        }
    }

    private static IGraphType Named(IGraphType type) => type.GetNamedType();

    private static FieldType? Compared(IInputObjectGraphType input, string member) =>
        input is FilterInput filter && member is not (JoiningFilterInput.And or JoiningFilterInput.Or) ? filter.Target(member) : null;
}
