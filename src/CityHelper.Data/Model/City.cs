using NetTopologySuite.Geometries;

namespace CityHelper.Data.Model;

/// <summary>A city on the platform. Its id is the first key column of every other table.</summary>
public sealed class City
{
    public short Id { get; init; }

    /// <summary>The name in URLs and arguments: lower-case letters, digits and dashes, unique, never changed.</summary>
    public required string Slug { get; init; }

    public required string Name { get; set; }

    /// <summary>IANA name, such as <c>America/New_York</c>. Times without a zone in the source are in this zone.</summary>
    public required string TimeZone { get; set; }

    /// <summary>The rectangle around the city, SRID 4326.</summary>
    public required Polygon Bounds { get; set; }

    /// <summary>Where a map of the city opens, SRID 4326.</summary>
    public required Point Centre { get; set; }

    /// <summary>
    /// Since when the counters of the city's requests are valid; null until <c>cityhelper statistics rebuild</c> has counted the requests.
    /// </summary>
    public DateTime? CountedAt { get; private set; }

    /// <summary>
    /// Since when each cell and id bucket with requests has a row in <see cref="ServiceRequestPack"/>; null before the first backfill.
    /// </summary>
    public DateTime? PackedAt { get; private set; }
}
