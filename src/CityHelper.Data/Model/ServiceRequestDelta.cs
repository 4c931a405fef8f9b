namespace CityHelper.Data.Model;

/// <summary>A change of requests that its writer recorded and that is not compacted into the counters yet.</summary>
public sealed class ServiceRequestDelta
{
    public short CityId { get; init; }

    public long Id { get; init; }

    /// <summary>The creation day in the city's time zone.</summary>
    public DateOnly Day { get; init; }

    /// <summary>As <see cref="ServiceRequest.Cell16"/>; null without a location.</summary>
    public long? Cell { get; init; }

    public int CategoryId { get; init; }

    /// <summary>0: no agency.</summary>
    public int AgencyId { get; init; }

    public ServiceRequestStatus Status { get; init; }

    /// <summary>As <see cref="ServiceRequestClosingCount.Bucket"/>; null when not closed.</summary>
    public short? Bucket { get; init; }

    /// <summary>Added to the counter; negative when a request no longer counts there.</summary>
    public int Requests { get; init; }

    /// <summary>As <see cref="ServiceRequestCount.Longitude"/>.</summary>
    public long Longitude { get; init; }

    /// <summary>As <see cref="ServiceRequestCount.Longitude"/>.</summary>
    public long Latitude { get; init; }
}
