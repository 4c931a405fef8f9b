namespace CityHelper.Checks.Contracts;

/// <summary>What a change may do to clients that were written against the schema before it.</summary>
public enum ChangeRisk
{
    /// <summary>Whatever was sent and read before still is.</summary>
    Safe,

    /// <summary>Everything sent before is still valid, but a client may meet what it did not know, or get another answer.</summary>
    Dangerous,

    /// <summary>Operations that were valid no longer are, or their answers have another form.</summary>
    Breaking,
}

/// <summary>One difference between two schemas.</summary>
/// <param name="Risk">What it may do to clients.</param>
/// <param name="Code">Its kind; the name that graphql-js has for it in findBreakingChanges and findDangerousChanges, where it has
/// one.</param>
/// <param name="Coordinate">Where: <c>City.name</c>, <c>Query.city(slug:)</c>, <c>@cost(weight:)</c>.</param>
/// <param name="Message">What happened there, to follow the coordinate in a sentence.</param>
public sealed record SchemaChange(ChangeRisk Risk, string Code, string Coordinate, string Message);

/// <summary>Differences while they are found.</summary>
internal sealed class SchemaChanges
{
    private readonly List<SchemaChange> _changes = [];

    /// <summary>All of them, the worst first, each risk in the order found.</summary>
    public IReadOnlyList<SchemaChange> Sorted() => [.. _changes.OrderByDescending(c => c.Risk)];

    public void Breaking(string code, string coordinate, string message) =>
        _changes.Add(new(ChangeRisk.Breaking, code, coordinate, message));

    public void Dangerous(string code, string coordinate, string message) =>
        _changes.Add(new(ChangeRisk.Dangerous, code, coordinate, message));

    public void Safe(string code, string coordinate, string message) => _changes.Add(new(ChangeRisk.Safe, code, coordinate, message));
}
