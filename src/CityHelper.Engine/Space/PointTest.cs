using NetTopologySuite.Geometries;

namespace CityHelper.Engine.Space;

/// <summary>
/// Whether points lie in an area, edges included. Uses the same arithmetic as the SQL that <c>AreaTest</c> makes, so both agree on
/// each point.
/// </summary>
internal abstract class PointTest
{
    /// <summary>The most edges that one test reads.</summary>
    public abstract int EdgesMax { get; }

    /// <summary>Whether the point lies in the area.</summary>
    public abstract bool Contains(double longitude, double latitude);
}

/// <summary>Tests points against a rectangle.</summary>
internal sealed class BoxPoints(Viewport box) : PointTest
{
    public override int EdgesMax => 1;

    public override bool Contains(double longitude, double latitude) =>
        longitude >= box.West && longitude <= box.East && latitude >= box.South && latitude <= box.North;
}

/// <summary>
/// Tests points against valid polygons by the winding number of each ring, as PostGIS 3.3 does for <c>st_intersects</c> of a polygon and
/// a point (<c>point_in_ring_rtree</c>; Sunday, "Inclusion of a Point in a Polygon", 2001). It multiplies the same doubles in the same
/// order, so the side of an edge is the same even where it is rounded.
/// </summary>
internal sealed class SurfacePoints : PointTest
{
    /// <summary>
    /// Bands of equal height, each with the edges that reach into it. A district has about a thousand edges, two to ten of them at a
    /// latitude.
    /// </summary>
    private const int BandsMax = 2_048;

    // As in PostGIS: shorter edges are ignored.
    private const double LengthMin = 1e-12;

    private readonly Viewport _box;
    private readonly double _bandsPerDegree;
    private readonly Edge[] _edges;
    private readonly int[][] _bands;

    private SurfacePoints(Envelope box, Edge[] edges, int bands)
    {
        _box = new Viewport(box.MinX, box.MinY, box.MaxX, box.MaxY);
        _bandsPerDegree = box.Height > 0 ? bands / box.Height : 0;
        _edges = edges;
        _bands = new int[bands][];
    }

    public override int EdgesMax => _bands.Max(band => band.Length);

    /// <summary>
    /// Makes the test of a valid polygon or several; null when a band would have more than <paramref name="edgesMax"/> edges.
    /// </summary>
    public static SurfacePoints? Of(Geometry surface, int edgesMax)
    {
        Edge[] edges = [.. Edges(surface)];
        var points = new SurfacePoints(surface.EnvelopeInternal, edges, Math.Clamp(edges.Length, 1, BandsMax));
        var bands = new List<int>?[points._bands.Length];
        for (int i = 0; i < edges.Length; i++)
        {
            for (int band = points.BandOf(edges[i].South); band <= points.BandOf(edges[i].North); band++)
            {
                List<int> of = bands[band] ??= [];
                if (of.Count == edgesMax)
                {
                    return null;
                }

                of.Add(i);
            }
        }

        for (int band = 0; band < bands.Length; band++)
        {
            points._bands[band] = bands[band]?.ToArray() ?? [];
        }

        return points;
    }

    public override bool Contains(double longitude, double latitude)
    {
        if (!(longitude >= _box.West && longitude <= _box.East && latitude >= _box.South && latitude <= _box.North))
        {
            return false;
        }

        // Edges are ordered by ring, each polygon's shell before its holes.
        int[] band = _bands[BandOf(latitude)];
        (int polygon, bool isInside) = (-1, false);
        for (int start = 0, end; start < band.Length; start = end)
        {
            ref readonly Edge first = ref _edges[band[start]];
            for (end = start + 1; end < band.Length && _edges[band[end]].Ring == first.Ring; end++)
            {
            }

            if (first.Polygon != polygon)
            {
                if (isInside)
                {
                    return true;
                }

                polygon = first.Polygon;
            }

            // A hole matters only if the shell contains the point.
            if (first.IsHole && !isInside)
            {
                continue;
            }

            if (Winding(band.AsSpan(start, end - start), longitude, latitude) is not { } winding)
            {
                return true;
            }

            isInside = first.IsHole ? winding == 0 : winding != 0;
        }

        return isInside;
    }

    // Null for a point on an edge.
    private int? Winding(ReadOnlySpan<int> ring, double x, double y)
    {
        int winding = 0;
        foreach (int number in ring)
        {
            ref readonly Edge edge = ref _edges[number];

            // Entirely above or below the point.
            if (edge.FromY < y && edge.ToY < y || edge.FromY > y && edge.ToY > y)
            {
                continue;
            }

            double side = (edge.ToX - edge.FromX) * (y - edge.FromY) - (x - edge.FromX) * (edge.ToY - edge.FromY);
            if (side == 0 && x >= Math.Min(edge.FromX, edge.ToX) && x <= Math.Max(edge.FromX, edge.ToX))
            {
                return null;
            }

            winding += edge.FromY <= y && y < edge.ToY && side > 0 ? 1
                : edge.ToY <= y && y < edge.FromY && side < 0 ? -1
                : 0;
        }

        return winding;
    }

    private int BandOf(double y) =>
        Math.Min((int)((y - _box.South) * _bandsPerDegree), _bands.Length - 1);

    private static IEnumerable<Edge> Edges(Geometry surface)
    {
        int number = 0;
        for (int p = 0; p < surface.NumGeometries; p++)
        {
            var polygon = (Polygon)surface.GetGeometryN(p);
            foreach (LineString ring in polygon.InteriorRings.Prepend(polygon.ExteriorRing))
            {
                CoordinateSequence positions = ring.CoordinateSequence;
                bool isHole = ring != polygon.ExteriorRing;
                for (int i = 1; i < positions.Count; i++)
                {
                    var edge = new Edge(
                        positions.GetX(i - 1), positions.GetY(i - 1), positions.GetX(i), positions.GetY(i), p, number, isHole);
                    double width = edge.ToX - edge.FromX;
                    double height = edge.ToY - edge.FromY;
                    if (width * width + height * height >= LengthMin * LengthMin)
                    {
                        yield return edge;
                    }
                }

                number++;
            }
        }
    }

    private readonly record struct Edge(double FromX, double FromY, double ToX, double ToY, int Polygon, int Ring, bool IsHole)
    {
        public double South => Math.Min(FromY, ToY);

        public double North => Math.Max(FromY, ToY);
    }
}
