namespace CityHelper.Engine.Cursors;

/// <summary>A place in a tenant's change log.</summary>
/// <param name="Epoch">The epoch of the database. It rises when numbers may have been given twice, as after a promotion.</param>
/// <param name="Number">The number of a change, dense for each tenant; 0 before the first.</param>
public readonly record struct LogPosition(int Epoch, long Number) : IComparable<LogPosition>
{
    public int CompareTo(LogPosition other) => (Epoch, Number).CompareTo((other.Epoch, other.Number));

    public static bool operator <(LogPosition left, LogPosition right) => left.CompareTo(right) < 0;

    public static bool operator >(LogPosition left, LogPosition right) => left.CompareTo(right) > 0;

    public static bool operator <=(LogPosition left, LogPosition right) => left.CompareTo(right) <= 0;

    public static bool operator >=(LogPosition left, LogPosition right) => left.CompareTo(right) >= 0;
}
