namespace CityHelper.Engine.Schema.Bindings;

/// <summary>What the change log tells of a table's rows: where they are, and some columns, before and after a change.</summary>
/// <param name="Access">The rows, with the cells of their points.</param>
/// <param name="Columns">The columns; subscriptions filter by them.</param>
public sealed record LoggedRows(RowAccess Access, IReadOnlyList<LoggedColumn> Columns)
{
    /// <summary>The rows' table.</summary>
    public EntityMap Entity => Access.Entity;
}

/// <summary>A column whose values the change log tells: a label of an enum, or the key of a row of a small table.</summary>
/// <param name="Name">The field's name: <c>status</c>.</param>
/// <param name="Column">The column.</param>
public sealed record LoggedColumn(string Name, ColumnMap Column)
{
    /// <summary>For a key: the small table, and the column of it that clients know rows by; null for an enum.</summary>
    public LoggedReference? Reference { get; init; }

    /// <summary>Whether events show it, as it is and as it was.</summary>
    public bool IsShown { get; init; }
}

/// <summary>A small table that rows refer to.</summary>
/// <param name="Target">The table.</param>
/// <param name="Label">The column that clients know its rows by. A row keeps its value for ever.</param>
public sealed record LoggedReference(EntityMap Target, ColumnMap Label);

/// <summary>Changes of a tenant's rows, those of an area or of one row.</summary>
/// <param name="Rows">The rows.</param>
/// <param name="Tenants">All tenants.</param>
/// <param name="Tenant">The argument that names the tenant; null where the id of one row does.</param>
public sealed record SubscriptionBinding(LoggedRows Rows, ITenantDirectory Tenants, TenantArgument? Tenant) : RootBinding
{
    public const string IdArgument = "id";
    public const string AreaArgument = "within";
    public const string FilterArgument = "where";
    public const string AfterArgument = "after";

    internal override IReadOnlyList<TableRead> Tables => [new(Rows.Entity.Table)];
}

/// <summary>What a change means to a subscription.</summary>
public sealed record ChangeKindBinding : FieldBinding;

/// <summary>The place of a change in the log.</summary>
public sealed record ChangeCursorBinding : FieldBinding;

/// <summary>When a change was made.</summary>
public sealed record ChangeTimeBinding : FieldBinding;

/// <summary>The id of the changed row.</summary>
/// <param name="Entity">The row's table.</param>
public sealed record ChangeIdBinding(EntityMap Entity) : FieldBinding;

/// <summary>A value that the log tells of the changed row.</summary>
/// <param name="Column">The number of its column in <see cref="LoggedRows.Columns"/>.</param>
/// <param name="IsBefore">Whether it is the value before the change.</param>
public sealed record ChangeValueBinding(int Column, bool IsBefore) : FieldBinding;

/// <summary>The changed row, as it is when the event is sent.</summary>
/// <param name="Entity">The row's table.</param>
public sealed record ChangeRowBinding(EntityMap Entity) : FieldBinding
{
    internal override IReadOnlyList<TableRead> Tables => [new(Entity.Table)];
}
