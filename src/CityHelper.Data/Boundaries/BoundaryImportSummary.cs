namespace CityHelper.Data.Boundaries;

/// <summary>How a boundary file is read, and whether boundaries missing from it are removed.</summary>
/// <param name="Kind">The kind of all its features: lower-case letters, digits, dashes.</param>
/// <param name="NameProperty">The property that holds the name; when null, the first well-known one.</param>
/// <param name="CodeProperty">The property that holds the code; when null, the first well-known one, else the feature's id.</param>
/// <param name="Replace">Whether boundaries of the kind that are missing from the file are removed.</param>
public sealed record BoundaryImportOptions(string Kind, string? NameProperty = null, string? CodeProperty = null, bool Replace = false);

/// <summary>The result of a boundary import. Read = inserted + updated + unchanged + refused.</summary>
public sealed record BoundaryImportSummary
{
    public required int Read { get; init; }

    public required int Inserted { get; init; }

    public required int Updated { get; init; }

    public required int Unchanged { get; init; }

    /// <summary>Boundaries of the kind that are missing from the file and stay.</summary>
    public required int Kept { get; init; }

    /// <summary>Boundaries of the kind that were missing from the file and were removed.</summary>
    public required int Removed { get; init; }

    /// <summary>Features that were accepted after a repair.</summary>
    public required IReadOnlyList<FeatureReason> Repaired { get; init; }

    public required IReadOnlyList<FeatureReason> Refused { get; init; }

    /// <summary>The revision of the city's boundaries after the import.</summary>
    public required long Revision { get; init; }

    /// <summary>
    /// Vertices of all boundaries of the kind, by outline zoom; the full geometries are under <see cref="int.MaxValue"/>. Empty when
    /// nothing changed.
    /// </summary>
    public required IReadOnlyList<(int Zoom, int Vertices)> Vertices { get; init; }
}

/// <summary>How an import ended: a summary, or one sentence that says why nothing was imported.</summary>
public sealed record BoundaryImportOutcome(BoundaryImportSummary? Summary, string? Failure);
