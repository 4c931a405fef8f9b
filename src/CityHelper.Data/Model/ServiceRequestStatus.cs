namespace CityHelper.Data.Model;

/// <summary>Where a request stands. The order is that of the database type <c>service_request_status</c>.</summary>
public enum ServiceRequestStatus
{
    /// <summary>Received, nobody has it yet.</summary>
    Open,

    /// <summary>An agency has it.</summary>
    Assigned,

    /// <summary>Somebody works on it.</summary>
    InProgress,

    /// <summary>Waits for something outside the agency.</summary>
    Pending,

    /// <summary>The work is done; the agency has not closed the request.</summary>
    Resolved,

    /// <summary>Done, no more to come.</summary>
    Closed,

    /// <summary>Withdrawn or refused.</summary>
    Cancelled,

    /// <summary>Another request tells the same.</summary>
    Duplicate,
}
