using System.Runtime.CompilerServices;
using NetTopologySuite.Geometries;

namespace CityHelper.Engine.Space;

/// <summary>How many edges of a polygon there are at one height. A point is held against those at its own: few of an outline, all of a comb that stands upright.</summary>
internal static class EdgeHeights
{
    // A geometry that a client sends may be weighed for several conditions.
    private static readonly ConditionalWeakTable<Geometry, StrongBox<int>> s_known = [];

    /// <summary>The most edges that one parallel of latitude has in common with a geometry. A millisecond for 10,000 positions.</summary>
    public static int MostOf(Geometry geometry) => s_known.GetValue(geometry, g => new StrongBox<int>(Count(g))).Value;

    private static int Count(Geometry geometry)
    {
        var edges = new List<(double Low, double High)>(geometry.NumPoints);
        foreach (LineString ring in SegmentSet.LinesOf(geometry))
        {
            CoordinateSequence positions = ring.CoordinateSequence;
            for (int i = 1; i < positions.Count; i++)
            {
                (double from, double to) = (positions.GetY(i - 1), positions.GetY(i));
                edges.Add((Math.Min(from, to), Math.Max(from, to)));
            }
        }

        double[] lows = [.. edges.Select(e => e.Low)];
        double[] highs = [.. edges.Select(e => e.High)];
        Array.Sort(lows);
        Array.Sort(highs);
        int most = 0;
        int ended = 0;
        for (int i = 0; i < lows.Length; i++)
        {
            while (highs[ended] < lows[i])
            {
                ended++;
            }

            most = Math.Max(most, i + 1 - ended);
        }

        return most;
    }
}
