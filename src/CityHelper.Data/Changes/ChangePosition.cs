namespace CityHelper.Data.Changes;

/// <summary>A log position: a place in a city's change log.</summary>
/// <param name="Epoch">The epoch of the database. It rises when numbers may have been given twice, as after a promotion.</param>
/// <param name="Number">The number of an event, dense for each city; 0 before the first.</param>
public readonly record struct ChangePosition(int Epoch, long Number) : IComparable<ChangePosition>
{
    public int CompareTo(ChangePosition other) => (Epoch, Number).CompareTo((other.Epoch, other.Number));

    public static bool operator <(ChangePosition left, ChangePosition right) => left.CompareTo(right) < 0;

    public static bool operator >(ChangePosition left, ChangePosition right) => left.CompareTo(right) > 0;

    public static bool operator <=(ChangePosition left, ChangePosition right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ChangePosition left, ChangePosition right) => left.CompareTo(right) >= 0;

    public override string ToString() => $"{Epoch}-{Number}";
}
