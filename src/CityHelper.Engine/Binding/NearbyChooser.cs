using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Planning.Nearby;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Binding;

/// <summary>
/// Chooses the access path of the rows around a point: by distance until the page is full, which is best where most rows pass, or by
/// the index of a selective condition. A wrong estimate costs time, never rows.
/// </summary>
/// <param name="question">The rows and the circle.</param>
/// <param name="filter">The filter.</param>
internal sealed class NearbyChooser(NearbyQuestion question, CompiledFilter filter)
{
    // In units of one index entry read. A row scanned by distance costs its fetch and two distance computations.
    private const double ScannedRowCost = 14;
    private const double FoundRowCost = 10;
    private const double DistanceInIndexCost = 2;

    /// <summary>The share of the covering's rows that lies in the circle, about.</summary>
    private const double InsideShare = 0.6;

    private readonly RowAccess _access = question.Rows.Access;
    private readonly IReadOnlyList<ValueUniverse> _universes = filter.Universes;
    private readonly IReadOnlyList<Condition> _conditions = filter.Conditions;

    /// <summary>The access path.</summary>
    /// <param name="values">The request's values.</param>
    /// <param name="covering">The covering of the circle.</param>
    /// <param name="statistics">The tenant's statistics, or null.</param>
    public AccessPath Choose(RootValues values, CellCovering covering, TenantStatistics? statistics)
    {
        if (_conditions.Any(c => c.NamesRows))
        {
            return new AccessPath(AccessPathKind.Sort);
        }

        if (statistics is null)
        {
            return new AccessPath(AccessPathKind.OrderedIndexScan);
        }

        var estimation = new Estimation(values.Variables, values.Tenant, statistics, _universes);
        estimation = filter.RowByRow.Count > 0 ? estimation.AtWorst() : estimation;
        KeyRange keys = values.Keys!.Of(ConnectionPart.List);
        double rows = AccessPathChooser.RowsIn(keys, statistics);
        double area = covering.Level < 0 ? 1 : InsideShare * estimation.ShareOf(covering, _access.Grid!.Levels[covering.Level].Column);
        double all = statistics.Partitions.Sum(l => l.Rows);

        // A scan by distance meets rows of all creation times.
        double pass = estimation.ShareOf(_conditions) * Math.Max(rows, 1) / Math.Max(all, 1);
        double wanted = values.PageRows + 1;
        var best = (Access: new AccessPath(AccessPathKind.OrderedIndexScan), Cost: Math.Min(all * area, wanted / pass) * ScannedRowCost);
        double found = _conditions.Where(IsByIndex).Select(c => estimation.ShareOf([c])).Append(1).Min() * rows;
        best = Least(best, (new AccessPath(AccessPathKind.Sort), found * FoundRowCost));
        for (int i = 0; i < _access.Values.Count; i++)
        {
            if (EntriesOf(i, estimation, rows) is { } entries)
            {
                double fetched = _conditions.All(c => IsIn(_access.Values[i], c)) ? wanted : entries * area;
                best = Least(
                    best,
                    (new AccessPath(AccessPathKind.LooseIndexScan, Value: i), entries * DistanceInIndexCost + fetched * FoundRowCost));
            }
        }

        return best.Access;
    }

    // The entries of an index that the conditions on its column leave; null without such conditions or where the index lacks the point.
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

    private static (AccessPath Access, double Cost) Least((AccessPath Access, double Cost) one, (AccessPath Access, double Cost) other) =>
        other.Cost < one.Cost ? other : one;
}
