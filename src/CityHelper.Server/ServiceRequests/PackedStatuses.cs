using CityHelper.Data.Model;

namespace CityHelper.Server.ServiceRequests;

/// <summary>The statuses by their numbers in packed blocks.</summary>
internal static class PackedStatuses
{
    /// <summary>The labels in the order of SQL <c>public.pack_status</c>. A new one comes last, there and here.</summary>
    public static IReadOnlyList<string> Labels { get; } =
    [
        .. new[]
        {
            ServiceRequestStatus.Open, ServiceRequestStatus.Assigned, ServiceRequestStatus.InProgress, ServiceRequestStatus.Pending,
            ServiceRequestStatus.Resolved, ServiceRequestStatus.Closed, ServiceRequestStatus.Cancelled, ServiceRequestStatus.Duplicate,
        }.Select(status => StatusLabels.Translator.TranslateMemberName(status.ToString())),
    ];
}
