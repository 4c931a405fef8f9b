using NetTopologySuite.Geometries;

namespace CityHelper.Engine.Space;

/// <summary>
/// What PostGIS 3.3 does for the distance of two lines or rings whose boxes are apart (<c>lw_dist2d_fast_ptarray_ptarray</c>): it sorts
/// both along the line through the centres of their boxes, and compares what is closer along it than the least distance so far. A U whose
/// tips are far from each other and level with the other's edge defeats that: then all pairs are compared, and a pair takes 40 ns, not the
/// 8.5 of boxes that meet (measured).
/// </summary>
internal static class SortedPairs
{
    /// <summary>What the sorting of a position takes, in pairs: 75 ns (measured).</summary>
    public const int SortingOfPosition = 10;

    /// <summary>What a pair takes, in those of boxes that meet: both segments at one position with both at the other.</summary>
    public const int ComparisonsOfPair = 4;

    /// <summary>Degrees within which the centre of a box may lie elsewhere there: they are rounded to 24 bits.</summary>
    private const double CentreRounding = 1e-5;

    /// <summary>The most pairs that are compared, and what the sorting takes in pairs.</summary>
    /// <param name="one">A line or ring.</param>
    /// <param name="other">Another, whose box is apart.</param>
    /// <param name="nearest">At least the least distance that was found so far, in degrees; lowered by what these are apart at
    /// most.</param>
    public static long Between(LineString one, LineString other, ref double nearest)
    {
        Coordinate from = one.EnvelopeInternal.Centre;
        Coordinate to = other.EnvelopeInternal.Centre;
        var along = new Direction(to.X - from.X, to.Y - from.Y);
        Envelope both = one.EnvelopeInternal.Copy();
        both.ExpandToInclude(other.EnvelopeInternal);
        double rounding = CentreRounding * (1 + both.Diameter / from.Distance(to));
        CoordinateSequence before = one.CoordinateSequence;
        CoordinateSequence behind = other.CoordinateSequence;
        double high = Enumerable.Range(0, before.Count).Max(i => along.Of(before, i));
        double low = Enumerable.Range(0, behind.Count).Min(i => along.Of(behind, i));

        // The first comparison is of the two that are closest along the line, whichever they are where several are level.
        Envelope ends = Between(before, along, high - rounding, high);
        ends.ExpandToInclude(Between(behind, along, low, low + rounding));
        nearest = Math.Min(nearest, ends.Diameter);
        double reach = nearest + rounding;
        return SortingOfPosition * (long)(before.Count + behind.Count)
            + ComparisonsOfPair * Count(before, along, low - reach, high) * Count(behind, along, low, high + reach);
    }

    private static Envelope Between(CoordinateSequence positions, Direction along, double low, double high)
    {
        var box = new Envelope();
        for (int i = 0; i < positions.Count; i++)
        {
            if (along.Of(positions, i) is double measure && measure >= low && measure <= high)
            {
                box.ExpandToInclude(positions.GetX(i), positions.GetY(i));
            }
        }

        return box;
    }

    private static long Count(CoordinateSequence positions, Direction along, double low, double high)
    {
        long count = 0;
        for (int i = 0; i < positions.Count; i++)
        {
            count += along.Of(positions, i) is double measure && measure >= low && measure <= high ? 1 : 0;
        }

        return count;
    }

    // Degrees along a line.
    private readonly struct Direction(double x, double y)
    {
        private readonly double _x = x / Math.Sqrt(x * x + y * y);
        private readonly double _y = y / Math.Sqrt(x * x + y * y);

        public double Of(CoordinateSequence positions, int i) => positions.GetX(i) * _x + positions.GetY(i) * _y;
    }
}
