using CityHelper.Data.Cities;
using CityHelper.Data.Model;

namespace CityHelper.Data.Import.NewYork;

/// <summary>Everything particular to New York City, except how a record is read (<see cref="NewYorkSource"/>).</summary>
public static class NewYork
{
    /// <summary>The bounds contain the five boroughs with their shores; the centre shows Manhattan with the East River.</summary>
    public static CityFacts Facts { get; } = new(
        "nyc", "New York City", "America/New_York",
        West: -74.2591, South: 40.4774, East: -73.7002, North: 40.9162,
        CentreLongitude: -73.9857, CentreLatitude: 40.7484);

    /// <summary>The portal's status texts, without regard to case.</summary>
    public static IReadOnlyDictionary<string, ServiceRequestStatus> Statuses { get; } =
        new Dictionary<string, ServiceRequestStatus>(StringComparer.OrdinalIgnoreCase)
        {
            ["Open"] = ServiceRequestStatus.Open,
            ["Unassigned"] = ServiceRequestStatus.Open,
            ["Unspecified"] = ServiceRequestStatus.Open,
            ["Draft"] = ServiceRequestStatus.Open,
            ["Assigned"] = ServiceRequestStatus.Assigned,
            // The agency was notified by e-mail: it has the request, and no one has begun.
            ["Email Sent"] = ServiceRequestStatus.Assigned,
            ["Started"] = ServiceRequestStatus.InProgress,
            ["In Progress"] = ServiceRequestStatus.InProgress,
            ["Pending"] = ServiceRequestStatus.Pending,
            ["Closed"] = ServiceRequestStatus.Closed,
            ["Closed - Testing"] = ServiceRequestStatus.Closed,
            ["Cancel"] = ServiceRequestStatus.Cancelled,
            ["Cancelled"] = ServiceRequestStatus.Cancelled,
        };

    /// <summary>The portal's closing time in a few closed requests whose closing time is unknown.</summary>
    internal static readonly DateTime NoDate = new(1900, 1, 1, 0, 0, 0, DateTimeKind.Unspecified);

    /// <summary>A column name as its letters and digits only: the portal writes <c>Unique Key</c>, its API <c>unique_key</c>.</summary>
    internal static string ColumnKey(string name) => string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();
}
