using GraphQL.Types;

namespace CityHelper.Engine.Bindings;

/// <summary>How the planner reads a field of <c>Query</c>.</summary>
public abstract record RootBinding(EntityMap Entity) : FieldBinding;

/// <summary>One row by the value of a unique column, which is an argument's name and value.</summary>
public sealed record UniqueRowBinding(EntityMap Entity, string Argument, ColumnMap Column) : RootBinding(Entity);

/// <summary>One row of a partition, by global id or by a key of another system; exactly one of the two is given.</summary>
/// <param name="Entity">The row's table.</param>
/// <param name="Partition">The argument that names the partition.</param>
/// <param name="External">Where foreign keys are kept.</param>
public sealed record RowOfPartitionBinding(EntityMap Entity, PartitionArgument Partition, ExternalKey External) : RootBinding(Entity)
{
    public const string IdArgument = "id";
}

/// <summary>A table of (partition, foreign key) to row.</summary>
/// <param name="Argument">The argument that takes the foreign key.</param>
/// <param name="Table">The table, whose primary key is partition column and <paramref name="KeyColumn"/>.</param>
/// <param name="KeyColumn">The column of the foreign key.</param>
/// <param name="RowColumn">The column of our row's key.</param>
public sealed record ExternalKey(string Argument, string Table, string KeyColumn, string RowColumn);

/// <summary>All rows of a small table, ordered by a column.</summary>
public sealed record AllRowsBinding(EntityMap Entity, ColumnMap OrderBy) : RootBinding(Entity);

/// <summary>A connection over the rows of one partition (conventions §4).</summary>
/// <param name="Entity">The rows' table.</param>
/// <param name="Partition">The argument that names the partition.</param>
/// <param name="Row">The rows' GraphQL type.</param>
/// <param name="Grid">The rows' place on the grid, for <c>within</c>.</param>
/// <param name="CreatedColumn">The column whose time the row's key carries; bounds on it become bounds on the key.</param>
/// <param name="KeyOfTime">The smallest row key of a moment.</param>
public sealed record ConnectionBinding(
    EntityMap Entity,
    PartitionArgument Partition,
    IObjectGraphType Row,
    GridColumns Grid,
    ColumnMap CreatedColumn,
    Func<DateTimeOffset, long> KeyOfTime) : RootBinding(Entity)
{
    public const string FirstArgument = "first";
    public const string AfterArgument = "after";
    public const string AreaArgument = "within";
    public const string FilterArgument = "where";
    public const string OrderArgument = "order";
}

/// <summary>The cell columns of a table (docs/decisions/0003).</summary>
/// <param name="Point">The point column, SRID 4326.</param>
/// <param name="Levels">Zoom and column, finest last.</param>
/// <param name="Included">Columns that the cells' indexes hold beside the row key, so that a filter on them reads no row.</param>
public sealed record GridColumns(string Point, IReadOnlyList<(int Zoom, string Column)> Levels, IReadOnlyList<string> Included);

/// <summary>The argument that names a partition, and who knows the names.</summary>
public sealed record PartitionArgument(string Name, IPartitionDirectory Directory);

/// <summary>Knows the partitions by the names that clients use.</summary>
public interface IPartitionDirectory
{
    /// <summary>The partition's key, or null when there is none of that name. Answers from memory but for unknown names.</summary>
    ValueTask<short?> FindAsync(string name, CancellationToken cancellation);

    /// <summary>What the client reads when there is none.</summary>
    RequestError NotFound(string name);
}
