namespace CityHelper.Data.Import;

/// <summary>Converts local times to UTC.</summary>
public static class LocalTimes
{
    /// <summary>
    /// Reads a time without a zone in a city's zone. An hour that occurs twice is read as the first, in daylight time. An hour that does
    /// not exist is shifted forward, as a clock that was not set would show it.
    /// </summary>
    /// <remarks>Not done by PostgreSQL, whose AT TIME ZONE takes the second of two hours.</remarks>
    public static DateTime ToUtc(DateTime local, TimeZoneInfo zone)
    {
        TimeSpan offset;
        if (zone.IsAmbiguousTime(local))
        {
            offset = zone.GetAmbiguousTimeOffsets(local).Max();
        }
        else if (zone.IsInvalidTime(local))
        {
            // The offset before the gap; in any zone's history a gap is at most three hours.
            offset = zone.GetUtcOffset(local.AddHours(-3));
        }
        else
        {
            offset = zone.GetUtcOffset(local);
        }

        return DateTime.SpecifyKind(local - offset, DateTimeKind.Utc);
    }
}
