namespace CityHelper.Engine.Space;

/// <summary>Numbers of clients that are computed with.</summary>
internal static class Numbers
{
    /// <summary>
    /// A number that PostgreSQL can calculate with: it refuses products that vanish (underflow). Nothing that is measured is that small.
    /// </summary>
    public static double Calculable(double number) => Math.Abs(number) < Limits.NumberMin ? 0 : number;
}
