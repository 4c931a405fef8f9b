using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Planning.Statistics;

/// <summary>What the plan knows of the requested statistics.</summary>
/// <param name="Counted">The rows.</param>
/// <param name="Filter">The value of <c>where</c>, or null.</param>
/// <param name="Area">The kind of the area that an argument gives; null without one.</param>
/// <param name="IsPlaced">Whether the filter restricts the rows' location.</param>
internal sealed record AggregateQuestion(CountedRows Counted, InputNode? Filter, AreaKind? Area, bool IsPlaced)
{
    /// <summary>Whether the keys express everything that the filter says about the creation time.</summary>
    public bool IsRange { get; } = CreationRange.IsRange(Counted.Rows.Filter, Filter, Counted.Rows.Access.Created!.Column);
}

/// <summary>What a statement needs of the rows and counters that it adds up.</summary>
/// <param name="Dimensions">The columns that it groups by.</param>
/// <param name="Grain">How fine the counters must be.</param>
internal sealed record AggregateColumns(IReadOnlyList<string> Dimensions, AggregateGrain Grain)
{
    /// <summary>Whether it groups by the time of creation, as the column <c>period</c>.</summary>
    public bool HasPeriod => Grain is AggregateGrain.Day or AggregateGrain.Month;

    /// <summary>
    /// Whether it groups by cells of the request's zoom, as <c>cell</c>, with the sums of coordinates as <c>longitude</c> and
    /// <c>latitude</c>.
    /// </summary>
    public bool HasCells { get; init; }

    /// <summary>Whether it lists the milliseconds until each row was done, as <c>milliseconds</c>, instead of counting rows.</summary>
    public bool HasMilliseconds { get; init; }
}
