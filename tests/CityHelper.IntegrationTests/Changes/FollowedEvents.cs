using System.Collections.Concurrent;
using CityHelper.Data.Changes;

namespace CityHelper.IntegrationTests.Changes;

/// <summary>What a server was told by its follower of the change log.</summary>
internal sealed class FollowedEvents : IChangeObserver
{
    private readonly ConcurrentQueue<ChangeEvent> _events = new();

    public ChangeEvent? Find(short city, long number) => _events.SingleOrDefault(e => e.CityId == city && e.Number == number);

    public ChangeEvent? Find(Guid id) => _events.SingleOrDefault(e => e.EventId == id);

    public void Apply(ChangeEvent change) => _events.Enqueue(change);

    public void Reset(short cityId, ChangePosition position, IReadOnlyList<ChangeEvent> recent)
    {
    }
}
