using System.Globalization;
using System.Runtime.CompilerServices;
using CityHelper.Data.Import;
using CityHelper.Data.Model;

namespace CityHelper.Benchmarks.Log;

/// <summary>The generator's rows, some of which have changed since: another status, a day or more later.</summary>
/// <param name="options">The rows.</param>
/// <param name="every">One row in so many has changed.</param>
/// <param name="times">How often they changed, once or twice; each time is later than the last, with another status.</param>
internal sealed class ChangedFeed(GeneratorOptions options, int every, int times) : RowFeed
{
    private readonly GeneratedFeed _generated = new(options);

    public override string Source => _generated.Source;

    public override string Input =>
        string.Create(CultureInfo.InvariantCulture, $"{_generated.Input}, one in {every} changed {times} times");

    public override string Fingerprint => Input;

    public override IReadOnlySet<string> PresentColumns => _generated.PresentColumns;

    public override double Fraction => 0;

    public override async IAsyncEnumerable<FedRow> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (FedRow row in _generated.ReadAsync(cancellation))
        {
            yield return row.Number % every == 0 ? row with { Mapped = new MappedRecord(Changed(row.Mapped.Row!), null) } : row;
        }
    }

    private ImportRow Changed(ImportRow row)
    {
        DateTime at = (row.ChangedAt ?? row.CreatedAt).AddDays(times);
        ServiceRequestStatus status = (times, row.Status) switch
        {
            (1, ServiceRequestStatus.Closed) => ServiceRequestStatus.InProgress,
            (1, _) => ServiceRequestStatus.Closed,
            (_, ServiceRequestStatus.Closed) => ServiceRequestStatus.Pending,
            _ => ServiceRequestStatus.Resolved,
        };
        return new ImportRow
        {
            ExternalId = row.ExternalId,
            CreatedAt = row.CreatedAt,
            TypeName = row.TypeName,
            AgencyCode = row.AgencyCode,
            AgencyName = row.AgencyName,
            Status = status,
            StatusStated = true,
            SourceStatus = row.SourceStatus,
            Title = row.Title,
            Description = row.Description,
            Address = row.Address,
            PostalCode = row.PostalCode,
            District = row.District,
            Channel = row.Channel,
            Longitude = row.Longitude,
            Latitude = row.Latitude,
            ChangedAt = at,
            DueAt = row.DueAt,
            ClosedAt = status == ServiceRequestStatus.Closed ? at : null,
            Resolution = row.Resolution,
            History = [.. row.History, new ImportedChange(at, status, null)],
        };
    }
}
