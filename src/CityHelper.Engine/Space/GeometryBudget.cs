namespace CityHelper.Engine.Space;

/// <summary>
/// The work of all geometries of one root, counted while binding. It counts together because one evaluation of a row runs all conditions.
/// </summary>
internal sealed class GeometryBudget
{
    private long _heldPairs;

    /// <summary>Positions checked so far; up to a limit, they are checked on the thread of the request.</summary>
    public long PositionsAtOnce { get; set; }

    /// <summary>The most segment pairs that GEOS nodes for one row, over all conditions on areas.</summary>
    public SegmentPairs ComparedPairs { get; set; }

    /// <summary>Field cost counted while binding, for work that the size of no argument predicts.</summary>
    public double FieldCost { get; set; }

    /// <summary>Counts pairs of positions, of a client's geometry and of areas: all for the cost, and the most for one row.</summary>
    /// <param name="pairs">The pairs that a condition compares over all areas.</param>
    /// <param name="most">The most pairs that it compares for one area.</param>
    /// <param name="weight">The field cost of a pair.</param>
    /// <returns>False when all conditions together exceed <see cref="Limits.MeasuredPairsMax"/> for one row.</returns>
    public bool TryCountPairs(long pairs, long most, double weight)
    {
        FieldCost += pairs * weight;
        _heldPairs += most;
        return _heldPairs <= Limits.MeasuredPairsMax;
    }
}
