namespace CityHelper.Engine.Schema.Bindings;

/// <summary>How the planner reads a field of <c>Query</c>.</summary>
public abstract record RootBinding : FieldBinding;

/// <summary>One row by the value of a unique column, which an argument gives.</summary>
/// <param name="Entity">The row's table, which is not partitioned.</param>
/// <param name="Argument">The argument.</param>
/// <param name="Column">The unique column.</param>
/// <param name="Tenant">The rows are tenants: the directory that finds their keys by the same argument.</param>
public sealed record UniqueRowBinding(EntityMap Entity, string Argument, ColumnMap Column, ITenantDirectory Tenant) : RootBinding
{
    internal override IReadOnlyList<TableRead> Tables => [new(Entity.Table)];
}

/// <summary>One row of a tenant, by global id or by a key of another system; exactly one of the two is given.</summary>
/// <param name="Entity">The row's table.</param>
/// <param name="Tenant">The argument that names the tenant.</param>
/// <param name="External">The table of external keys.</param>
public sealed record RowOfTenantBinding(EntityMap Entity, TenantArgument Tenant, ExternalKey External) : RootBinding
{
    public const string IdArgument = "id";

    internal override IReadOnlyList<TableRead> Tables => [new(Entity.Table), new(External.Table, External.Argument)];
}

/// <summary>One row of a tenant by global id, which holds the tenant.</summary>
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

/// <summary>A connection over the rows of the tenant that an argument names (GraphQL Cursor Connections Specification).</summary>
/// <param name="Rows">The rows.</param>
/// <param name="Tenant">The argument.</param>
public sealed record ConnectionBinding(ConnectionRows Rows, TenantArgument Tenant) : RootBinding
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
/// <c>node(id)</c> and <c>nodes(ids)</c>: rows of any type by Relay's global id. They read the table of each type that has one.
/// </summary>
/// <param name="IsList">Whether it takes several ids.</param>
public sealed record NodeBinding(bool IsList) : RootBinding
{
    public const string IdArgument = "id";
    public const string IdsArgument = "ids";
}

/// <summary>The argument that names a tenant, and the directory of the names.</summary>
public sealed record TenantArgument(string Name, ITenantDirectory Directory);

/// <summary>Finds tenants by the names that clients use.</summary>
public interface ITenantDirectory
{
    /// <summary>The tenant's key, or null for an unknown name. Answers from memory, except for unknown names.</summary>
    ValueTask<short?> FindAsync(string name, CancellationToken cancellation);

    /// <summary>Whether a tenant has the key. Answers from memory, except for unknown keys.</summary>
    ValueTask<bool> HasAsync(short key, CancellationToken cancellation);

    /// <summary>The error for an unknown name.</summary>
    RequestError NotFound(string name);
}
