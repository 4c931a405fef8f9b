namespace CityHelper.Data.Import;

/// <summary>Turns a wall clock's time into UTC.</summary>
public static class LocalTimes
{
    /// <summary>
    /// Reads a time without a zone in a city's zone. An hour that comes twice is read as the first, the daylight one; an hour
    /// that does not exist is shifted forward, as a clock that was not set would show it.
    /// </summary>
    /// <remarks>Done here and not by PostgreSQL, whose AT TIME ZONE takes the second of two hours.</remarks>
    public static DateTime ToUtc(DateTime local, TimeZoneInfo zone)
    {
        TimeSpan offset;
        if (zone.IsAmbiguousTime(local))
        {
            offset = zone.GetAmbiguousTimeOffsets(local).Max();
        }
        else if (zone.IsInvalidTime(local))
        {
            // The offset that held before the gap; the gap is at most three hours in any zone's history.
            offset = zone.GetUtcOffset(local.AddHours(-3));
        }
        else
        {
            offset = zone.GetUtcOffset(local);
        }

        return DateTime.SpecifyKind(local - offset, DateTimeKind.Utc);
    }
}
