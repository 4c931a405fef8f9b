using CityHelper.Data.Changes;

namespace CityHelper.Server.Changes;

/// <summary>How old what is known of a city's change log is, for whoever keeps in memory what the log ends.</summary>
public interface ILogAge
{
    /// <summary>
    /// The time since everything that had changed was known for certain; null without proof since the city was last read anew.
    /// </summary>
    TimeSpan? Of(short city);
}

/// <summary>The age that the follower tells.</summary>
/// <param name="follower">Known only when somebody asks: its observers ask it.</param>
internal sealed class FollowedLogAge(Func<ChangeFollower> follower) : ILogAge
{
    public TimeSpan? Of(short city) => follower().ProvenAge(city);
}

/// <summary>For hosts that follow no log.</summary>
internal sealed class NoLogAge : ILogAge
{
    public TimeSpan? Of(short city) => null;
}
