namespace CityHelper.IntegrationTests.Serving;

/// <summary>A stopped clock, so that results that depend on the day never change.</summary>
/// <param name="now">Its time, UTC.</param>
internal sealed class StoppedClock(DateTime now) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => new(now, TimeSpan.Zero);
}
