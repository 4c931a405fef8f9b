using System.Text;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Statistics;
using CityHelper.Engine.Planning.Similar;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Writing;
using GraphQL;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Planning;

/// <summary>
/// Plans the selection of a root's rows: columns and joins into a <see cref="SelectPlan"/>, values into writers, nested lists into
/// statements.
/// </summary>
/// <param name="collector">Flattens selections.</param>
/// <param name="variables">A request's variables; only their signature is used.</param>
/// <param name="hasTenant">Whether each row is read alone. Only then may a row that is a tenant have nested roots.</param>
internal sealed class RowPlanner(SelectionCollector collector, VariableValues variables, bool hasTenant = false)
{
    private readonly List<StatementPlan> _statements = [];
    private readonly List<NestedPlan?> _nested = [];
    private readonly List<RootPlan> _nestedRoots = [];

    /// <summary>The statements planned so far. Nested lists precede the rows that contain them and need their JSON.</summary>
    public IReadOnlyList<StatementPlan> Statements => _statements;

    /// <summary>The nested lists planned so far, outer lists before those in them.</summary>
    public IReadOnlyList<NestedPlan> Nested => [.. _nested.Select(n => n!)];

    /// <summary>The connections and statistics nested in a row that is a tenant.</summary>
    public IReadOnlyList<RootPlan> NestedRoots => _nestedRoots;

    /// <summary>The number of the list that is being planned; -1 for the root's own rows.</summary>
    public int Parent { get; private set; } = -1;

    public void Add(StatementPlan statement)
    {
        if (_statements.Count == Limits.BatchStatementsMax)
        {
            throw new PlanException(new OperationTooLargeError(
                $"The operation needs more than {Limits.BatchStatementsMax} statements: select fewer lists."));
        }

        _statements.Add(statement);
    }

    /// <summary>Reserves the number of the next nested list before its contents are planned, so that outer lists are bound first.</summary>
    public int ReserveNested()
    {
        _nested.Add(null);
        return _nested.Count - 1;
    }

    public void SetNested(int number, NestedPlan plan) => _nested[number] = plan;

    /// <summary>Plans the contents of a nested list.</summary>
    public T Within<T>(int number, Func<T> plan)
    {
        (int outer, Parent) = (Parent, number);
        T planned = plan();
        Parent = outer;
        return planned;
    }

    /// <summary>The writer of one row.</summary>
    public ObjectWriter Row(SelectPlan select, IObjectGraphType type, IEnumerable<GraphQLSelectionSet> selectionSets) =>
        Object(select, SelectPlan.Row, select.Source.Entity, type, selectionSets, presence: -1);

    /// <summary>The writer of <c>__typename</c>.</summary>
    public static ConstantWriter TypeName(IGraphType type) => new(Encoding.UTF8.GetBytes($"\"{type.Name}\""));

    /// <summary>The writer of a field, given the writer of its value.</summary>
    public static FieldWriter Field(CollectedField field, bool nonNull, ValueWriter value) =>
        new(field.ResponseName, Encoding.UTF8.GetBytes($"\"{field.ResponseName}\":"), nonNull, value);

    /// <summary>The argument's node; null when it is not given.</summary>
    public InputNode? Argument(CollectedField field, FieldType definition, string name)
    {
        GraphQLArgument? given = field.First.Arguments?.FirstOrDefault(a => a.Name.Value == name);
        return given is null ? null : InputNode.Build(given.Value, definition.Arguments!.Find(name)!.ResolvedType!, variables);
    }

    /// <summary>The argument's node; null when it is not given or given as null.</summary>
    public InputNode? GivenArgument(CollectedField field, FieldType definition, string name) =>
        Argument(field, definition, name) is { IsNull: false } node ? node : null;

    /// <summary>The argument that names the tenant; null where there is none.</summary>
    public NamedTenant? Tenant(CollectedField field, FieldType definition, TenantArgument? argument) =>
        argument is null ? null : new NamedTenant(argument, Argument(field, definition, argument.Name)!);

    private ObjectWriter Object(
        SelectPlan select,
        string alias,
        EntityMap entity,
        IObjectGraphType type,
        IEnumerable<GraphQLSelectionSet> selectionSets,
        int presence)
    {
        FieldWriter[] fields = [.. collector.Collect(type, selectionSets).Select(field =>
        {
            if (field.Name == "__typename")
            {
                return Field(field, nonNull: true, TypeName(type));
            }

            FieldType definition = type.Fields.Find(field.Name)!;
            collector.NoteCache(definition);
            bool nonNull = definition.ResolvedType is NonNullGraphType;
            return Field(field, nonNull, Value(select, alias, entity, type, field, definition));
        })];
        return new ObjectWriter(fields, presence);
    }

    private ValueWriter Value(
        SelectPlan select, string alias, EntityMap entity, IObjectGraphType type, CollectedField field, FieldType definition)
    {
        switch (FieldBinding.Of(definition))
        {
            case ColumnBinding { Column: var column }:
                return Column(select, alias, column);
            case ExpressionBinding expression:
                return ColumnWriter.For(expression.ValueType, select.Expression(alias, expression.Sql(alias), expression.Columns));
            case GlobalIdBinding id:
                int key = select.Expression(alias, id.Entity.RowKey(alias), [id.Entity.RowColumn]);
                return new GlobalIdWriter(type.Name, id.Entity.TenantColumn is not null, key);
            case LogPositionBinding:
                return new LogPositionWriter(select.LogPosition(alias, entity));
            case GeometryBinding geometry:
                return Geometry(select, alias, entity, geometry, field, definition);
            case SameRowBinding:
                return Object(select, alias, entity, (IObjectGraphType)Named(definition), field.SelectionSets, presence: -1);
            case ReferenceBinding reference:
                return Referenced(select, select.Join(alias, reference), reference, field, definition);
            case KeyedRowBinding keyed:
                return Referenced(select, select.JoinByKey(alias, keyed.Row), keyed.Row, field, definition);
            case ChildrenBinding children:
                return Children(select, alias, children, type, field, definition);
            case AroundBinding around:
                return Around(select, alias, around, field, definition);
            case NestedConnectionBinding nested:
                return new ConnectionPlanner(this, collector).PlanNested(field, definition, nested, type, select, alias);
            case AggregateBinding aggregates:
                return NestedAggregates(aggregates, type, field, definition);
            case SimilarRowsBinding similar:
                return new SimilarPlanner(this, collector).PlanNested(field, definition, similar.By, type, select, alias);
            case TenantConnectionBinding connection:
                return NestedConnection(connection, type, field, definition);
            default:
                throw new InvalidOperationException($"{type.Name}.{field.Name} cannot be read.");
        }
    }

    private ObjectWriter Referenced(
        SelectPlan select, string joined, ReferenceBinding reference, CollectedField field, FieldType definition)
    {
        int presence = reference.Required ? -1 : select.Column(joined, reference.Target.RowColumn);
        return Object(select, joined, reference.Target, (IObjectGraphType)Named(definition), field.SelectionSets, presence);
    }

    private static ColumnWriter Column(SelectPlan select, string alias, ColumnMap column)
    {
        // As text, an enum's label is the GraphQL name, and its bytes go into the response.
        string cast = column.ValueType.IsEnum ? "::text" : "";
        return ColumnWriter.For(column.ValueType, select.Expression(alias, $"{alias}.{column.Name}{cast}", [column.Name]));
    }

    private ObjectWriter Geometry(
        SelectPlan select, string alias, EntityMap entity, GeometryBinding binding, CollectedField field, FieldType definition)
    {
        var type = (IObjectGraphType)Named(definition);
        List<CollectedField> parts = collector.Collect(type, field.SelectionSets);
        bool isRead = binding.Column.IsNullable || parts.Any(part => part.Name is "bbox" or "coordinates");
        InputNode? zoom = binding.Outlines is null ? null : GivenArgument(field, definition, GeometryBinding.ZoomArgument);
        GeometryColumns columns = isRead ? GeometryColumns.Select(select, alias, entity, binding, zoom) : GeometryColumns.None;
        FieldWriter[] fields = [.. parts.Select(part => Field(part, nonNull: true, part.Name switch
        {
            "__typename" => TypeName(type),
            "type" => new ConstantWriter(Encoding.UTF8.GetBytes($"\"{binding.Kind}\"")),
            "crs" => new ConstantWriter("4326"u8.ToArray()),
            "bbox" => columns.Box(),
            "coordinates" => columns.Coordinates(),
            _ => throw new InvalidOperationException($"{type.Name}.{part.Name} has no writer."),
        }))];
        return new ObjectWriter(fields, binding.Column.IsNullable ? columns.Presence : -1);
    }

    private NestedWriter Children(
        SelectPlan parents, string alias, ChildrenBinding binding, IObjectGraphType parentType, CollectedField field, FieldType definition)
    {
        int number = ReserveNested();
        var source = new NestedSource(new NestedQuestion(
            number, parents, alias, binding.ParentColumn, binding.Target, binding.ChildColumn, Connection: null, Descending: true));
        var select = new SelectPlan(source);
        int parentKey = select.Column(SelectPlan.Row, NestedSource.ParentKey);
        ObjectWriter row = Within(number, () => Row(select, (IObjectGraphType)Named(definition), field.SelectionSets));
        Add(new NestedStatement(number, select, parentKey, null, [row]));
        InputNode? last = Argument(field, definition, ChildrenBinding.LastArgument);
        SetNested(number, new NestedListPlan(Parent, last, $"{parentType.Name}.{definition.Name}"));
        return new NestedWriter(number, parents.Column(alias, binding.ParentColumn), new RowListWriter(0));
    }

    private NestedWriter Around(SelectPlan parents, string alias, AroundBinding binding, CollectedField field, FieldType definition)
    {
        int number = ReserveNested();
        var select = new SelectPlan(new AroundSource(parents, alias, binding));
        int parentKey = select.Column(SelectPlan.Row, AroundSource.ParentKey);
        ObjectWriter row = Within(number, () => Row(select, (IObjectGraphType)Named(definition), field.SelectionSets));
        Add(new NestedStatement(number, select, parentKey, null, [row]));
        SetNested(number, new AroundPlan(Parent));
        return new NestedWriter(number, parents.Column(alias, binding.RowColumn), new RowListWriter(0));
    }

    // Read like a separate root: its page, access path and cursors belong to the tenant, not to the row.
    private ValueWriter NestedConnection(TenantConnectionBinding binding, IObjectGraphType type, CollectedField field, FieldType definition)
    {
        if (!hasTenant)
        {
            return new RefusedWriter(new OneTenantError($"{type.Name}.{definition.Name}"));
        }

        var rows = new RowPlanner(collector, variables);
        _nestedRoots.Add(new ConnectionPlanner(rows, collector).Plan(field, definition, binding.Rows, type.Name, tenant: null));
        return new NestedRootWriter(_nestedRoots.Count - 1);
    }

    private ValueWriter NestedAggregates(AggregateBinding binding, IObjectGraphType type, CollectedField field, FieldType definition)
    {
        if (!hasTenant)
        {
            return new RefusedWriter(new OneTenantError($"{type.Name}.{definition.Name}"));
        }

        var rows = new RowPlanner(collector, variables);
        _nestedRoots.Add(new AggregatePlanner(rows, collector).Plan(field, definition, binding, type.Name));
        return new NestedRootWriter(_nestedRoots.Count - 1);
    }

    private static IGraphType Named(FieldType definition) => definition.ResolvedType!.GetNamedType();
}
