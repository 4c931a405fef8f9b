using CityHelper.Data.Model;

namespace CityHelper.Data.Import;

/// <summary>One request as a source describes it, in the platform's terms. Every source turns its records into these.</summary>
/// <remarks>Times are UTC to the millisecond. Texts are trimmed; null where the source has none.</remarks>
public sealed class ImportRow
{
    /// <summary>The source's key, unique in the city.</summary>
    public required string ExternalId { get; init; }

    public required DateTime CreatedAt { get; init; }

    /// <summary>The type as the source writes it; null becomes the category <c>unknown</c>.</summary>
    public string? TypeName { get; init; }

    public string? AgencyCode { get; init; }

    public string? AgencyName { get; init; }

    public required ServiceRequestStatus Status { get; init; }

    /// <summary>False when <see cref="Status"/> is derived from the closing date only; it then never reopens a known request.</summary>
    public required bool StatusStated { get; init; }

    public string? SourceStatus { get; init; }

    public string? Title { get; init; }

    public string? Description { get; init; }

    public string? Address { get; init; }

    public string? PostalCode { get; init; }

    public string? District { get; init; }

    public string? Channel { get; init; }

    /// <summary>Degrees, WGS 84; null together with <see cref="Latitude"/>.</summary>
    public double? Longitude { get; init; }

    public double? Latitude { get; init; }

    /// <summary>When the source last changed it: the resolution's update, else the closing; null when it has neither.</summary>
    public DateTime? ChangedAt { get; init; }

    public DateTime? DueAt { get; init; }

    public DateTime? ClosedAt { get; init; }

    public string? Resolution { get; init; }

    /// <summary>Earlier changes of status, oldest first; empty when the source has none.</summary>
    public IReadOnlyList<ImportedChange> History { get; init; } = [];
}

/// <summary>A past change of status.</summary>
/// <param name="At">UTC, to the millisecond.</param>
/// <param name="Status">The status from then on.</param>
/// <param name="Note">For users; null when there is none.</param>
public sealed record ImportedChange(DateTime At, ServiceRequestStatus Status, string? Note);

/// <summary>The result of mapping a record: a row, or the reason why it is rejected.</summary>
/// <param name="Row">Null when rejected.</param>
/// <param name="Reason">Null when accepted; else a sentence for the rejects file.</param>
/// <param name="UnknownStatus">A status text without a mapping; the row is accepted, the summary lists the text.</param>
public readonly record struct MappedRecord(ImportRow? Row, string? Reason, string? UnknownStatus = null)
{
    // Reasons quote cells, which may be long.
    public static MappedRecord Rejected(string reason) =>
        new(null, reason.Length <= Limits.RejectsRecordCharsMax ? reason : $"{reason.AsSpan(0, Limits.RejectsRecordCharsMax)}…");
}
