using CityHelper.Engine.Cursors;

namespace CityHelper.Engine.Subscriptions;

/// <summary>What an event of the log tells subscriptions.</summary>
public enum RowChangeScope
{
    /// <summary>Nothing that they ask for.</summary>
    None,

    /// <summary>One row: made, changed or removed.</summary>
    Row,

    /// <summary>What a row told was removed for good.</summary>
    Redaction,

    /// <summary>More rows than are named: those in some cells, or one whose change nobody told.</summary>
    Several,

    /// <summary>The shapes of stored areas.</summary>
    Areas,

    /// <summary>Everything: an epoch begins, or too much to name.</summary>
    All,
}

/// <summary>An event of a tenant's change log, as subscriptions see it. Immutable.</summary>
/// <param name="Position">Its position in the log.</param>
/// <param name="Scope">What it tells.</param>
public sealed record RowChange(LogPosition Position, RowChangeScope Scope)
{
    /// <summary>When the change was made.</summary>
    public DateTime At { get; init; }

    /// <summary>The key of the row; null where none is named.</summary>
    public long? RowKey { get; init; }

    /// <summary>The row before; null for a new one.</summary>
    public RowState? Before { get; init; }

    /// <summary>The row after; null for a removed one.</summary>
    public RowState? After { get; init; }

    /// <summary>The grid cells, of any zoom, that it touches where it does not tell the row.</summary>
    public IReadOnlyList<long> Cells { get; init; } = [];

    /// <summary>Whether a later redaction took what it told: nobody knows any more where the row was.</summary>
    public bool IsEmptied => Scope == RowChangeScope.Row && Before is null && After is null;
}

/// <summary>What the log tells of a row.</summary>
/// <param name="Values">
/// In the order of the logged columns: the label of an enum, or the key (<c>long</c>) of another row; null for none.
/// </param>
/// <param name="Longitude">Degrees; null without a location.</param>
/// <param name="Latitude">Degrees; null without a location.</param>
public sealed record RowState(IReadOnlyList<object?> Values, double? Longitude, double? Latitude);

/// <summary>The events of tenants' logs that are no longer on their way.</summary>
public interface IChangeHistory
{
    /// <summary>Events that are in memory, oldest first.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="from">The number of the first.</param>
    /// <param name="max">The most events.</param>
    /// <returns>Null when memory does not reach back to the first.</returns>
    IReadOnlyList<RowChange>? Recent(short tenant, long from, int max);

    /// <summary>Events from the log itself, oldest first; they begin later where the log was trimmed.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="from">The smallest number.</param>
    /// <param name="max">The most events.</param>
    /// <param name="cancellation">Cancels the reading.</param>
    /// <returns>Null when the log does not answer.</returns>
    Task<IReadOnlyList<RowChange>?> ReadAsync(short tenant, long from, int max, CancellationToken cancellation);
}

/// <summary>For hosts that follow no log.</summary>
internal sealed class NoHistory : IChangeHistory
{
    public IReadOnlyList<RowChange>? Recent(short tenant, long from, int max) => null;

    public Task<IReadOnlyList<RowChange>?> ReadAsync(short tenant, long from, int max, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<RowChange>?>(null);
}
