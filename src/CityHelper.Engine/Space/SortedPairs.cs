using NetTopologySuite.Geometries;

namespace CityHelper.Engine.Space;

/// <summary>
/// The work of PostGIS 3.3 for the distance of two lines or rings with disjoint boxes (<c>lw_dist2d_fast_ptarray_ptarray</c>). It sorts
/// both along the line through the centres of their boxes, and compares positions that are closer along it than the least distance so
/// far. A U with tips far apart and level with the other's edge defeats that: then all pairs are compared, and a pair takes 40 ns, not the
/// 8.5 ns of intersecting boxes (measured).
/// </summary>
internal static class SortedPairs
{
    /// <summary>The cost of sorting a position, in pairs: 75 ns (measured).</summary>
    public const int SortingOfPosition = 10;

    /// <summary>The cost of a pair, in pairs of intersecting boxes: both segments at one position meet both at the other.</summary>
    public const int ComparisonsOfPair = 4;

    /// <summary>Degrees by which the centre of a box may differ in PostGIS, which rounds boxes to 24 bits.</summary>
    private const double CentreRounding = 1e-5;

    /// <summary>The most pairs that are compared, plus the sorting in pairs.</summary>
    /// <param name="one">A line or ring.</param>
    /// <param name="other">Another, with a disjoint box.</param>
    /// <param name="nearest">An upper bound of the least distance so far, in degrees; lowered to that of these two if smaller.</param>
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

        // PostGIS first compares the two positions closest along the line. Of several at the same place it may take any.
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

    // Measures positions along a line, in degrees.
    private readonly struct Direction(double x, double y)
    {
        private readonly double _x = x / Math.Sqrt(x * x + y * y);
        private readonly double _y = y / Math.Sqrt(x * x + y * y);

        public double Of(CoordinateSequence positions, int i) => positions.GetX(i) * _x + positions.GetY(i) * _y;
    }
}
