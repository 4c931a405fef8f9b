using CityHelper.Engine.Schema;
using CityHelper.Engine.Writing;
using GraphQL;
using GraphQL.Types;

namespace CityHelper.Engine.Planning.Connections;

/// <summary>The writers of a connection. Its rows are read once, wherever they are selected.</summary>
/// <param name="rows">Plans the rows.</param>
/// <param name="collector">Finds what is selected.</param>
internal sealed class ConnectionWriters(RowPlanner rows, SelectionCollector collector)
{
    private readonly List<ValueWriter> _outputs = [];
    private readonly HashSet<string> _selected = [];

    /// <summary>The writers of each row: one for each selection of <c>nodes</c> and of <c>edges</c>.</summary>
    public List<ValueWriter> Outputs => _outputs;

    /// <summary>Whether cursors are selected.</summary>
    public bool NeedsCursors => _selected.Overlaps(["cursor", "startCursor", "endCursor"]);

    /// <summary>Whether a field of the connection, of its edges or of its <c>pageInfo</c> is selected.</summary>
    public bool Selects(string field) => _selected.Contains(field);

    /// <summary>The writer of a connection.</summary>
    /// <param name="select">The statement of its rows.</param>
    /// <param name="keyset">The columns of a row's keyset position in it.</param>
    /// <param name="type">The connection's type.</param>
    /// <param name="field">The field.</param>
    /// <param name="row">The type of its rows.</param>
    public ObjectWriter Connection(
        SelectPlan select, KeysetColumns keyset, IObjectGraphType type, CollectedField field, IObjectGraphType row) =>
        new([.. collector.Collect(type, field.SelectionSets).Select(part => Selected(part) switch
        {
            "__typename" => RowPlanner.Field(part, nonNull: true, RowPlanner.TypeName(type)),
            "pageInfo" => RowPlanner.Field(part, nonNull: true, PageInfo(type, part)),
            "nodes" => RowPlanner.Field(part, nonNull: false, Output(rows.Row(select, row, part.SelectionSets))),
            "edges" => RowPlanner.Field(part, nonNull: false, Output(Edge(select, keyset, type, part, row))),
            "totalCount" => RowPlanner.Field(part, nonNull: true, new TotalCountWriter()),
            _ => throw new InvalidOperationException($"{type.Name}.{part.Name} has no writer."),
        })]);

    private RowListWriter Output(ValueWriter row)
    {
        _outputs.Add(row);
        return new RowListWriter(_outputs.Count - 1);
    }

    private ObjectWriter Edge(
        SelectPlan select, KeysetColumns keyset, IObjectGraphType connection, CollectedField field, IObjectGraphType row)
    {
        var edge = (IObjectGraphType)connection.Fields.Find("edges")!.ResolvedType!.GetNamedType();
        return new ObjectWriter([.. collector.Collect(edge, field.SelectionSets).Select(part => Selected(part) switch
        {
            "__typename" => RowPlanner.Field(part, nonNull: true, RowPlanner.TypeName(edge)),
            "cursor" => RowPlanner.Field(part, nonNull: true, new CursorWriter(keyset)),
            NearbyEdgeType.Distance => RowPlanner.Field(part, nonNull: true, ColumnWriter.For(typeof(double), keyset.Value)),
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
