using CityHelper.Engine.Bindings;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Types;
using GraphQL;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Operations;

/// <summary>
/// The tables that an operation may read: walks what is selected, and what its arguments or the types of its variables can ask for. No table is read that is not
/// among them; whether one is depends on the variables.
/// </summary>
/// <param name="schema">The schema.</param>
/// <param name="operation">The operation.</param>
/// <param name="variables">Its usual variables.</param>
internal sealed class OperationReads(ISchema schema, Operation operation, VariableValues variables)
{
    private readonly SelectionCollector _collector = new(operation, schema, variables);
    private readonly SortedSet<string> _tables = new(StringComparer.Ordinal);
    private readonly HashSet<string> _inputs = new(StringComparer.Ordinal);
    private ConnectionRows? _rows;

    /// <summary>The tables, by name.</summary>
    /// <exception cref="PlanException">The operation selects more fields than allowed.</exception>
    public IReadOnlyList<string> Find()
    {
        Walk(operation.Root, [operation.Definition.SelectionSet]);
        return [.. _tables];
    }

    private void Walk(IObjectGraphType type, IEnumerable<GraphQLSelectionSet> selections)
    {
        foreach (CollectedField field in _collector.Collect(type, selections).Where(field => !field.Name.StartsWith("__", StringComparison.Ordinal)))
        {
            FieldType definition = type.Fields.Find(field.Name)!;
            FieldBinding? binding = FieldBinding.Of(definition);
            Field(binding, definition, field);
            _rows = RowsOf(binding) ?? _rows;
            foreach (GraphQLArgument argument in field.First.Arguments ?? Enumerable.Empty<GraphQLArgument>())
            {
                Input(argument.Value, definition.Arguments!.Find(argument.Name)!.ResolvedType!);
            }

            Below(definition.ResolvedType!.GetNamedType(), field);
        }
    }

    private void Below(IGraphType type, CollectedField field)
    {
        switch (type)
        {
            case IObjectGraphType row:
                Walk(row, field.SelectionSets);
                break;
            case IAbstractGraphType several:
                foreach (IObjectGraphType possible in several.PossibleTypes)
                {
                    // An id may be of any of them, and its row is looked up whatever is selected of it.
                    Entity(possible);
                    Walk(possible, field.SelectionSets);
                }

                break;
        }
    }

    private void Field(FieldBinding? binding, FieldType definition, CollectedField field)
    {
        switch (binding)
        {
            case GeometryBinding { Outlines: { } outlines } when Has(field, GeometryBinding.ZoomArgument):
                _tables.Add(outlines.Entity.Table);
                break;
            case RowOfPartitionBinding row when Has(field, row.External.Argument):
                _tables.Add(row.External.Table);
                break;
            case AroundBinding around:
                _tables.Add(around.Parts.Entity.Table);
                break;
            case SimilarToDraftBinding draft:
                _tables.UnionWith([draft.By.Access.Entity.Table, draft.By.Groups.Table]);
                break;
            case SimilarRowsBinding similar:
                _tables.Add(similar.By.Access.Entity.Table);
                break;
            case FigureBinding figures:
                Counters(figures.Counted);
                if (figures.Counted.Counters.Areas is { } areas && (figures.OfArea || Has(field, ConnectionBinding.AreaArgument)))
                {
                    _tables.UnionWith([areas.Months, areas.Counts]);
                }

                if (figures.OfArea || Has(field, ConnectionBinding.AreaArgument))
                {
                    _tables.Add(figures.Counted.Counters.Packs.Table);
                }

                break;
            case ClusterBinding clusters:
                Counters(clusters.Counted);
                break;
            case ChildrenBinding children:
                _tables.Add(children.Target.Table);
                break;
        }

        if (RowsOf(binding) is { } rows)
        {
            _tables.Add(rows.Access.Entity.Table);
        }

        if (definition.ResolvedType!.GetNamedType() is IObjectGraphType type && binding is not SameRowBinding)
        {
            Entity(type);
        }
    }

    /// <summary>The rows that the arguments of a field ask for.</summary>
    private static ConnectionRows? RowsOf(FieldBinding? binding) => binding switch
    {
        ConnectionBinding connection => connection.Rows,
        PartitionConnectionBinding connection => connection.Rows,
        NestedConnectionBinding connection => connection.Rows,
        NearbyBinding nearby => nearby.Rows,
        FigureBinding figures => figures.Counted.Rows,
        ClusterBinding clusters => clusters.Counted.Rows,
        _ => null,
    };

    private void Counters(CountedRows counted) =>
        _tables.UnionWith([counted.Counters.Counts, counted.Counters.Deltas, counted.Counters.DoneCounts]);

    // The table of a type of rows is that of its id; rows without an id come with a binding that names theirs.
    private void Entity(IObjectGraphType type)
    {
        if (type.Fields.Select(FieldBinding.Of).OfType<GlobalIdBinding>().FirstOrDefault() is { } id)
        {
            _tables.Add(id.Entity.Table);
        }
    }

    private static bool Has(CollectedField field, string argument) => field.First.Arguments?.Any(a => a.Name.Value == argument) == true;

    // A variable may hold whatever its type allows, a literal only what it names.
    private void Input(GraphQLValue value, IGraphType type)
    {
        switch (value)
        {
            case GraphQLVariable:
                Whatever(type.GetNamedType());
                break;
            case GraphQLListValue list:
                list.Values?.ForEach(item => Input(item, type.GetNamedType()));
                break;
            case GraphQLObjectValue members when type.GetNamedType() is IInputObjectGraphType input:
                foreach (GraphQLObjectField member in members.Fields ?? [])
                {
                    Member(input, member.Name.StringValue);
                    Input(member.Value, input.Fields.Find(member.Name)!.ResolvedType!);
                }

                break;
        }
    }

    private void Whatever(IGraphType type)
    {
        if (type is not IInputObjectGraphType input || !_inputs.Add(input.Name))
        {
            return;
        }

        foreach (FieldType member in input.Fields)
        {
            Member(input, member.Name);
            Whatever(member.ResolvedType!.GetNamedType());
        }
    }

    private void Member(IInputObjectGraphType input, string member)
    {
        FieldType? target = input switch
        {
            FilterInput filter when member is not (JoiningFilterInput.And or JoiningFilterInput.Or) => filter.Target(member),
            SortInput sort => sort.Target(member),
            _ => null,
        };
        RowAccess? access = _rows?.Access;
        switch (target is null ? null : FieldBinding.Of(target))
        {
            case ColumnBinding { Column.Name: var column } when input is FilterInput { RowName: var row } && row == _rows?.Row.Name && column == access?.External?.Property:
                _tables.Add(access.External.Table);
                break;
            case ReferenceBinding reference:
                _tables.Add(reference.Target.Table);
                break;
            case ChildrenBinding children:
                _tables.Add(children.Target.Table);
                break;
            case null when input is AreaInput && member == AreaInput.Boundary && access?.Grid?.Areas is { } areas:
                Entity((IObjectGraphType)schema.AllTypes[areas.TypeName]!);
                break;
        }
    }
}
