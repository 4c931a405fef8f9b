using NetTopologySuite.Coverage;
using NetTopologySuite.Geometries;
using NetTopologySuite.Simplify;

namespace CityHelper.Data.Boundaries;

/// <summary>Shapes with fewer vertices for maps that show them small.</summary>
public static class Outlines
{
    /// <summary>The Web Mercator zooms that outlines are made for: a region, a city, a district, a neighbourhood. Above, the full shape is shown.</summary>
    public static IReadOnlyList<short> Zooms { get; } = [8, 10, 12, 14];

    /// <summary>Pixels of a map tile's edge.</summary>
    private const int TilePixels = 256;

    /// <summary>
    /// Half a pixel at a zoom and latitude, in degrees of latitude. Mercator stretches latitude by its cosine, so that the same number of
    /// degrees of longitude is less than half a pixel.
    /// </summary>
    public static double ToleranceDegrees(int zoom, double latitude) =>
        0.5 * 360 / (TilePixels * Math.Pow(2, zoom)) * Math.Cos(latitude * Math.PI / 180);

    /// <summary>Simplifies all boundaries of a kind together, so that neighbours keep their common borders.</summary>
    /// <param name="shapes">Valid shapes.</param>
    /// <param name="zoom">The zoom.</param>
    /// <param name="latitude">Of the city.</param>
    /// <returns>As many shapes, in the same order, each valid and not empty.</returns>
    /// <remarks>
    /// The coverage's simplifier takes edges that two shapes share as one. Where borders do not meet exactly, an edge is one shape's own and
    /// is simplified for itself; a shape that becomes invalid that way is simplified alone, with its topology kept.
    /// </remarks>
    public static IReadOnlyList<MultiPolygon> Of(IReadOnlyList<MultiPolygon> shapes, int zoom, double latitude)
    {
        double tolerance = ToleranceDegrees(zoom, latitude);
        Geometry[] together = CoverageSimplifier.Simplify([.. shapes.Cast<Geometry>()], tolerance);
        return [.. shapes.Select((shape, i) => Areas(together[i]) ?? Areas(TopologyPreservingSimplifier.Simplify(shape, tolerance)) ?? shape)];
    }

    private static MultiPolygon? Areas(Geometry geometry) => geometry switch
    {
        { IsEmpty: true } or { IsValid: false } => null,
        MultiPolygon areas => areas,
        Polygon area => area.Factory.CreateMultiPolygon([area]),
        _ => null,
    };
}
