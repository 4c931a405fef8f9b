namespace CityHelper.Data.Import;

/// <summary>What a run did. Read = inserted + updated + unchanged + rejected.</summary>
/// <remarks>
/// A key that stands several times in one file counts each time: the first as inserted (or as the known request it is), the
/// others as updated when they are newer and as unchanged when they are not, as if each stood in a file of its own.
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

    /// <summary>Requests of which the source now tells another creation time; counted among the updated too.</summary>
    public required int Corrected { get; init; }

    /// <summary>Codes of the categories created on sight.</summary>
    public required IReadOnlyList<string> NewCategories { get; init; }

    /// <summary>Status texts that have no mapping; their requests took the status from the closed date.</summary>
    public required IReadOnlyList<string> UnknownStatuses { get; init; }

    /// <summary>Where the rejected rows stand with line and reason; null when there are none.</summary>
    public required string? RejectsFile { get; init; }

    /// <summary>Rows an earlier, interrupted run had merged before this one continued; they are in the counts.</summary>
    public required int ContinuedAt { get; init; }

    /// <summary>Of this process; without what an interrupted run took.</summary>
    public required TimeSpan Duration { get; init; }
}

/// <summary>How an import ended: a summary, or one sentence that says why nothing was imported.</summary>
public sealed record ImportOutcome(ImportSummary? Summary, string? Failure);

/// <summary>What a run is doing.</summary>
public enum ImportPhase
{
    /// <summary>Parsing into the staging table; nothing can be seen yet.</summary>
    Reading,

    /// <summary>Staged rows become requests, batch by batch.</summary>
    Merging,

    /// <summary>VACUUM and ANALYZE of the leaves that changed.</summary>
    Tidying,
}

/// <param name="Phase">What it is doing.</param>
/// <param name="Rows">Rows of this phase that are done.</param>
/// <param name="Fraction">Of this phase, 0 to 1.</param>
public readonly record struct ImportProgress(ImportPhase Phase, long Rows, double Fraction);
