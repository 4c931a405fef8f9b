using CityHelper.Data.Changes;
using CityHelper.Data.Model;
using NetTopologySuite.Geometries;

namespace CityHelper.Server.Changes;

/// <summary>An event of each kind, as schema/asyncapi.json shows them.</summary>
internal static class EventExamples
{
    /// <summary>The slug of their city.</summary>
    public const string City = "nyc";

    private const short CityId = 1;

    private const long Cell = (14L << 58) | (4825L << 29) | 6160;

    private const long RequestId = 1_234_567_890;

    private static readonly DateTime s_time = new(2026, 3, 1, 12, 0, 0, DateTimeKind.Utc);

    private static readonly ChangedRequest s_open = new(ServiceRequestStatus.Open, 17, null, PointOf(-73.985, 40.748));

    /// <summary>The example of a kind.</summary>
    public static ChangeEvent Of(ChangeKind kind)
    {
        var basis = new ChangeEvent(CityId, 4711 + (int)kind, kind == ChangeKind.Epoch ? 2 : 1, IdOf(kind), kind)
        {
            Cause = "import",
            RecordedAt = s_time,
            NumberedAt = s_time.AddMilliseconds(4),
        };
        return kind switch
        {
            ChangeKind.Request => basis with
            {
                Cause = "updateServiceRequestStatus",
                ServiceRequestId = RequestId,
                Version = 3,
                Before = s_open,
                After = s_open with { Status = ServiceRequestStatus.Assigned, AgencyId = 4 },
            },
            ChangeKind.Bulk => basis with { Cells = [Cell, Cell + 1] },
            ChangeKind.Purge => basis with { Cause = "operator", IsUrgent = true, IsAll = true },
            ChangeKind.Redaction => basis with
            {
                Cause = "redactServiceRequest",
                IsUrgent = true,
                ServiceRequestId = RequestId,
                Version = 4,
                Cells = [Cell],
            },
            ChangeKind.Epoch => basis with { Cause = "timeline", IsAll = true },
            _ => basis,
        };
    }

    private static Guid IdOf(ChangeKind kind) => Guid.Parse($"0195530d-4400-7000-8000-00000000000{(int)kind}");

    private static Point PointOf(double longitude, double latitude) => new(longitude, latitude) { SRID = Wgs84.Srid };
}
