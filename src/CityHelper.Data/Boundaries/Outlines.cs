using NetTopologySuite.Coverage;
using NetTopologySuite.Geometries;
using NetTopologySuite.Precision;

namespace CityHelper.Data.Boundaries;

/// <summary>The shapes of all boundaries of a kind with fewer vertices, for maps that show them small.</summary>
/// <remarks>
/// They are simplified together: an edge that two shapes share is one, so that neighbours keep their common borders. Files come out of
/// programs that compute each shape for itself, and the same corner differs in its last digits; it is one again when positions are put on a
/// grid of a millimetre (of New York's 71 districts, 22 do not fit their neighbours before and 4 after). Where borders do not meet even
/// then, an edge is one shape's own and is simplified for itself; a shape that becomes invalid that way is simplified alone, with its
/// topology kept.
/// </remarks>
public sealed class Outlines
{
    /// <summary>Pixels of a map tile's edge.</summary>
    private const int TilePixels = 256;

    /// <summary>The grid: 0.00000001 degrees are a millimetre.</summary>
    private static readonly PrecisionModel s_grid = new(1e8);

    private readonly IReadOnlyList<MultiPolygon> _shapes;
    private readonly Geometry[] _onGrid;
    private readonly double _latitude;

    /// <param name="shapes">Valid shapes.</param>
    /// <param name="latitude">Of the city, in degrees.</param>
    public Outlines(IReadOnlyList<MultiPolygon> shapes, double latitude)
    {
        _shapes = shapes;
        _onGrid = [.. shapes.Select(shape => Areas(GeometryPrecisionReducer.Reduce(shape, s_grid)) ?? shape)];
        _latitude = latitude;
    }

    /// <summary>
    /// The Web Mercator zooms that outlines are made for: a region, a city, a district, a neighbourhood. Above, the full shape is shown.
    /// </summary>
    public static IReadOnlyList<short> Zooms { get; } = [8, 10, 12, 14];

    /// <summary>
    /// Half a pixel at a zoom and latitude, in degrees of latitude. Mercator stretches latitude by its cosine, so that the same number of
    /// degrees of longitude is less than half a pixel.
    /// </summary>
    public static double ToleranceDegrees(int zoom, double latitude) =>
        0.5 * 360 / (TilePixels * Math.Pow(2, zoom)) * Math.Cos(latitude * Math.PI / 180);

    /// <summary>The outlines for a zoom.</summary>
    /// <returns>As many as there are shapes, in the same order, each valid and not empty.</returns>
    public IReadOnlyList<MultiPolygon> At(int zoom)
    {
        double tolerance = ToleranceDegrees(zoom, _latitude);
        Geometry[] together = CoverageSimplifier.Simplify(_onGrid, tolerance);

        // Not TopologyPreservingSimplifier, which looks at each edge again for each vertex it keeps: 2 s for the teeth of a comb of 20,000,
        // four times as long for twice as many.
        return [.. _shapes.Select((shape, i) => Areas(together[i]) ?? Areas(CoverageSimplifier.Simplify([_onGrid[i]], tolerance)[0]) ?? shape)];
    }

    private static MultiPolygon? Areas(Geometry geometry)
    {
        // Of the shapes' own factory: the grid is a tool, not a property of what is stored.
        if (geometry.IsEmpty || !geometry.IsValid || geometry is not (Polygon or MultiPolygon))
        {
            return null;
        }

        GeometryFactory factory = new(new PrecisionModel(), BoundaryShapes.Srid);
        return factory.CreateMultiPolygon([.. Enumerable.Range(0, geometry.NumGeometries).Select(i => (Polygon)factory.CreateGeometry(geometry.GetGeometryN(i)))]);
    }
}
