namespace CityHelper.Data.Model;

/// <summary>How long requests took to close, without the deltas. Key columns are as in <see cref="ServiceRequestCount"/>.</summary>
/// <remarks>Stored combinations of zoom and span: (0, month), (14, year).</remarks>
public sealed class ServiceRequestClosingCount
{
    public short CityId { get; init; }

    public short Zoom { get; init; }

    public CountSpan Span { get; init; }

    public long Cell { get; init; }

    public DateOnly Period { get; init; }

    public int CategoryId { get; init; }

    public int AgencyId { get; init; }

    public ServiceRequestStatus Status { get; init; }

    /// <summary>SQL <c>closing_bucket</c>: about 2 * 1.1^bucket / 2.1 seconds.</summary>
    public short Bucket { get; init; }

    public int Requests { get; init; }
}
