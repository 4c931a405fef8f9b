namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Geometries that make every comparison of edges expensive, as GeoJSON. They lie in Midtown, where requests are dense and few cells hold
/// them, and have only the digits that their edges need.
/// </summary>
internal static class AttackShapes
{
    private const double West = -73.99;
    private const double South = 40.74;
    private const double Width = 0.05;

    /// <summary>Lines that all cross those of the other direction: a quarter of their number squared crossings.</summary>
    public static object Grid(int lines) => new
    {
        type = "MultiLineString",
        coordinates = Enumerable.Range(0, lines).Select(i =>
        {
            double at = Width * (i / 2) / (lines / 2.0);
            return i % 2 == 0 ? new[] { At(at, 0), At(at + Width / 7, Width) } : [At(0, at), At(Width, at + Width / 7)];
        }),
    };

    /// <summary>
    /// A line from each of an odd number of points on a circle to the nearly opposite one: nearly all of its segments cross each other.
    /// </summary>
    public static object StarLine(int places) => new
    {
        type = "LineString",
        coordinates = Enumerable.Range(0, places + 1).Select(i =>
        {
            (double sin, double cos) = Math.SinCos(2 * Math.PI * (long)i * (places / 2) / places);
            return At(Width / 2 * (1 + cos), Width / 2 * (1 + sin), digits: 7);
        }),
    };

    /// <summary>A valid polygon of long thin teeth beside each other; when it is turned, their boxes all overlap.</summary>
    public static object Comb(int positions, double degrees)
    {
        int teeth = positions / 4;
        List<(double X, double Y)> corners = [(-0.1, -0.1)];
        for (int i = 0; i < teeth; i++)
        {
            double low = (double)i / teeth;
            double tooth = 1.0 / teeth;
            corners.AddRange([(0, low), (1, low + 0.1 * tooth), (1, low + 0.5 * tooth), (0, low + 0.6 * tooth)]);
        }

        corners.Add((-0.1, 1));
        (double sin, double cos) = Math.SinCos(degrees * Math.PI / 180);
        return Polygon(corners.Select(c => At(Width * (c.X * cos - c.Y * sin), Width * (c.X * sin + c.Y * cos), digits: 7)));
    }

    /// <summary>A valid polygon of rays around a point: the boxes of a quarter of all pairs of edges overlap.</summary>
    public static object Star(int positions, double inner = 0.05, double width = Width) =>
        Polygon(
            Enumerable
                .Range(0, positions)
                .Select(i =>
                {
                    (double sin, double cos) = Math.SinCos(2 * Math.PI * i / positions);
                    double radius = width / 2 * (i % 2 == 0 ? 1 : inner);
                    return At(Width / 2 + radius * cos, Width / 2 + radius * sin, digits: 7);
                }));

    /// <summary>An outline like a district's: short edges, one after another.</summary>
    public static object Outline(int positions) => Polygon(Enumerable.Range(0, positions).Select(i =>
    {
        double angle = 2 * Math.PI * i / positions;
        double radius = Width / 2 * (1 + 0.1 * Math.Sin(17 * angle) + 0.002 * (i % 2));
        return At(Width / 2 + radius * Math.Cos(angle), Width / 2 + radius * Math.Sin(angle), digits: 7);
    }));

    /// <summary>
    /// A U around the city, with its many positions at two distant tips at one height: sorting the positions along the axis skips no pair.
    /// </summary>
    public static object TwoTips(int positions) => Polygon(
    [
        .. Enumerable.Range(0, positions / 2).Select(i => At(-2.5 + 1e-6 * i, -0.26 - 1e-6 * (i % 2))),
        At(-2.4, -2.6),
        At(2.4, -2.6),
        .. Enumerable.Range(0, positions / 2).Select(i => At(2.5 + 1e-6 * i, -0.26 - 1e-6 * (i % 2))),
        At(2.6, -2.7),
        At(-2.6, -2.7),
    ]);

    /// <summary>A line that goes back and forth on one diagonal: the boxes of its segments all overlap.</summary>
    public static object BackAndForth(int positions) =>
        new
        {
            type = "LineString",
            coordinates = Enumerable
                .Range(0, positions)
                .Select(i => At(Width * (i % 2 + i / (4.0 * positions)), Width * (i % 2 + i / (4.0 * positions)))),
        };

    public static object Points(int count) =>
        new { type = "MultiPoint", coordinates = Enumerable.Range(0, count).Select(i => At(Width * i / count, Width * i / count)) };

    private static object Polygon(IEnumerable<double[]> corners)
    {
        double[][] all = [.. corners];
        return new { type = "Polygon", coordinates = new[] { all.Append(all[0]) } };
    }

    private static double[] At(double east, double north, int digits = 6) =>
        [Math.Round(West + east, digits), Math.Round(South + north, digits)];
}
