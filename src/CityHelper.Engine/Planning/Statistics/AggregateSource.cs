using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;
using NpgsqlTypes;

namespace CityHelper.Engine.Planning.Statistics;

/// <summary>
/// The rows and counters that statistics are added up from: a union of counters, of changes that they do not include yet, and of the rows
/// that neither covers, each row once (docs/decisions/0006).
/// </summary>
internal sealed class AggregateSource(
    AggregateQuestion question, AggregateColumns columns, AggregateParts parts, StatementBuilder statement)
{
    // Each gap between the counted months.
    private static readonly KeyBounds s_gap = new("g.low", "g.high") { Of = "gaps g cross join " };

    private readonly CountedRows _counted = question.Counted;
    private readonly RowAccess _access = question.Counted.Rows.Access;
    private readonly CounterTables _tables = question.Counted.Counters;

    private string TenantColumn => _access.Entity.TenantColumn!;

    private string Key => _access.Entity.RowColumn;

    private string Zone => statement.Parameter("zone", values => StatementBuilder.Text(values.Aggregates!.ZoneName));

    /// <summary>The union. Its columns are the requested ones and <c>n</c>, the number of rows.</summary>
    public string Sql()
    {
        if (parts.HasFlag(AggregateParts.AreaMonths))
        {
            return AreaMonths();
        }

        List<string> selects =
        [
            .. Counters(AggregateReach.Tenant, AggregateParts.Months, AggregateParts.Days),
            .. Rows(AggregateReach.Tenant, AggregateParts.Before, AggregateParts.After),
            .. Counters(AggregateReach.Coarse, AggregateParts.InteriorYears, AggregateParts.InteriorMonths),
            .. Rows(AggregateReach.Coarse, AggregateParts.InteriorBefore, AggregateParts.InteriorAfter),
            .. Counters(AggregateReach.Fine, AggregateParts.FineYears, AggregateParts.None),
            .. Rows(AggregateReach.Fine, AggregateParts.FineBefore, AggregateParts.FineAfter),
        ];
        selects.AddRange(BoundaryCells(AllTimes));

        // An empty time range leaves nothing to add up.
        return selects.Count == 0 ? $"select {Nothing()}" : string.Join("\nunion all\n", selects);
    }

    /// <summary>The conditions on rows; of those on the creation time only what the keys do not express.</summary>
    public List<Condition> Conditions() =>
        [
            .. new FilterCompiler(statement, _access)
                .Compile(_counted.Rows.Filter, question.Filter)
                .Where(c =>
                    !question.IsRange
                    || c.Alternatives is not null
                    || c.Columns is not [var column]
                    || column != _access.Created!.Column.Name),
        ];

    private string CoarseColumn => _access.Grid!.Levels.First(l => l.Zoom == _tables.CoarseZoom).Column;

    private string FineColumn => _access.Grid!.Levels.First(l => l.Zoom == _tables.FineZoom).Column;

    private IEnumerable<string> Counters(AggregateReach reach, AggregateParts larger, AggregateParts smaller)
    {
        if ((parts & (larger | smaller)) == 0)
        {
            yield break;
        }

        if (parts.HasFlag(larger))
        {
            yield return CounterSelect(reach, isLarger: true);
        }

        if (smaller != AggregateParts.None && parts.HasFlag(smaller))
        {
            yield return CounterSelect(reach, isLarger: false);
        }

        yield return DeltaSelect(reach);
    }

    private string CounterSelect(AggregateReach reach, bool isLarger)
    {
        bool isDuration = columns.Grain == AggregateGrain.Duration;
        string table = isDuration ? _tables.DoneCounts : _tables.Counts;
        (int zoom, string span) = reach switch
        {
            AggregateReach.Tenant => (0, isLarger ? "MONTH" : "DAY"),
            AggregateReach.Coarse => (_tables.CoarseZoom, isLarger ? "YEAR" : "MONTH"),
            _ => (_tables.FineZoom, "YEAR"),
        };
        string period = Days(reach, isLarger || reach == AggregateReach.Fine, "c.period");
        (string runs, string inCell) =
            reach == AggregateReach.Tenant ? ("", " and c.cell = 0") : InCells(RunsOf(reach), "c.cell", ColumnOf(reach));
        string select =
            $"select {string.Join(", ", CounterColumns("c"))} from {table} c "
            + $"where c.{TenantColumn} = {statement.Tenant()} and c.zoom = {zoom} and c.span = '{span}'{inCell}{period}";
        return $"select {Outputs("c.period", "c.cell", zoom)}c.requests as n\n"
            + $"from {Each(runs)}({select} offset 0) c {Condition.Where(Conditions(), "c")}";
    }

    // Changes in the cells and times that counters cover, by fine cell and day. Each change's cell is looked up in the sorted array of the
    // reach's cells. A join of the changes with the runs is planned for the one change that the planner expects behind a filter, and took
    // 1.4 s for 680.
    private string DeltaSelect(AggregateReach reach)
    {
        string cell = reach == AggregateReach.Coarse ? $"public.cell_parent(d.cell, {_tables.CoarseZoom})" : "d.cell";
        string cells = reach == AggregateReach.Tenant ? "" : $" and {IsOfReach(reach, cell)}";
        string done = columns.Grain == AggregateGrain.Duration ? " and d.bucket is not null" : "";
        string days = Days(reach, isLarger: false, "d.day");
        string select =
            $"select {string.Join(", ", DimensionColumns("d"))}, d.day, d.cell, d.bucket, d.requests, d.longitude, d.latitude "
            + $"from {_tables.Deltas} d where d.{TenantColumn} = {statement.Tenant()}{days}{done}{cells}";
        return $"select {Outputs("c.day", "c.cell", _tables.FineZoom)}c.requests as n\n"
            + $"from ({select}) c {Condition.Where(Conditions(), "c")}";
    }

    private string IsOfReach(AggregateReach reach, string cell)
    {
        (string from, string? to) = RunsOf(reach);
        return to is null ? $"{cell} = any({from})" : IsInRuns(cell, from, to);
    }

    // A cell's run is the last one that begins at or before the cell.
    private static string IsInRuns(string cell, string from, string to) => $"{cell} <= ({to})[width_bucket({cell}, {from})]";

    // The days that the counters of a reach cover; for the smaller span, those outside the larger one.
    private string Days(AggregateReach reach, bool isLarger, string column)
    {
        string Day(string name, Func<AggregateScope, DateOnly> day) => statement.Parameter(
            (reach, columns.Grain, name), values => StatementBuilder.Typed(NpgsqlDbType.Date, day(values.Aggregates!)));
        AggregateGrain grain = columns.Grain;
        bool hasLarger = reach != AggregateReach.Fine && grain != AggregateGrain.Duration
            && parts.HasFlag(reach == AggregateReach.Tenant ? AggregateParts.Months : AggregateParts.InteriorYears);
        if (isLarger && hasLarger)
        {
            return $" and {column} >= {Day("largerFrom", s => s.Larger(reach, grain).From)} "
                + $"and {column} < {Day("largerTo", s => s.Larger(reach, grain).To)}";
        }

        string within =
            $" and {column} >= {Day("from", s => s.Time(reach, grain).From)} and {column} < {Day("to", s => s.Time(reach, grain).To)}";
        bool isDelta = column == "d.day";
        return hasLarger && !isDelta
            ? $"{within} and ({column} < {Day("largerFrom", s => s.Larger(reach, grain).From)} "
                + $"or {column} >= {Day("largerTo", s => s.Larger(reach, grain).To)})"
            : within;
    }

    // Counted months, and the rows of the time between them. A month is not used while a change in these tiles awaits compaction: deltas do
    // not say whether they lie in the area.
    private string AreaMonths()
    {
        AreaCounterTables tables = _tables.Areas!;
        string tenant = statement.Tenant();
        string key = statement.Parameter("areaKey", values => StatementBuilder.Bigint(values.StoredArea!.Key));
        string revision = statement.Parameter("areaRevision", values => StatementBuilder.Bigint(values.StoredArea!.Revision));
        KeyBounds all = AllTimes();
        string changes =
            $"select date_trunc('month', d.day::timestamp)::date from {_tables.Deltas} d "
            + $"where d.{TenantColumn} = {tenant} and {IsAround("d.cell", statement)}";
        string counters =
            $"select {string.Join(", ", DimensionColumns("c"))}, c.period, c.requests from {tables.Counts} c "
            + $"where c.{TenantColumn} = {tenant} and c.{tables.KeyColumn} = {key} and c.period = m.period";
        List<string> selects =
        [
            $"select {Outputs("c.period", "null::bigint", _tables.FineZoom)}c.requests as n\n"
                + $"from months m cross join lateral ({counters} offset 0) c {Condition.Where(Conditions(), "c")}",
        ];
        if (parts.HasFlag(AggregateParts.InteriorAfter))
        {
            selects.Add(RowSelect(CellsOfRows(AggregateReach.Coarse), s_gap, isBoundary: false));
        }

        if (parts.HasFlag(AggregateParts.FineAfter))
        {
            selects.Add(RowSelect(CellsOfRows(AggregateReach.Fine), s_gap, isBoundary: false));
        }

        selects.AddRange(BoundaryCells(() => s_gap));
        string stored = $"m.{TenantColumn} = {tenant} and m.{tables.KeyColumn} = {key} and m.revision = {revision}";
        return $"""
            with months as materialized (
            select m.period, m.low, m.high from {tables.Months} m
            where {stored} and m.low >= {all.Low} and m.high <= {all.High}
            and m.period not in ({changes})),
            gaps as materialized (
            select g.low, g.high from (
            select coalesce(lag(m.high) over (order by m.low), {all.Low}) as low, m.low as high from months m
            union all select coalesce(max(m.high), {all.Low}), {all.High} from months m) g where g.low < g.high)
            {string.Join("\nunion all\n", selects)}
            """;
    }

    /// <summary>SQL of whether a fine cell is one of the tiles around the area.</summary>
    public static string IsAround(string cell, StatementBuilder statement)
    {
        string Tile(string name, Func<TileRange, int> edge) =>
            statement.Parameter(("around", name), values => StatementBuilder.Integer(edge(values.Aggregates!.Around)));
        return $"{cell} is not null and ({cell} >> 29) & 536870911 between {Tile("west", t => t.West)} and {Tile("east", t => t.East)} "
            + $"and {cell} & 536870911 between {Tile("north", t => t.North)} and {Tile("south", t => t.South)}";
    }

    // The keys are created where they are used: a statement must not have a parameter that no select names.
    private IEnumerable<string> BoundaryCells(Func<KeyBounds> keys)
    {
        if (parts.HasFlag(AggregateParts.Boundary))
        {
            yield return RowSelect(
                CellsOfRows(RunsOf("boundary", parts.HasFlag(AggregateParts.BoundaryRuns), cells => cells.Boundary), CoarseColumn),
                keys(),
                isBoundary: true);
        }

        if (parts.HasFlag(AggregateParts.BoundaryFine))
        {
            yield return RowSelect(
                CellsOfRows(
                    RunsOf("boundaryFine", parts.HasFlag(AggregateParts.BoundaryFineRuns), cells => cells.BoundaryFine), FineColumn),
                keys(),
                isBoundary: true);
        }
    }

    private IEnumerable<string> Rows(AggregateReach reach, AggregateParts before, AggregateParts after)
    {
        // A statement must not have a parameter that no select names.
        if ((parts & (before | after)) == 0)
        {
            yield break;
        }

        (string, string) cells = CellsOfRows(reach);
        if (parts.HasFlag(before))
        {
            yield return RowSelect(
                cells, Bounds((reach, "before"), values => values.Aggregates!.Time(reach, columns.Grain).Before), isBoundary: false);
        }

        if (parts.HasFlag(after))
        {
            yield return RowSelect(
                cells, Bounds((reach, "after"), values => values.Aggregates!.Time(reach, columns.Grain).After), isBoundary: false);
        }
    }

    // Aggregated at once: the groups are few, and are grouped in several ways afterwards. The sums have the same types as in counters: one
    // numeric in the union would make PostgreSQL add everything as numeric.
    private string RowSelect((string Runs, string InCell) cells, KeyBounds keys, bool isBoundary)
    {
        List<Condition> conditions = Conditions();

        // Interior cells of a filter's rectangle need not lie in the area.
        if (question.Area is { } kind && (isBoundary || parts.HasFlag(AggregateParts.AreaOfAll)))
        {
            conditions.Add(AreaTest.Of(kind, _access.Grid!.Point, statement));
        }

        if (columns.HasMilliseconds || columns.Grain == AggregateGrain.Duration)
        {
            conditions.Add(new Condition($"{Condition.Row}.{_counted.Done.DoneAt} is not null", [_counted.Done.DoneAt]));
        }

        // In each run of cells rows are found by their cells only: an index for the filter would be scanned once for each run.
        bool isByCells = cells.Runs.Length > 0;
        string[] needed =
        [
            .. columns
                .Dimensions.Append(Key)
                .Concat(NeededByOutputs())
                .Concat(isByCells ? conditions.SelectMany(c => c.Columns) : [])
                .Distinct(),
        ];
        string rows =
            $"select {string.Join(", ", needed.Select(c => $"s.{c}"))} from {_access.Entity.Table} s "
            + $"where s.{TenantColumn} = {statement.Tenant()}{cells.InCell} "
            + $"and s.{Key} >= {keys.Low} and s.{Key} < {keys.High}{(isByCells ? "" : Condition.And(conditions, "s"))}";
        string passing = isByCells && conditions.Count > 0 ? $" where {Condition.All(conditions, "s")}" : "";
        if (columns.HasMilliseconds)
        {
            // Integers without an interval take a third of the time of `extract(epoch from a - b)`, which is numeric.
            string created = _access.Created!.MsSql($"s.{Key}");
            return $"select greatest((date_part('epoch', s.{_counted.Done.DoneAt}) * 1000)::bigint - {created}, 0) as milliseconds\n"
                + $"from {From(keys, cells.Runs)}({rows} offset 0) s{passing}";
        }

        string[] outputs = [.. RowOutputs("s")];
        string[] groups =
        [
            .. outputs
                .Where(o => !o.StartsWith("sum(", StringComparison.Ordinal))
                .Select((_, i) => (i + 1).ToString(System.Globalization.CultureInfo.InvariantCulture)),
        ];
        string grouping = groups.Length == 0 ? "" : $"\ngroup by {string.Join(", ", groups)}";
        return $"select {string.Join(", ", outputs.Append("count(*)::integer as n"))}\n"
            + $"from {From(keys, cells.Runs)}({rows} offset 0) s{passing}{grouping}";
    }

    private KeyBounds AllTimes() => Bounds("all", values => values.Aggregates!.Times.All);

    private KeyBounds Bounds(object name, Func<RootValues, KeyRange> range) =>
        new(
            statement.Parameter((name, "low"), values => StatementBuilder.Bigint(range(values).Low)),
            statement.Parameter((name, "high"), values => StatementBuilder.Bigint(range(values).High)));

    private IEnumerable<string> NeededByOutputs()
    {
        if (columns.HasCells)
        {
            yield return FineColumn;
            yield return _access.Grid!.Point;
        }

        if (columns.HasMilliseconds || columns.Grain == AggregateGrain.Duration)
        {
            yield return _counted.Done.DoneAt;
        }
    }

    private static string From(KeyBounds keys, string runs) => keys.Of + (runs.Length == 0 && keys.Of.Length > 0 ? "lateral " : Each(runs));

    private static string Each(string runs) => runs.Length == 0 ? "" : $"{runs} cross join lateral ";

    private string ColumnOf(AggregateReach reach) => reach == AggregateReach.Coarse ? CoarseColumn : FineColumn;

    // The runs of cells that rows are found by, and the condition that a row's cell is in one. There are no runs where the filter finds the
    // rows, and neither runs nor a condition for the whole tenant.
    private (string Runs, string InCell) CellsOfRows(AggregateReach reach) =>
        reach == AggregateReach.Tenant ? ("", "") : CellsOfRows(RunsOf(reach), ColumnOf(reach));

    private (string Runs, string InCell) CellsOfRows((string From, string? To) runs, string column) =>
        parts.HasFlag(AggregateParts.ByFilter)
            ? ("", $" and {IsInRuns($"s.{column}", runs.From, runs.To ?? runs.From)}")
            : InCells(runs, $"s.{column}", column);

    private (string From, string? To) RunsOf(AggregateReach reach) => reach == AggregateReach.Coarse
        ? RunsOf("interior", parts.HasFlag(AggregateParts.InteriorRuns), cells => cells.Interior)
        : RunsOf("fine", parts.HasFlag(AggregateParts.FineRuns), cells => cells.InteriorFine);

    // Sorted arrays of the first and of the last cells; only the first where each run is one cell.
    private (string From, string? To) RunsOf(string name, bool areRuns, Func<AreaCells, CellRuns> runs)
    {
        string from = statement.Parameter(
            (name, "from"), values => StatementBuilder.Bigints(runs(values.Aggregates!.CellsFor(columns.Grain)!).From));
        string? to = areRuns
            ? statement.Parameter((name, "to"), values => StatementBuilder.Bigints(runs(values.Aggregates!.CellsFor(columns.Grain)!).To))
            : null;
        return (from, to);
    }

    private (string Runs, string InCell) InCells((string From, string? To) runs, string cell, string ofRows) => runs.To is null
        ? (Reached($"unnest({runs.From}) r(a)", "r.a", ofRows), $" and {cell} = r.a")
        : (Reached($"unnest({runs.From}, {runs.To}) r(a, b)", "r.b", ofRows), $" and {cell} between r.a and r.b");

    // In the same statement, so that a row just added beyond the outermost known rows is not missed. Counters of cells beyond all rows add
    // up to nothing.
    private string Reached(string runs, string end, string ofRows)
    {
        string Outermost(string which) =>
            $"(select {which}(e.{ofRows}) from {_access.Entity.Table} e where e.{TenantColumn} = {statement.Tenant()})";
        return parts.HasFlag(AggregateParts.Reached)
            ? $"(select r.* from {runs} where {end} >= {Outermost("min")} and r.a <= {Outermost("max")}) r"
            : runs;
    }

    // A counter stores 0 where the row has no such key.
    private IEnumerable<string> DimensionColumns(string alias) => _counted.Dimensions.Select(d =>
        IsLabel(d.Column) ? $"{alias}.{d.Column}" : $"nullif({alias}.{d.Column}, 0) as {d.Column}");

    private bool IsLabel(string column) => column == _counted.Done.Status;

    private IEnumerable<string> CounterColumns(string alias)
    {
        IEnumerable<string> aggregates =
            columns.Grain == AggregateGrain.Duration ? ["bucket", "requests"] : ["requests", "longitude", "latitude"];
        return [.. DimensionColumns(alias), .. new[] { "period", "cell" }.Concat(aggregates).Select(c => $"{alias}.{c}")];
    }

    private string Outputs(string period, string cell, int zoom) => string.Concat(new[]
    {
        string.Concat(columns.Dimensions.Select(d => $"c.{d}, ")),
        columns.HasPeriod ? $"{period} as period, " : "",
        columns.HasCells ? $"{Parent(cell, zoom)} as cell, " : "",
        columns.Grain == AggregateGrain.Duration ? "c.bucket, " : "",
        columns.HasCells ? "c.longitude, c.latitude, " : "",
    });

    private string CellZoom => statement.Parameter("cellZoom", values => StatementBuilder.Integer(values.Aggregates!.CellZoom));

    // cell_parent takes a microsecond per counter, a third of the time of a map of all cells. At zoom 11 these are the counters' own cells.
    private string Parent(string cell, int zoom) =>
        zoom == _tables.CoarseZoom && parts.HasFlag(AggregateParts.CoarseCells)
        || zoom == _tables.FineZoom && parts.HasFlag(AggregateParts.FineCells)
            ? cell
            : $"public.cell_parent({cell}, {CellZoom})";

    private IEnumerable<string> RowOutputs(string alias)
    {
        string created = _access.Created!.Sql($"{alias}.{Key}");
        foreach (string dimension in columns.Dimensions)
        {
            yield return $"{alias}.{dimension}";
        }

        if (columns.HasPeriod)
        {
            yield return $"({created} at time zone {Zone})::date as period";
        }

        if (columns.HasCells)
        {
            yield return $"{Parent($"{alias}.{FineColumn}", _tables.FineZoom)} as cell";
        }

        if (columns.Grain == AggregateGrain.Duration)
        {
            yield return $"public.closing_bucket({created}, {alias}.{_counted.Done.DoneAt}) as bucket";
        }

        if (columns.HasCells)
        {
            string point = $"{alias}.{_access.Grid!.Point}";
            yield return $"sum(public.degrees_e7(st_x({point})))::bigint as longitude";
            yield return $"sum(public.degrees_e7(st_y({point})))::bigint as latitude";
        }
    }

    private string Nothing() => string.Join(", ", columns.Dimensions
        .Select(d => IsLabel(d) ? $"null::{StoreType(d)} as {d}" : $"null::integer as {d}")
        .Concat(columns.HasPeriod ? ["null::date as period"] : [])
        .Concat(columns.HasCells ? ["null::bigint as cell"] : [])
        .Concat(columns.Grain == AggregateGrain.Duration ? ["null::smallint as bucket"] : [])
        .Concat(columns.HasCells ? ["0::bigint as longitude", "0::bigint as latitude"] : [])
        .Concat(columns.HasMilliseconds ? ["0::bigint as milliseconds"] : [])
        .Append("0 as n")) + " where false";

    private string StoreType(string column) => ValueUniverse.Of(_access, _counted.Rows.Row, column).Type;
}
