using NetTopologySuite.Algorithm;
using NetTopologySuite.Geometries;

namespace CityHelper.Engine.Space;

/// <summary>The work of a topological operation on lines and rings, counted before it begins.</summary>
/// <param name="Chains">Pairs of monotone chains whose ranges of x overlap: GEOS compares each, in 27 ns (measured).</param>
/// <param name="Boxes">Pairs of segments whose boxes overlap: GEOS and NTS intersect each.</param>
/// <param name="Contacts">
/// Pairs of segments that intersect, equal and collinear ones included; neighbours in one line are left out. GEOS makes nodes of each, in
/// about 10 microseconds (measured).
/// </param>
internal readonly record struct SegmentPairs(long Chains, long Boxes, long Contacts)
{
    public static SegmentPairs operator +(SegmentPairs left, SegmentPairs right) =>
        new(left.Chains + right.Chains, left.Boxes + right.Boxes, left.Contacts + right.Contacts);

    /// <summary>The larger of both, for each count.</summary>
    public SegmentPairs Or(SegmentPairs other) =>
        new(Math.Max(Chains, other.Chains), Math.Max(Boxes, other.Boxes), Math.Max(Contacts, other.Contacts));

    /// <summary>Whether no count exceeds its bound.</summary>
    public bool IsWithin(SegmentPairs most) => Chains <= most.Chains && Boxes <= most.Boxes && Contacts <= most.Contacts;

    /// <summary>Counts the pairs within a geometry.</summary>
    /// <returns>Null when they are more than <paramref name="most"/>: counting stops there.</returns>
    public static SegmentPairs? Within(SegmentSet set, SegmentPairs most)
    {
        long chains = ChainPairs(set.Chains);
        return chains > most.Chains ? null : SegmentSweep.Count([.. set.Segments], [], chains, most);
    }

    /// <summary>Counts the pairs between the segments of two geometries.</summary>
    /// <returns>Null when they are more than <paramref name="most"/>: counting stops there.</returns>
    public static SegmentPairs? Between(SegmentSet one, Envelope box, SegmentSet other, Envelope otherBox, SegmentPairs most)
    {
        // Chains and segments beyond the other geometry's box meet none of it.
        List<(double West, double East)> near = [.. other.Chains.Where(c => c.West <= box.MaxX && c.East >= box.MinX)];
        List<(double West, double East)> own = [.. one.Chains.Where(c => c.West <= otherBox.MaxX && c.East >= otherBox.MinX)];
        long chains = ChainPairs([.. own, .. near]) - ChainPairs(own) - ChainPairs(near);
        return chains > most.Chains
            ? null
            : SegmentSweep.Count(
                [.. one.Segments.Where(s => IsNear(s, otherBox))], [.. other.Segments.Where(s => IsNear(s, box))], chains, most);
    }

    private static bool IsNear(Segment segment, Envelope box) =>
        segment.West <= box.MaxX && segment.East >= box.MinX && segment.South <= box.MaxY && segment.North >= box.MinY;

    private static long ChainPairs(IReadOnlyCollection<(double West, double East)> chains) =>
        OverlappingRanges([.. chains.Select(c => c.West)], [.. chains.Select(c => c.East)]).Pairs;

    /// <summary>
    /// The number of pairs of ranges that overlap, ends included, and the most ranges that share one number. Sorts both arrays.
    /// </summary>
    internal static (long Pairs, int Most) OverlappingRanges(double[] lows, double[] highs)
    {
        Array.Sort(lows);
        Array.Sort(highs);
        long pairs = 0;
        int most = 0;
        int ended = 0;
        for (int i = 0; i < lows.Length; i++)
        {
            while (highs[ended] < lows[i])
            {
                ended++;
            }

            // Ranges that began earlier and have not ended.
            pairs += i - ended;
            most = Math.Max(most, i - ended + 1);
        }

        return (pairs, most);
    }
}

/// <summary>Finds the pairs of segments whose boxes overlap, by a sweep over x or y, whichever compares fewer.</summary>
internal sealed class SegmentSweep
{
    private readonly Segment[] _one;
    private readonly Segment[] _other;
    private readonly bool _isWithin;
    private readonly bool _overY;
    private long _boxes;
    private long _contacts;

    private SegmentSweep(Segment[] one, Segment[] other, bool overY)
    {
        _one = one;
        _other = other;
        _isWithin = other.Length == 0;
        _overY = overY;
    }

    /// <summary>Counts boxes and contacts within one set, or between two when the other is not empty.</summary>
    /// <returns>Null when there are more than allowed, or when even the better axis needs too many comparisons.</returns>
    public static SegmentPairs? Count(Segment[] one, Segment[] other, long chains, SegmentPairs most)
    {
        (long overX, long overY) = (Comparisons(one, other, overY: false), Comparisons(one, other, overY: true));
        if (Math.Min(overX, overY) > Limits.SegmentComparisonsMax)
        {
            return null;
        }

        var sweep = new SegmentSweep(one, other, overY < overX);
        return sweep.TryCount(most) ? new SegmentPairs(chains, sweep._boxes, sweep._contacts) : null;
    }

    private static long Comparisons(Segment[] one, Segment[] other, bool overY)
    {
        long within = OverlappingRanges(one, overY);
        return other.Length == 0 ? within : OverlappingRanges([.. one, .. other], overY) - within - OverlappingRanges(other, overY);
    }

    private static long OverlappingRanges(Segment[] segments, bool overY) => SegmentPairs.OverlappingRanges(
        Array.ConvertAll(segments, s => overY ? s.South : s.West), Array.ConvertAll(segments, s => overY ? s.North : s.East)).Pairs;

    private bool TryCount(SegmentPairs most)
    {
        (int Number, bool IsOther)[] order =
        [
            .. Enumerable.Range(0, _one.Length).Select(i => (i, false)),
            .. Enumerable.Range(0, _other.Length).Select(i => (i, true)),
        ];
        Array.Sort(Array.ConvertAll(order, s => Begin(SegmentOf(s))), order);
        List<int> active = [];
        List<int> otherActive = [];
        foreach ((int Number, bool IsOther) next in order)
        {
            Segment segment = SegmentOf(next);
            bool looksAtOther = !_isWithin && !next.IsOther;
            if (!TryCompare(segment, next.Number, looksAtOther ? otherActive : active, looksAtOther, most))
            {
                return false;
            }

            (next.IsOther ? otherActive : active).Add(next.Number);
        }

        return true;
    }

    private bool TryCompare(Segment segment, int number, List<int> active, bool areOther, SegmentPairs most)
    {
        double begin = Begin(segment);
        for (int i = active.Count - 1; i >= 0; i--)
        {
            Segment met = SegmentOf((active[i], areOther));
            if (End(met) < begin)
            {
                active[i] = active[^1];
                active.RemoveAt(active.Count - 1);
            }
            else if (Overlap(segment, met))
            {
                _boxes++;
                _contacts += (!_isWithin || !AreNeighbours(number, active[i])) && Touch(segment, met) ? 1 : 0;
                if (_boxes > most.Boxes || _contacts > most.Contacts)
                {
                    return false;
                }
            }
        }

        return true;
    }

    private Segment SegmentOf((int Number, bool IsOther) segment) => segment.IsOther ? _other[segment.Number] : _one[segment.Number];

    private double Begin(Segment segment) => _overY ? segment.South : segment.West;

    private double End(Segment segment) => _overY ? segment.North : segment.East;

    private bool Overlap(Segment one, Segment other) => _overY
        ? one.West <= other.East && one.East >= other.West
        : one.South <= other.North && one.North >= other.South;

    // Consecutive segments, or the last and the first of a ring.
    private bool AreNeighbours(int one, int other) => _one[one].Line == _one[other].Line
        && (Math.Abs(one - other) == 1 || (_one[one].FromX == _one[other].ToX && _one[one].FromY == _one[other].ToY)
            || (_one[one].ToX == _one[other].FromX && _one[one].ToY == _one[other].FromY));

    // Exact: NTS computes the sides in double-double arithmetic where doubles do not suffice. For collinear segments the boxes decide.
    private static bool Touch(Segment one, Segment other) =>
        AreOnBothSides(one, other) && AreOnBothSides(other, one);

    private static bool AreOnBothSides(Segment line, Segment of)
    {
        int from = CGAlgorithmsDD.OrientationIndex(line.FromX, line.FromY, line.ToX, line.ToY, of.FromX, of.FromY);
        int to = CGAlgorithmsDD.OrientationIndex(line.FromX, line.FromY, line.ToX, line.ToY, of.ToX, of.ToY);
        return from * to <= 0;
    }
}
