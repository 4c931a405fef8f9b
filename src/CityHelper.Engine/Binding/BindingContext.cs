using CityHelper.Engine.Cursors;
using CityHelper.Engine.Planning;

namespace CityHelper.Engine.Binding;

/// <summary>What binding needs besides a plan and a request's variables.</summary>
/// <param name="CursorKeys">The keys that sign cursors.</param>
/// <param name="Statistics">The tables' statistics.</param>
/// <param name="Time">The clock, for due times.</param>
/// <param name="Lookups">Lookups in the database.</param>
internal sealed record BindingContext(CursorKeys CursorKeys, ITableStatistics Statistics, TimeProvider Time, BindingLookups Lookups)
{
    /// <summary>
    /// Estimated rows from which on packed blocks are read: <see cref="Limits.BlockRowsMin"/>, and 0 where tests compare blocks with rows.
    /// </summary>
    public required int BlockRowsMin { get; init; }
}

/// <summary>Where packed blocks are read.</summary>
/// <param name="RowsMin">See <see cref="BindingContext.BlockRowsMin"/>.</param>
internal sealed record BlockOptions(int RowsMin);
