namespace CityHelper.Data.Changes;

/// <summary>What an operator's event demands to be read again.</summary>
/// <param name="Kind">The kind of the event: that of a change which would demand the same.</param>
public sealed record ChangePurge(ChangeKind Kind)
{
    /// <summary>Everything of the city.</summary>
    public static ChangePurge All { get; } = new(ChangeKind.Purge) { IsAll = true };

    /// <summary>The request; null for none.</summary>
    public long? ServiceRequestId { get; init; }

    /// <summary>The cells.</summary>
    public IReadOnlyList<long> Cells { get; init; } = [];

    /// <summary>Whether it is everything.</summary>
    public bool IsAll { get; init; }
}
