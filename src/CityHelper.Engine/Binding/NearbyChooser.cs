using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Planning.Nearby;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Binding;

/// <summary>
/// Chooses how the rows around a position are reached: by their distance until the page is full, which is best where most rows pass, or by
/// what a rare condition finds. A wrong guess costs time, never rows.
/// </summary>
/// <param name="question">What is asked.</param>
/// <param name="filter">The filter.</param>
internal sealed class NearbyChooser(NearbyQuestion question, CompiledFilter filter)
{
    // In units of one index entry that is looked at. A row that is walked by its distance costs its fetch and two computations.
    private const double WalkedRowCost = 14;
    private const double FoundRowCost = 10;
    private const double DistanceInIndexCost = 2;

    /// <summary>Of the rows in the cells around a circle, so many lie in it, about.</summary>
    private const double InsideShare = 0.6;

    private readonly RowAccess _access = question.Rows.Access;
    private readonly IReadOnlyList<ValueUniverse> _universes = filter.Universes;
    private readonly IReadOnlyList<Condition> _conditions = filter.Conditions;

    /// <summary>The form.</summary>
    /// <param name="values">The request's values.</param>
    /// <param name="cover">The cells around the circle.</param>
    /// <param name="statistics">What is known of the partition, or null.</param>
    public Access Choose(RootValues values, CellCover cover, PartitionStatistics? statistics)
    {
        if (_conditions.Any(c => c.NamesRows))
        {
            return new Access(AccessForm.Sort);
        }

        if (statistics is null)
        {
            return new Access(AccessForm.Walk);
        }

        var estimation = new Estimation(values.Variables, values.Partition, statistics, _universes);
        estimation = filter.RowByRow.Count > 0 ? estimation.AtWorst() : estimation;
        KeyRange keys = values.Keys!.Of(ConnectionPart.List);
        double rows = AccessChooser.RowsIn(keys, statistics);
        double area = cover.Level < 0 ? 1 : InsideShare * estimation.ShareOf(cover, _access.Grid!.Levels[cover.Level].Column);
        double all = statistics.Leaves.Sum(l => l.Rows);

        // The walk meets rows of all times.
        double pass = estimation.ShareOf(_conditions) * Math.Max(rows, 1) / Math.Max(all, 1);
        double wanted = values.PageRows + 1;
        var best = (Access: new Access(AccessForm.Walk), Cost: Math.Min(all * area, wanted / pass) * WalkedRowCost);
        double found = _conditions.Where(IsByIndex).Select(c => estimation.ShareOf([c])).Append(1).Min() * rows;
        best = Least(best, (new Access(AccessForm.Sort), found * FoundRowCost));
        for (int i = 0; i < _access.Values.Count; i++)
        {
            if (EntriesOf(i, estimation, rows) is { } entries)
            {
                double fetched = _conditions.All(c => IsIn(_access.Values[i], c)) ? wanted : entries * area;
                best = Least(best, (new Access(AccessForm.Values, Value: i), entries * DistanceInIndexCost + fetched * FoundRowCost));
            }
        }

        return best.Access;
    }

    // How many entries of an index the conditions on its column leave; null where it does not serve or does not hold the point.
    private double? EntriesOf(int index, Estimation estimation, double rows)
    {
        ValueIndex value = _access.Values[index];
        Condition[] onValue = [.. _conditions.Where(c => c.Columns is [var column] && column == value.Column && c.Holds is not null)];
        return onValue.Length > 0 && value.Included.Contains(_access.Grid!.Point)
            ? rows * estimation.Passing(_universes[index], onValue).Share
            : null;
    }

    private bool IsIn(ValueIndex index, Condition condition) => NearbySource.IsIn(index, condition, _access.Entity.RowColumn);

    private bool IsByIndex(Condition condition) =>
        condition.Holds is not null && condition.Columns is [var column] && _access.Values.Any(v => v.Column == column);

    private static (Access Access, double Cost) Least((Access Access, double Cost) one, (Access Access, double Cost) other) =>
        other.Cost < one.Cost ? other : one;
}
