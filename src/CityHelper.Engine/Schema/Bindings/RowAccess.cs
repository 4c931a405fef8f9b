using GraphQL.Types;

namespace CityHelper.Engine.Schema.Bindings;

/// <summary>
/// How the rows of a table can be read, in which order, at a bounded cost. The feature that owns the table declares its indexes here. From
/// them the planner derives filters, orders and access paths (docs/decisions/0005).
/// </summary>
/// <param name="Entity">The table. Its primary key returns rows in the order of their row key.</param>
public sealed record RowAccess(EntityMap Entity)
{
    /// <summary>Few rows per tenant (hundreds): every filter and every order is cheap, and no index matters.</summary>
    public bool IsSmall { get; init; }

    /// <summary>The creation time that the row key encodes, or null. Ordering by it is ordering by the key.</summary>
    public CreationTime? Created { get; init; }

    /// <summary>The rows' grid cells, for <c>within</c>; null for rows without a location.</summary>
    public GridColumns? Grid { get; init; }

    /// <summary>Columns of few values with an index (tenant, column, row key).</summary>
    public IReadOnlyList<ValueIndex> Values { get; init; } = [];

    /// <summary>
    /// Whether a parent may have any number of these rows, up to all of a tenant's: true for rows with value indexes, which cover the
    /// parents. Other rows are the few children of a row.
    /// </summary>
    internal bool MayBeMany => Values.Count > 0;

    /// <summary>The column beside the key that rows are ordered by, with an index (tenant, column, row key).</summary>
    public OrderIndex? Ordered { get; init; }

    /// <summary>The table of the keys of other systems.</summary>
    public ExternalKey? External { get; init; }

    /// <summary>
    /// Finds the areas of the rows, to compute the cost of comparing them before they are compared; null where rows have no areas.
    /// </summary>
    public IAreaDirectory? StoredAreas { get; init; }

    /// <summary>The table that a filter on the column may read beside the table of the rows, or null.</summary>
    internal string? TableBehind(string column) => External?.Property == column ? External.Table : null;

    /// <summary>Whether a filter on the column needs no other condition beside it.</summary>
    internal bool IsIndexed(string column) =>
        IsSmall || column == Entity.RowColumn || column == Created?.Column.Name || Values.Any(v => v.Column == column);
}

/// <summary>A time column whose value the row key encodes.</summary>
/// <param name="Column">The column.</param>
/// <param name="KeyOfMs">Returns the smallest row key of any millisecond since 1970.</param>
/// <param name="Sql">SQL of the time, given SQL of the key.</param>
/// <param name="MsSql">SQL of its milliseconds since 1970, given SQL of the key.</param>
public sealed record CreationTime(ColumnMap Column, Func<long, long> KeyOfMs, Func<string, string> Sql, Func<string, string> MsSql);

/// <summary>An index on (tenant, column, row key).</summary>
/// <param name="Column">The column: an enum or a foreign key.</param>
/// <param name="Included">Columns that the index includes, so that a filter on them reads no row.</param>
public sealed record ValueIndex(string Column, IReadOnlyList<string> Included);

/// <summary>An index on (tenant, column, row key) that orders rows by the column.</summary>
/// <param name="Column">The column.</param>
/// <param name="Included">Columns that the index includes.</param>
public sealed record OrderIndex(string Column, IReadOnlyList<string> Included);

/// <summary>The cell columns of a table (docs/decisions/0003).</summary>
/// <param name="Point">The point column, SRID 4326.</param>
/// <param name="Levels">Zoom and column, finest last.</param>
/// <param name="Included">Columns that the cells' indexes include beside the row key, so that a filter on them reads no row.</param>
public sealed record GridColumns(string Point, IReadOnlyList<(int Zoom, string Column)> Levels, IReadOnlyList<string> Included)
{
    /// <summary>The zooms of the levels.</summary>
    internal int[] Zooms { get; } = [.. Levels.Select(level => level.Zoom)];

    /// <summary>Finds the stored areas; null where there are none.</summary>
    public IAreaDirectory? Areas { get; init; }
}

/// <summary>Finds stored areas by id.</summary>
public interface IAreaDirectory
{
    /// <summary>The GraphQL type in their ids.</summary>
    string TypeName { get; }

    /// <summary>The area with a key; null if the tenant has none.</summary>
    ValueTask<StoredArea?> FindAsync(short tenant, long key, CancellationToken cancellation);

    /// <summary>Forgets what was read of a tenant's areas under a revision: rows are read under another one by now.</summary>
    void Drop(short tenant, long revision);

    /// <summary>The areas of a tenant whose bounding boxes have a point in common with a rectangle.</summary>
    /// <exception cref="Npgsql.NpgsqlException">The database does not answer.</exception>
    ValueTask<IReadOnlyList<NetTopologySuite.Geometries.Geometry>> OverlappingAsync(
        short tenant, Space.Viewport box, CancellationToken cancellation);
}

/// <summary>A stored area.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Geometry">A Polygon or MultiPolygon, SRID 4326 and valid.</param>
/// <param name="Revision">The revision of the geometry: counters of another revision do not belong to it.</param>
/// <param name="IsCounted">Whether its months were counted, perhaps except for some that have changed since.</param>
public sealed record StoredArea(long Key, NetTopologySuite.Geometries.Geometry Geometry, long Revision, bool IsCounted)
{
    /// <summary>The revision of all the tenant's areas, in one snapshot with the geometry.</summary>
    public required long TenantRevision { get; init; }
}

/// <summary>A table that maps (tenant, external key) to rows.</summary>
/// <param name="Argument">The argument that takes the external key.</param>
/// <param name="Property">The row's column that repeats the external key.</param>
/// <param name="Table">The table, whose primary key is tenant column and <paramref name="KeyColumn"/>.</param>
/// <param name="KeyColumn">The column of the external key.</param>
/// <param name="RowColumn">The column of the row's key.</param>
public sealed record ExternalKey(string Argument, string Property, string Table, string KeyColumn, string RowColumn);

/// <summary>The rows of a connection: their table, their type, and the inputs that filter and sort them.</summary>
/// <param name="Access">The access to the rows.</param>
/// <param name="Row">Their GraphQL type.</param>
/// <param name="Filter">The input of <c>where</c>.</param>
/// <param name="Sort">The input of <c>order</c>.</param>
/// <param name="OldestFirst">The order when none is given; newest first otherwise.</param>
public sealed record ConnectionRows(RowAccess Access, IObjectGraphType Row, FilterInput Filter, SortInput Sort, bool OldestFirst = false)
{
    /// <summary>Their table.</summary>
    internal IReadOnlyList<TableRead> Tables => [new(Access.Entity.Table)];

    /// <summary>For a small table: the members of <see cref="Sort"/> that order the rows by default; the first one unless stated.</summary>
    public IReadOnlyList<string> DefaultOrder { get; init; } = [.. Sort.Fields.Take(1).Select(f => f.Name)];

    /// <summary>
    /// Text columns with an argument of the same name beside <c>where</c>: a further condition, that the column is equal to it.
    /// </summary>
    public IReadOnlyList<string> Selectors { get; init; } = [];
}
