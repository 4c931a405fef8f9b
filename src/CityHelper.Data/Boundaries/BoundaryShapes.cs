using System.Globalization;
using CityHelper.Data.Model;
using NetTopologySuite.Algorithm;
using NetTopologySuite.Algorithm.Locate;
using NetTopologySuite.Geometries;
using NetTopologySuite.Geometries.Utilities;
using NetTopologySuite.Operation.Valid;

namespace CityHelper.Data.Boundaries;

/// <summary>Turns GeoJSON shapes into valid geometries, or refuses them. The same shape always gives the same geometry.</summary>
/// <param name="city">The rectangle around the city; a boundary must intersect it.</param>
/// <param name="work">Counts the work that a file causes, before it is done.</param>
internal sealed class BoundaryShapes(Envelope city, ShapeWork work)
{
    private const double MetresPerDegree = 111_320;

    private static readonly GeometryFactory s_factory = new(new PrecisionModel(), Wgs84.Srid);

    private readonly double _squareMetresPerSquareDegree = MetresPerDegree * MetresPerDegree * Math.Cos(city.Centre.Y * Math.PI / 180);

    /// <summary>Makes the geometry of a shape; repairs are recorded in <see cref="GeoJsonShape.Repairs"/>.</summary>
    /// <remarks>
    /// (1) In the city, and few enough edges to compare. (2) Rings: closed, large enough, each once. (3) Holes: inside their polygons.
    /// (4) Valid, or repaired with almost no change of area. (5) Shells counter-clockwise, holes clockwise (RFC 7946).
    /// </remarks>
    /// <exception cref="RefusedFeatureException">It cannot be repaired safely.</exception>
    public MultiPolygon Make(GeoJsonShape shape)
    {
        RequirePlace(shape);                                                                                     // (1)
        work.Count([.. shape.Polygons.SelectMany(rings => rings)]);
        Polygon[] polygons = Polygons(shape);                                                                    // (2), (3)
        MultiPolygon geometry = s_factory.CreateMultiPolygon(polygons);
        var check = new IsValidOp(geometry);
        if (!check.IsValid)
        {
            geometry = Repair(geometry, check.ValidationError, shape.Repairs);                                   // (4)
        }

        geometry = s_factory.CreateMultiPolygon([.. geometry.Geometries.Cast<Polygon>().Select(Oriented)]);      // (5)
        return geometry.Intersects(s_factory.ToGeometry(city))
            ? geometry
            : throw new RefusedFeatureException("it lies outside the city's bounds");
    }

    private void RequirePlace(GeoJsonShape shape)
    {
        var box = new Envelope();
        foreach (Coordinate position in shape.Polygons.SelectMany(rings => rings).SelectMany(ring => ring))
        {
            box.ExpandToInclude(position);
        }

        if (box.IsNull)
        {
            throw new RefusedFeatureException("its geometry is empty");
        }

        bool isInWorld = box.MinX >= -180 && box.MaxX <= 180 && box.MinY >= -90 && box.MaxY <= 90;
        if (isInWorld && city.Intersects(box))
        {
            return;
        }

        // Swapped axes are checked before the world's bounds: a latitude of -118 is a misplaced longitude.
        throw new RefusedFeatureException(
            city.Intersects(new Envelope(box.MinY, box.MaxY, box.MinX, box.MaxX))
                ? "its positions have latitude before longitude: swap them"
            : isInWorld ? "it lies outside the city's bounds"
            : "its positions are outside the world: longitude is -180 to 180, latitude -90 to 90");
    }

    private Polygon[] Polygons(GeoJsonShape shape)
    {
        var seen = new HashSet<Geometry>();
        var polygons = new List<Polygon>();
        foreach (Polygon polygon in shape.Polygons.SelectMany(rings => PolygonsOf(rings, shape.Repairs)))
        {
            if (seen.Add(polygon.Normalized()))
            {
                polygons.Add(polygon);
            }
            else
            {
                shape.Repairs.Add("a polygon that stood twice was dropped");
            }
        }

        return polygons.Count == 0 ? throw new RefusedFeatureException("nothing of it is larger than a square metre") : [.. polygons];
    }

    private IEnumerable<Polygon> PolygonsOf(IReadOnlyList<Coordinate[]> rings, List<string> repairs)
    {
        LinearRing?[] grounds = [.. rings.Select(ring => Ring(ring, repairs))];
        if (grounds[0] is { } shell)
        {
            return [s_factory.CreatePolygon(shell, [.. Holes(grounds.Skip(1).OfType<LinearRing>(), shell, repairs)])];
        }

        // Some tools write the parts of an area as rings of one polygon. When the first ring is too small and dropped, its "holes" become
        // polygons. If these overlap, the area is invalid.
        LinearRing[] others = [.. grounds.OfType<LinearRing>()];
        if (others.Length > 0)
        {
            repairs.Add("the holes of a shell without area became polygons");
        }

        return others.Select(ring => s_factory.CreatePolygon(ring));
    }

    private List<LinearRing> Holes(IEnumerable<LinearRing> rings, LinearRing shell, List<string> repairs)
    {
        var seen = new HashSet<Geometry>();
        var holes = new List<LinearRing>();
        var shellArea = new IndexedPointInAreaLocator(shell);
        double smallMax = Area.OfRing(shell.Coordinates) * Limits.BoundaryRepairShareMax;
        foreach (LinearRing hole in rings)
        {
            if (!shell.EnvelopeInternal.Intersects(hole.EnvelopeInternal) || hole.Coordinates.All(IsOutside))
            {
                // A large hole may be an intended part of the area, not a digitising error.
                repairs.Add(Area.OfRing(hole.Coordinates) <= smallMax
                    ? "a small hole outside its polygon was dropped"
                    : throw new RefusedFeatureException("a hole of it lies outside its polygon"));
            }
            else if (seen.Add(s_factory.CreatePolygon(hole).Normalized()))
            {
                holes.Add(hole);
            }
            else
            {
                repairs.Add("a hole that stood twice was dropped");
            }
        }

        return holes;

        // The index skips edges that do not cross the point's latitude. In a comb every edge crosses it, so all are counted.
        bool IsOutside(Coordinate position)
        {
            work.CountPointTests(shell.NumPoints);
            return shellArea.Locate(position) == Location.Exterior;
        }
    }

    /// <returns>The closed ring; null when its area is below <see cref="Limits.BoundarySliverSquareMetres"/>.</returns>
    private LinearRing? Ring(Coordinate[] positions, List<string> repairs)
    {
        if (positions.Length > 0 && !positions[0].Equals2D(positions[^1]))
        {
            repairs.Add("a ring that was not closed was closed");
            positions = [.. positions, positions[0].Copy()];
        }

        LinearRing? ring = positions.Length >= 4 ? s_factory.CreateLinearRing(positions) : null;
        if (ring is not null && IsGround(Area.OfRing(positions)))
        {
            return ring;
        }

        // The loops of a bow-tie wind in opposite directions: their areas may cancel out although the ring encloses ground.
        if (ring is not null && IsGround(Fixed(s_factory.CreatePolygon(ring)).Area))
        {
            throw new RefusedFeatureException("a ring of it crosses itself like a bow-tie");
        }

        repairs.Add("a part smaller than a square metre was dropped");
        return null;
    }

    private bool IsGround(double squareDegrees) => squareDegrees * _squareMetresPerSquareDegree >= Limits.BoundarySliverSquareMetres;

    private MultiPolygon Repair(MultiPolygon broken, TopologyValidationError error, List<string> repairs)
    {
        string reason = string.Create(
            CultureInfo.InvariantCulture,
            $"{error.Message.ToLowerInvariant()} near {error.Coordinate?.X:0.#####}, {error.Coordinate?.Y:0.#####}");
        Polygon[] polygons = [.. PolygonExtracter.GetPolygons(Fixed(broken)).Cast<Polygon>().Where(p => IsGround(p.Area))];
        MultiPolygon repaired = s_factory.CreateMultiPolygon(polygons);
        double change = ChangedShare(broken, repaired);
        if (polygons.Length == 0 || !(change <= Limits.BoundaryRepairShareMax) || !repaired.IsValid)
        {
            throw new RefusedFeatureException(string.Create(
                CultureInfo.InvariantCulture,
                $"it is no valid area ({reason}), and repairing it would change its area by {change * 100:0.#} %, not at most "
                    + $"{Limits.BoundaryRepairShareMax * 100:0.#} %"));
        }

        repairs.Add(reason);
        return repaired;
    }

    /// <summary>
    /// The share of the area that a repair changes. Changes are added up per polygon, so that a gain in one hides no loss in another.
    /// Then the loss where polygons overlap is added. Within a polygon only total areas are compared: an invalid ring gives no more.
    /// </summary>
    private double ChangedShare(MultiPolygon broken, MultiPolygon repaired)
    {
        (double Said, double Is)[] areas = [.. broken.Geometries.Cast<Polygon>().Select(p => (
            Area.OfRing(p.Shell.Coordinates) - p.Holes.Sum(hole => Area.OfRing(hole.Coordinates)), p.IsValid ? p.Area : Fixed(p).Area))];
        double before = areas.Sum(a => a.Said);
        double change = areas.Sum(a => Math.Abs(a.Is - a.Said)) + Math.Abs(areas.Sum(a => a.Is) - repaired.Area);

        // Holes larger than their polygons leave no positive area to compare with.
        return before > 0 ? change / before : 1;
    }

    private Geometry Fixed(Geometry broken)
    {
        work.CountCrossings(broken);
        return GeometryFixer.Fix(broken);
    }

    private static Polygon Oriented(Polygon polygon) => s_factory.CreatePolygon(
        Turned(polygon.Shell, counterClockwise: true), [.. polygon.Holes.Select(hole => Turned(hole, counterClockwise: false))]);

    private static LinearRing Turned(LinearRing ring, bool counterClockwise) =>
        ring.IsCCW == counterClockwise ? ring : s_factory.CreateLinearRing([.. ring.Coordinates.Reverse()]);
}
