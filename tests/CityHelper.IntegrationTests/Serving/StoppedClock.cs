namespace CityHelper.IntegrationTests.Serving;

/// <summary>A clock that stands still, so that what depends on the day is the same every day.</summary>
/// <param name="now">The moment it shows, UTC.</param>
internal sealed class StoppedClock(DateTime now) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => new(now, TimeSpan.Zero);
}
