using System.Globalization;
using CityHelper.Data.Model;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using NetTopologySuite.Geometries;

namespace CityHelper.IntegrationTests.Near;

/// <summary>
/// Requests with awkward distances: many at one point, on circles whose order on a sphere differs from that on the spheroid, around the
/// poles and on both sides of the antimeridian. No city lies there, but the code must not rely on that.
/// </summary>
internal static class NearRows
{
    private const double MetresPerDegree = 111_195;

    public const int FirstYear = 2022;

    public const int Years = 4;

    /// <summary>The locations that requests lie around.</summary>
    public static IReadOnlyList<(double Longitude, double Latitude)> Places { get; } =
        [(-73.99, 40.75), (20, 0), (180, -17), (-180, 65), (30, 90), (-100, -90), (12, 70)];

    private static readonly string?[] s_titles =
    [
        null, "", "Loud music", "loud MUSIC!", "Pothole", "Große Grube", "Rats, rats, rats", "Ratte", "投诉 噪音",
    ];

    private static readonly string?[] s_descriptions =
    [
        null, null, "Next to the school.", "next to the School", "Every night since Monday, from ten to four", "%",
    ];

    /// <summary>The same rows for the same seed, over this many days.</summary>
    public static List<ServiceRequest> Make(int seed, int count, double days = Years * 365 - 10)
    {
        var random = new Random(seed);
        List<ServiceRequest> rows = [];
        for (int n = 0; n < count; n++)
        {
            // One in four has the same millisecond as the row before.
            DateTime created = n > 0 && random.Next(4) == 0
                ? rows[^1].CreatedAt
                : ReadingFixture.Moment($"{FirstYear}-01-02T00:00:00Z").AddMilliseconds(random.NextInt64((long)(days * 86_400_000)));
            var request = new ServiceRequest
            {
                CityId = RequestRows.City,
                Id = RequestId.Floor(created) | RequestId.ImportedBit | (uint)(n * 7919 % 1_048_573),
                ExternalId = n.ToString(CultureInfo.InvariantCulture),
                CategoryId = random.Next(40) == 0 ? 3 : 1 + random.Next(2),
                AgencyId = random.Next(3) == 0 ? null : 1 + random.Next(2),
                Status = (ServiceRequestStatus)Math.Min(random.Next(8), random.Next(8)),
                Title = s_titles[random.Next(s_titles.Length)],
                Description = s_descriptions[random.Next(s_descriptions.Length)],
                Location = random.Next(30) == 0 ? null : RandomPoint(random),
                CreatedAt = created,
                UpdatedAt = created,
            };
            if (n % 3 == 0)
            {
                request.Updates.Add(
                    new StatusUpdate
                    {
                        CityId = RequestRows.City,
                        ServiceRequestId = request.Id,
                        Id = request.Id,
                        Note = $"Note {n}",
                        CreatedAt = created,
                    }
                );
            }

            rows.Add(request);
        }

        return rows;
    }

    /// <summary>A position to ask from: one of the locations, a row's point, or anywhere near one.</summary>
    public static (double Longitude, double Latitude) RandomPosition(Random random, IReadOnlyList<ServiceRequest> rows)
    {
        (double longitude, double latitude) = Places[random.Next(Places.Count)];
        return random.Next(4) switch
        {
            0 => (longitude, latitude),
            1 when rows[random.Next(rows.Count)].Location is { } point => (point.X, point.Y),
            _ => Moved(longitude, latitude, random.NextDouble() * 2 * Math.PI, Math.Pow(10, random.NextDouble() * 3.7)),
        };
    }

    private static Point RandomPoint(Random random)
    {
        (double longitude, double latitude) = Places[Math.Min(random.Next(Places.Count), random.Next(Places.Count))];
        double angle = random.NextDouble() * 2 * Math.PI;
        (double x, double y) = random.Next(5) switch
        {
            0 => (longitude, latitude),
            1 => Moved(longitude, latitude, Math.PI / 2, 100 * (1 + random.Next(3))),
            2 => Moved(longitude, latitude, angle, 500),
            3 => Moved(longitude, latitude, angle, 500 * (0.993 + random.NextDouble() * 0.014)),
            _ => Moved(longitude, latitude, angle, Math.Pow(10, random.NextDouble() * 3.8)),
        };
        return RequestRows.Point(x, y)!;
    }

    // The point in a direction from a location: planar in general, across the pole or the antimeridian where needed.
    private static (double Longitude, double Latitude) Moved(double longitude, double latitude, double angle, double metres)
    {
        double y = latitude + Math.Sin(angle) * metres / MetresPerDegree;
        if (Math.Abs(latitude) == 90)
        {
            return (angle / Math.PI * 180 - 180, latitude - Math.Sign(latitude) * metres / MetresPerDegree);
        }

        double x = longitude + Math.Cos(angle) * metres / MetresPerDegree / Math.Cos(latitude * Math.PI / 180);
        return (x > 180 ? x - 360 : x < -180 ? x + 360 : x, y);
    }
}
