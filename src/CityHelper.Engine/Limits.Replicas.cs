namespace CityHelper.Engine;

/// <content>When a replica is not read from.</content>
public static partial class Limits
{
    /// <summary>
    /// A replica that still lacks what an answer needed this long ago is far behind. Answers about all rows of a tenant need changes that
    /// are as old (<see cref="RowsLag"/>), so from here on every one of them would be read twice. A replica that is less far behind is
    /// worth its few answers that are read again.
    /// </summary>
    public static readonly TimeSpan ReplicaFarAfter = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a replica that is far behind is left alone: as long as Npgsql leaves a dead one alone by default. What takes a replica that
    /// far, such as a vacuum or a long import, takes minutes.
    /// </summary>
    public static readonly TimeSpan ReplicaRest = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long no connection to a replica is opened after none could be. Npgsql remembers hosts that do not answer, but not those that
    /// refuse a password or have no such database: each batch would meet them again.
    /// </summary>
    public static readonly TimeSpan ReplicasAwayFor = TimeSpan.FromSeconds(1);
}
