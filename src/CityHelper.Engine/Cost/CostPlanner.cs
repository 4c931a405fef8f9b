using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Statistics;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using GraphQL;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Cost;

/// <summary>Computes the cost formula of an operation from its selections, once for each variable signature.</summary>
/// <param name="schema">The schema, with its weights.</param>
/// <param name="operation">The operation.</param>
/// <param name="variables">A request's variables; only their signature is used.</param>
internal sealed class CostPlanner(ISchema schema, Operation operation, VariableValues variables)
{
    /// <summary>The weight of an object.</summary>
    private const double ObjectWeight = 1;

    /// <summary>
    /// Extra weight of statistics and clusters if a condition of the filter is not in the counters: all rows that pass the rest of the
    /// filter are read, not only a page.
    /// </summary>
    private const double ReadRowsWeight = 100;

    // A separate collector: cost and plan each count their fields against the limit.
    private readonly SelectionCollector _collector = new(operation, schema, variables);

    /// <summary>The cost formula.</summary>
    /// <exception cref="PlanException">The operation selects more fields than allowed.</exception>
    public CostFormula Compile() => new(Fields(operation.Root, [operation.Definition.SelectionSet]));

    /// <summary>How long a response with all these fields may be cached.</summary>
    public CachePolicy Cache => _collector.Cache ?? CachePolicy.None;

    private List<CostedField> Fields(IObjectGraphType type, IEnumerable<GraphQLSelectionSet> selectionSets) =>
        [.. _collector.Collect(type, selectionSets)
            .Where(field => !field.Name.StartsWith("__", StringComparison.Ordinal))
            .Select(field => Field(field, type.Fields.Find(field.Name)!))];

    private CostedField Field(CollectedField field, FieldType definition)
    {
        _collector.NoteCache(definition);
        IGraphType type = definition.ResolvedType!.GetNamedType();
        bool isComposite = type is IComplexGraphType or UnionGraphType;
        double weight = Weight.Of(definition) ?? (isComposite ? ObjectWeight : 0);
        (double own, double once) = Weight.IsOfStatement(definition) ? (isComposite ? ObjectWeight : 0, weight) : (weight, 0);
        ListSize? size = ListSize.Of(definition);
        List<CostedField>[] nested = [.. Possible(type).Select(possible => Fields(possible, field.SelectionSets))];
        return new CostedField(
            field.Name,
            own + (ReadsRows(field, definition) ? ReadRowsWeight : 0),
            once,
            Arguments(field, definition),
            1 + StatementsOf(nested),
            isComposite ? Weight.Of(type) ?? ObjectWeight : 0,
            size is null ? null : Size(size, field, definition),
            size?.SizedFields ?? [],
            nested)
        {
            // The statement of log positions repeats no filter.
            IsStatement =
                (Weight.IsOfStatement(definition) && FieldBinding.Of(definition) is not LogPositionBinding)
                || FieldBinding.Of(definition) is ChildrenBinding or NestedConnectionBinding or AroundBinding or SimilarRowsBinding,
        };
    }

    private bool ReadsRows(CollectedField field, FieldType definition)
    {
        CountedRows? counted = FieldBinding.Of(definition) switch
        {
            AggregateBinding aggregates => aggregates.Counted,
            ClusterBinding clusters => clusters.Counted,
            _ => null,
        };
        if (counted is null)
        {
            return false;
        }

        // Counters cannot serve a creation time that is not a range either, such as one in an `or`.
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

    // Nested lists and counts: each repeats the query of the rows. Among a row's possible types, the largest number applies.
    private static int StatementsOf(IReadOnlyList<IReadOnlyList<CostedField>> alternatives) => alternatives.Count == 0 ? 0
        : alternatives.Max(fields => fields.Sum(f => (f.IsStatement ? 1 : 0) + f.Statements - 1));

    private static IEnumerable<IObjectGraphType> Possible(IGraphType type) => type switch
    {
        IObjectGraphType only => [only],
        IAbstractGraphType several => several.PossibleTypes,
        _ => [],
    };

    private CostedSize Size(ListSize size, CollectedField field, FieldType definition) =>
        new(
            [
                .. size.SlicingArguments
                    .Append(size.CountedArgument)
                    .OfType<string>()
                    .Select(name => Argument(field, definition, name))
                    .OfType<InputNode>(),
            ],
            size.SlicingDefault ?? size.AssumedSize,
            size.SizedFields.Length > 0 ? Limits.PageRowsMax : Limits.AggregateGroupsMax);

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
