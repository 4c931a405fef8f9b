using CityHelper.Data.Changes;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Subscriptions;

namespace CityHelper.Server.Subscriptions;

/// <summary>Gives the change log that this server follows to its subscriptions.</summary>
/// <param name="streams">The subscriptions.</param>
internal sealed class SubscriptionObserver(EventStreams streams) : IChangeObserver
{
    public void Apply(ChangeEvent change)
    {
        // City 0 is no city: nobody subscribes to it.
        if (change.CityId != 0)
        {
            streams.Apply(change.CityId, ChangedRows.Of(change));
        }
    }

    public void Reset(short cityId, ChangePosition position, IReadOnlyList<ChangeEvent> recent)
    {
        if (cityId != 0)
        {
            streams.Reset(cityId, new LogPosition(position.Epoch, position.Number));
        }
    }
}

/// <summary>What subscriptions missed: from the recent events in memory, else from the log.</summary>
/// <param name="follower">Known only when somebody asks: its observers feed those who ask.</param>
/// <param name="log">The log.</param>
internal sealed class ChangeHistory(Func<ChangeFollower> follower, IChangeDatabase log) : IChangeHistory
{
    public IReadOnlyList<RowChange>? Recent(short tenant, long from, int max) =>
        follower().Recent.From(tenant, from, max) is { } events ? [.. events.Select(ChangedRows.Of)] : null;

    public async Task<IReadOnlyList<RowChange>?> ReadAsync(short tenant, long from, int max, CancellationToken cancellation)
    {
        try
        {
            return [.. (await log.ReadAsync(tenant, from, max, cancellation)).Select(ChangedRows.Of)];
        }
        catch (ChangeDatabaseException)
        {
            return null;
        }
    }
}
