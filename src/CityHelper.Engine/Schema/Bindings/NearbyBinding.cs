namespace CityHelper.Engine.Schema.Bindings;

/// <summary>
/// A connection over the rows around a position, nearest first. The rows' grid names the point column. An index
/// <c>using gist ((point::geography))</c> on each partition returns the rows in the order of their distance.
/// </summary>
/// <param name="Rows">The rows.</param>
/// <param name="Tenant">The argument that names the tenant.</param>
public sealed record NearbyBinding(ConnectionRows Rows, TenantArgument Tenant) : RootBinding
{
    public const string PositionArgument = "to";
    public const string MetresArgument = "withinMetres";

    internal override IReadOnlyList<TableRead> Tables => Rows.Tables;

    public override ConnectionRows ListedRows => Rows;
}
