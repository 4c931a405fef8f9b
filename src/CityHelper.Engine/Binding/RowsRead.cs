using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Filters;

namespace CityHelper.Engine.Binding;

/// <summary>
/// How many rows a filter reads when no row passes what is looked at row by row: those that its best index leaves. A name in a filter says
/// nothing of that, since all categories together are all rows.
/// </summary>
/// <param name="filter">The filter.</param>
/// <param name="estimation">What is known of the partition, with a request's values.</param>
internal sealed class RowsRead(CompiledFilter filter, Estimation estimation)
{
    /// <summary>
    /// Whether a filter that no index serves (its rows are looked at one by one) would read more rows than it may; null when it would not,
    /// or when it names single rows.
    /// </summary>
    /// <param name="keys">The keys that the filter leaves.</param>
    /// <param name="area">The share of the rows that lie in the area that is asked for; 1 without one.</param>
    /// <param name="shareMax">The share of all rows that may be read.</param>
    public TooManyRows? Check(KeyRange keys, double area, double shareMax)
    {
        double rows = AccessChooser.RowsIn(keys, estimation.Statistics) * Math.Min(ShareByIndex(), area);
        double most = Math.Max(Limits.ScanRowsAlways, Math.Min(Limits.ScanRowsMax, shareMax * estimation.Statistics.Rows));
        return rows > most ? new TooManyRows(rows, most) : null;
    }

    /// <summary>The rows that the best index leaves, by the estimate: none where rows are named, which are a thousand at most.</summary>
    /// <param name="keys">The keys that the filter leaves.</param>
    public double Left(KeyRange keys) => filter.NamesRows ? 0 : AccessChooser.RowsIn(keys, estimation.Statistics) * ShareByIndex();

    /// <summary>
    /// The share of the rows that the values of a column have which has the most of them: of rows below parents that nobody knows yet.
    /// </summary>
    public static double ShareOfLargest(PartitionStatistics? statistics, string column, int values) =>
        statistics?.Columns.TryGetValue(column, out ColumnStatistics? known) is true
            ? Math.Min(1, known.Shares.Values.OrderDescending().Take(values).Sum() + Math.Max(0, values - known.Shares.Count) * known.OtherShare)
            : 1;

    /// <summary>The share of the rows that the best index leaves: of one column's values, or of all alternatives of an <c>or</c>.</summary>
    private double ShareByIndex()
    {
        double best = 1;
        for (int i = 0; i < filter.Universes.Count; i++)
        {
            best = Math.Min(best, ShareOf(filter.Conditions, filter.Universes[i]));
        }

        foreach (IReadOnlyList<IReadOnlyList<Condition>> alternatives in filter.Conditions.Select(c => c.Alternatives).OfType<IReadOnlyList<IReadOnlyList<Condition>>>())
        {
            best = Math.Min(best, alternatives.Sum(all => all.Any(c => c.NamesRows) ? 0 : filter.Universes.Min(u => ShareOf(all, u))));
        }

        return best;
    }

    private double ShareOf(IReadOnlyList<Condition> all, ValueUniverse universe)
    {
        Condition[] onValue = [.. all.Where(c => c.Columns is [var column] && column == universe.Column && c.Holds is not null)];
        return onValue.Length == 0 ? 1 : estimation.Passing(universe, onValue).Share;
    }
}
