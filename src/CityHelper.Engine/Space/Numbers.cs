namespace CityHelper.Engine.Space;

/// <summary>Clients' numbers that SQL computes with.</summary>
internal static class Numbers
{
    /// <summary>
    /// A number that PostgreSQL can calculate with: it fails on products that underflow. No measured number is that small.
    /// </summary>
    public static double Calculable(double number) => Math.Abs(number) < Limits.NumberMin ? 0 : number;
}
