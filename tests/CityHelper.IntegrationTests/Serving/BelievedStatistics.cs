using CityHelper.Engine.Planning;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>Statistics that are not those of the rows, so that a few thousand of them are reached in every form there is.</summary>
public static class BelievedStatistics
{
    /// <summary>A test's rows lie in a handful of cells, a city's in hundreds.</summary>
    private const double CellShare = 0.004;

    /// <summary>A test's requests have three categories and two agencies, a city's fifty and a dozen.</summary>
    private const double ValueShare = 0.25;

    /// <summary>
    /// The rows are believed to be so many times more, and spread over as many places and values: forms are chosen as in a large city.
    /// </summary>
    public static ITableStatistics Larger(ITableStatistics real, double times) => new Believed(real, s => Scale(s, times, (column, share) => share * column switch
    {
        "category_id" or "agency_id" => ValueShare,
        _ when column.StartsWith("cell_", StringComparison.Ordinal) => CellShare,
        _ => 1,
    }));

    /// <summary>
    /// With <see cref="Wild"/>, how often a query is asked until it is believed to leave few enough rows: one belief in eight refuses
    /// nothing.
    /// </summary>
    public const int AskedMax = 60;

    /// <summary>
    /// Another belief for every request, and none for one in eight: whatever form and window that leads to, the answer must be the same.
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

    private static PartitionStatistics Scale(PartitionStatistics real, double times, Func<string, double, double> shares) => new(
        [.. real.Leaves.Select(l => l with { Rows = l.Rows * times })],
        real.Columns.ToDictionary(
            c => c.Key, c => new ColumnStatistics(c.Value.Shares.ToDictionary(v => v.Key, v => shares(c.Key, v.Value)), shares(c.Key, c.Value.OtherShare))),
        real.References);

    private sealed class Believed(ITableStatistics real, Func<PartitionStatistics, PartitionStatistics?> belief) : ITableStatistics
    {
        public PartitionStatistics? Of(string table, short partition) => real.Of(table, partition) is { } known ? belief(known) : null;
    }
}
