using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Binding;

/// <summary>
/// Chooses the form in which a request's rows are reached, by what the statistics say of its conditions, and how far back the first
/// attempt looks. A wrong guess costs time, never rows: each form is exact, and a page that came short is completed from the rest.
/// </summary>
/// <param name="question">What is asked.</param>
/// <param name="filter">The filter.</param>
internal sealed class AccessChooser(ConnectionQuestion question, CompiledFilter filter)
{
    // Costs in units of one index entry that is looked at, about 0.25 us. A leaf costs its planning, some 75 us; estimates, told apart by
    // factors.
    private const double RowCost = 8;
    private const double EntryInAreaCost = 2;
    private const double LeafCost = 300;
    private const double ValueCost = 20;
    private const double StripCost = 12;

    /// <summary>Where nothing is known of a rectangle in its cells: half of their rows lie in it.</summary>
    private const double InsideShare = 0.5;

    /// <summary>
    /// So many times more rows than asked for must be expected in the first window; statistics are a sample, rows gather in places.
    /// </summary>
    private const double WindowMargin = 4;

    private readonly RowAccess _access = question.Rows.Access;
    private readonly IReadOnlyList<ValueUniverse> _universes = filter.Universes;
    private readonly IReadOnlyList<Condition> _conditions = filter.Conditions;

    /// <summary>The form, and the keys that are looked at first.</summary>
    /// <param name="values">The request's values, complete but for what is chosen here.</param>
    /// <param name="statistics">What is known of the partition, or null.</param>
    public (Access Access, KeyRange Window) Choose(RootValues values, PartitionStatistics? statistics)
    {
        if (_access.IsSmall)
        {
            return (new Access(AccessForm.Walk), KeyRange.All);
        }

        bool hasCells = values.Cover.Level >= 0;
        if (statistics is null)
        {
            return (WithoutStatistics(values, hasCells), KeyRange.All);
        }

        var estimation = new Estimation(values.Variables, values.Partition, statistics, _universes);
        double area = hasCells ? estimation.ShareOf(values.Cover, _access.Grid!.Levels[values.Cover.Level].Column)
            : question.HasArea ? estimation.ShareOf(values.Area!, _access.Grid!.Levels[0].Column)
            : 1;
        return question.Order.Kind == OrderKind.Key
            ? ByKey(new Candidate(values, estimation, area, hasCells))
            : (ByOther(new Candidate(values, estimation, area, hasCells)), KeyRange.All);
    }

    private Access WithoutStatistics(RootValues values, bool hasCells) => question.Order.Kind switch
    {
        OrderKind.Group => new Access(AccessForm.Groups),
        OrderKind.Key when hasCells => Cells(values),
        _ => new Access(AccessForm.Walk),
    };

    private Access Cells(RootValues values) => new(
        _conditions.Any(IsInCells) ? AccessForm.Late : AccessForm.Merge, values.Cover.Level, values.Cover.Cells.Count);

    private bool IsInCells(Condition condition) => condition.Columns.All(c => c == _access.Entity.RowColumn || _access.Grid!.Included.Contains(c));

    // Rows by name are few, whatever else is asked.
    private bool NamesRows => _conditions.Any(c => c.NamesRows);

    private (Access, KeyRange) ByKey(Candidate c)
    {
        double pass = c.Estimation.ShareOf(_conditions) * c.Area * (c.HasCells ? InsideShare : 1);
        (KeyRange window, int leaves, double rows) = Window(c.Values, c.Estimation.Statistics, pass);
        if (NamesRows)
        {
            return (new Access(AccessForm.Walk), KeyRange.All);
        }

        if (filter.RowByRow.Count > 0)
        {
            // The window is what is expected, and costs a second batch at most; the form is what all rows of the list cost.
            c = c with { Estimation = c.Estimation.AtWorst() };
            (pass, leaves, rows) = (0, Math.Max(1, c.Estimation.Statistics.Leaves.Count), RowsIn(c.Values.Keys!.Page, c.Estimation.Statistics));
        }

        double wanted = c.Values.RowsMissing + 1;
        var best = (Access: new Access(AccessForm.Walk), Cost: leaves * LeafCost + Math.Min(rows, wanted / pass) * RowCost);
        for (int i = 0; i < _access.Values.Count; i++)
        {
            Condition[] onValue = [.. _conditions.Where(x => x.Columns is [var column] && column == _access.Values[i].Column && x.Holds is not null)];
            if (onValue.Length > 0)
            {
                double cost = ValuesCost(c, i, onValue, leaves, rows, wanted);
                best = cost < best.Cost ? (new Access(AccessForm.Values, Value: i), cost) : best;
            }
        }

        for (int i = 0; i < _conditions.Count; i++)
        {
            if (_conditions[i].Alternatives is { } alternatives && alternatives.All(a => a.Any(IsByIndex)))
            {
                double cost = UnionCost(c, _conditions[i], alternatives, leaves, rows, wanted);
                best = cost < best.Cost ? (new Access(AccessForm.Union, Value: i), cost) : best;
            }
        }

        if (c.HasCells)
        {
            double cost = CellsCost(c, leaves, rows, wanted);
            best = cost < best.Cost ? (Cells(c.Values), cost) : best;
        }
        else if (question.HasArea && StripsCost(c) < best.Cost)
        {
            return (new Access(AccessForm.Strips), KeyRange.All);
        }

        return (best.Access, window);
    }

    private double ValuesCost(Candidate c, int index, Condition[] onValue, int leaves, double rows, double wanted)
    {
        ValueIndex value = _access.Values[index];
        (int count, double share) = c.Estimation.Passing(_universes[index], onValue);
        Condition[] others = [.. _conditions.Except(onValue)];
        bool inIndex = others.SelectMany(o => o.Columns).Concat(question.HasArea ? [_access.Grid!.Point] : [])
            .All(column => column == _access.Entity.RowColumn || value.Included.Contains(column));
        double pass = c.Estimation.ShareOf(others) * c.Area * (c.HasCells ? InsideShare : 1);
        double entries = Math.Min(rows * share, wanted * count / pass);
        return 2 * leaves * LeafCost + count * leaves * ValueCost + entries * (!inIndex ? RowCost : question.HasArea ? EntryInAreaCost : 1) + Math.Min(wanted, rows * share * pass) * RowCost;
    }

    // Whether an index finds the rows that pass: by their own names, or by a value that its column has.
    private bool IsByIndex(Condition condition) =>
        condition.NamesRows || (condition.Holds is not null && condition.Columns is [var column] && _access.Values.Any(v => v.Column == column));

    private double UnionCost(
        Candidate c, Condition split, IReadOnlyList<IReadOnlyList<Condition>> alternatives, int leaves, double rows, double wanted)
    {
        double others = c.Estimation.ShareOf(_conditions.Where(x => x != split)) * c.Area * (c.HasCells ? InsideShare : 1);
        return 2 * leaves * LeafCost + alternatives.Sum(a =>
        {
            double found = a.Any(x => x.NamesRows) ? wanted : rows * c.Estimation.ShareOf(a.Where(IsByIndex));
            double rest = c.Estimation.ShareOf(a.Where(x => !IsByIndex(x))) * others;
            return leaves * LeafCost + Math.Min(found, wanted / rest) * RowCost;
        });
    }

    private double CellsCost(Candidate c, int leaves, double rows, double wanted)
    {
        double inIndex = c.Estimation.ShareOf(_conditions.Where(IsInCells));
        double above = c.Estimation.ShareOf(_conditions.Where(x => !IsInCells(x))) * InsideShare;
        double entries = Math.Min(rows * c.Area, wanted / (inIndex * above));
        double fetched = Math.Min(rows * c.Area * inIndex, wanted / above);
        return leaves * LeafCost * (c.Values.Cover.Cells.Count + (_conditions.Any(IsInCells) ? 1 : 0)) + entries + fetched * RowCost;
    }

    private double StripsCost(Candidate c)
    {
        var tiles = TileRange.Around(c.Values.Area!.Box, _access.Grid!.Levels[0].Zoom);
        PartitionStatistics statistics = c.Estimation.Statistics;
        return statistics.Leaves.Count * (LeafCost + (tiles.East - tiles.West + 1) * StripCost)
            + RowsIn(c.Values.Keys!.Page, statistics) * c.Area * (1 + RowCost);
    }

    private Access ByOther(Candidate c)
    {
        c = filter.RowByRow.Count > 0 ? c with { Estimation = c.Estimation.AtWorst() } : c;
        double rows = RowsIn(c.Values.Keys!.Page, c.Estimation.Statistics);
        double pass = c.Estimation.ShareOf(_conditions) * c.Area;
        double wanted = c.Values.RowsMissing + 1;
        double walk = Math.Min(rows, wanted / pass) * (IsInOrderIndex ? 1 : RowCost) + wanted * RowCost;

        // What an index finds must be read before it can be sorted, whether it passes the other conditions or not.
        double found = _conditions.Where(IsByIndex).Select(x => c.Estimation.ShareOf([x])).Append(c.HasCells ? c.Area : 1).Min() * rows;
        bool few = NamesRows || (rows * pass <= Limits.SortRowsMax && found * RowCost < walk);
        bool mustSort = question.HasArea;
        return few || mustSort
            ? c.HasCells ? new Access(AccessForm.Sort, c.Values.Cover.Level, c.Values.Cover.Cells.Count) : new Access(AccessForm.Sort)
            : new Access(question.Order.Kind == OrderKind.Group ? AccessForm.Groups : AccessForm.Walk);
    }

    // Whether the index that gives the order also holds what is filtered on.
    private bool IsInOrderIndex
    {
        get
        {
            IReadOnlyList<string> included = question.Order.Kind == OrderKind.Group
                ? _access.Values.First(v => v.Column == question.Order.Group).Included
                : _access.Ordered!.Included;
            return _conditions.SelectMany(c => c.Columns).All(column =>
                column == _access.Entity.RowColumn || column == question.Order.Group || column == _access.Ordered?.Column || included.Contains(column));
        }
    }

    // Leaf after leaf from the end that is read first, until enough rows are expected. The outer end stays open: a leaf that was made since
    // the statistics were read is looked at all the same.
    private (KeyRange Window, int Leaves, double Rows) Window(RootValues values, PartitionStatistics statistics, double pass)
    {
        KeyRange page = values.Keys!.Page;
        bool descending = question.Order.KeyDescending != question.Backward;
        LeafStatistics[] leaves = [.. statistics.Leaves.Where(l => l.KeyTo > page.Low && l.KeyFrom < page.High)];
        double rows = 0;
        for (int i = 0; i < leaves.Length - 1 && !NamesRows; i++)
        {
            LeafStatistics leaf = descending ? leaves[^(i + 1)] : leaves[i];
            rows += leaf.RowsIn(page.Low, page.High);
            if (rows * pass >= WindowMargin * (values.RowsMissing + 1))
            {
                return (descending ? new KeyRange(leaf.KeyFrom, long.MaxValue) : new KeyRange(long.MinValue, leaf.KeyTo), i + 1, rows);
            }
        }

        return (KeyRange.All, Math.Max(1, leaves.Length), leaves.Sum(l => l.RowsIn(page.Low, page.High)));
    }

    internal static double RowsIn(KeyRange keys, PartitionStatistics statistics) => statistics.Leaves.Sum(l => l.RowsIn(keys.Low, keys.High));

    private sealed record Candidate(RootValues Values, Estimation Estimation, double Area, bool HasCells);
}
