namespace CityHelper.Checks.Contracts;

/// <summary>What a change may do to clients of the old schema.</summary>
public enum ChangeRisk
{
    /// <summary>All operations and responses stay valid.</summary>
    Safe,

    /// <summary>All operations stay valid, but a client may receive unknown values or another response.</summary>
    Dangerous,

    /// <summary>Valid operations become invalid, or their responses get another shape.</summary>
    Breaking,
}

/// <summary>One difference between two schemas.</summary>
/// <param name="Risk">What it may do to clients.</param>
/// <param name="Code">Its kind: the name in graphql-js's findBreakingChanges and findDangerousChanges, where there is one.</param>
/// <param name="Coordinate">The schema coordinate: <c>City.name</c>, <c>Query.city(slug:)</c>, <c>@cost(weight:)</c>.</param>
/// <param name="Message">What changed, as the rest of a sentence that starts with the coordinate.</param>
public sealed record SchemaChange(ChangeRisk Risk, string Code, string Coordinate, string Message);

/// <summary>Collects changes.</summary>
internal sealed class SchemaChanges
{
    private readonly List<SchemaChange> _changes = [];

    /// <summary>All changes, the worst first; equal risks in the order found.</summary>
    public IReadOnlyList<SchemaChange> Sorted() => [.. _changes.OrderByDescending(c => c.Risk)];

    public void Breaking(string code, string coordinate, string message) =>
        _changes.Add(new(ChangeRisk.Breaking, code, coordinate, message));

    public void Dangerous(string code, string coordinate, string message) =>
        _changes.Add(new(ChangeRisk.Dangerous, code, coordinate, message));

    public void Safe(string code, string coordinate, string message) => _changes.Add(new(ChangeRisk.Safe, code, coordinate, message));
}
