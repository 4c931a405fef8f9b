using NetTopologySuite.Algorithm.Locate;
using NetTopologySuite.Geometries;

namespace CityHelper.Engine.Space;

/// <summary>
/// Pairs of positions, of a client's geometry and of an area, that PostGIS 3.3 compares for their distance (<c>lw_dist2d_recursive</c>).
/// Where the area is farther from the geometry's bounding box than any distance that matters, only the box's positions count. Else all
/// do, part by part, until one part lies in the other and the distance is 0.
/// </summary>
/// <param name="Usual">The pairs when PostGIS finds the same point inside the same polygon as this code.</param>
/// <param name="Most">The pairs when it does not, because its test rounds.</param>
internal readonly record struct MeasuredPairs(long Usual, long Most)
{
    private const int RectanglePositions = 5;

    /// <summary>Degrees by which PostGIS may enlarge a box: it stores an edge of up to 180 degrees in 24 bits.</summary>
    private const double BoxRounding = 1e-4;

    /// <summary>For disjoint boxes: the area's positions are sorted, and at worst all pairs are compared.</summary>
    private const int SortedRectanglePositions = SortedPairs.SortingOfPosition + RectanglePositions * SortedPairs.ComparisonsOfPair;

    /// <summary>Counts in one pass over the area for each geometry.</summary>
    /// <param name="geometries">The geometries, measured one by one; none is empty.</param>
    /// <param name="area">A polygon or polygons.</param>
    /// <param name="maxDistance">The largest distance that matters, in degrees.</param>
    public static MeasuredPairs Of(IReadOnlyList<Geometry> geometries, Geometry area, double maxDistance)
    {
        Polygon[] parts = [.. Enumerable.Range(0, area.NumGeometries).Select(area.GetGeometryN).OfType<Polygon>().Where(p => !p.IsEmpty)];
        (long usual, long most) = (0, 0);
        foreach (Geometry geometry in geometries)
        {
            Envelope around = geometry.EnvelopeInternal.Copy();
            around.ExpandBy(maxDistance);
            if (!area.EnvelopeInternal.Intersects(around))
            {
                continue;
            }

            long toRectangle = parts.Sum(part =>
                (long)part.NumPoints
                * (part.EnvelopeInternal.Intersects(geometry.EnvelopeInternal) ? RectanglePositions : SortedRectanglePositions));
            MeasuredPairs pairs = parts.Any(part => IsNear(part, around)) ? Between(geometry, parts) : default;
            usual += toRectangle + pairs.Usual;
            most += toRectangle + pairs.Most;
            if (most > Limits.MeasuredPairsMax)
            {
                // Too many already: the request is refused.
                break;
            }
        }

        return new MeasuredPairs(usual, most);
    }

    // Part by part, in the order of PostGIS.
    private static MeasuredPairs Between(Geometry geometry, Polygon[] parts)
    {
        Geometry[] subs = geometry.Dimension == Dimension.Point
            ? [geometry]
            : [.. Enumerable.Range(0, geometry.NumGeometries).Select(geometry.GetGeometryN).Where(g => !g.IsEmpty)];
        double nearest = double.PositiveInfinity;
        (long usual, long most, bool isFound) = (0, 0, false);
        foreach (Polygon part in parts)
        {
            foreach (Geometry sub in subs)
            {
                long pairs = PairsOf(sub, part, ref nearest);
                most += pairs;
                if (!isFound && (IsIn(sub.Coordinate, part) || (sub is Polygon polygon && IsIn(part.Coordinate, polygon))))
                {
                    // PostGIS still compares a line with the holes, and a polygon with a hole that contains the other's first position.
                    isFound = true;
                    usual +=
                        sub.NumPoints * (long)HolePositions(part)
                        + (sub is Polygon holed ? (long)HolePositions(holed) * part.NumPoints : 0);
                }

                usual += isFound ? 0 : pairs;
            }
        }

        return new MeasuredPairs(usual, most);
    }

    // PostGIS never sorts for points.
    private static long PairsOf(Geometry sub, Polygon part, ref double nearest)
    {
        long all = sub.NumPoints * (long)part.NumPoints;
        if (sub.Dimension == Dimension.Point || part.EnvelopeInternal.Intersects(sub.EnvelopeInternal))
        {
            return all;
        }

        // PostGIS stores boxes in 24 bits, so boxes that are barely apart may intersect there.
        Envelope rounded = sub.EnvelopeInternal.Copy();
        rounded.ExpandBy(BoxRounding);
        long sorted = SortedPairs.Between(OutlineOf(sub), part.ExteriorRing, ref nearest);
        return part.EnvelopeInternal.Intersects(rounded) ? Math.Max(all, sorted) : sorted;
    }

    private static LineString OutlineOf(Geometry sub) => (sub as Polygon)?.ExteriorRing ?? (LineString)sub;

    // An edge's box intersects the rectangle, or the whole rectangle lies inside the part.
    private static bool IsNear(Polygon part, Envelope around) =>
        part.EnvelopeInternal.Intersects(around)
        && (SegmentSet.LinesOf(part).Any(ring => HasEdgeIn(ring.CoordinateSequence, around))
            || IsIn(new Coordinate(around.MinX, around.MinY), part));

    private static bool HasEdgeIn(CoordinateSequence ring, Envelope around)
    {
        (double fromX, double fromY) = (ring.GetX(0), ring.GetY(0));
        for (int i = 1; i < ring.Count; i++)
        {
            (double toX, double toY) = (ring.GetX(i), ring.GetY(i));
            if (Math.Min(fromX, toX) <= around.MaxX
                && Math.Max(fromX, toX) >= around.MinX
                && Math.Min(fromY, toY) <= around.MaxY
                && Math.Max(fromY, toY) >= around.MinY)
            {
                return true;
            }

            (fromX, fromY) = (toX, toY);
        }

        return false;
    }

    private static bool IsIn(Coordinate position, Polygon polygon) =>
        polygon.EnvelopeInternal.Contains(position) && SimplePointInAreaLocator.Locate(position, polygon) == Location.Interior;

    private static int HolePositions(Polygon polygon) => polygon.NumPoints - polygon.ExteriorRing.NumPoints;
}
