using System.ComponentModel;

namespace CityHelper.Data.Model;

/// <summary>The status of a request. The order is that of the database type <c>service_request_status</c>.</summary>
[Description("Where a request stands.")]
public enum ServiceRequestStatus
{
    [Description("Received, nobody has it yet.")]
    Open,

    [Description("An agency has it.")]
    Assigned,

    [Description("Somebody works on it.")]
    InProgress,

    [Description("Waits for something outside the agency.")]
    Pending,

    [Description("The work is done; the agency has not closed the request.")]
    Resolved,

    [Description("Done, no more to come.")]
    Closed,

    [Description("Withdrawn or refused.")]
    Cancelled,

    [Description("Another request tells the same.")]
    Duplicate,
}
