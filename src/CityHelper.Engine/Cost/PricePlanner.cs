using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Figures;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using GraphQL;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Cost;

/// <summary>Prices operations: walks what is selected, once for each shape of the variables.</summary>
/// <param name="schema">The schema, with its weights.</param>
/// <param name="operation">The operation.</param>
/// <param name="variables">A request's variables; only their shape is used.</param>
internal sealed class PricePlanner(ISchema schema, Operation operation, VariableValues variables)
{
    /// <summary>The weight of an object.</summary>
    private const double ObjectWeight = 1;

    /// <summary>
    /// What figures and clusters weigh more when a filter asks what no counter knows: each row that the rest of it leaves is read, not
    /// those of a page.
    /// </summary>
    private const double ReadRowsWeight = 100;

    // Its own: fields are counted against the limit once here and once by the plan.
    private readonly SelectionCollector _collector = new(operation, schema, variables);

    /// <summary>The price.</summary>
    /// <exception cref="PlanException">The operation selects more fields than allowed.</exception>
    public OperationPrice Compile() => new(Fields(operation.Root, [operation.Definition.SelectionSet]));

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
        double weight = Weight.Of(definition) ?? (isComposite ? ObjectWeight : 0);
        (double own, double once) = Weight.IsOfStatement(definition) ? (isComposite ? ObjectWeight : 0, weight) : (weight, 0);
        ListSize? size = ListSize.Of(definition);
        List<PricedField>[] below = [.. Possible(type).Select(possible => Fields(possible, field.SelectionSets))];
        return new PricedField(
            field.Name,
            own + (ReadsRows(field, definition) ? ReadRowsWeight : 0),
            once,
            Arguments(field, definition),
            1 + StatementsOf(below),
            isComposite ? Weight.Of(type) ?? ObjectWeight : 0,
            size is null ? null : Size(size, field, definition),
            size?.SizedFields ?? [],
            below)
        {
            IsStatement = Weight.IsOfStatement(definition) || FieldBinding.Of(definition) is ChildrenBinding or NestedConnectionBinding or AroundBinding or SimilarRowsBinding,
        };
    }

    private bool ReadsRows(CollectedField field, FieldType definition)
    {
        CountedRows? counted = FieldBinding.Of(definition) switch
        {
            FigureBinding figures => figures.Counted,
            ClusterBinding clusters => clusters.Counted,
            _ => null,
        };
        if (counted is null)
        {
            return false;
        }

        // A creation time that is no range, such as one in an `or`, is no counter's either.
        InputNode? filter = Argument(field, definition, ConnectionBinding.FilterArgument);
        return AsksBeyond(counted, counted.Rows.Filter, filter)
            || (counted.Rows.Access.Created is { } created && !CreationRange.IsRange(counted.Rows.Filter, filter, created.Column));
    }

    private static bool AsksBeyond(CountedRows counted, FilterInput input, InputNode? filter) => InputNode.MembersOf(input, filter).Any(m =>
        m.Field.Name is JoiningFilterInput.And or JoiningFilterInput.Or
            ? InputNode.ItemsOf(m.Node).Any(item => AsksBeyond(counted, input, item))
            : m.Node is ObjectNode { Members.Count: > 0 } && !IsCounted(counted, FieldBinding.Of(input.Target(m.Field.Name))));

    private static bool IsCounted(CountedRows counted, FieldBinding? binding) => binding switch
    {
        ColumnBinding { Column.Name: var column } =>
            column == counted.Rows.Access.Created?.Column.Name || counted.Dimensions.Any(d => d.Column == column),
        ReferenceBinding reference => counted.Dimensions.Any(d => d.Column == reference.Keys.Single().Here),
        _ => false,
    };

    // Lists below rows, and counts: each repeats the query of the rows. Of the types that a row may be of, the one with the most.
    private static int StatementsOf(IReadOnlyList<IReadOnlyList<PricedField>> alternatives) => alternatives.Count == 0 ? 0
        : alternatives.Max(fields => fields.Sum(f => (f.IsStatement ? 1 : 0) + f.Statements - 1));

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

    private ArgumentCost Arguments(CollectedField field, FieldType definition)
    {
        var weigher = new ArgumentWeigher();
        foreach (QueryArgument argument in definition.Arguments ?? [])
        {
            if (Argument(field, definition, argument.Name) is { } node)
            {
                weigher.Add(argument, node, argument.ResolvedType!);
            }
        }

        return weigher.Cost;
    }

    private InputNode? Argument(CollectedField field, FieldType definition, string name) =>
        field.First.Arguments?.FirstOrDefault(a => a.Name.Value == name) is { } given
            ? InputNode.Build(given.Value, definition.Arguments!.Find(name)!.ResolvedType!, variables)
            : null;
}
