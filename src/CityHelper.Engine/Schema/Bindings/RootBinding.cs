namespace CityHelper.Engine.Schema.Bindings;

/// <summary>How the planner reads a field of <c>Query</c>.</summary>
public abstract record RootBinding : FieldBinding;

/// <summary>One row by the value of a unique column, which is an argument's name and value.</summary>
/// <param name="Entity">The row's table, without partitions.</param>
/// <param name="Argument">The argument.</param>
/// <param name="Column">The unique column.</param>
/// <param name="Partition">For rows that are partitions: who knows their keys by the same argument.</param>
public sealed record UniqueRowBinding(EntityMap Entity, string Argument, ColumnMap Column, IPartitionDirectory? Partition) : RootBinding
{
    internal override IReadOnlyList<TableRead> Tables => [new(Entity.Table)];
}

/// <summary>One row of a partition, by global id or by a key of another system; exactly one of the two is given.</summary>
/// <param name="Entity">The row's table.</param>
/// <param name="Partition">The argument that names the partition.</param>
/// <param name="External">Where foreign keys are kept.</param>
public sealed record RowOfPartitionBinding(EntityMap Entity, PartitionArgument Partition, ExternalKey External) : RootBinding
{
    public const string IdArgument = "id";

    internal override IReadOnlyList<TableRead> Tables => [new(Entity.Table), new(External.Table, External.Argument)];
}

/// <summary>One row of a partition by global id, which names the partition.</summary>
/// <param name="Entity">The row's table.</param>
public sealed record RowByIdBinding(EntityMap Entity) : RootBinding
{
    public const string IdArgument = "id";

    internal override IReadOnlyList<TableRead> Tables => [new(Entity.Table)];
}

/// <summary>All rows of a small table, ordered by a column.</summary>
public sealed record AllRowsBinding(EntityMap Entity, ColumnMap OrderBy) : RootBinding
{
    internal override IReadOnlyList<TableRead> Tables => [new(Entity.Table)];
}

/// <summary>A connection over the rows of the partition that an argument names (conventions §4).</summary>
/// <param name="Rows">The rows.</param>
/// <param name="Partition">The argument.</param>
public sealed record ConnectionBinding(ConnectionRows Rows, PartitionArgument Partition) : RootBinding
{
    public const string FirstArgument = "first";
    public const string AfterArgument = "after";
    public const string LastArgument = "last";
    public const string BeforeArgument = "before";
    public const string AreaArgument = "within";
    public const string FilterArgument = "where";
    public const string OrderArgument = "order";

    internal override IReadOnlyList<TableRead> Tables => Rows.Tables;

    public override ConnectionRows ListedRows => Rows;
}

/// <summary>
/// <c>node(id)</c> and <c>nodes(ids)</c>: rows of any type by global id (conventions §6). It reads the table of each type that has one.
/// </summary>
/// <param name="IsList">Whether it takes several ids.</param>
public sealed record NodeBinding(bool IsList) : RootBinding
{
    public const string IdArgument = "id";
    public const string IdsArgument = "ids";
}

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
