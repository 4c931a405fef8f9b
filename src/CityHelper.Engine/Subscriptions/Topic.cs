using CityHelper.Engine.Binding;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Subscriptions;

/// <summary>What one subscription asks for, and how changes are judged by it. Immutable.</summary>
internal sealed class Topic
{
    private readonly PointTest? _points;

    /// <param name="rows">The rows.</param>
    /// <param name="rowKey">The key of the one row; null for the rows of a tenant.</param>
    /// <param name="area">The area; null for everywhere.</param>
    /// <param name="stored">The stored area whose shape that is.</param>
    /// <param name="where">The conditions.</param>
    public Topic(LoggedRows rows, long? rowKey, Area? area, StoredArea? stored, IReadOnlyList<LoggedFilter> where)
    {
        (Rows, RowKey, Area, Stored, Where) = (rows, rowKey, area, stored, where);
        Covering = area is null ? CellCovering.None : area.Covering(rows.Access.Grid!.Zooms);
        _points = area?.Points();
    }

    public static Topic Of(BoundSubscription bound) =>
        new(bound.Plan.Binding.Rows, bound.RowKey, bound.Area, bound.StoredArea, bound.Where);

    public LoggedRows Rows { get; }

    public long? RowKey { get; }

    public Area? Area { get; }

    public StoredArea? Stored { get; }

    public IReadOnlyList<LoggedFilter> Where { get; }

    /// <summary>The cells of the area: at most 16, none where it is too large.</summary>
    public CellCovering Covering { get; }

    /// <summary>The same with another shape of its area.</summary>
    public Topic With(StoredArea stored) => new(Rows, RowKey, AreaBinder.Of(stored), stored, Where);

    /// <summary>Whether the row was asked for before the change, and is after it.</summary>
    public Verdict Judge(RowChange change, RowLabels labels) =>
        RowKey is { } key
            ? new Verdict(change.RowKey == key && change.Before is not null, change.RowKey == key && change.After is not null)
            : new Verdict(Holds(change.Before, labels), Holds(change.After, labels));

    /// <summary>Whether it may ask for something in a cell.</summary>
    public bool Touches(long cell) => Area is null || Area.Touches(TileRange.BoxOf(cell));

    // Conditions first: they cost nothing, and decide for everywhere.
    private bool? Holds(RowState? row, RowLabels labels)
    {
        if (row is null)
        {
            return false;
        }

        foreach (LoggedFilter filter in Where)
        {
            if (!filter.Values.Contains(labels.Of(filter.Column, row.Values[filter.Column])))
            {
                return false;
            }
        }

        return Area is null ? true
            : row is { Longitude: { } longitude, Latitude: { } latitude } ? Area.Decide(_points, longitude, latitude)
            : false;
    }
}

/// <summary>Whether a row was asked for, and is; null where only the database can tell.</summary>
/// <param name="Was">Before the change.</param>
/// <param name="Is">After it.</param>
internal readonly record struct Verdict(bool? Was, bool? Is)
{
    /// <summary>Whether both are known.</summary>
    public bool IsDecided => Was is not null && Is is not null;

    /// <summary>What the change means; null when it means nothing.</summary>
    public RowChangeKind? Kind => (Was, Is) switch
    {
        (false, true) => RowChangeKind.Entered,
        (true, true) => RowChangeKind.Updated,
        (true, false) => RowChangeKind.Left,
        _ => null,
    };
}
