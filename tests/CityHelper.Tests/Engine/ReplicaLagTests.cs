using CityHelper.Engine.Cursors;
using CityHelper.Engine.Database;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using Limits = CityHelper.Engine.Limits;

namespace CityHelper.Tests.Engine;

/// <summary>When a replica counts as far behind.</summary>
public sealed class ReplicaLagTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly ReplicaLag _lag;

    public ReplicaLagTests() => _lag = new ReplicaLag(_time);

    [Fact]
    public void One_that_lacks_something_for_long_rests_and_is_reported_once()
    {
        Assert.False(Note(read: 6, needed: 7));
        _time.Advance(Limits.ReplicaFarAfter - TimeSpan.FromTicks(1));
        Assert.False(Note(read: 6, needed: 9));
        Assert.False(_lag.IsResting);
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.True(Note(read: 6, needed: null));
        Assert.True(_lag.IsResting);
        _time.Advance(Limits.ReplicaRest);
        Assert.False(_lag.IsResting);
        Assert.False(Note(read: 6, needed: null));
        Assert.True(_lag.IsResting);
    }

    /// <summary>In a busy city each answer may lack the newest change: that is no sign of a replica that falls behind.</summary>
    [Fact]
    public void One_that_always_lacks_the_newest_change_is_near()
    {
        for (int n = 1; n <= 100; n++)
        {
            Assert.False(Note(read: n, needed: n + 1));
            _time.Advance(Limits.ReplicaFarAfter / 2);
            Assert.False(_lag.IsResting);
        }
    }

    [Fact]
    public void What_one_tenant_lacks_says_nothing_about_another()
    {
        Assert.False(Note(read: 6, needed: 7));
        _time.Advance(Limits.ReplicaFarAfter);
        Assert.False(_lag.Note(2, new LogPosition(1, 1), new LogPosition(1, 2)));
        Assert.False(_lag.IsResting);
        Assert.False(Note(read: 7, needed: 7));
        _time.Advance(Limits.ReplicaFarAfter);
        Assert.True(_lag.Note(2, new LogPosition(1, 1), null));
    }

    [Fact]
    public void One_of_an_earlier_epoch_lacks_whatever_its_number()
    {
        Assert.False(_lag.Note(1, new LogPosition(1, 100), new LogPosition(2, 1)));
        _time.Advance(Limits.ReplicaFarAfter);
        Assert.True(_lag.Note(1, new LogPosition(1, 200), null));
    }

    [Fact]
    public void One_without_the_log_of_the_tenant_lacks_it()
    {
        Assert.False(_lag.Note(1, null, new LogPosition(1, 1)));
        _time.Advance(Limits.ReplicaFarAfter);
        Assert.True(_lag.Note(1, null, null));
    }

    private bool Note(long read, long? needed) =>
        _lag.Note(1, new LogPosition(1, read), needed is { } n ? new LogPosition(1, n) : null);
}
