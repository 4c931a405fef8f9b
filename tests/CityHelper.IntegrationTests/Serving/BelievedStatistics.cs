using CityHelper.Engine.Planning;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>Table statistics that differ from the rows, so that a few thousand rows are read through every access path.</summary>
public static class BelievedStatistics
{
    /// <summary>A test's rows lie in a handful of cells, a city's in hundreds.</summary>
    private const double CellShare = 0.004;

    /// <summary>A test's requests have three categories and two agencies, a city's fifty and a dozen.</summary>
    private const double ValueShare = 0.25;

    /// <summary>Multiplies the rows, locations and values, so that the planner chooses access paths as in a large city.</summary>
    public static ITableStatistics Larger(ITableStatistics real, double times) =>
        new Believed(
            real,
            s =>
                Scale(
                    s,
                    times,
                    (column, share) =>
                        share
                        * column switch
                        {
                            "category_id" or "agency_id" => ValueShare,
                            _ when column.StartsWith("cell_", StringComparison.Ordinal) => CellShare,
                            _ => 1,
                        }
                ));

    /// <summary>
    /// With <see cref="Wild"/>, the most times a query is sent until the statistics let its filter leave few enough rows: one in eight
    /// refuses nothing.
    /// </summary>
    public const int AskedMax = 60;

    /// <summary>
    /// Other statistics for every request, and none for one in eight: every access path and initial key range must give the same answer.
    /// </summary>
    public static ITableStatistics Wild(ITableStatistics real, int seed)
    {
        var random = new Random(seed);
        return new Believed(real, s =>
        {
            lock (random)
            {
                return random.Next(8) == 0 ? null : Scale(s, Power(random, 6), (_, share) => Math.Clamp(share * Power(random, 3), 0, 1));
            }
        });
    }

    private static double Power(Random random, int digits) => Math.Pow(10, (random.NextDouble() * 2 - 1) * digits);

    private static TenantStatistics Scale(TenantStatistics real, double times, Func<string, double, double> shares) =>
        new(
            [.. real.Partitions.Select(l => l with { Rows = l.Rows * times })],
            real.Columns.ToDictionary(
                c => c.Key,
                c => new ColumnStatistics(
                    c.Value.Shares.ToDictionary(v => v.Key, v => shares(c.Key, v.Value)), shares(c.Key, c.Value.OtherShare))),
            real.References);

    private sealed class Believed(ITableStatistics real, Func<TenantStatistics, TenantStatistics?> belief) : ITableStatistics
    {
        public TenantStatistics? Of(string table, short tenant) => real.Of(table, tenant) is { } known ? belief(known) : null;
    }
}
