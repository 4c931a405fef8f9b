using GraphQL;
using GraphQL.Types;

namespace CityHelper.Engine.Schema.Bindings;

/// <summary>
/// How the planner reads a field. It is set once where the field is declared (see <see cref="EntityType{T}"/>) and kept in the field's
/// metadata. A field without a binding cannot be planned, which stops the server at start.
/// </summary>
public abstract record FieldBinding
{
    private const string MetadataKey = "CityHelper.Binding";

    /// <summary>The tables that the field itself reads, without those of its nested fields.</summary>
    internal virtual IReadOnlyList<TableRead> Tables => [];

    /// <summary>The rows that the field's arguments page, filter and sort; null without such arguments.</summary>
    public virtual ConnectionRows? ListedRows => null;

    /// <summary>The binding of a field, or null.</summary>
    public static FieldBinding? Of(FieldType field) => field.GetMetadata<FieldBinding?>(MetadataKey);

    internal FieldType AttachTo(FieldType field)
    {
        field.WithMetadata(MetadataKey, this);
        return field;
    }
}

/// <summary>A table that a field reads.</summary>
/// <param name="Table">Its name.</param>
/// <param name="Argument">The argument that makes the field read it; null if the field always does.</param>
internal sealed record TableRead(string Table, string? Argument = null);

/// <summary>A column of the row.</summary>
public sealed record ColumnBinding(ColumnMap Column) : FieldBinding;

/// <summary>A value that SQL computes from the row.</summary>
/// <param name="Sql">SQL of the value, given the row's alias.</param>
/// <param name="Columns">The columns it reads.</param>
/// <param name="ValueType">The CLR type that the expression reads as.</param>
public sealed record ExpressionBinding(Func<string, string> Sql, IReadOnlyList<string> Columns, Type ValueType) : FieldBinding;

/// <summary>The row's global id: Base64 of <c>Type:tenant:row</c>. It counts as a read of the table of its type's rows.</summary>
public sealed record GlobalIdBinding(EntityMap Entity) : FieldBinding
{
    internal override IReadOnlyList<TableRead> Tables => [new(Entity.Table)];
}

/// <summary>A geometry column as a GeoJSON object (RFC 7946).</summary>
/// <param name="Column">The column, SRID 4326.</param>
/// <param name="Kind">Its kind in GeoJSON: <c>MultiPolygon</c>.</param>
/// <param name="Outlines">The table of the geometry with fewer vertices, for the argument <c>zoom</c>; null without it.</param>
public sealed record GeometryBinding(ColumnMap Column, string Kind, OutlineTable? Outlines = null) : FieldBinding
{
    /// <summary>The argument that selects an outline.</summary>
    public const string ZoomArgument = "zoom";

    internal override IReadOnlyList<TableRead> Tables => Outlines is null ? [] : [new(Outlines.Entity.Table, ZoomArgument)];

    /// <summary>Whether it is a single position, so that rows can be filtered by longitude and latitude.</summary>
    public bool IsPoint => Kind == "Point";
}

/// <summary>A table of geometries with fewer vertices, by zoom.</summary>
/// <param name="Entity">The table, whose primary key is tenant column, <paramref name="RowColumn"/> and
/// <paramref name="ZoomColumn"/>.</param>
/// <param name="RowColumn">The column with the row's key.</param>
/// <param name="ZoomColumn">The column of the zoom.</param>
/// <param name="GeometryColumn">The column of the geometry.</param>
public sealed record OutlineTable(EntityMap Entity, string RowColumn, string ZoomColumn, string GeometryColumn);

/// <summary>An object whose fields are read from the same row, such as a rectangle from a polygon column.</summary>
public sealed record SameRowBinding : FieldBinding;

/// <summary>At most one row of another table.</summary>
/// <param name="Target">The other table.</param>
/// <param name="Keys">Pairs of (column here, column there), without the tenant column.</param>
/// <param name="Required">Whether the row always exists.</param>
public sealed record ReferenceBinding(EntityMap Target, IReadOnlyList<(string Here, string There)> Keys, bool Required) : FieldBinding
{
    internal override IReadOnlyList<TableRead> Tables => [new(Target.Table)];
}

/// <summary>
/// At most one row of a large table, whose key a column holds without a foreign key. It is looked up by its key for each row of a page, and
/// rows are neither filtered nor sorted by it.
/// </summary>
/// <param name="Row">The column and the other table.</param>
public sealed record KeyedRowBinding(ReferenceBinding Row) : FieldBinding
{
    internal override IReadOnlyList<TableRead> Tables => Row.Tables;
}

/// <summary>The newest rows of another table that reference this row, oldest of them first.</summary>
/// <param name="Target">The other table.</param>
/// <param name="ParentColumn">The column here that <paramref name="ChildColumn"/> references.</param>
/// <param name="ChildColumn">The referencing column there.</param>
public sealed record ChildrenBinding(EntityMap Target, string ParentColumn, string ChildColumn) : FieldBinding
{
    /// <summary>The argument that bounds the list.</summary>
    public const string LastArgument = "last";

    internal override IReadOnlyList<TableRead> Tables => [new(Target.Table)];
}

/// <summary>A connection over the rows of another table that reference each row, with one statement for all parents.</summary>
/// <param name="Rows">The rows.</param>
/// <param name="ParentColumn">The column here that <paramref name="ChildColumn"/> references.</param>
/// <param name="ChildColumn">The referencing column there; an index returns its rows in the order of their keys.</param>
public sealed record NestedConnectionBinding(ConnectionRows Rows, string ParentColumn, string ChildColumn) : FieldBinding
{
    internal override IReadOnlyList<TableRead> Tables => Rows.Tables;

    public override ConnectionRows ListedRows => Rows;
}

/// <summary>A connection over the rows of the tenant that the row represents, read like a field of <c>Query</c>.</summary>
/// <param name="Rows">The rows.</param>
/// <param name="OfArea">Whether the row represents an area of its tenant; then the rows are those in the area.</param>
public sealed record TenantConnectionBinding(ConnectionRows Rows, bool OfArea = false) : FieldBinding
{
    internal override IReadOnlyList<TableRead> Tables => Rows.Tables;

    public override ConnectionRows ListedRows => Rows;
}

/// <summary>The rows of another table whose areas contain the row's point, edges included; one statement for all rows.</summary>
/// <param name="Target">The other table.</param>
/// <param name="RowColumn">The row's key here.</param>
/// <param name="PointColumn">The point here.</param>
/// <param name="AreaColumn">The area there.</param>
/// <param name="Parts">The pieces of the areas, through which areas are found.</param>
/// <param name="OrderBy">The columns there that the list is ordered by, before the key.</param>
public sealed record AroundBinding(
    EntityMap Target,
    string RowColumn,
    string PointColumn,
    string AreaColumn,
    PartTable Parts,
    IReadOnlyList<ColumnMap> OrderBy) : FieldBinding
{
    internal override IReadOnlyList<TableRead> Tables => [new(Target.Table), new(Parts.Entity.Table)];
}

/// <summary>A table of pieces of areas, with a spatial index.</summary>
/// <param name="Entity">The table.</param>
/// <param name="RowColumn">The column with the key of the area's row.</param>
/// <param name="GeometryColumn">The column of the piece.</param>
public sealed record PartTable(EntityMap Entity, string RowColumn, string GeometryColumn);

/// <summary>Marks fields for the generated sort inputs: an allow-list of fields that an index orders.</summary>
public static class SortableExtensions
{
    private const string MetadataKey = "CityHelper.Sortable";

    /// <summary>Offers the field to <c>order</c>. A reference offers the sortable fields of its row.</summary>
    public static FieldType Sortable(this FieldType field)
    {
        field.WithMetadata(MetadataKey, true);
        return field;
    }

    internal static bool IsSortable(this FieldType field) => field.GetMetadata(MetadataKey, false);
}
