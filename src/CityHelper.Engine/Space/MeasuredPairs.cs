using NetTopologySuite.Algorithm.Locate;
using NetTopologySuite.Geometries;

namespace CityHelper.Engine.Space;

/// <summary>
/// Pairs of positions, of a client's geometry and of an area whose boxes meet, that PostGIS 3.3 holds against each other for their distance (<c>lw_dist2d_recursive</c>): none
/// where the area is farther from the rectangle around the geometry than any distance that matters; else all, part by part, until one part lies in the other, where the distance is 0.
/// Long lines are measured run by run.
/// </summary>
/// <param name="Usual">What is held against each other where PostGIS finds the same point inside the same polygon.</param>
/// <param name="Most">The same where it does not: its test rounds.</param>
internal readonly record struct MeasuredPairs(long Usual, long Most)
{
    private const int RectanglePositions = 5;

    /// <summary>Counts in one pass over the area for each part.</summary>
    /// <param name="geometries">What is measured one by one, none of it empty.</param>
    /// <param name="area">A polygon or polygons.</param>
    /// <param name="reach">Degrees beyond which distances are not told apart.</param>
    public static MeasuredPairs Of(IReadOnlyList<Geometry> geometries, Geometry area, double reach)
    {
        Polygon[] parts = [.. Enumerable.Range(0, area.NumGeometries).Select(area.GetGeometryN).OfType<Polygon>().Where(p => !p.IsEmpty)];
        (long usual, long most) = (0, 0);
        foreach (Geometry geometry in geometries)
        {
            Envelope around = geometry.EnvelopeInternal.Copy();
            around.ExpandBy(reach);
            if (area.EnvelopeInternal.Intersects(around))
            {
                long toRectangle = RectanglePositions * (long)area.NumPoints;
                bool isNear = parts.Any(part => IsNear(part, around));
                usual += toRectangle + (isNear ? Usually(geometry, parts) : 0);
                most += toRectangle + (isNear ? (long)geometry.NumPoints * area.NumPoints : 0);
            }
        }

        return new MeasuredPairs(usual, most);
    }

    private static long Usually(Geometry geometry, Polygon[] parts)
    {
        Polygon? only = geometry.NumGeometries == 1 ? geometry.GetGeometryN(0) as Polygon : null;
        Coordinate first = geometry.Coordinate;
        long positions = geometry.NumPoints;
        long pairs = 0;
        foreach (Polygon part in parts)
        {
            if (IsIn(first, part) || (only is not null && IsIn(part.Coordinate, only)))
            {
                // Holes are held against the other's edge even so.
                return pairs + positions * HolePositions(part) + (only is null ? 0 : (long)HolePositions(only) * part.NumPoints);
            }

            pairs += positions * part.NumPoints;
        }

        return pairs;
    }

    // An edge that is near, by its box, or the whole rectangle inside.
    private static bool IsNear(Polygon part, Envelope around) =>
        part.EnvelopeInternal.Intersects(around)
        && (SegmentSet.LinesOf(part).Any(ring => HasEdgeIn(ring.CoordinateSequence, around)) || IsIn(new Coordinate(around.MinX, around.MinY), part));

    private static bool HasEdgeIn(CoordinateSequence ring, Envelope around)
    {
        (double fromX, double fromY) = (ring.GetX(0), ring.GetY(0));
        for (int i = 1; i < ring.Count; i++)
        {
            (double toX, double toY) = (ring.GetX(i), ring.GetY(i));
            if (Math.Min(fromX, toX) <= around.MaxX && Math.Max(fromX, toX) >= around.MinX && Math.Min(fromY, toY) <= around.MaxY && Math.Max(fromY, toY) >= around.MinY)
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
