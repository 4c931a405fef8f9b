using System.Globalization;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Serving;

namespace CityHelper.IntegrationTests.Chaos;

/// <summary>What one subscriber watches, as GraphQL and as SQL say it.</summary>
/// <param name="Subscription">The field with its arguments, but for <c>after</c>.</param>
/// <param name="Query">The arguments of <c>serviceRequests</c> for the same requests; null for one request.</param>
/// <param name="Sql">The condition on a place <c>p</c> and a <c>status</c>.</param>
internal sealed record Watch(string Subscription, string? Query, string Sql)
{
    private const string City = "city: \"nyc\"";

    /// <summary>The key of the one request; null for an area.</summary>
    public long? Row { get; private init; }

    /// <summary>One request.</summary>
    public static Watch OfRow(long key) => new(
        $"onServiceRequestUpdated(id: \"{new GlobalId("ServiceRequest", RequestRows.City, key)}\"", null, "true")
    {
        Row = key,
    };

    /// <summary>Areas of all kinds in turn, and the whole city; some with a condition.</summary>
    /// <param name="number">Decides the kind.</param>
    /// <param name="dice">Draws place and size.</param>
    /// <param name="boundaries">The polygons of the stored boundaries as WKT, by their ids.</param>
    public static Watch Of(int number, Random dice, IReadOnlyDictionary<int, string> boundaries)
    {
        double x = -74 + (0.07 * dice.NextDouble());
        double y = 40.7 + (0.07 * dice.NextDouble());
        double size = 0.005 + (0.02 * dice.NextDouble());
        (string? within, string sql) = (number % 5) switch
        {
            0 => (Invariant($"{{viewport: {{west: {x}, south: {y}, east: {x + size}, north: {y + size}}}}}"),
                Invariant($"st_x(p) between {x} and {x + size} and st_y(p) between {y} and {y + size}")),
            1 => (Invariant($"{{circle: {{longitude: {x}, latitude: {y}, metres: {size * 60_000}}}}}"),
                Invariant($"st_dwithin(p::geography, st_setsrid(st_makepoint({x}, {y}), 4326)::geography, {size * 60_000})")),
            2 => Polygon(x, y, size),
            3 => Stored(dice.Next(1, boundaries.Count + 1), boundaries),
            _ => ((string?)null, "true"),
        };
        bool hasStatus = number % 5 == 4 || dice.Next(2) == 0;
        string arguments = City + (within is null ? "" : $", within: {within}") + (hasStatus ? ", where: {status: {eq: OPEN}}" : "");
        return new Watch(
            $"onServiceRequestChanged({arguments}", arguments, hasStatus ? $"({sql}) and status = 'OPEN'" : sql);
    }

    private static (string Within, string Sql) Polygon(double x, double y, double size)
    {
        // A star with seven points, so that many cells lie on its edge.
        (double X, double Y)[] corners = [.. Enumerable.Range(0, 14).Select(i =>
        {
            double radius = i % 2 == 0 ? size : size * 0.4;
            return (x + (radius * Math.Cos(Math.Tau * i / 14)), y + (radius * Math.Sin(Math.Tau * i / 14)));
        })];
        corners = [.. corners, corners[0]];
        string positions = string.Join(", ", corners.Select(corner => Invariant($"[{corner.X}, {corner.Y}]")));
        string text = string.Join(", ", corners.Select(corner => Invariant($"{corner.X} {corner.Y}")));
        return (
            $"{{polygon: {{type: Polygon, coordinates: [[{positions}]]}}}}",
            $"st_intersects(st_geomfromtext('POLYGON (({text}))', 4326), p)");
    }

    private static (string Within, string Sql) Stored(int id, IReadOnlyDictionary<int, string> boundaries) => (
        $"{{boundary: \"{new GlobalId("Boundary", RequestRows.City, id)}\"}}",
        $"st_intersects(st_geomfromtext('{boundaries[id]}', 4326), p)");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
