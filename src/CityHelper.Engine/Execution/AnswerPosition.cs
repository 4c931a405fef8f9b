using CityHelper.Engine.Cursors;

namespace CityHelper.Engine.Execution;

/// <summary>Where the answer about one tenant was read.</summary>
/// <param name="Tenant">The tenant; 0 for what belongs to none.</param>
/// <param name="Position">The smallest log position of its batches.</param>
/// <param name="Areas">The revision of the tenant's stored areas; null when its batches read different ones, or none.</param>
internal sealed record AnswerPosition(short Tenant, LogPosition Position, long? Areas)
{
    /// <summary>Whether a batch of it was read from a replica.</summary>
    public bool IsOfReplica { get; init; }

    /// <summary>The position of an answer; null when it read no tenant, or several.</summary>
    public static AnswerPosition? Of(LogRead log) =>
        log.Tenants is [var tenant] && log.Positions.Of(tenant) is { } position
            ? new AnswerPosition(tenant, position, log.Positions.AreasOf(tenant)) { IsOfReplica = log.Source.Replica is not null }
            : null;
}
