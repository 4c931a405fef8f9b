using CityHelper.Data.Model;
using NetTopologySuite.Coverage;
using NetTopologySuite.Geometries;
using NetTopologySuite.Precision;

namespace CityHelper.Data.Boundaries;

/// <summary>Geometries of all boundaries of a kind with fewer vertices, for maps at small scales.</summary>
/// <remarks>
/// They are simplified as a coverage: neighbours share their common edges and keep their common borders. Most files come from programs that
/// compute each shape separately, so the same corner differs in its last digits. Snapping to a grid of a millimetre makes it one corner
/// again (of New York's 71 districts, 22 do not fit their neighbours before and 4 after). Where borders still differ, each edge is
/// simplified by itself. A shape that becomes invalid is simplified alone, keeping its topology.
/// </remarks>
public sealed class Outlines
{
    /// <summary>Width of a map tile in pixels.</summary>
    private const int TilePixels = 256;

    /// <summary>The snapping grid: 0.00000001 degrees are about a millimetre.</summary>
    private static readonly PrecisionModel s_grid = new(1e8);

    private readonly IReadOnlyList<MultiPolygon> _shapes;
    private readonly Geometry[] _onGrid;
    private readonly double _latitude;

    /// <param name="shapes">Valid geometries.</param>
    /// <param name="latitude">The city's latitude, in degrees.</param>
    public Outlines(IReadOnlyList<MultiPolygon> shapes, double latitude)
    {
        _shapes = shapes;
        _onGrid = [.. shapes.Select(shape => Areas(GeometryPrecisionReducer.Reduce(shape, s_grid)) ?? shape)];
        _latitude = latitude;
    }

    /// <summary>
    /// The Web Mercator zooms of the outlines: a region, a city, a district, a neighbourhood. Above them the full geometry is shown.
    /// </summary>
    public static IReadOnlyList<short> Zooms { get; } = [8, 10, 12, 14];

    /// <summary>
    /// Half a pixel at a zoom and latitude, in degrees of latitude. Mercator stretches latitude by 1/cos, so the same number of degrees of
    /// longitude is less than half a pixel.
    /// </summary>
    public static double ToleranceDegrees(int zoom, double latitude) =>
        0.5 * 360 / (TilePixels * Math.Pow(2, zoom)) * Math.Cos(latitude * Math.PI / 180);

    /// <summary>The outlines for a zoom.</summary>
    /// <returns>One per geometry, in the same order, each valid and not empty.</returns>
    public IReadOnlyList<MultiPolygon> At(int zoom)
    {
        double tolerance = ToleranceDegrees(zoom, _latitude);
        Geometry[] together = CoverageSimplifier.Simplify(_onGrid, tolerance);

        // TopologyPreservingSimplifier rechecks every edge for each vertex that it keeps: a comb of 20,000 vertices takes 2 s, and
        // twice as many take four times as long.
        return
        [
            .. _shapes.Select((shape, i) => Areas(together[i]) ?? Areas(CoverageSimplifier.Simplify([_onGrid[i]], tolerance)[0]) ?? shape),
        ];
    }

    private static MultiPolygon? Areas(Geometry geometry)
    {
        // Built by the factory of stored geometries: the grid is only a tool and is not stored.
        if (geometry.IsEmpty || !geometry.IsValid || geometry is not (Polygon or MultiPolygon))
        {
            return null;
        }

        GeometryFactory factory = new(new PrecisionModel(), Wgs84.Srid);
        return factory.CreateMultiPolygon([
            .. Enumerable.Range(0, geometry.NumGeometries).Select(i => (Polygon)factory.CreateGeometry(geometry.GetGeometryN(i))),
        ]);
    }
}
