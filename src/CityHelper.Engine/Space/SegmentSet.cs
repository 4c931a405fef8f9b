using System.Runtime.CompilerServices;
using NetTopologySuite.Geometries;

namespace CityHelper.Engine.Space;

/// <summary>
/// The segments of a geometry's lines and rings, and the monotone chains that GEOS and NTS cut them into. Points have none.
/// </summary>
/// <remarks>
/// A monotone chain is a run of segments in one quadrant, so it never crosses itself. GEOS 3.11 compares chains whose ranges of x overlap
/// (<c>SimpleMCSweepLineIntersector</c>), and segments of chains whose boxes overlap.
/// </remarks>
internal sealed class SegmentSet
{
    private static readonly ConditionalWeakTable<Geometry, SegmentSet> s_known = [];

    private readonly List<Segment> _segments = [];
    private readonly List<(double West, double East)> _chains = [];

    private SegmentSet(Geometry geometry)
    {
        foreach (LineString line in LinesOf(geometry))
        {
            Add(line.CoordinateSequence);
        }
    }

    /// <summary>The segments, line by line, without those of zero length.</summary>
    public IReadOnlyList<Segment> Segments => _segments;

    /// <summary>The ranges of x of the monotone chains.</summary>
    public IReadOnlyList<(double West, double East)> Chains => _chains;

    /// <summary>The segments of a geometry, cached with it.</summary>
    public static SegmentSet Of(Geometry geometry) => s_known.GetValue(geometry, g => new SegmentSet(g));

    /// <summary>The lines and rings of a geometry.</summary>
    public static IEnumerable<LineString> LinesOf(Geometry geometry) => geometry switch
    {
        LineString line => [line],
        Polygon polygon when !polygon.IsEmpty => polygon.InteriorRings.Prepend(polygon.ExteriorRing),
        GeometryCollection parts => parts.Geometries.SelectMany(LinesOf),
        _ => [],
    };

    private void Add(CoordinateSequence positions)
    {
        int first = _segments.Count;
        int quadrant = -1;
        for (int i = 1; i < positions.Count; i++)
        {
            var segment = new Segment(positions.GetX(i - 1), positions.GetY(i - 1), positions.GetX(i), positions.GetY(i), first);
            if (segment.FromX == segment.ToX && segment.FromY == segment.ToY)
            {
                continue;
            }

            _segments.Add(segment);
            int own = segment.Quadrant;
            if (own == quadrant)
            {
                (double west, double east) = _chains[^1];
                _chains[^1] = (Math.Min(west, segment.West), Math.Max(east, segment.East));
            }
            else
            {
                _chains.Add((segment.West, segment.East));
                quadrant = own;
            }
        }
    }
}

/// <summary>A segment of a line.</summary>
/// <param name="FromX">Longitude of its start.</param>
/// <param name="FromY">Latitude of its start.</param>
/// <param name="ToX">Longitude of its end.</param>
/// <param name="ToY">Latitude of its end.</param>
/// <param name="Line">The number of its line's first segment.</param>
internal readonly record struct Segment(double FromX, double FromY, double ToX, double ToY, int Line)
{
    public double West => Math.Min(FromX, ToX);

    public double East => Math.Max(FromX, ToX);

    public double South => Math.Min(FromY, ToY);

    public double North => Math.Max(FromY, ToY);

    /// <summary>The quadrant of its direction: 0 to 3, numbered as in GEOS.</summary>
    public int Quadrant => (ToX >= FromX, ToY >= FromY) switch
    {
        (true, true) => 0,
        (false, true) => 1,
        (false, false) => 2,
        (true, false) => 3,
    };
}
