using CityHelper.Data.Import;
using NetTopologySuite.Geometries;
using NetTopologySuite.Index;
using NetTopologySuite.Index.HPRtree;

namespace CityHelper.Data.Boundaries;

/// <summary>
/// Counts what the shapes of one file will have compared, before anything compares it. Checking, repairing and simplifying look at every two edges whose boxes meet, and hold rings
/// against rings that they may lie in. Of a border as people draw it that is one or two pairs an edge (measured: 1.0 to 2.2 in the files of New York, Boston and Los Angeles); of 20,000
/// positions that wind around each other it is 200 million, and the steps together took minutes. They take about 1.2 s for four million.
/// </summary>
/// <remarks>A feature beyond its limit is refused alone. What was counted for it counts for the file, so a file of such features is refused whole.</remarks>
/// <param name="file">The file's name, for messages.</param>
internal sealed class ShapeWork(string file)
{
    private long _pairs;
    private long _pointTests;
    private long _crossings;
    private long _overlaps;

    /// <summary>Counts a feature.</summary>
    /// <param name="rings">All its rings.</param>
    /// <exception cref="RefusedFeatureException">It is too much for one feature.</exception>
    /// <exception cref="BrokenInputException">It is too much for one file.</exception>
    public void Count(IReadOnlyList<Coordinate[]> rings)
    {
        CountPointTests(PointTests(rings, Limits.BoundaryPointTestsMax));
        long pairs = EdgePairs(rings, Limits.BoundaryEdgePairsMax);
        _pairs += pairs;
        RequireFile(_pairs <= Limits.FileEdgePairsMax);
        if (pairs > Limits.BoundaryEdgePairsMax)
        {
            throw new RefusedFeatureException($"more than {Limits.BoundaryEdgePairsMax:N0} pairs of its edges lie close together, and comparing them would take too long: simplify it");
        }
    }

    /// <summary>Counts edges that points are held against.</summary>
    /// <exception cref="RefusedFeatureException">They are too many for one feature.</exception>
    /// <exception cref="BrokenInputException">They are too many for one file.</exception>
    public void CountPointTests(long edges)
    {
        _pointTests += edges;
        RequireFile(_pointTests <= Limits.FilePointTestsMax);
        if (edges > Limits.BoundaryPointTestsMax)
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

    /// <summary>Pairs of different edges whose boxes meet.</summary>
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

        // Each pair is met twice, and each edge meets itself.
        long met = Met(boxes, 2 * most + boxes.Count, (_, _) => 1);
        return (met - boxes.Count + 1) / 2;
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

/// <summary>Shapes that are the same when every number of them is. NTS tells them apart by their boxes alone, and looks at every number of those that share one.</summary>
internal sealed class ExactShapes : IEqualityComparer<Geometry>
{
    public static ExactShapes Comparer { get; } = new();

    public bool Equals(Geometry? x, Geometry? y) => ReferenceEquals(x, y) || (x is not null && y is not null && x.EqualsExact(y));

    public int GetHashCode(Geometry obj)
    {
        var hash = default(HashCode);
        foreach (Coordinate position in obj.Coordinates)
        {
            hash.Add(position.X);
            hash.Add(position.Y);
        }

        return hash.ToHashCode();
    }
}
