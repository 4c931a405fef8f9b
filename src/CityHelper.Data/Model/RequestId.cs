namespace CityHelper.Data.Model;

/// <summary>
/// Ids that contain their time: milliseconds since 2020-01-01 UTC in the upper 42 bits. The lower 22 bits distinguish ids of the same
/// millisecond. Ids before 2020 are negative and valid. Reasons: docs/decisions/0002.
/// </summary>
public static class RequestId
{
    /// <summary>2020-01-01T00:00:00Z in milliseconds since 1970; SQL <c>id_floor</c> has the same number.</summary>
    public const long EpochMs = 1_577_836_800_000;

    /// <summary>Bits below the time.</summary>
    public const int SequenceBits = 22;

    /// <summary>Set in the ids of imported rows and clear in those made here, so that the two never collide.</summary>
    public const long ImportedBit = 1L << (SequenceBits - 1);

    /// <summary>The smallest id in a moment's millisecond.</summary>
    public static long Floor(DateTimeOffset moment) => FloorOfMs(moment.ToUnixTimeMilliseconds());

    /// <summary>
    /// The smallest id of a millisecond since 1970. Ids cover 1950 to 2089. A time beyond gives the smallest or largest id, so that a bound
    /// of a filter stays a bound.
    /// </summary>
    public static long FloorOfMs(long unixMs) => (unixMs - EpochMs) switch
    {
        < long.MinValue >> SequenceBits => long.MinValue,
        > long.MaxValue >> SequenceBits => long.MaxValue,
        long ms => ms << SequenceBits,
    };

    /// <summary>The time in an id, to the millisecond, in UTC.</summary>
    public static DateTimeOffset TimeOf(long id) => DateTimeOffset.FromUnixTimeMilliseconds((id >> SequenceBits) + EpochMs);
}
