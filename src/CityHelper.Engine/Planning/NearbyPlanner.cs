using CityHelper.Engine.Bindings;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Types;
using GraphQL;
using GraphQL.Types;

namespace CityHelper.Engine.Planning;

/// <summary>Plans the rows around a position: one statement for the page, and one for what stands before it where that is asked.</summary>
internal sealed class NearbyPlanner(RowPlanner rows, SelectionCollector collector, PlanningContext context)
{
    private readonly List<ValueWriter> _outputs = [];
    private readonly HashSet<string> _selected = [];

    public RootPlan Plan(CollectedField field, FieldType definition, NearbyBinding binding, string parent)
    {
        ConnectionArguments arguments = ConnectionArguments.Of(rows, field, definition, binding.Rows, parent);
        var filter = new CompiledFilter(binding.Rows, arguments.Filter);
        var question = new NearbyQuestion(
            binding.Rows,
            arguments.Filter,
            rows.Argument(field, definition, NearbyBinding.PositionArgument)!,
            rows.Argument(field, definition, NearbyBinding.MetresArgument)!,
            arguments.After is not null);
        var source = new NearbySource(question);
        var select = new SelectPlan(source);
        int metres = select.Column(SelectPlan.Row, NearbySource.Metres);
        EntityMap entity = source.Entity;
        var place = new PlaceColumns(select.Expression(SelectPlan.Row, entity.RowKey(SelectPlan.Row), [entity.RowColumn]), metres, IsDouble: true);
        ObjectWriter writer = Connection(select, place, (IObjectGraphType)definition.ResolvedType!.GetNamedType(), field, binding.Rows.Row);
        rows.Add(new RootStatement(select, place, _outputs));
        bool needsCursors = _selected.Overlaps(["cursor", "startCursor", "endCursor"]);
        InputNode partition = rows.Argument(field, definition, binding.Partition.Name)!;
        return new NearbyPlan(
            Planner.Writer(field, definition, writer), question, arguments, (binding.Partition, partition), filter, context, needsCursors)
        {
            Statements = rows.Statements,
            Nested = rows.Nested,
            Below = rows.Below,
            Probes = question.HasAfter && _selected.Contains("hasPreviousPage")
                ? [new FigureStatement(source.ExistsSql, (page, reader) => page.HasRowsBefore = reader.GetBoolean(0), ofList: false)]
                : [],
        };
    }

    private ObjectWriter Connection(SelectPlan select, PlaceColumns place, IObjectGraphType type, CollectedField field, IObjectGraphType row) =>
        new([.. collector.Collect(type, field.SelectionSets).Select(part => part.Name switch
        {
            "__typename" => RowPlanner.Field(part, nonNull: true, RowPlanner.TypeName(type)),
            "pageInfo" => RowPlanner.Field(part, nonNull: true, PageInfo(type, part)),
            "nodes" => RowPlanner.Field(part, nonNull: false, Output(rows.Row(select, row, part.SelectionSets))),
            "edges" => RowPlanner.Field(part, nonNull: false, Output(Edge(select, place, type, part, row))),
            _ => throw new InvalidOperationException($"{type.Name}.{part.Name} has no writer."),
        })]);

    private RowListWriter Output(ValueWriter row)
    {
        _outputs.Add(row);
        return new RowListWriter(_outputs.Count - 1);
    }

    private ObjectWriter Edge(SelectPlan select, PlaceColumns place, IObjectGraphType connection, CollectedField field, IObjectGraphType row)
    {
        var edge = (IObjectGraphType)connection.Fields.Find("edges")!.ResolvedType!.GetNamedType();
        return new ObjectWriter([.. collector.Collect(edge, field.SelectionSets).Select(part => Selected(part) switch
        {
            "__typename" => RowPlanner.Field(part, nonNull: true, RowPlanner.TypeName(edge)),
            "cursor" => RowPlanner.Field(part, nonNull: true, new CursorWriter(place)),
            NearbyEdgeType.Distance => RowPlanner.Field(part, nonNull: true, ColumnWriter.For(typeof(double), place.Value)),
            "node" => RowPlanner.Field(part, nonNull: true, rows.Row(select, row, part.SelectionSets)),
            _ => throw new InvalidOperationException($"{edge.Name}.{part.Name} has no writer."),
        })]);
    }

    private ObjectWriter PageInfo(IObjectGraphType connection, CollectedField field)
    {
        var type = (IObjectGraphType)connection.Fields.Find("pageInfo")!.ResolvedType!.GetNamedType();
        return new ObjectWriter([.. collector.Collect(type, field.SelectionSets).Select(part => Selected(part) == "__typename"
            ? RowPlanner.Field(part, nonNull: true, RowPlanner.TypeName(type))
            : RowPlanner.Field(part, nonNull: part.Name is not ("startCursor" or "endCursor"), new PageInfoWriter(part.Name)))]);
    }

    private string Selected(CollectedField part)
    {
        _selected.Add(part.Name);
        return part.Name;
    }
}
