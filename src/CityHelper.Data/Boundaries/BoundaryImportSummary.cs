namespace CityHelper.Data.Boundaries;

/// <summary>What a file holds, and what becomes of boundaries that it does not hold.</summary>
/// <param name="Kind">What its features are: lower-case letters, digits, dashes.</param>
/// <param name="NameProperty">The property of the name; a known one when null.</param>
/// <param name="CodeProperty">The property of the code; a known one, or the feature's id, when null.</param>
/// <param name="Replace">Whether boundaries of the kind that are not in the file are removed.</param>
public sealed record BoundaryImportOptions(string Kind, string? NameProperty = null, string? CodeProperty = null, bool Replace = false);

/// <summary>What an import of boundaries did. Read = inserted + updated + unchanged + refused.</summary>
public sealed record BoundaryImportSummary
{
    public required int Read { get; init; }

    public required int Inserted { get; init; }

    public required int Updated { get; init; }

    public required int Unchanged { get; init; }

    /// <summary>Boundaries of the kind that are not in the file, and stay.</summary>
    public required int Kept { get; init; }

    /// <summary>Boundaries of the kind that were not in the file, and are gone.</summary>
    public required int Removed { get; init; }

    /// <summary>Accepted features that were put right first.</summary>
    public required IReadOnlyList<FeatureReason> Repaired { get; init; }

    public required IReadOnlyList<FeatureReason> Refused { get; init; }

    /// <summary>The revision of the city's boundaries afterwards.</summary>
    public required long Revision { get; init; }

    /// <summary>
    /// Vertices of all boundaries of the kind, by the zoom of their outlines; the full shapes under <see cref="int.MaxValue"/>. Empty when
    /// nothing changed.
    /// </summary>
    public required IReadOnlyList<(int Zoom, int Vertices)> Vertices { get; init; }
}

/// <summary>How an import ended: a summary, or one sentence that says why nothing was imported.</summary>
public sealed record BoundaryImportOutcome(BoundaryImportSummary? Summary, string? Failure);
