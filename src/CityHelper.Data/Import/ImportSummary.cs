namespace CityHelper.Data.Import;

/// <summary>The result of a run. Read = inserted + updated + unchanged + rejected.</summary>
/// <remarks>
/// A key that occurs several times in one file counts each time, as if each row came in its own file: the first as inserted (or as the
/// known request it is), the others as updated when newer and as unchanged when not.
/// </remarks>
public sealed record ImportSummary
{
    public required long RunId { get; init; }

    public required int Read { get; init; }

    public required int Inserted { get; init; }

    public required int Updated { get; init; }

    public required int Unchanged { get; init; }

    public required int Rejected { get; init; }

    /// <summary>Accepted rows without coordinates, or with 0,0.</summary>
    public required int WithoutLocation { get; init; }

    /// <summary>Requests whose creation time the source has changed; also counted as updated.</summary>
    public required int Corrected { get; init; }

    /// <summary>Codes of the categories that the run created.</summary>
    public required IReadOnlyList<string> NewCategories { get; init; }

    /// <summary>Status texts without a mapping; their requests took the status from the closing date.</summary>
    public required IReadOnlyList<string> UnknownStatuses { get; init; }

    /// <summary>The file that lists rejected rows with line and reason; null when there are none.</summary>
    public required string? RejectsFile { get; init; }

    /// <summary>Rows that an earlier, interrupted run had merged; they are in the counts.</summary>
    public required int ContinuedAt { get; init; }

    /// <summary>The duration of this process, without that of an interrupted run.</summary>
    public required TimeSpan Duration { get; init; }
}

/// <summary>How an import ended: a summary, or one sentence that says why nothing was imported.</summary>
public sealed record ImportOutcome(ImportSummary? Summary, string? Failure);

/// <summary>The phase of a run.</summary>
public enum ImportPhase
{
    /// <summary>Parsing into the staging table; nothing is visible yet.</summary>
    Reading,

    /// <summary>Staged rows become requests, batch by batch.</summary>
    Merging,

    /// <summary>VACUUM and ANALYZE of the partitions that changed.</summary>
    Tidying,
}

/// <param name="Phase">The current phase.</param>
/// <param name="Rows">Rows of this phase that are done.</param>
/// <param name="Fraction">Of this phase, 0 to 1.</param>
public readonly record struct ImportProgress(ImportPhase Phase, long Rows, double Fraction);
