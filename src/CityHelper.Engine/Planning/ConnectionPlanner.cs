using CityHelper.Engine.Bindings;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Types;
using GraphQL;
using GraphQL.Types;

namespace CityHelper.Engine.Planning;

/// <summary>Plans a connection: one statement for its rows whatever places they are selected in, and one for the count.</summary>
internal sealed class ConnectionPlanner(RowPlanner rows, SelectionCollector collector, CursorKeys cursorKeys)
{
    private readonly List<ValueWriter> _outputs = [];
    private bool _countSelected;
    private bool _cursorSelected;

    public RootPlan Plan(CollectedField field, FieldType definition, ConnectionBinding binding)
    {
        ConnectionArguments arguments = Arguments(field, definition, binding);
        var filterType = (FilterInput)definition.Arguments!.Find(ConnectionBinding.FilterArgument)!.ResolvedType!;
        var source = new ConnectionSource(
            binding, filterType, arguments.Filter, arguments.Area is not null, arguments.Ascending, arguments.After is not null);
        var select = new SelectPlan(source);
        int key = select.Column(SelectPlan.Row, binding.Entity.RowColumn);
        ObjectWriter connection = Connection(select, key, (IObjectGraphType)definition.ResolvedType!.GetNamedType(), field, binding.Row);
        rows.Add(new RootStatement(select, key, _outputs));
        return new ConnectionPlan(
            Planner.Writer(field, definition, connection), rows.Statements, binding, arguments, cursorKeys, _cursorSelected)
        {
            Count = _countSelected ? new CountStatement(source) : null,
        };
    }

    private ConnectionArguments Arguments(CollectedField field, FieldType definition, ConnectionBinding binding)
    {
        InputNode? Given(string name)
        {
            InputNode? node = rows.Argument(field, definition, name);
            return node is null || node.IsNull ? null : node;
        }

        return new ConnectionArguments(
            $"Query.{definition.Name}",
            Given(ConnectionBinding.FirstArgument),
            Given(ConnectionBinding.AfterArgument),
            Given(binding.Partition.Name)!,
            Given(ConnectionBinding.AreaArgument),
            Given(ConnectionBinding.FilterArgument),
            IsAscending(Given(ConnectionBinding.OrderArgument)));
    }

    // The one key there is to sort by; where it is named twice the first one counts. Nothing named: newest first.
    private static bool IsAscending(InputNode? order) =>
        (order as ListNode)?.Items.OfType<ObjectNode>()
            .SelectMany(o => o.Members.Values)
            .OfType<FixedNode>()
            .Select(d => d.Value)
            .OfType<string>()
            .FirstOrDefault() == SortEnumType.Ascending;

    private ObjectWriter Connection(SelectPlan select, int key, IObjectGraphType type, CollectedField field, IObjectGraphType row)
    {
        return new ObjectWriter([.. collector.Collect(type, field.SelectionSets).Select(part => part.Name switch
        {
            "__typename" => RowPlanner.Field(part, nonNull: true, RowPlanner.TypeName(type)),
            "pageInfo" => RowPlanner.Field(part, nonNull: true, PageInfo(type, part)),
            "nodes" => RowPlanner.Field(part, nonNull: false, Output(rows.Row(select, row, part.SelectionSets))),
            "edges" => RowPlanner.Field(part, nonNull: false, Output(Edge(select, key, type, part, row))),
            "totalCount" => RowPlanner.Field(part, nonNull: true, TotalCount()),
            _ => throw new InvalidOperationException($"{type.Name}.{part.Name} has no writer."),
        })]);
    }

    private RowListWriter Output(ValueWriter row)
    {
        _outputs.Add(row);
        return new RowListWriter(_outputs.Count - 1);
    }

    private ObjectWriter Edge(SelectPlan select, int key, IObjectGraphType connection, CollectedField field, IObjectGraphType row)
    {
        var edge = (IObjectGraphType)connection.Fields.Find("edges")!.ResolvedType!.GetNamedType();
        return new ObjectWriter([.. collector.Collect(edge, field.SelectionSets).Select(part => part.Name switch
        {
            "__typename" => RowPlanner.Field(part, nonNull: true, RowPlanner.TypeName(edge)),
            "cursor" => RowPlanner.Field(part, nonNull: true, Cursor(key)),
            "node" => RowPlanner.Field(part, nonNull: true, rows.Row(select, row, part.SelectionSets)),
            _ => throw new InvalidOperationException($"{edge.Name}.{part.Name} has no writer."),
        })]);
    }

    private CursorWriter Cursor(int key)
    {
        _cursorSelected = true;
        return new CursorWriter(key);
    }

    private TotalCountWriter TotalCount()
    {
        _countSelected = true;
        return new TotalCountWriter();
    }

    private ObjectWriter PageInfo(IObjectGraphType connection, CollectedField field)
    {
        var type = (IObjectGraphType)connection.Fields.Find("pageInfo")!.ResolvedType!.GetNamedType();
        return new ObjectWriter([.. collector.Collect(type, field.SelectionSets).Select(part =>
        {
            if (part.Name == "__typename")
            {
                return RowPlanner.Field(part, nonNull: true, RowPlanner.TypeName(type));
            }

            bool isCursor = part.Name is "startCursor" or "endCursor";
            _cursorSelected |= isCursor;
            return RowPlanner.Field(part, nonNull: !isCursor, new PageInfoWriter(part.Name));
        })]);
    }
}
