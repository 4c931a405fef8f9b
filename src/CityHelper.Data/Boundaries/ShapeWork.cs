using CityHelper.Data.Import;
using NetTopologySuite.Geometries;
using NetTopologySuite.Index;
using NetTopologySuite.Index.HPRtree;

namespace CityHelper.Data.Boundaries;

/// <summary>
/// Counts the comparisons that the shapes of one file need, before anything compares them. Checking, repairing, simplifying and cutting
/// compare every two edges whose boxes intersect, and test rings against rings that may contain them. In a border drawn by people hardly
/// any edge meets one that is not its neighbour. Where 20,000 positions wind around each other, all edges do: each step took 10 to 56 s
/// (measured on a busy machine), in PostgreSQL too, where nothing stops it.
/// </summary>
/// <remarks>
/// A feature beyond its limit is refused alone. Its counts remain in the file's totals, so a file of such features is refused whole.
/// </remarks>
/// <param name="file">The file's name, for messages.</param>
internal sealed class ShapeWork(string file)
{
    private long _pairs;
    private long _pointTests;
    private long _pointTestsBefore;
    private long _crossings;
    private long _overlaps;

    /// <summary>Counts a feature's edge pairs and point tests. Called first for each feature.</summary>
    /// <param name="rings">All its rings.</param>
    /// <exception cref="RefusedFeatureException">The feature exceeds its limits.</exception>
    /// <exception cref="BrokenInputException">The file exceeds its limits.</exception>
    public void Count(IReadOnlyList<Coordinate[]> rings)
    {
        _pointTestsBefore = _pointTests;
        if (rings.Count > Limits.RingsOfBoundaryMax)
        {
            throw new RefusedFeatureException($"it has more than {Limits.RingsOfBoundaryMax:N0} rings: simplify it");
        }

        CountPointTests(PointTests(rings, Limits.BoundaryPointTestsMax));
        long pairs = EdgePairs(rings, Limits.BoundaryEdgePairsMax);
        _pairs += pairs;
        RequireFile(_pairs <= Limits.FileEdgePairsMax);
        if (pairs > Limits.BoundaryEdgePairsMax)
        {
            throw new RefusedFeatureException(
                $"more than {Limits.BoundaryEdgePairsMax:N0} pairs of its edges lie close together, and comparing them would take too "
                    + "long: simplify it");
        }
    }

    /// <summary>Counts the edges that the feature's points are tested against.</summary>
    /// <exception cref="RefusedFeatureException">The feature exceeds its limit.</exception>
    /// <exception cref="BrokenInputException">The file exceeds its limit.</exception>
    public void CountPointTests(long edges)
    {
        _pointTests += edges;
        RequireFile(_pointTests <= Limits.FilePointTestsMax);
        if (_pointTests - _pointTestsBefore > Limits.BoundaryPointTestsMax)
        {
            throw new RefusedFeatureException(
                "so many of its rings lie within each other that telling holes from parts would take too long: simplify it");
        }
    }

    /// <summary>Counts where edges cross and where they overlap: a repair makes a vertex of each.</summary>
    /// <exception cref="RefusedFeatureException">The feature exceeds its limits.</exception>
    /// <exception cref="BrokenInputException">The file exceeds its limits.</exception>
    public void CountCrossings(Geometry geometry)
    {
        (int crossings, int overlaps) = SelfCrossings.In(geometry, Limits.BoundaryCrossingsMax, Limits.BoundaryOverlapsMax);
        _crossings += crossings;
        _overlaps += overlaps;
        RequireFile(_crossings <= Limits.FileCrossingsMax && _overlaps <= Limits.FileOverlapsMax);
        if (crossings > Limits.BoundaryCrossingsMax)
        {
            throw new RefusedFeatureException($"it crosses itself more than {Limits.BoundaryCrossingsMax:N0} times");
        }

        if (overlaps > Limits.BoundaryOverlapsMax)
        {
            throw new RefusedFeatureException($"more than {Limits.BoundaryOverlapsMax:N0} times one of its edges lies on another");
        }
    }

    /// <summary>Pairs of edges whose boxes intersect, without neighbours in a ring.</summary>
    /// <param name="rings">Closed or not.</param>
    /// <param name="most">Counting may stop above this number; the result is then larger than it.</param>
    public static long EdgePairs(IEnumerable<Coordinate[]> rings, long most)
    {
        var boxes = new List<Envelope>();
        foreach (Coordinate[] ring in rings)
        {
            for (int i = 0; i + 1 < ring.Length; i++)
            {
                boxes.Add(new Envelope(ring[i], ring[i + 1]));
            }
        }

        // The index finds each pair twice, and each edge itself. In a closed ring each edge has two neighbours.
        long met = Met(boxes, 2 * most + 3L * boxes.Count, (_, _) => 1);
        return Math.Max(0, (met - 3L * boxes.Count + 1) / 2);
    }

    // A ring that may lie in another is tested against all edges of the other.
    private static long PointTests(IReadOnlyList<Coordinate[]> rings, long most)
    {
        List<Envelope> boxes = [.. rings.Select(BoxOf)];
        return Met(boxes, most, (inner, outer) => inner != outer && boxes[outer].Covers(boxes[inner]) ? rings[outer].Length : 1);
    }

    private static Envelope BoxOf(Coordinate[] ring)
    {
        var box = new Envelope();
        foreach (Coordinate position in ring)
        {
            box.ExpandToInclude(position);
        }

        return box;
    }

    private static long Met(List<Envelope> boxes, long most, Func<int, int, long> weight)
    {
        if (boxes.Count == 0)
        {
            return 0;
        }

        var index = new HPRtree<int>();
        for (int i = 0; i < boxes.Count; i++)
        {
            index.Insert(boxes[i], i);
        }

        var sum = new Sum(weight);
        for (sum.Asked = 0; sum.Asked < boxes.Count && sum.Total <= most; sum.Asked++)
        {
            index.Query(boxes[sum.Asked], sum);
        }

        return sum.Total;
    }

    private void RequireFile(bool holds)
    {
        if (!holds)
        {
            throw new BrokenInputException(
                $"{file} has too many shapes that wind around themselves, cross themselves or lie within each other to be checked in "
                    + "seconds: simplify it, or split it by kind.");
        }
    }

    private sealed class Sum(Func<int, int, long> weight) : IItemVisitor<int>
    {
        public int Asked { get; set; }

        public long Total { get; private set; }

        public void VisitItem(int item) => Total += weight(Asked, item);
    }
}
