using CityHelper.Engine.Documents;
using CityHelper.Engine.Schema;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Planning;

/// <summary>A field of a response object: all selections of the document that share its response name (GraphQL spec 6.3.2).</summary>
/// <param name="ResponseName">Alias or name.</param>
/// <param name="Name">The field's name in the schema.</param>
/// <param name="Nodes">The merged selections. Validation has checked that their arguments agree, so those of the first are used.</param>
internal sealed record CollectedField(string ResponseName, string Name, List<GraphQLField> Nodes)
{
    public GraphQLField First => Nodes[0];

    /// <summary>The selection sets of all merged selections.</summary>
    public IEnumerable<GraphQLSelectionSet> SelectionSets => Nodes.Select(n => n.SelectionSet).OfType<GraphQLSelectionSet>();
}

/// <summary>Flattens fragments and applies <c>@skip</c> and <c>@include</c>: which fields a response object has, in which order.</summary>
/// <param name="operation">The operation.</param>
/// <param name="schema">The schema.</param>
/// <param name="variables">A request's variables.</param>
/// <param name="tables">Records the tables that the collected fields read; null where nobody needs them.</param>
internal sealed class SelectionCollector(Operation operation, ISchema schema, VariableValues variables, TablesRead? tables = null)
{
    private static readonly NonNullGraphType s_condition = new(new BooleanGraphType());

    /// <summary>How many fields were collected so far.</summary>
    public int Fields { get; private set; }

    /// <summary>
    /// How long a response with all collected fields may be cached; null when no field has a policy, and always for a mutation.
    /// </summary>
    public CachePolicy? Cache { get; private set; }

    /// <summary>Applies a field's cache policy. The shortest times of a response's fields win; a field without any inherits.</summary>
    public void NoteCache(FieldType definition)
    {
        if (operation.Definition.Operation == OperationType.Query && CachePolicy.Of(definition) is { } policy)
        {
            Cache = Cache is null ? policy : Cache.And(policy);
        }
    }

    /// <summary>Applies the cache policy of a root field. Without any, it has nothing to inherit: its response is not cached.</summary>
    public void NoteRootCache(FieldType definition)
    {
        NoteCache(definition);
        Cache = CachePolicy.Of(definition) is null ? CachePolicy.None : Cache;
    }

    /// <summary>Collects the fields of an object type.</summary>
    /// <exception cref="PlanException">More than <see cref="Limits.PlannedFieldsMax"/> fields in the whole plan.</exception>
    public List<CollectedField> Collect(IObjectGraphType type, IEnumerable<GraphQLSelectionSet> selectionSets)
    {
        var fields = new List<CollectedField>();
        var visited = new HashSet<string>(StringComparer.Ordinal);
        foreach (GraphQLSelectionSet selectionSet in selectionSets)
        {
            Collect(type, selectionSet, fields, visited);
        }

        tables?.Note(type, fields);
        return fields;
    }

    private void Collect(IObjectGraphType type, GraphQLSelectionSet selectionSet, List<CollectedField> fields, HashSet<string> visited)
    {
        foreach (ASTNode selection in selectionSet.Selections)
        {
            if (!IsIncluded((IHasDirectivesNode)selection))
            {
                continue;
            }

            switch (selection)
            {
                case GraphQLField field:
                    Add(fields, field);
                    break;
                case GraphQLInlineFragment inline when Applies(type, inline.TypeCondition):
                    Collect(type, inline.SelectionSet, fields, visited);
                    break;
                case GraphQLFragmentSpread spread when visited.Add(spread.FragmentName.Name.StringValue):
                    GraphQLFragmentDefinition fragment = operation.Fragments[spread.FragmentName.Name.StringValue];
                    if (Applies(type, fragment.TypeCondition))
                    {
                        Collect(type, fragment.SelectionSet, fields, visited);
                    }

                    break;
            }
        }
    }

    private void Add(List<CollectedField> fields, GraphQLField field)
    {
        if (++Fields > Limits.PlannedFieldsMax)
        {
            throw new PlanException(new OperationTooLargeError(
                $"The operation selects more than {Limits.PlannedFieldsMax} fields once fragments are expanded: select fewer."));
        }

        string name = field.Name.StringValue;
        string responseName = field.Alias?.Name.StringValue ?? name;
        CollectedField? known = fields.Find(f => f.ResponseName == responseName);
        if (known is null)
        {
            fields.Add(new CollectedField(responseName, name, [field]));
        }
        else
        {
            known.Nodes.Add(field);
        }
    }

    private bool IsIncluded(IHasDirectivesNode node) =>
        !DirectiveHolds(node, "skip", otherwise: false) && DirectiveHolds(node, "include", otherwise: true);

    private bool DirectiveHolds(IHasDirectivesNode node, string name, bool otherwise)
    {
        GraphQLDirective? directive = node.Directives?.FirstOrDefault(d => d.Name.Value == name);
        GraphQLArgument? condition = directive?.Arguments?.FirstOrDefault(a => a.Name.Value == "if");
        return condition is null
            ? otherwise
            : InputNode.Build(condition.Value, s_condition, variables)?.Evaluate(variables) is true;
    }

    private bool Applies(IObjectGraphType type, GraphQLTypeCondition? condition)
    {
        if (condition is null || condition.Type.Name.Value == type.Name)
        {
            return true;
        }

        return schema.AllTypes[condition.Type.Name] is IAbstractGraphType { PossibleTypes: { } possible } && possible.Contains(type);
    }
}
