using System.Text.Json.Nodes;

namespace CityHelper.Benchmarks.Cost.Generated;

/// <summary>Geometries of any number of positions, as GeoJSON.</summary>
internal static class CostShapes
{
    /// <summary>A polygon around a point, with a border as irregular as a district's.</summary>
    public static JsonObject Polygon(double longitude, double latitude, double radius, int positions)
    {
        int corners = Math.Max(3, positions - 1);
        var ring = new JsonArray();
        for (int i = 0; i <= corners; i++)
        {
            // A ring is closed: its last position is its first.
            double angle = 2 * Math.PI * (i % corners) / corners;
            double reach = radius * (0.8 + 0.15 * Math.Sin(7 * angle) + 0.05 * Math.Sin(61 * angle));
            ring.Add((JsonNode)At(longitude + reach * Math.Cos(angle), latitude + reach * Math.Sin(angle)));
        }

        return Shape("Polygon", new JsonArray(ring));
    }

    /// <summary>A polygon of upright teeth side by side: every edge of a tooth spans the full height.</summary>
    public static JsonObject Comb(double longitude, double latitude, double radius, int positions)
    {
        int teeth = Math.Max(1, positions / 2 - 1);
        IEnumerable<JsonNode> points = Enumerable
            .Range(0, teeth)
            .SelectMany(i =>
                new JsonNode[]
                {
                    At(longitude + radius * (2.0 * i / teeth - 1), latitude + radius),
                    At(longitude + radius * (2.0 * (i + 0.5) / teeth - 1), latitude - radius),
                }
            );
        JsonNode[] below = [At(longitude + radius, latitude - 1.1 * radius), At(longitude - radius, latitude - 1.1 * radius)];
        return Shape("Polygon", new JsonArray(new JsonArray([.. points, .. below, At(longitude - radius, latitude + radius)])));
    }

    /// <summary>A winding line across a point, like a route.</summary>
    public static JsonObject Line(double longitude, double latitude, double radius, int positions)
    {
        var line = new JsonArray();
        for (int i = 0; i < Math.Max(2, positions); i++)
        {
            double part = (double)i / Math.Max(1, positions - 1);
            line.Add((JsonNode)At(longitude + radius * (2 * part - 1), latitude + radius * Math.Sin(part * 40) * 0.6));
        }

        return Shape("LineString", line);
    }

    /// <summary>A line that goes back and forth through a point, each time in another direction.</summary>
    public static JsonObject Scribble(double longitude, double latitude, double radius, int positions) =>
        Shape(
            "LineString",
            new JsonArray([
                .. Enumerable
                    .Range(0, Math.Max(2, positions))
                    .Select(i => (JsonNode)Around(longitude, latitude, radius * (i % 2 == 0 ? 1 : -1), i)),
            ]));

    /// <summary>Lines of two positions.</summary>
    public static JsonObject Lines(double longitude, double latitude, double radius, int positions) =>
        Shape(
            "MultiLineString",
            new JsonArray([
                .. Enumerable
                    .Range(0, Math.Max(1, positions / 2))
                    .Select(i =>
                        (JsonNode)new JsonArray(Around(longitude, latitude, radius, i), Around(longitude, latitude, radius, i + 1))),
            ]));

    /// <summary>Points around a location.</summary>
    public static JsonObject Points(double longitude, double latitude, double radius, int positions) => Shape("MultiPoint", new JsonArray(
        [.. Enumerable.Range(0, Math.Max(1, positions)).Select(i => (JsonNode)Around(longitude, latitude, radius * i / positions, i))]));

    public static JsonObject Viewport(double longitude, double latitude, double radius) =>
        new()
        {
            ["west"] = Cut(longitude - radius),
            ["south"] = Cut(latitude - radius),
            ["east"] = Cut(longitude + radius),
            ["north"] = Cut(latitude + radius),
        };

    public static JsonObject Circle(double longitude, double latitude, double metres) => new()
    {
        ["longitude"] = Cut(longitude), ["latitude"] = Cut(latitude), ["metres"] = metres,
    };

    private static JsonObject Shape(string type, JsonArray coordinates) => new() { ["type"] = type, ["coordinates"] = coordinates };

    private static JsonArray At(double longitude, double latitude) => new(Cut(longitude), Cut(latitude));

    // Nearly the golden angle: points spread evenly, and no two lie in one direction.
    private static JsonArray Around(double longitude, double latitude, double radius, int i) =>
        At(longitude + radius * Math.Cos(i * 2.4), latitude + radius * Math.Sin(i * 2.4));

    // Six decimals, as clients send them: ten thousand positions fit a body.
    private static double Cut(double degrees) => Math.Round(degrees, 6);
}
