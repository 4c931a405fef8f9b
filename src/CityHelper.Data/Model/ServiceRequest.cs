using NetTopologySuite.Geometries;

namespace CityHelper.Data.Model;

/// <summary>A resident's request for service (Open311 GeoReport v2, "service request").</summary>
public sealed class ServiceRequest
{
    public short CityId { get; init; }

    /// <summary>Milliseconds since 2020-01-01 UTC &lt;&lt; 22 | 22 bits; see <see cref="RequestId"/>.</summary>
    public long Id { get; init; }

    /// <summary>The source's key, unique per city; null on requests made here.</summary>
    public string? ExternalId { get; init; }

    public int CategoryId { get; set; }

    public Category? Category { get; set; }

    public int? AgencyId { get; set; }

    public Agency? Agency { get; set; }

    public ServiceRequestStatus Status { get; set; }

    /// <summary>The status as the source writes it: <c>Email Sent</c>.</summary>
    public string? SourceStatus { get; set; }

    public string? Title { get; set; }

    public string? Description { get; set; }

    public string? Address { get; set; }

    /// <summary>Text, because a leading zero counts.</summary>
    public string? PostalCode { get; set; }

    /// <summary>The district as the source writes it, not a boundary.</summary>
    public string? District { get; set; }

    /// <summary>How the request came in: <c>PHONE</c>, <c>ONLINE</c>.</summary>
    public string? Channel { get; set; }

    /// <summary>SRID 4326, longitude first. Null on 1-2 % of real requests.</summary>
    public Point? Location { get; set; }

    /// <summary>The time in the id; never changes.</summary>
    public DateTime CreatedAt { get; init; }

    public DateTime UpdatedAt { get; set; }

    public DateTime? DueAt { get; set; }

    public DateTime? ClosedAt { get; set; }

    public string? Resolution { get; set; }

    /// <summary>The source's creation time, when a later import differs from <see cref="CreatedAt"/>.</summary>
    public DateTime? SourceCreatedAt { get; set; }

    /// <summary>Hash of the imported row; null on requests that were made or last changed here.</summary>
    public long? ContentHash { get; set; }

    /// <summary>Rises by one with each change.</summary>
    public int Version { get; set; }

    /// <summary>The time that an import must exceed to be newer, where it differs from <see cref="UpdatedAt"/>.</summary>
    public DateTime? RevisedAt { get; set; }

    /// <summary>The id of the request that tells the same, which is no duplicate itself.</summary>
    public long? DuplicateOf { get; set; }

    /// <summary>When its texts, address and place were removed for good.</summary>
    public DateTime? RedactedAt { get; set; }

    /// <summary>Grid cell of zoom 12 (about 7.4 km at New York), computed by the database; null without a location.</summary>
    public long? Cell12 { get; private set; }

    /// <summary>Grid cell of zoom 14 (about 1.9 km).</summary>
    public long? Cell14 { get; private set; }

    /// <summary>Grid cell of zoom 16 (about 460 m).</summary>
    public long? Cell16 { get; private set; }

    public ICollection<StatusUpdate> Updates { get; init; } = [];
}
