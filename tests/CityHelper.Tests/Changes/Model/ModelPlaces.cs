using CityHelper.Engine.Space;
using NetTopologySuite.Geometries;

namespace CityHelper.Tests.Changes.Model;

/// <summary>
/// Places of requests: 1 and 2 share a cell of zoom 16, 3 shares their cell of zoom 14, 4 that of zoom 12, and 5 lies outside. 0 is none.
/// </summary>
internal static class ModelPlaces
{
    public const int Count = 6;

    private const int Zoom = 16;

    // Multiples of 16, so that a cell of zoom 12 begins here too.
    private const int X = 19_296;
    private const int Y = 24_640;

    private static readonly Point?[] s_points =
        [null, At(X + 0.3, Y + 0.3), At(X + 0.7, Y + 0.7), At(X + 1.5, Y + 0.5), At(X + 4.5, Y + 0.5), At(X + 16.5, Y + 0.5)];

    private static readonly Dictionary<(int Place, int Zoom), long> s_cells = new(
        from place in Enumerable.Range(1, Count - 1)
        from zoom in new[] { 12, 14, 16 }
        select KeyValuePair.Create((place, zoom), GridCells.Of(s_points[place]!.X, s_points[place]!.Y, zoom)));

    public static Point? PointOf(int place) => s_points[place];

    /// <summary>The cell of a zoom that a place lies in; null for none.</summary>
    public static long? CellOf(int place, int zoom) => s_cells.TryGetValue((place, zoom), out long cell) ? cell : null;

    /// <summary>The cells of places, each once.</summary>
    public static long[] CellsOf(IEnumerable<int> places, int zoom) =>
        [.. places.Select(place => CellOf(place, zoom)).OfType<long>().Distinct()];

    private static Point At(double x, double y)
    {
        double tiles = 1 << Zoom;
        double latitude = Math.Atan(Math.Sinh(Math.PI * (1 - 2 * y / tiles))) * 180 / Math.PI;
        return new Point(x / tiles * 360 - 180, latitude) { SRID = 4326 };
    }
}
