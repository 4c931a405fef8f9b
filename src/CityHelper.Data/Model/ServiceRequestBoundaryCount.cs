namespace CityHelper.Data.Model;

/// <summary>A month of a boundary whose requests are counted. A change removes its months until they are recounted.</summary>
public sealed class ServiceRequestBoundaryMonth
{
    public short CityId { get; init; }

    public int BoundaryId { get; init; }

    /// <summary>Its first day in the city's time zone.</summary>
    public DateOnly Period { get; init; }

    /// <summary><see cref="Boundary.Revision"/> of the geometry that was counted.</summary>
    public long Revision { get; init; }

    /// <summary>The smallest <see cref="RequestId"/> in the month.</summary>
    public long Low { get; init; }

    /// <summary>The smallest <see cref="RequestId"/> after the month.</summary>
    public long High { get; init; }
}

/// <summary>The number of requests in a boundary, edges included, by the month of their creation, category, agency and status.</summary>
public sealed class ServiceRequestBoundaryCount
{
    public short CityId { get; init; }

    public int BoundaryId { get; init; }

    /// <summary>First day of a <see cref="ServiceRequestBoundaryMonth"/>.</summary>
    public DateOnly Period { get; init; }

    public int CategoryId { get; init; }

    /// <summary>0: no agency.</summary>
    public int AgencyId { get; init; }

    public ServiceRequestStatus Status { get; init; }

    public int Requests { get; init; }
}
