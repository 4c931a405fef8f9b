namespace CityHelper.Data.Model;

/// <summary>A month of a boundary whose requests are counted. Months that changes touch are not, until they are counted again.</summary>
public sealed class ServiceRequestBoundaryMonth
{
    public short CityId { get; init; }

    public int BoundaryId { get; init; }

    /// <summary>Its first day in the city's zone.</summary>
    public DateOnly Period { get; init; }

    /// <summary><see cref="Boundary.Revision"/> of the shape that was counted.</summary>
    public long Revision { get; init; }

    /// <summary>The smallest <see cref="RequestId"/> of its first moment.</summary>
    public long Low { get; init; }

    /// <summary>The smallest one of the moment after it.</summary>
    public long High { get; init; }
}

/// <summary>
/// How many requests of a category, an agency and a status lie in a boundary, edges included, by the month of their creation.
/// </summary>
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
