using System.Runtime.InteropServices;

namespace CityHelper.Data.Import;

/// <summary>
/// A 64-bit hash that is the same in every process and version, because ids and comparisons in the database depend on it. It is FNV-1a over
/// UTF-16 code units with a final mix, so that the upper bits are as good as the lower ones.
/// </summary>
public struct StableHash
{
    private const ulong Offset = 14_695_981_039_346_656_037;
    private const ulong Prime = 1_099_511_628_211;

    private ulong _state;
    private bool _started;

    public static long Of(ReadOnlySpan<char> text)
    {
        var hash = default(StableHash);
        hash.Add(text);
        return hash.Value;
    }

    /// <summary>The hash of everything that was added, in order.</summary>
    public readonly long Value
    {
        get
        {
            ulong x = _started ? _state : Offset;
            x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
            x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
            return unchecked((long)(x ^ (x >> 31)));
        }
    }

    /// <summary>Adds a text and an end mark, which distinguishes ("ab", "c") from ("a", "bc").</summary>
    public void Add(ReadOnlySpan<char> text)
    {
        foreach (ushort unit in MemoryMarshal.Cast<char, ushort>(text))
        {
            Mix(unit);
        }

        Mix(0x1_0000);
    }

    /// <summary>Adds a text or null, which differs from the empty text.</summary>
    public void Add(string? text)
    {
        if (text is null)
        {
            Mix(0x1_0001);
            return;
        }

        Add(text.AsSpan());
    }

    public void Add(long number)
    {
        Mix(unchecked((uint)number));
        Mix(unchecked((uint)(number >> 32)));
    }

    private void Mix(uint unit)
    {
        ulong state = _started ? _state : Offset;
        _state = (state ^ unit) * Prime;
        _started = true;
    }
}
