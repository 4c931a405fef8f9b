namespace CityHelper.Engine.Schema.Bindings;

/// <summary>The change log of tenants. A schema has one.</summary>
/// <param name="Sql">
/// SQL of one statement that returns the position of each tenant, at most one row for each: tenant (smallint), epoch (integer), number of
/// its last change (bigint, 0 before the first). <c>$1</c> is the array of the tenants' keys (<c>smallint[]</c>), null for all tenants.
/// </param>
/// <param name="Tables">The tables that the statement reads.</param>
public sealed record TenantLog(string Sql, IReadOnlyList<string> Tables);

/// <summary>
/// The position of the tenant that the row is, as a signed cursor. One statement reads it for all rows of a batch, before any of the rows.
/// </summary>
/// <param name="Log">The log.</param>
public sealed record LogPositionBinding(TenantLog Log) : FieldBinding
{
    internal override IReadOnlyList<TableRead> Tables => [.. Log.Tables.Select(table => new TableRead(table))];
}
