using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Filters;

namespace CityHelper.Engine.Binding;

/// <summary>
/// How many rows a filter reads in the worst case, when no row passes its row-by-row conditions: those that its best index leaves.
/// Filtering on an indexed column does not bound them by itself: all categories together are all rows.
/// </summary>
/// <param name="filter">The filter.</param>
/// <param name="estimation">The tenant's statistics with a request's values.</param>
internal sealed class RowsRead(CompiledFilter filter, Estimation estimation)
{
    /// <summary>
    /// The rows that a filter without an index would read one by one, if more than allowed; null when within the limit, or when it names
    /// single rows.
    /// </summary>
    /// <param name="keys">The key range that the filter allows.</param>
    /// <param name="area">The share of the rows that lies in the area; 1 without one.</param>
    /// <param name="shareMax">The share of all rows that may be read.</param>
    public TooManyRows? Check(KeyRange keys, double area, double shareMax)
    {
        double rows = AccessPathChooser.RowsIn(keys, estimation.Statistics) * Math.Min(ShareByIndex(), area);
        double most = Math.Max(Limits.ScanRowsAlways, Math.Min(Limits.ScanRowsMax, shareMax * estimation.Statistics.Rows));
        return rows > most ? new TooManyRows(rows, most) : null;
    }

    /// <summary>The estimated rows that the best index leaves; 0 where the filter names rows, which are a thousand at most.</summary>
    /// <param name="keys">The key range that the filter allows.</param>
    public double Left(KeyRange keys) => filter.NamesRows ? 0 : AccessPathChooser.RowsIn(keys, estimation.Statistics) * ShareByIndex();

    /// <summary>The share of the rows that the most frequent values of a column have: an upper bound for parents not yet known.</summary>
    public static double ShareOfLargest(TenantStatistics? statistics, string column, int values) =>
        statistics?.Columns.TryGetValue(column, out ColumnStatistics? known) is true
            ? Math.Min(
                1, known.Shares.Values.OrderDescending().Take(values).Sum() + Math.Max(0, values - known.Shares.Count) * known.OtherShare)
            : 1;

    /// <summary>The share of the rows that the best index leaves: by one column's values, or by all alternatives of an <c>or</c>.</summary>
    private double ShareByIndex()
    {
        double best = 1;
        for (int i = 0; i < filter.Universes.Count; i++)
        {
            best = Math.Min(best, ShareOf(filter.Conditions, filter.Universes[i]));
        }

        foreach (Condition condition in filter.Conditions)
        {
            if (condition.Alternatives is not { } alternatives)
            {
                continue;
            }

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
