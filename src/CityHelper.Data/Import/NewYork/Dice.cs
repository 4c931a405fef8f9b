namespace CityHelper.Data.Import.NewYork;

/// <summary>Random numbers that are the same on every machine and in every version of .NET (SplitMix64).</summary>
/// <remarks>Only integers and the four operations: a logarithm may differ in its last bit from machine to machine.</remarks>
internal struct Dice(long seed, long row)
{
    private ulong _state = unchecked(((ulong)seed * 0x9E3779B97F4A7C15) ^ ((ulong)row * 0xD1B54A32D192ED03));

    /// <summary>0 up to, not including, 1.</summary>
    public double Share() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>0 up to, not including, <paramref name="count"/>.</summary>
    public int Below(int count) => (int)(Share() * count);

    public bool Chance(double share) => Share() < share;

    /// <summary>Bell-shaped around 0 with deviation 1, never beyond 3.5: the sum of four even throws.</summary>
    public double Bell() => (Share() + Share() + Share() + Share() - 2) * 1.7320508;

    /// <summary>Mostly small, sometimes a multiple: about <paramref name="typical"/> in the middle, at most twenty times of it.</summary>
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
