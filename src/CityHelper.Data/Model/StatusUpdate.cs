namespace CityHelper.Data.Model;

/// <summary>One change of a request's status.</summary>
public sealed class StatusUpdate
{
    public short CityId { get; init; }

    public long ServiceRequestId { get; init; }

    /// <summary>Contains the time of the change, as <see cref="ServiceRequest.Id"/> contains that of the request.</summary>
    public long Id { get; init; }

    public ServiceRequestStatus Status { get; init; }

    public string? SourceStatus { get; init; }

    public string? Note { get; init; }

    public DateTime CreatedAt { get; init; }
}
