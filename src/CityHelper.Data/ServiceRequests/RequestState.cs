using CityHelper.Data.Model;
using NetTopologySuite.Geometries;

namespace CityHelper.Data.ServiceRequests;

/// <summary>The columns of a request that writes change, as one of its versions has them.</summary>
public sealed record RequestState
{
    public required short CityId { get; init; }

    public required long Id { get; init; }

    public required int Version { get; init; }

    public required ServiceRequestStatus Status { get; init; }

    public required int CategoryId { get; init; }

    public int? AgencyId { get; init; }

    public string? Title { get; init; }

    public string? Description { get; init; }

    public string? Address { get; init; }

    /// <summary>SRID 4326, longitude first.</summary>
    public Point? Location { get; init; }

    public DateTime? ClosedAt { get; init; }

    public string? Resolution { get; init; }

    public string? ExternalId { get; init; }

    public long? DuplicateOf { get; init; }

    public DateTime? RedactedAt { get; init; }

    /// <summary>
    /// The same request with another status, at a time: an ended one has a closing time, one that is taken up again has none, and only a
    /// duplicate names another request.
    /// </summary>
    public RequestState WithStatus(ServiceRequestStatus status, DateTime at) => this with
    {
        Status = status,
        ClosedAt = StatusTransitions.IsEnded(status) ? (StatusTransitions.IsEnded(Status) ? ClosedAt : null) ?? at : null,
        DuplicateOf = status == ServiceRequestStatus.Duplicate ? DuplicateOf : null,
    };
}
