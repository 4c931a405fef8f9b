using CityHelper.Engine.Operations;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Types;
using GraphQL;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Pricing;

/// <summary>Prices operations: walks what is selected, once for each shape of the variables.</summary>
/// <param name="schema">The schema, with its weights.</param>
/// <param name="operation">The operation.</param>
/// <param name="variables">A request's variables; only their shape is used.</param>
internal sealed class PricePlanner(ISchema schema, Operation operation, VariableValues variables)
{
    /// <summary>The weight of an object.</summary>
    private const double ObjectWeight = 1;

    // Its own: fields are counted against the limit once here and once by the plan.
    private readonly SelectionCollector _collector = new(operation, schema, variables);

    /// <summary>The price.</summary>
    /// <exception cref="PlanException">The operation selects more fields than allowed.</exception>
    public OperationPrice Compile() => new(Fields(schema.Query, [operation.Definition.SelectionSet]));

    /// <summary>How long an answer with all that was priced may be kept.</summary>
    public CachePolicy Cache => _collector.Cache ?? CachePolicy.None;

    private List<PricedField> Fields(IObjectGraphType type, IEnumerable<GraphQLSelectionSet> selectionSets) =>
        [.. _collector.Collect(type, selectionSets)
            .Where(field => !field.Name.StartsWith("__", StringComparison.Ordinal))
            .Select(field => Field(field, type.Fields.Find(field.Name)!))];

    private PricedField Field(CollectedField field, FieldType definition)
    {
        _collector.NoteCache(definition);
        IGraphType type = definition.ResolvedType!.GetNamedType();
        bool isComposite = type is IComplexGraphType or UnionGraphType;
        double weight = (Pricing.Weight.Of(definition) ?? (isComposite ? ObjectWeight : 0)) + Arguments(field, definition);
        ListSize? size = ListSize.Of(definition);
        return new PricedField(
            field.Name,
            weight,
            isComposite ? Pricing.Weight.Of(type) ?? ObjectWeight : 0,
            size is null ? null : Size(size, field, definition),
            size?.SizedFields ?? [],
            [.. Possible(type).Select(possible => Fields(possible, field.SelectionSets))]);
    }

    private static IEnumerable<IObjectGraphType> Possible(IGraphType type) => type switch
    {
        IObjectGraphType only => [only],
        IAbstractGraphType several => several.PossibleTypes,
        _ => [],
    };

    private PricedSize Size(ListSize size, CollectedField field, FieldType definition) => new(
        [.. size.SlicingArguments.Append(size.CountedArgument).OfType<string>().Select(name => Argument(field, definition, name)).OfType<InputNode>()],
        size.SlicingDefault ?? size.AssumedSize,
        size.SizedFields.Length > 0 ? Limits.PageRowsMax : Limits.FigureGroupsMax);

    private double Arguments(CollectedField field, FieldType definition) => (definition.Arguments ?? []).Sum(argument =>
        Argument(field, definition, argument.Name) is { IsNull: false } node
            ? (Pricing.Weight.Of(argument) ?? 0) + Members(node, argument.ResolvedType!)
            : 0);

    // Objects and lists of them are part of the shape, so what they weigh is known here.
    private static double Members(InputNode node, IGraphType type) => (node, type.GetNamedType()) switch
    {
        (ObjectNode, IInputObjectGraphType input) => InputNode.MembersOf(input, node)
            .Where(member => !member.Node.IsNull)
            .Sum(member => (Pricing.Weight.Of(member.Field) ?? 0) + Members(member.Node, member.Field.ResolvedType!)),
        (ListNode list, _) => list.Items.Sum(item => Members(item, type)),
        _ => 0,
    };

    private InputNode? Argument(CollectedField field, FieldType definition, string name) =>
        field.First.Arguments?.FirstOrDefault(a => a.Name.Value == name) is { } given
            ? InputNode.Build(given.Value, definition.Arguments!.Find(name)!.ResolvedType!, variables)
            : null;
}
