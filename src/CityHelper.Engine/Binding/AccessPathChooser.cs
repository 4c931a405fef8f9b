using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Binding;

/// <summary>
/// Chooses the access path of a connection and its initial key range, from the statistics of the columns it filters on. A wrong
/// estimate costs time, never rows: every access path is exact, and a page that comes short is completed from the remaining keys.
/// </summary>
/// <param name="question">The rows, their order and area.</param>
/// <param name="filter">The filter.</param>
internal sealed class AccessPathChooser(ConnectionQuestion question, CompiledFilter filter)
{
    // Costs in units of one index entry read, about 0.25 us. A partition costs its planning, some 75 us. Rough estimates are enough: the
    // access paths differ by factors.
    private const double RowCost = 8;
    private const double EntryInAreaCost = 2;
    private const double SubqueryCost = 300;
    private const double ValueCost = 20;
    private const double RangeCost = 12;

    /// <summary>The share of the covering's rows that is assumed to lie in the area.</summary>
    private const double InsideShare = 0.5;

    /// <summary>
    /// The initial key range must be expected to hold this many times the rows asked for: statistics are a sample, and rows cluster.
    /// </summary>
    private const double InitialRangeMargin = 4;

    private readonly RowAccess _access = question.Rows.Access;
    private readonly IReadOnlyList<ValueUniverse> _universes = filter.Universes;
    private readonly IReadOnlyList<Condition> _conditions = filter.Conditions;

    /// <summary>The access path and the initial key range.</summary>
    /// <param name="values">The request's values, complete except for what is chosen here.</param>
    /// <param name="statistics">The tenant's statistics, or null.</param>
    public (AccessPath Access, KeyRange Initial) Choose(RootValues values, TenantStatistics? statistics)
    {
        if (_access.IsSmall)
        {
            return (new AccessPath(AccessPathKind.OrderedIndexScan), KeyRange.All);
        }

        bool hasCells = values.Covering.Level >= 0;
        if (statistics is null)
        {
            return (WithoutStatistics(values, hasCells), KeyRange.All);
        }

        var estimation = new Estimation(values.Variables, values.Tenant, statistics, _universes);
        double area = hasCells ? estimation.ShareOf(values.Covering, _access.Grid!.Levels[values.Covering.Level].Column)
            : question.HasArea ? estimation.ShareOf(values.Area!, _access.Grid!.Levels[0].Column)
            : 1;
        return question.Order.Kind == OrderKind.Key
            ? ByKey(new Candidate(values, estimation, area, hasCells))
            : (ByOther(new Candidate(values, estimation, area, hasCells)), KeyRange.All);
    }

    private AccessPath WithoutStatistics(RootValues values, bool hasCells) => question.Order.Kind switch
    {
        OrderKind.Group => new AccessPath(AccessPathKind.GroupScans),
        OrderKind.Key when hasCells => Cells(values),
        _ => new AccessPath(AccessPathKind.OrderedIndexScan),
    };

    private AccessPath Cells(RootValues values) =>
        new(
            _conditions.Any(IsInCells) ? AccessPathKind.DeferredJoin : AccessPathKind.MergedIndexScans,
            values.Covering.Level,
            values.Covering.Cells.Count);

    private bool IsInCells(Condition condition) =>
        condition.Columns.All(c => c == _access.Entity.RowColumn || _access.Grid!.Included.Contains(c));

    // Rows named by their keys are few, whatever the other conditions.
    private bool NamesRows => _conditions.Any(c => c.NamesRows);

    private (AccessPath, KeyRange) ByKey(Candidate c)
    {
        double pass = c.Estimation.ShareOf(_conditions) * c.Area * (c.HasCells ? InsideShare : 1);
        (KeyRange initial, int partitions, double rows) = InitialRange(c.Values, c.Estimation.Statistics, pass);
        if (NamesRows)
        {
            return (new AccessPath(AccessPathKind.OrderedIndexScan), KeyRange.All);
        }

        if (filter.RowByRow.Count > 0)
        {
            // The initial range assumes the expected case and costs a second batch at most. The access path assumes the worst case.
            c = c with { Estimation = c.Estimation.AtWorst() };
            TenantStatistics all = c.Estimation.Statistics;
            (pass, partitions, rows) = (0, Math.Max(1, all.Partitions.Count), RowsIn(c.Values.Keys!.Page, all));
        }

        double wanted = c.Values.RowsMissing + 1;
        var best = (
            Access: new AccessPath(AccessPathKind.OrderedIndexScan),
            Cost: partitions * SubqueryCost + Math.Min(rows, wanted / pass) * RowCost);
        for (int i = 0; i < _access.Values.Count; i++)
        {
            Condition[] onValue =
                [.. _conditions.Where(x => x.Columns is [var column] && column == _access.Values[i].Column && x.Holds is not null)];
            if (onValue.Length > 0)
            {
                double cost = LooseIndexScanCost(c, i, onValue, partitions, rows, wanted);
                best = cost < best.Cost ? (new AccessPath(AccessPathKind.LooseIndexScan, Value: i), cost) : best;
            }
        }

        for (int i = 0; i < _conditions.Count; i++)
        {
            if (_conditions[i].Alternatives is { } alternatives && alternatives.All(a => a.Any(IsByIndex)))
            {
                double cost = UnionCost(c, _conditions[i], alternatives, partitions, rows, wanted);
                best = cost < best.Cost ? (new AccessPath(AccessPathKind.UnionOfScans, Value: i), cost) : best;
            }
        }

        if (c.HasCells)
        {
            double cost = CellScansCost(c, partitions, rows, wanted);
            best = cost < best.Cost ? (Cells(c.Values), cost) : best;
        }
        else if (question.HasArea && RangeScanCost(c) < best.Cost)
        {
            return (new AccessPath(AccessPathKind.RangeScan), KeyRange.All);
        }

        return (best.Access, initial);
    }

    private double LooseIndexScanCost(Candidate c, int index, Condition[] onValue, int partitions, double rows, double wanted)
    {
        ValueIndex value = _access.Values[index];
        (int count, double share) = c.Estimation.Passing(_universes[index], onValue);
        Condition[] others = [.. _conditions.Except(onValue)];
        bool inIndex = others.SelectMany(o => o.Columns).Concat(question.HasArea ? [_access.Grid!.Point] : [])
            .All(column => column == _access.Entity.RowColumn || value.Included.Contains(column));
        double pass = c.Estimation.ShareOf(others) * c.Area * (c.HasCells ? InsideShare : 1);
        double entries = Math.Min(rows * share, wanted * count / pass);
        double entryCost = !inIndex ? RowCost : question.HasArea ? EntryInAreaCost : 1;
        return 2 * partitions * SubqueryCost
            + count * partitions * ValueCost
            + entries * entryCost
            + Math.Min(wanted, rows * share * pass) * RowCost;
    }

    // Whether an index finds the passing rows: by their keys, or by the value of an indexed column.
    private bool IsByIndex(Condition condition) =>
        condition.NamesRows
        || (condition.Holds is not null && condition.Columns is [var column] && _access.Values.Any(v => v.Column == column));

    private double UnionCost(
        Candidate c, Condition split, IReadOnlyList<IReadOnlyList<Condition>> alternatives, int partitions, double rows, double wanted)
    {
        double others = c.Estimation.ShareOf(_conditions.Where(x => x != split)) * c.Area * (c.HasCells ? InsideShare : 1);
        return 2 * partitions * SubqueryCost + alternatives.Sum(a =>
        {
            double found = a.Any(x => x.NamesRows) ? wanted : rows * c.Estimation.ShareOf(a.Where(IsByIndex));
            double rest = c.Estimation.ShareOf(a.Where(x => !IsByIndex(x))) * others;
            return partitions * SubqueryCost + Math.Min(found, wanted / rest) * RowCost;
        });
    }

    private double CellScansCost(Candidate c, int partitions, double rows, double wanted)
    {
        double inIndex = c.Estimation.ShareOf(_conditions.Where(IsInCells));
        double above = c.Estimation.ShareOf(_conditions.Where(x => !IsInCells(x))) * InsideShare;
        double entries = Math.Min(rows * c.Area, wanted / (inIndex * above));
        double fetched = Math.Min(rows * c.Area * inIndex, wanted / above);
        return partitions * SubqueryCost * (c.Values.Covering.Cells.Count + (_conditions.Any(IsInCells) ? 1 : 0))
            + entries
            + fetched * RowCost;
    }

    private double RangeScanCost(Candidate c)
    {
        var tiles = TileRange.Around(c.Values.Area!.Box, _access.Grid!.Levels[0].Zoom);
        TenantStatistics statistics = c.Estimation.Statistics;
        return statistics.Partitions.Count * (SubqueryCost + (tiles.East - tiles.West + 1) * RangeCost)
            + RowsIn(c.Values.Keys!.Page, statistics) * c.Area * (1 + RowCost);
    }

    private AccessPath ByOther(Candidate c)
    {
        c = filter.RowByRow.Count > 0 ? c with { Estimation = c.Estimation.AtWorst() } : c;
        double rows = RowsIn(c.Values.Keys!.Page, c.Estimation.Statistics);
        double pass = c.Estimation.ShareOf(_conditions) * c.Area;
        double wanted = c.Values.RowsMissing + 1;
        double scan = Math.Min(rows, wanted / pass) * (IsInOrderIndex ? 1 : RowCost) + wanted * RowCost;

        // Every row that an index finds must be read before the sort, even one that the other conditions reject.
        double found = _conditions.Where(IsByIndex).Select(x => c.Estimation.ShareOf([x])).Append(c.HasCells ? c.Area : 1).Min() * rows;
        bool few = NamesRows || (rows * pass <= Limits.SortRowsMax && found * RowCost < scan);
        bool mustSort = question.HasArea;
        return few || mustSort
            ? c.HasCells
                ? new AccessPath(AccessPathKind.Sort, c.Values.Covering.Level, c.Values.Covering.Cells.Count)
                : new AccessPath(AccessPathKind.Sort)
            : new AccessPath(question.Order.Kind == OrderKind.Group ? AccessPathKind.GroupScans : AccessPathKind.OrderedIndexScan);
    }

    // Whether the index that gives the order also holds the filtered columns.
    private bool IsInOrderIndex
    {
        get
        {
            IReadOnlyList<string> included = question.Order.Kind == OrderKind.Group
                ? _access.Values.First(v => v.Column == question.Order.Group).Included
                : _access.Ordered!.Included;
            return _conditions
                .SelectMany(c => c.Columns)
                .All(column =>
                    column == _access.Entity.RowColumn
                    || column == question.Order.Group
                    || column == _access.Ordered?.Column
                    || included.Contains(column));
        }
    }

    // Adds partitions from the end that is read first, until enough rows are expected. The outer end stays open, so a partition created
    // after the statistics were read is scanned too.
    private (KeyRange Initial, int Partitions, double Rows) InitialRange(RootValues values, TenantStatistics statistics, double pass)
    {
        KeyRange page = values.Keys!.Page;
        bool descending = question.Order.KeyDescending != question.Backward;
        PartitionStatistics[] partitions = [.. statistics.Partitions.Where(l => l.KeyTo > page.Low && l.KeyFrom < page.High)];
        double rows = 0;
        for (int i = 0; i < partitions.Length - 1 && !NamesRows; i++)
        {
            PartitionStatistics partition = descending ? partitions[^(i + 1)] : partitions[i];
            rows += partition.RowsIn(page.Low, page.High);
            if (rows * pass >= InitialRangeMargin * (values.RowsMissing + 1))
            {
                KeyRange keys = descending
                    ? new KeyRange(partition.KeyFrom, long.MaxValue)
                    : new KeyRange(long.MinValue, partition.KeyTo);
                return (keys, i + 1, rows);
            }
        }

        return (KeyRange.All, Math.Max(1, partitions.Length), partitions.Sum(l => l.RowsIn(page.Low, page.High)));
    }

    internal static double RowsIn(KeyRange keys, TenantStatistics statistics) =>
        statistics.Partitions.Sum(l => l.RowsIn(keys.Low, keys.High));

    private sealed record Candidate(RootValues Values, Estimation Estimation, double Area, bool HasCells);
}
