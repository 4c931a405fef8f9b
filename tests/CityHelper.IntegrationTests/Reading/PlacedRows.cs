using System.Globalization;
using CityHelper.Data.Model;
using CityHelper.IntegrationTests.Serving;
using NetTopologySuite.Geometries;

namespace CityHelper.IntegrationTests.Reading;

/// <summary>
/// Requests that test areas: clustered, on cells' edges, at one point, far away, at the ends of the world, without location.
/// </summary>
internal static class PlacedRows
{
    /// <summary>The centre of most of them.</summary>
    public const double Longitude = -73.98;

    /// <summary>See <see cref="Longitude"/>.</summary>
    public const double Latitude = 40.75;

    // Edges of tile 19298 of zoom 16 from the west, and of the row of tiles south of it.
    private static readonly double s_edgeX = 19_298 / 65_536.0 * 360 - 180;
    private static readonly double s_edgeY = Math.Atan(Math.Sinh(Math.PI * (1 - 2.0 * 24_631 / 65_536))) * (180 / Math.PI);

    /// <summary>Points tested beside random ones.</summary>
    public static IReadOnlyList<(double X, double Y)> Corners { get; } =
    [
        (s_edgeX, s_edgeY), (s_edgeX, Latitude), (Longitude, s_edgeY), (Longitude, Latitude), (0, 0), (40.75, -73.98),
        (180, 10), (-180, 10), (179.9999, 10), (20, 90), (20, -90), (-73.98, 85.06),
    ];

    /// <summary>Makes requests over the years 2018 to 2025.</summary>
    public static List<ServiceRequest> Make(int count, Random random)
    {
        var rows = new List<ServiceRequest>(count);
        DateTime first = ReadingFixture.Moment("2018-01-01T00:00:00Z");
        for (int n = 0; n < count; n++)
        {
            // Whole hours for some, so that days and months begin with requests.
            DateTime created = first.AddMilliseconds(random.NextInt64(8L * 365 * 24 * 3600 * 1000));
            created =
                n % 7 == 0
                    ? created.Date.AddHours(created.Hour)
                    : new DateTime(created.Ticks - created.Ticks % TimeSpan.TicksPerMillisecond, DateTimeKind.Utc);
            rows.Add(Request(n, created, random));
        }

        return rows;
    }

    private static ServiceRequest Request(int n, DateTime created, Random random)
    {
        ServiceRequestStatus status = random.Next(3) == 0 ? (ServiceRequestStatus)random.Next(8) : ServiceRequestStatus.Closed;
        bool closed =
            status is ServiceRequestStatus.Closed or ServiceRequestStatus.Resolved or ServiceRequestStatus.Duplicate && random.Next(9) > 0;
        DateTime ClosedAfter() => created.AddSeconds(Math.Round(Math.Exp(random.NextDouble() * 17), 3));
        return new ServiceRequest
        {
            CityId = RequestRows.City,
            Id = RequestId.Floor(created) | RequestId.ImportedBit | (uint)n,
            ExternalId = n.ToString(CultureInfo.InvariantCulture),
            CategoryId = random.Next(5) == 0 ? 3 : 1 + random.Next(2),
            AgencyId = random.Next(4) == 0 ? null : 1 + random.Next(2),
            Status = status,
            Title = random.Next(3) == 0 ? null : "Title " + n % 10,
            Location = Place(random) is var (x, y) ? RequestRows.Point(x, y) : null,
            CreatedAt = created,
            UpdatedAt = created,
            DueAt = random.Next(2) == 0 ? null : created.AddDays(random.Next(400)),
            ClosedAt = closed ? random.Next(20) == 0 ? created.AddHours(-3) : ClosedAfter() : null,
        };
    }

    private static (double X, double Y)? Place(Random random) => random.Next(20) switch
    {
        0 => null,
        1 => Corners[random.Next(Corners.Count)],
        2 => (s_edgeX, Latitude + (random.NextDouble() - 0.5) * 0.05),
        3 => (Longitude + (random.NextDouble() - 0.5) * 0.05, s_edgeY),
        4 => (Longitude + 0.001 * random.Next(10), Latitude + 0.001 * random.Next(10)),
        5 => (Longitude + (random.NextDouble() - 0.5) * 3, Latitude + (random.NextDouble() - 0.5) * 3),
        < 10 => (Longitude + (random.NextDouble() - 0.5) * 0.5, Latitude + (random.NextDouble() - 0.5) * 0.4),
        _ => (Longitude + (random.NextDouble() - 0.5) * 0.06, Latitude + (random.NextDouble() - 0.5) * 0.05),
    };
}

/// <summary>Random areas around <see cref="PlacedRows"/>, as GraphQL input and as plain PostGIS SQL.</summary>
internal sealed class RandomAreas(Random random)
{
    /// <summary>An area.</summary>
    /// <param name="Input">The value of an <c>AreaInput</c>.</param>
    /// <param name="Sql">The condition on a column <c>location</c>.</param>
    public sealed record Drawn(object Input, string Sql);

    public Drawn Next() => random.Next(6) switch
    {
        0 => Viewport(),
        1 => Circle(),
        _ => Surface(Polygon()),
    };

    /// <summary>A polygon: star-shaped and concave, with a hole, a sliver, along cells' edges, or several of them.</summary>
    public Geometry Polygon()
    {
        (double x, double y) = Centre();
        double size = Math.Pow(10, -3.5 + 3 * random.NextDouble());
        return random.Next(6) switch
        {
            0 => Factory.CreatePolygon([new(x, y), new(x + size, y), new(x + size, y + size), new(x, y + size), new(x, y)]),
            1 => Factory.CreatePolygon([new(x, y), new(x + size, y + size * 1e-6), new(x + size, y + size * 2e-6), new(x, y)]),
            2 => WithHole(x, y, size),
            3 => Factory.CreateMultiPolygon([Star(x, y, size), Star(x + size * 2.5, y, size)]),
            _ => Star(x, y, size),
        };
    }

    /// <summary>GeoJSON of a geometry, as a client would write it.</summary>
    public static object GeoJson(Geometry geometry) => geometry switch
    {
        Point p => new { type = "Point", coordinates = Position(p.Coordinate) },
        LineString l => new { type = "LineString", coordinates = l.Coordinates.Select(Position) },
        Polygon p => new { type = "Polygon", coordinates = Rings(p) },
        MultiPolygon m => new { type = "MultiPolygon", coordinates = m.Geometries.Select(p => Rings((Polygon)p)) },
        _ => throw new ArgumentOutOfRangeException(nameof(geometry), geometry.GeometryType, "No GeoJSON for it here."),
    };

    /// <summary>SQL of a geometry, to the last bit.</summary>
    public static string Sql(Geometry geometry) =>
        $"st_setsrid(st_geomfromwkb('\\x{Convert.ToHexString(geometry.AsBinary())}'::bytea), 4326)";

    public (double X, double Y) Centre() => random.Next(4) == 0
        ? PlacedRows.Corners[random.Next(4)]
        : (PlacedRows.Longitude + (random.NextDouble() - 0.5) * 0.06, PlacedRows.Latitude + (random.NextDouble() - 0.5) * 0.05);

    public static Drawn Surface(Geometry geometry) =>
        new(new { polygon = GeoJson(geometry) }, $"st_intersects({Sql(geometry)}, location)");

    public Drawn Circle()
    {
        (double x, double y) = random.Next(5) == 0 ? PlacedRows.Corners[random.Next(PlacedRows.Corners.Count)] : Centre();
        double metres = Math.Pow(10, 1 + 3.6 * random.NextDouble());
        return new Drawn(
            new
            {
                circle = new
                {
                    longitude = x,
                    latitude = y,
                    metres,
                },
            },
            string.Create(
                CultureInfo.InvariantCulture,
                $"st_dwithin(location::geography, st_setsrid(st_makepoint({x:R}, {y:R}), 4326)::geography, {metres:R})"));
    }

    private static GeometryFactory Factory { get; } = new(new PrecisionModel(), 4326);

    private Drawn Viewport()
    {
        // Up to the whole world, and over empty seas.
        (double x, double y) = random.Next(3) == 0 ? (random.NextDouble() * 360 - 180, random.NextDouble() * 180 - 90) : Centre();
        double size = Math.Pow(10, -3 + 4.5 * random.NextDouble());
        (double west, double east) = (Math.Max(-180, x - size), Math.Min(180, x + size));
        (double south, double north) = (Math.Max(-90, y - size / 2), Math.Min(90, y + size / 2));
        return new Drawn(
            new
            {
                viewport = new
                {
                    west,
                    south,
                    east,
                    north,
                },
            },
            string.Create(
                CultureInfo.InvariantCulture,
                $"st_x(location) >= {west:R} and st_x(location) <= {east:R} and st_y(location) >= {south:R} and st_y(location) <= {north:R}"
            ));
    }

    private Polygon WithHole(double x, double y, double size)
    {
        Polygon around = Star(x, y, size);
        Polygon hole = Factory.CreatePolygon([
            .. around.Shell.Coordinates.Select(c => new Coordinate(x + (c.X - x) * 0.4, y + (c.Y - y) * 0.4)),
        ]);
        return Factory.CreatePolygon(around.Shell, [hole.Shell]);
    }

    private Polygon Star(double x, double y, double size)
    {
        int corners = 3 + random.Next(30);
        Coordinate[] positions = [.. Enumerable.Range(0, corners).Select(i =>
        {
            double angle = i * 2 * Math.PI / corners;
            double reach = size * (0.3 + 0.7 * random.NextDouble());
            return new Coordinate(x + reach * Math.Cos(angle), y + reach * Math.Sin(angle));
        })];
        return Factory.CreatePolygon([.. positions, positions[0]]);
    }

    private static double[] Position(Coordinate c) => [c.X, c.Y];

    private static IEnumerable<IEnumerable<double[]>> Rings(Polygon polygon) =>
        polygon.InteriorRings.Prepend(polygon.ExteriorRing).Select(ring => ring.Coordinates.Select(Position));
}
