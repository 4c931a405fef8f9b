namespace CityHelper.Data.Model;

/// <summary>What a writer of requests has changed and no fold has added to the counters yet.</summary>
public sealed class ServiceRequestDelta
{
    public short CityId { get; init; }

    public long Id { get; init; }

    /// <summary>The creation day in the city's zone.</summary>
    public DateOnly Day { get; init; }

    /// <summary>As <see cref="ServiceRequest.Cell16"/>; null without a location.</summary>
    public long? Cell { get; init; }

    public int CategoryId { get; init; }

    /// <summary>0: no agency.</summary>
    public int AgencyId { get; init; }

    public ServiceRequestStatus Status { get; init; }

    /// <summary>As <see cref="ServiceRequestClosingCount.Bucket"/>; null when not closed.</summary>
    public short? Bucket { get; init; }

    /// <summary>To be added; negative for what is no longer so.</summary>
    public int Requests { get; init; }

    /// <summary>As <see cref="ServiceRequestCount.Longitude"/>.</summary>
    public long Longitude { get; init; }

    /// <summary>As <see cref="ServiceRequestCount.Longitude"/>.</summary>
    public long Latitude { get; init; }
}
