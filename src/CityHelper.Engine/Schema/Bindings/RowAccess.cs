using GraphQL.Types;

namespace CityHelper.Engine.Schema.Bindings;

/// <summary>
/// How the rows of a table can be reached, in which order, at a bounded cost: what the feature that owns the table knows of its indexes.
/// The planner offers filters and orders by it, and chooses a form by it (docs/decisions/0005).
/// </summary>
/// <param name="Entity">The table. Its primary key gives rows in the order of their row key.</param>
public sealed record RowAccess(EntityMap Entity)
{
    /// <summary>Few rows per partition (hundreds): every filter and every order is cheap, and no index matters.</summary>
    public bool IsSmall { get; init; }

    /// <summary>The creation time that the row key carries, or null. Ordering by it is ordering by the key.</summary>
    public CreationTime? Created { get; init; }

    /// <summary>The rows' place on the grid, for <c>within</c>; null for rows without a place.</summary>
    public GridColumns? Grid { get; init; }

    /// <summary>Columns of few values with an index (partition, column, row key).</summary>
    public IReadOnlyList<ValueIndex> Values { get; init; } = [];

    /// <summary>
    /// Whether a parent may have any number of them, up to all of a partition's: so it is where they are indexed by parents. Others are a
    /// row's few children.
    /// </summary>
    internal bool MayBeMany => Values.Count > 0;

    /// <summary>The column beside the key that rows are ordered by, with an index (partition, column, row key).</summary>
    public OrderIndex? Ordered { get; init; }

    /// <summary>Where the keys of other systems are kept.</summary>
    public ExternalKey? External { get; init; }

    /// <summary>
    /// Who knows the areas of its rows, so that what it costs to compare them is counted before; null where rows have no areas.
    /// </summary>
    public IAreaDirectory? Shapes { get; init; }

    /// <summary>The table that a filter on the column may read beside that of the rows, or null.</summary>
    internal string? TableBehind(string column) => External?.Property == column ? External.Table : null;

    /// <summary>Whether a filter on the column needs no other one beside it.</summary>
    internal bool IsIndexed(string column) =>
        IsSmall || column == Entity.RowColumn || column == Created?.Column.Name || Values.Any(v => v.Column == column);
}

/// <summary>A column whose time the row key carries.</summary>
/// <param name="Column">The column.</param>
/// <param name="KeyOfMs">The smallest row key of a millisecond since 1970, for any millisecond.</param>
/// <param name="Sql">SQL of the time, given that of the key.</param>
/// <param name="MsSql">SQL of its milliseconds since 1970, given that of the key.</param>
public sealed record CreationTime(ColumnMap Column, Func<long, long> KeyOfMs, Func<string, string> Sql, Func<string, string> MsSql);

/// <summary>An index on (partition, column, row key).</summary>
/// <param name="Column">The column: an enum or a foreign key.</param>
/// <param name="Included">Columns that the index holds beside them, so that a filter on them reads no row.</param>
public sealed record ValueIndex(string Column, IReadOnlyList<string> Included);

/// <summary>An index on (partition, column, row key), by whose column rows are ordered.</summary>
/// <param name="Column">The column.</param>
/// <param name="Included">Columns that the index holds beside them.</param>
public sealed record OrderIndex(string Column, IReadOnlyList<string> Included);

/// <summary>The cell columns of a table (docs/decisions/0003).</summary>
/// <param name="Point">The point column, SRID 4326.</param>
/// <param name="Levels">Zoom and column, finest last.</param>
/// <param name="Included">Columns that the cells' indexes hold beside the row key, so that a filter on them reads no row.</param>
public sealed record GridColumns(string Point, IReadOnlyList<(int Zoom, string Column)> Levels, IReadOnlyList<string> Included)
{
    /// <summary>The zooms of the levels.</summary>
    internal int[] Zooms { get; } = [.. Levels.Select(level => level.Zoom)];

    /// <summary>Who knows the areas that have an id; null where there are none.</summary>
    public IAreaDirectory? Areas { get; init; }
}

/// <summary>Knows the areas that are asked for by id.</summary>
public interface IAreaDirectory
{
    /// <summary>The GraphQL type whose ids they have.</summary>
    string TypeName { get; }

    /// <summary>An area; null when the partition has none of the key.</summary>
    ValueTask<KeptArea?> FindAsync(short partition, long key, CancellationToken cancellation);

    /// <summary>The areas of a partition whose boxes have a point in common with a rectangle.</summary>
    /// <exception cref="Npgsql.NpgsqlException">The database does not answer.</exception>
    ValueTask<IReadOnlyList<NetTopologySuite.Geometries.Geometry>> OverlappingAsync(short partition, Space.Viewport box, CancellationToken cancellation);
}

/// <summary>An area that is asked for by id.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Geometry">A Polygon or MultiPolygon, SRID 4326 and valid.</param>
/// <param name="Revision">The number of this shape: counters that were made of another one are not of it.</param>
/// <param name="IsCounted">Whether its months were counted, perhaps except for some that changed since.</param>
public sealed record KeptArea(long Key, NetTopologySuite.Geometries.Geometry Geometry, long Revision, bool IsCounted);

/// <summary>A table of (partition, foreign key) to row.</summary>
/// <param name="Argument">The argument that takes the foreign key.</param>
/// <param name="Property">The column of the row that repeats it.</param>
/// <param name="Table">The table, whose primary key is partition column and <paramref name="KeyColumn"/>.</param>
/// <param name="KeyColumn">The column of the foreign key.</param>
/// <param name="RowColumn">The column of our row's key.</param>
public sealed record ExternalKey(string Argument, string Property, string Table, string KeyColumn, string RowColumn);

/// <summary>The rows of a connection: their table, their type, and the inputs that filter and sort them.</summary>
/// <param name="Access">How they are reached.</param>
/// <param name="Row">Their GraphQL type.</param>
/// <param name="Filter">The input of <c>where</c>.</param>
/// <param name="Sort">The input of <c>order</c>.</param>
/// <param name="OldestFirst">The order when none is given; newest first otherwise.</param>
public sealed record ConnectionRows(RowAccess Access, IObjectGraphType Row, FilterInput Filter, SortInput Sort, bool OldestFirst = false)
{
    /// <summary>Their table.</summary>
    internal IReadOnlyList<TableRead> Tables => [new(Access.Entity.Table)];

    /// <summary>
    /// For a small table: the members of <see cref="Sort"/> that rows are ordered by when no order is given; the first one unless stated.
    /// </summary>
    public IReadOnlyList<string> DefaultOrder { get; init; } = [.. Sort.Fields.Take(1).Select(f => f.Name)];

    /// <summary>
    /// Text columns that have an argument of their own name beside <c>where</c>: one more condition, that the column is equal to it.
    /// </summary>
    public IReadOnlyList<string> Selectors { get; init; } = [];
}
