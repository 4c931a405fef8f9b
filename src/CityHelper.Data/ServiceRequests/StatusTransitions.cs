using CityHelper.Data.Model;
using static CityHelper.Data.Model.ServiceRequestStatus;

namespace CityHelper.Data.ServiceRequests;

/// <summary>
/// Which status staff may set on a request of which status. Imports are not bound to it: a source's history is what happened there.
/// <see cref="Duplicate"/> is set by merging alone, which names the other request.
/// </summary>
public static class StatusTransitions
{
    // Who has a request may hand it on or give it back; a request that ended is only taken up again, or closed.
    private static readonly Dictionary<ServiceRequestStatus, ServiceRequestStatus[]> s_allowed = new()
    {
        [Open] = [Assigned, InProgress, Pending, Resolved, Closed, Cancelled],
        [Assigned] = [Open, InProgress, Pending, Resolved, Closed, Cancelled],
        [InProgress] = [Open, Assigned, Pending, Resolved, Closed, Cancelled],
        [Pending] = [Open, Assigned, InProgress, Resolved, Closed, Cancelled],
        [Resolved] = [Open, InProgress, Closed],
        [Closed] = [Open, InProgress],
        [Cancelled] = [Open],
        [Duplicate] = [Open],
    };

    /// <summary>The statuses that may follow a status, in the order of the enum.</summary>
    public static IReadOnlyList<ServiceRequestStatus> From(ServiceRequestStatus status) => s_allowed[status];

    /// <summary>
    /// Whether a request of the status has ended, and so has a closing time. Resolved ones wait for their agency's last word.
    /// </summary>
    public static bool IsEnded(ServiceRequestStatus status) => status is Closed or Cancelled or Duplicate;
}
