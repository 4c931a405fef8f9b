using CityHelper.Data.Model;

namespace CityHelper.Server.ServiceRequests;

/// <summary>
/// The statuses of requests that still need work; resolved ones only wait for their agency's last word. The partial index of
/// 0007_figures.sql has the same list.
/// </summary>
internal static class OpenStatuses
{
    /// <summary>Their labels in the database and in GraphQL.</summary>
    public static IReadOnlyList<string> Labels { get; } =
    [
        .. new[] { ServiceRequestStatus.Open, ServiceRequestStatus.Assigned, ServiceRequestStatus.InProgress, ServiceRequestStatus.Pending }
            .Select(status => StatusLabels.Translator.TranslateMemberName(status.ToString())),
    ];
}
