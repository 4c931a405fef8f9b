namespace CityHelper.Engine.Schema.Bindings;

/// <summary>
/// A connection over the rows around a position, nearest first. Its rows' grid names the point column, and an index
/// <c>using gist ((point::geography))</c> on each partition gives them in the order of their distance.
/// </summary>
/// <param name="Rows">The rows.</param>
/// <param name="Partition">The argument that names the partition.</param>
public sealed record NearbyBinding(ConnectionRows Rows, PartitionArgument Partition) : RootBinding
{
    public const string PositionArgument = "to";
    public const string MetresArgument = "withinMetres";

    internal override IReadOnlyList<TableRead> Tables => Rows.Tables;

    public override ConnectionRows ListedRows => Rows;
}
