using CityHelper.Data.Changes;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace CityHelper.Tests.Changes;

/// <summary>How old what is known of a city is: nobody may take a missing proof for a young one.</summary>
public sealed class FollowedCityTests
{
    private static readonly ChangePosition s_start = new(1, 5);
    private static readonly ChangeIdentity s_event = new(Guid.CreateVersion7(), DateTime.UnixEpoch);

    private readonly FakeTimeProvider _time = new();
    private readonly FollowedCity _city = new(1);

    [Fact]
    public void Without_a_proof_it_grows_old_from_the_first_reading_however_often_it_is_read_anew()
    {
        Restart();
        long first = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromSeconds(20));
        Restart();
        _time.Advance(TimeSpan.FromSeconds(20));
        Restart();
        Assert.Equal((null, first), (_city.Freshness, _city.KnownSince));
    }

    [Fact]
    public void Read_anew_it_is_as_old_as_the_last_proof_until_the_next()
    {
        Restart();
        _time.Advance(TimeSpan.FromSeconds(20));
        long proven = Prove();
        Assert.Equal((proven, proven), (_city.Freshness, _city.KnownSince));
        _time.Advance(TimeSpan.FromSeconds(20));
        Restart();
        Assert.Equal((null, proven), (_city.Freshness, _city.KnownSince));
        _time.Advance(TimeSpan.FromSeconds(20));
        Restart();
        Assert.Equal(proven, _city.KnownSince);
        proven = Prove();
        Assert.Equal((proven, proven), (_city.Freshness, _city.KnownSince));
    }

    private void Restart() => _city.Restart(s_start, s_event, s_start, _time.GetTimestamp());

    private long Prove()
    {
        long now = _time.GetTimestamp();
        _city.Prove(new CityHead(1, s_start.Epoch, s_start.Number, s_event, null), now, s_event);
        return now;
    }
}
