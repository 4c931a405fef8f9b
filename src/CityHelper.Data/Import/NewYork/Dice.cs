namespace CityHelper.Data.Import.NewYork;

/// <summary>Random numbers that are the same on every machine and in every version of .NET (SplitMix64).</summary>
/// <remarks>Only integers and the four basic operations: a logarithm may differ in its last bit between machines.</remarks>
internal struct Dice(long seed, long row)
{
    private ulong _state = unchecked(((ulong)seed * 0x9E3779B97F4A7C15) ^ ((ulong)row * 0xD1B54A32D192ED03));

    /// <summary>From 0 to 1, without 1.</summary>
    public double Share() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>From 0 to <paramref name="count"/>, without it.</summary>
    public int Below(int count) => (int)(Share() * count);

    public bool Chance(double share) => Share() < share;

    /// <summary>Bell-shaped around 0 with standard deviation 1, never beyond 3.5: the sum of four uniform numbers.</summary>
    public double Bell() => (Share() + Share() + Share() + Share() - 2) * 1.7320508;

    /// <summary>Mostly small, sometimes large: the median is about <paramref name="typical"/>, the maximum at most 20 times that.</summary>
    public double LongTail(double typical)
    {
        double share = Share();
        return typical * ((0.2 + (1.2 * share)) + (18 * share * share * share * share * share * share * share * share));
    }

    private ulong Next()
    {
        _state = unchecked(_state + 0x9E3779B97F4A7C15);
        ulong x = _state;
        x = unchecked((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9);
        x = unchecked((x ^ (x >> 27)) * 0x94D049BB133111EB);
        return x ^ (x >> 31);
    }
}
