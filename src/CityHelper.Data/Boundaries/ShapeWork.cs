using CityHelper.Data.Import;
using NetTopologySuite.Geometries;
using NetTopologySuite.Index;
using NetTopologySuite.Index.HPRtree;

namespace CityHelper.Data.Boundaries;

/// <summary>
/// Counts what the shapes of one file will have compared, before anything compares it. Checking, repairing, simplifying and cutting look at
/// every two edges whose boxes meet, and hold rings against rings that they may lie in. Of a border as people draw it hardly an edge meets
/// another that is not its neighbour; where 20,000 positions wind around each other all of them do, and the steps took 10 to 56 s each
/// (measured, on a busy machine), also those in PostgreSQL, where nothing stops them.
/// </summary>
/// <remarks>
/// A feature beyond its limit is refused alone. What was counted for it counts for the file, so a file of such features is refused whole.
/// </remarks>
/// <param name="file">The file's name, for messages.</param>
internal sealed class ShapeWork(string file)
{
    private long _pairs;
    private long _pointTests;
    private long _pointTestsBefore;
    private long _crossings;
    private long _overlaps;

    /// <summary>Counts a feature: the first that is counted of it.</summary>
    /// <param name="rings">All its rings.</param>
    /// <exception cref="RefusedFeatureException">It is too much for one feature.</exception>
    /// <exception cref="BrokenInputException">It is too much for one file.</exception>
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
            throw new RefusedFeatureException($"more than {Limits.BoundaryEdgePairsMax:N0} pairs of its edges lie close together, and comparing them would take too long: simplify it");
        }
    }

    /// <summary>Counts edges that points of the feature are held against.</summary>
    /// <exception cref="RefusedFeatureException">They are too many for one feature.</exception>
    /// <exception cref="BrokenInputException">They are too many for one file.</exception>
    public void CountPointTests(long edges)
    {
        _pointTests += edges;
        RequireFile(_pointTests <= Limits.FilePointTestsMax);
        if (_pointTests - _pointTestsBefore > Limits.BoundaryPointTestsMax)
        {
            throw new RefusedFeatureException("so many of its rings lie within each other that telling holes from parts would take too long: simplify it");
        }
    }

    /// <summary>Counts where edges cross, and where they lie on each other: a repair makes a vertex of each.</summary>
    /// <exception cref="RefusedFeatureException">They are too many for one feature.</exception>
    /// <exception cref="BrokenInputException">They are too many for one file.</exception>
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

    /// <summary>Pairs of edges whose boxes meet, without neighbours in a ring.</summary>
    /// <param name="rings">Closed or not.</param>
    /// <param name="most">Where counting may stop; the result is then larger.</param>
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

        // Each pair is met twice, each edge meets itself, and in a closed ring it has two neighbours.
        long met = Met(boxes, 2 * most + 3L * boxes.Count, (_, _) => 1);
        return Math.Max(0, (met - 3L * boxes.Count + 1) / 2);
    }

    // Every ring that may lie in another is held against all its edges.
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
            throw new BrokenInputException($"{file} has too many shapes that wind around themselves, cross themselves or lie within each other to be checked in seconds: simplify it, or split it by kind.");
        }
    }

    private sealed class Sum(Func<int, int, long> weight) : IItemVisitor<int>
    {
        public int Asked { get; set; }

        public long Total { get; private set; }

        public void VisitItem(int item) => Total += weight(Asked, item);
    }
}
