using System.Text;
using CityHelper.Engine.Bindings;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Operations;
using GraphQL;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Planning;

/// <summary>Plans what is selected of rows: columns and joins into a <see cref="SelectPlan"/>, values into writers, nested lists into statements.</summary>
internal sealed class RowPlanner(SelectionCollector collector, VariableValues variables)
{
    private readonly List<StatementPlan> _statements = [];

    /// <summary>The statements planned so far, nested lists before the rows that hold them: their JSON is needed there.</summary>
    public IReadOnlyList<StatementPlan> Statements => _statements;

    public void Add(StatementPlan statement)
    {
        if (_statements.Count == Limits.BatchStatementsMax)
        {
            throw new PlanException(new OperationTooLargeError(
                $"The operation needs more than {Limits.BatchStatementsMax} statements: select fewer lists."));
        }

        _statements.Add(statement);
    }

    /// <summary>The writer of one row.</summary>
    public ObjectWriter Row(SelectPlan select, IObjectGraphType type, IEnumerable<GraphQLSelectionSet> selectionSets) =>
        Object(select, SelectPlan.Row, select.Source.Entity, type, selectionSets, presence: -1);

    /// <summary>The writer of <c>__typename</c>.</summary>
    public static ConstantWriter TypeName(IGraphType type) => new(Encoding.UTF8.GetBytes($"\"{type.Name}\""));

    /// <summary>The writer of a field, given that of its value.</summary>
    public static FieldWriter Field(CollectedField field, bool nonNull, ValueWriter value) =>
        new(field.ResponseName, Encoding.UTF8.GetBytes($"\"{field.ResponseName}\":"), nonNull, value);

    /// <summary>The argument's node, null when it is not given.</summary>
    public InputNode? Argument(CollectedField field, FieldType definition, string name)
    {
        GraphQLArgument? given = field.First.Arguments?.FirstOrDefault(a => a.Name.Value == name);
        return given is null ? null : InputNode.Build(given.Value, definition.Arguments!.Find(name)!.ResolvedType!, variables);
    }

    private ObjectWriter Object(
        SelectPlan select, string alias, EntityMap entity, IObjectGraphType type, IEnumerable<GraphQLSelectionSet> selectionSets, int presence)
    {
        FieldWriter[] fields = [.. collector.Collect(type, selectionSets).Select(field =>
        {
            if (field.Name == "__typename")
            {
                return Field(field, nonNull: true, TypeName(type));
            }

            FieldType definition = type.Fields.Find(field.Name)!;
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
                return new GlobalIdWriter(type.Name, id.Entity.PartitionColumn is not null, key);
            case PointBinding { Column: var column }:
                return Point(select, alias, column.Name, (IObjectGraphType)Named(definition), field);
            case SameRowBinding:
                return Object(select, alias, entity, (IObjectGraphType)Named(definition), field.SelectionSets, presence: -1);
            case ReferenceBinding reference:
                string joined = select.Join(alias, reference);
                int presence = reference.Required ? -1 : select.Column(joined, reference.Target.RowColumn);
                return Object(select, joined, reference.Target, (IObjectGraphType)Named(definition), field.SelectionSets, presence);
            case ChildrenBinding children when alias == SelectPlan.Row:
                return Children(select, children, type, field, definition);
            default:
                throw new InvalidOperationException($"{type.Name}.{field.Name} cannot be read in this place.");
        }
    }

    private static ColumnWriter Column(SelectPlan select, string alias, ColumnMap column)
    {
        // As text, an enum's label is the GraphQL name and its bytes are the answer's.
        string cast = column.ValueType.IsEnum ? "::text" : "";
        return ColumnWriter.For(column.ValueType, select.Expression(alias, $"{alias}.{column.Name}{cast}", [column.Name]));
    }

    private ObjectWriter Point(SelectPlan select, string alias, string column, IObjectGraphType type, CollectedField field)
    {
        int longitude = select.Expression(alias, $"st_x({alias}.{column})", [column]);
        int latitude = select.Expression(alias, $"st_y({alias}.{column})", [column]);
        FieldWriter[] fields = [.. collector.Collect(type, field.SelectionSets).Select(part => Field(part, nonNull: true, part.Name switch
        {
            "__typename" => TypeName(type),
            "type" => new ConstantWriter("\"Point\""u8.ToArray()),
            "crs" => new ConstantWriter("4326"u8.ToArray()),
            "bbox" => new PointPartWriter(PointPart.Box, longitude, latitude),
            "coordinates" => new PointPartWriter(PointPart.Coordinates, longitude, latitude),
            _ => throw new InvalidOperationException($"{type.Name}.{part.Name} has no writer."),
        }))];
        return new ObjectWriter(fields, presence: longitude);
    }

    private ChildListWriter Children(
        SelectPlan parents, ChildrenBinding binding, IObjectGraphType parentType, CollectedField field, FieldType definition)
    {
        InputNode? last = Argument(field, definition, ChildrenBinding.LastArgument);
        string coordinate = $"{parentType.Name}.{definition.Name}";

        // Clamped, because the statement runs even when the argument is refused: other fields of the batch need theirs.
        var source = new ChildSource(parents.Source, binding, run =>
            StatementBuilder.Integer(Math.Clamp(PageArguments.Rows(last, run), 0, Limits.PageRowsMax)));
        var select = new SelectPlan(source);
        int parentKey = select.Column(SelectPlan.Row, ChildSource.ParentKey);
        ObjectWriter row = Row(select, (IObjectGraphType)Named(definition), field.SelectionSets);
        int number = _statements.Count;
        Add(new ChildStatement(number, select, parentKey, row));
        return new ChildListWriter(
            number,
            parents.Column(SelectPlan.Row, binding.ParentColumn),
            run => PageArguments.Check(ChildrenBinding.LastArgument, PageArguments.Rows(last, run), coordinate));
    }

    private static IGraphType Named(FieldType definition) => definition.ResolvedType!.GetNamedType();
}

/// <summary>The arguments that bound a list.</summary>
internal static class PageArguments
{
    public static int Rows(InputNode? argument, RootRun run) => argument?.Evaluate(run.Variables) as int? ?? Limits.PageRowsDefault;

    public static RequestError? Check(string argument, int rows, string coordinate) => rows switch
    {
        < 0 => new PageSizeNegativeError(argument, coordinate),
        > Limits.PageRowsMax => new PageTooLargeError(coordinate, rows),
        _ => null,
    };
}
