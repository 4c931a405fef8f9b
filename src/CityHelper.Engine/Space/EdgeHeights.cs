using System.Runtime.CompilerServices;
using NetTopologySuite.Geometries;

namespace CityHelper.Engine.Space;

/// <summary>
/// How many edges of a polygon there are at one height. A point is held against those at its own: few of an outline, all of a comb that
/// stands upright.
/// </summary>
internal static class EdgeHeights
{
    // A geometry that a client sends may be weighed for several conditions.
    private static readonly ConditionalWeakTable<Geometry, StrongBox<int>> s_known = [];

    /// <summary>The most edges that one parallel of latitude has in common with a geometry. A millisecond for 10,000 positions.</summary>
    public static int MostOf(Geometry geometry) => s_known.GetValue(geometry, g => new StrongBox<int>(Count(g))).Value;

    private static int Count(Geometry geometry)
    {
        Segment[] edges = [.. SegmentSet.Of(geometry).Segments];
        return SegmentPairs.OverlappingRanges(Array.ConvertAll(edges, e => e.South), Array.ConvertAll(edges, e => e.North)).Most;
    }
}
