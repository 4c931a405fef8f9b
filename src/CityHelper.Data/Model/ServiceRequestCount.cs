namespace CityHelper.Data.Model;

/// <summary>The number of requests by cell, time of creation, category, agency and status, without the deltas.</summary>
/// <remarks>Stored combinations of zoom and span: (0, day), (0, month), (14, month), (14, year), (16, year).</remarks>
public sealed class ServiceRequestCount
{
    public short CityId { get; init; }

    /// <summary>0: all requests of the city. 14 and 16: those with a location, by their cell of that zoom.</summary>
    public short Zoom { get; init; }

    public CountSpan Span { get; init; }

    /// <summary>The cell, as <see cref="ServiceRequest.Cell16"/>; 0 at zoom 0.</summary>
    public long Cell { get; init; }

    /// <summary>The first day of the span in the city's time zone.</summary>
    public DateOnly Period { get; init; }

    public int CategoryId { get; init; }

    /// <summary>0: no agency.</summary>
    public int AgencyId { get; init; }

    public ServiceRequestStatus Status { get; init; }

    public int Requests { get; init; }

    /// <summary>Sum of the longitudes of requests with a location, in ten-millionths of a degree, each rounded.</summary>
    public long Longitude { get; init; }

    /// <summary>As <see cref="Longitude"/>.</summary>
    public long Latitude { get; init; }
}
