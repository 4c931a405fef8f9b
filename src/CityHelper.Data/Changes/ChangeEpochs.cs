namespace CityHelper.Data.Changes;

/// <summary>Epochs of the change log: seconds since 2025, as the clock told them when they began. The first one is 1.</summary>
public static class ChangeEpochs
{
    private static readonly DateTimeOffset s_begin = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// The latest epoch that can have been given. What is said to be of a later one was not written by the change log, and is never
    /// believed: an epoch raised above it could be the last.
    /// </summary>
    /// <param name="time">The clock.</param>
    public static int Latest(TimeProvider time) =>
        (int)Math.Clamp((time.GetUtcNow() - s_begin + Limits.EpochAheadMax).TotalSeconds, 1, int.MaxValue);
}
