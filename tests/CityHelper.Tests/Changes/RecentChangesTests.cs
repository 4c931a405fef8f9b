using CityHelper.Data;
using CityHelper.Data.Changes;
using CityHelper.Data.Model;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace CityHelper.Tests.Changes;

public sealed class RecentChangesTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Events_leave_after_their_age()
    {
        RecentChanges recent = Recent();
        recent.Add(Event(1, 1));
        _time.Advance(TimeSpan.FromMinutes(9));
        recent.Add(Event(1, 2));
        _time.Advance(TimeSpan.FromMinutes(2));
        recent.Add(Event(1, 3));
        Assert.Null(recent.From(1, 1, 10));
        Assert.Equal([2L, 3L], recent.From(1, 2, 10)!.Select(change => change.Number));
    }

    [Fact]
    public void The_oldest_of_all_cities_leave_when_the_memory_is_full()
    {
        RecentChanges recent = Recent(bytesMax: 3 * Limits.ChangeBytes);
        recent.Add(Event(1, 1));
        for (int n = 1; n <= 3; n++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            recent.Add(Event(2, n));
        }

        Assert.Null(recent.Find(1, 1));
        Assert.Equal([1L, 2L, 3L], recent.From(2, 1, 10)!.Select(change => change.Number));
        Assert.Equal(3 * Limits.ChangeBytes, recent.Bytes);
    }

    [Fact]
    public void A_redaction_takes_the_content_of_its_request_alone()
    {
        RecentChanges recent = Recent();
        recent.Add(Event(1, 1, requestId: 7));
        recent.Add(Event(1, 2, requestId: 8));
        recent.Add(Event(1, 3, requestId: 7) with { Kind = ChangeKind.Redaction, After = null });
        Assert.Null(recent.Find(1, 1)!.After);
        Assert.NotNull(recent.Find(1, 2)!.After);
    }

    [Fact]
    public void A_city_that_is_read_anew_forgets_what_it_had()
    {
        RecentChanges recent = Recent();
        recent.Add(Event(1, 1));
        recent.Add(Event(2, 1));
        recent.Replace(1, [Event(1, 8), Event(1, 9)]);
        Assert.Null(recent.Find(1, 1));
        Assert.Equal([8L], recent.From(1, 8, max: 1)!.Select(change => change.Number));
        Assert.NotNull(recent.Find(2, 1));
        Assert.Equal(3 * Limits.ChangeBytes, recent.Bytes);
    }

    private RecentChanges Recent(long bytesMax = 1 << 20) => new(TimeSpan.FromMinutes(10), bytesMax, _time);

    private static ChangeEvent Event(short city, long number, long requestId = 1) =>
        new(city, number, 1, Guid.NewGuid(), ChangeKind.Request)
        {
            ServiceRequestId = requestId,
            After = new(ServiceRequestStatus.Open, 1, null, null),
        };
}
