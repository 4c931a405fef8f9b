namespace CityHelper.Engine.Space;

/// <summary>
/// What the geometries of one root take together, counted while it is bound: conditions on one row are computed in one go.
/// </summary>
internal sealed class GeometryBudget
{
    private long _heldPairs;

    /// <summary>Positions of its geometries that were computed with where the request is answered.</summary>
    public long PositionsAtOnce { get; set; }

    /// <summary>What the conditions on areas that make nodes take together for one row at most.</summary>
    public SegmentPairs ComparedPairs { get; set; }

    /// <summary>Units of field cost beyond the price: of what no value tells by its size.</summary>
    public double FieldCost { get; set; }

    /// <summary>
    /// Counts pairs of positions, of a client's geometry and of areas, for what all of them cost and for one row at most.
    /// </summary>
    /// <param name="pairs">What a condition holds against each other over all areas.</param>
    /// <param name="most">What it may hold against each other for one of them.</param>
    /// <param name="weight">What a pair weighs.</param>
    /// <returns>False when the conditions of one row are more than <see cref="Limits.MeasuredPairsMax"/> together.</returns>
    public bool TryCountPairs(long pairs, long most, double weight)
    {
        FieldCost += pairs * weight;
        _heldPairs += most;
        return _heldPairs <= Limits.MeasuredPairsMax;
    }
}
