using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;
using NpgsqlTypes;

namespace CityHelper.Engine.Planning.Figures;

/// <summary>What a statement needs of what it adds up.</summary>
/// <param name="Dimensions">Columns that it is counted by.</param>
/// <param name="Grain">How fine the counters must be.</param>
internal sealed record FigureColumns(IReadOnlyList<string> Dimensions, FigureGrain Grain)
{
    /// <summary>Whether it is counted by the time of creation, as the column <c>period</c>.</summary>
    public bool HasPeriod => Grain is FigureGrain.Day or FigureGrain.Month;

    /// <summary>
    /// Whether it is counted by cells of the request's zoom, as <c>cell</c>, with the sums of coordinates as <c>longitude</c> and
    /// <c>latitude</c>.
    /// </summary>
    public bool HasCells { get; init; }

    /// <summary>Whether not rows are counted but the milliseconds until each was done are listed, as <c>milliseconds</c>.</summary>
    public bool HasMilliseconds { get; init; }
}

/// <summary>What figures are asked of.</summary>
/// <param name="Counted">The rows.</param>
/// <param name="Filter">The value of <c>where</c>, or null.</param>
/// <param name="Area">The kind of the area that is an argument; null without one.</param>
/// <param name="IsPlaced">Whether the filter says something of the rows' location.</param>
internal sealed record FigureQuestion(CountedRows Counted, InputNode? Filter, AreaKind? Area, bool IsPlaced)
{
    /// <summary>Whether the keys say all that the filter says of the creation time.</summary>
    public bool IsRange { get; } = CreationRange.IsRange(Counted.Rows.Filter, Filter, Counted.Rows.Access.Created!.Column);
}

/// <summary>
/// The rows and counters that figures are added up from: a union of what is counted already, of changes that are not in it yet, and of the
/// rows that neither knows, each row once (docs/decisions/0006).
/// </summary>
internal sealed class FigureSource(FigureQuestion question, FigureColumns columns, FigureParts parts, StatementBuilder statement)
{
    // Each gap between the months that are counted.
    private static readonly KeyBounds s_gap = new("g.low", "g.high") { Of = "gaps g cross join " };

    private readonly CountedRows _counted = question.Counted;
    private readonly RowAccess _access = question.Counted.Rows.Access;
    private readonly CounterTables _tables = question.Counted.Counters;

    private string PartitionColumn => _access.Entity.PartitionColumn!;

    private string Key => _access.Entity.RowColumn;

    private string Zone => statement.Parameter("zone", values => StatementBuilder.Text(values.Figures!.ZoneName));

    /// <summary>The union, whose columns are those asked for and <c>n</c>, the number of rows.</summary>
    public string Sql()
    {
        if (parts.HasFlag(FigureParts.AreaMonths))
        {
            return AreaMonths();
        }

        List<string> selects =
        [
            .. Counters(FigureReach.Partition, FigureParts.Months, FigureParts.Days),
            .. Rows(FigureReach.Partition, FigureParts.Before, FigureParts.After),
            .. Counters(FigureReach.Whole, FigureParts.WholeYears, FigureParts.WholeMonths),
            .. Rows(FigureReach.Whole, FigureParts.WholeBefore, FigureParts.WholeAfter),
            .. Counters(FigureReach.Fine, FigureParts.FineYears, FigureParts.None),
            .. Rows(FigureReach.Fine, FigureParts.FineBefore, FigureParts.FineAfter),
        ];
        selects.AddRange(Rim(AllTimes));

        // A time in which nothing can be leaves nothing to add up.
        return selects.Count == 0 ? $"select {Nothing()}" : string.Join("\nunion all\n", selects);
    }

    /// <summary>The conditions of rows: of the creation time only what the keys do not say.</summary>
    public List<Condition> Conditions() => [.. new FilterCompiler(statement, _access).Compile(_counted.Rows.Filter, question.Filter)
        .Where(c => !question.IsRange || c.Alternatives is not null || c.Columns is not [var column] || column != _access.Created!.Column.Name)];

    private string CoarseColumn => _access.Grid!.Levels.First(l => l.Zoom == _tables.CoarseZoom).Column;

    private string FineColumn => _access.Grid!.Levels.First(l => l.Zoom == _tables.FineZoom).Column;

    private IEnumerable<string> Counters(FigureReach place, FigureParts larger, FigureParts smaller)
    {
        if ((parts & (larger | smaller)) == 0)
        {
            yield break;
        }

        if (parts.HasFlag(larger))
        {
            yield return CounterSelect(place, isLarger: true);
        }

        if (smaller != FigureParts.None && parts.HasFlag(smaller))
        {
            yield return CounterSelect(place, isLarger: false);
        }

        yield return DeltaSelect(place);
    }

    private string CounterSelect(FigureReach place, bool isLarger)
    {
        bool isDuration = columns.Grain == FigureGrain.Duration;
        string table = isDuration ? _tables.DoneCounts : _tables.Counts;
        (int zoom, string span) = place switch
        {
            FigureReach.Partition => (0, isLarger ? "MONTH" : "DAY"),
            FigureReach.Whole => (_tables.CoarseZoom, isLarger ? "YEAR" : "MONTH"),
            _ => (_tables.FineZoom, "YEAR"),
        };
        string period = Days(place, isLarger || place == FigureReach.Fine, "c.period");
        (string runs, string inCell) = place == FigureReach.Partition ? ("", " and c.cell = 0") : InCells(RunsOf(place), "c.cell", ColumnOf(place));
        string select = $"select {string.Join(", ", CounterColumns("c"))} from {table} c where c.{PartitionColumn} = {statement.Partition()} and c.zoom = {zoom} and c.span = '{span}'{inCell}{period}";
        return $"select {Outputs("c.period", "c.cell", zoom)}c.requests as n\nfrom {Each(runs)}({select} offset 0) c {Condition.Where(Conditions(), "c")}";
    }

    // Changes of places and times that are taken from counters, by fine cell and day. Which cells are the place's is looked up in the
    // sorted array for each change: a join of the changes with the runs is planned for the one change that the planner expects behind a
    // filter, and took 1.4 s for 680.
    private string DeltaSelect(FigureReach place)
    {
        string cells = place == FigureReach.Partition ? "" : $" and {IsOfPlace(place, place == FigureReach.Whole ? $"public.cell_parent(d.cell, {_tables.CoarseZoom})" : "d.cell")}";
        string done = columns.Grain == FigureGrain.Duration ? " and d.bucket is not null" : "";
        string days = Days(place, isLarger: false, "d.day");
        string select = $"select {string.Join(", ", DimensionColumns("d"))}, d.day, d.cell, d.bucket, d.requests, d.longitude, d.latitude from {_tables.Deltas} d "
            + $"where d.{PartitionColumn} = {statement.Partition()}{days}{done}{cells}";
        return $"select {Outputs("c.day", "c.cell", _tables.FineZoom)}c.requests as n\nfrom ({select}) c {Condition.Where(Conditions(), "c")}";
    }

    private string IsOfPlace(FigureReach place, string cell)
    {
        (string from, string? to) = RunsOf(place);
        return to is null ? $"{cell} = any({from})" : IsInRuns(cell, from, to);
    }

    // A cell's run is the last that begins at it or before it.
    private static string IsInRuns(string cell, string from, string to) => $"{cell} <= ({to})[width_bucket({cell}, {from})]";

    // Days that are counted at a place; of the smaller span those outside the larger one.
    private string Days(FigureReach place, bool isLarger, string column)
    {
        string Day(string name, Func<FigureScope, DateOnly> day) => statement.Parameter(
            (place, columns.Grain, name), values => StatementBuilder.Typed(NpgsqlDbType.Date, day(values.Figures!)));
        FigureGrain grain = columns.Grain;
        bool hasLarger = place != FigureReach.Fine && grain != FigureGrain.Duration
            && parts.HasFlag(place == FigureReach.Partition ? FigureParts.Months : FigureParts.WholeYears);
        if (isLarger && hasLarger)
        {
            return $" and {column} >= {Day("largerFrom", s => s.Larger(place, grain).From)} and {column} < {Day("largerTo", s => s.Larger(place, grain).To)}";
        }

        string within = $" and {column} >= {Day("from", s => s.Time(place, grain).From)} and {column} < {Day("to", s => s.Time(place, grain).To)}";
        bool isDelta = column == "d.day";
        return hasLarger && !isDelta
            ? $"{within} and ({column} < {Day("largerFrom", s => s.Larger(place, grain).From)} or {column} >= {Day("largerTo", s => s.Larger(place, grain).To)})"
            : within;
    }

    // Months that are counted, and the rows of the time between them. A month in which a change of these tiles waits to be folded is not
    // taken: deltas do not say whether they lie in the area.
    private string AreaMonths()
    {
        AreaCounterTables tables = _tables.Areas!;
        string partition = statement.Partition();
        string key = statement.Parameter("areaKey", values => StatementBuilder.Bigint(values.KeptArea!.Key));
        string revision = statement.Parameter("areaRevision", values => StatementBuilder.Bigint(values.KeptArea!.Revision));
        KeyBounds all = AllTimes();
        string changes = $"select date_trunc('month', d.day::timestamp)::date from {_tables.Deltas} d where d.{PartitionColumn} = {partition} and {IsAround("d.cell", statement)}";
        string counters = $"select {string.Join(", ", DimensionColumns("c"))}, c.period, c.requests from {tables.Counts} c "
            + $"where c.{PartitionColumn} = {partition} and c.{tables.KeyColumn} = {key} and c.period = m.period";
        List<string> selects =
        [
            $"select {Outputs("c.period", "null::bigint", _tables.FineZoom)}c.requests as n\nfrom months m cross join lateral ({counters} offset 0) c {Condition.Where(Conditions(), "c")}",
        ];
        if (parts.HasFlag(FigureParts.WholeAfter))
        {
            selects.Add(RowSelect(CellsOfRows(FigureReach.Whole), s_gap, isRim: false));
        }

        if (parts.HasFlag(FigureParts.FineAfter))
        {
            selects.Add(RowSelect(CellsOfRows(FigureReach.Fine), s_gap, isRim: false));
        }

        selects.AddRange(Rim(() => s_gap));
        return $"""
            with months as materialized (
            select m.period, m.low, m.high from {tables.Months} m
            where m.{PartitionColumn} = {partition} and m.{tables.KeyColumn} = {key} and m.revision = {revision} and m.low >= {all.Low} and m.high <= {all.High}
            and m.period not in ({changes})),
            gaps as materialized (
            select g.low, g.high from (
            select coalesce(lag(m.high) over (order by m.low), {all.Low}) as low, m.low as high from months m
            union all select coalesce(max(m.high), {all.Low}), {all.High} from months m) g where g.low < g.high)
            {string.Join("\nunion all\n", selects)}
            """;
    }

    /// <summary>Whether a fine cell is one of the tiles around the area.</summary>
    public static string IsAround(string cell, StatementBuilder statement)
    {
        string Tile(string name, Func<TileRange, int> edge) => statement.Parameter(("around", name), values => StatementBuilder.Integer(edge(values.Figures!.Around)));
        return $"{cell} is not null and ({cell} >> 29) & 536870911 between {Tile("west", t => t.West)} and {Tile("east", t => t.East)} "
            + $"and {cell} & 536870911 between {Tile("north", t => t.North)} and {Tile("south", t => t.South)}";
    }

    // The keys are asked for where they are named: a parameter that no select names must not be there.
    private IEnumerable<string> Rim(Func<KeyBounds> keys)
    {
        if (parts.HasFlag(FigureParts.Rim))
        {
            yield return RowSelect(CellsOfRows(RunsOf("rim", parts.HasFlag(FigureParts.RimRuns), cells => cells.Rim), CoarseColumn), keys(), isRim: true);
        }

        if (parts.HasFlag(FigureParts.RimFine))
        {
            yield return RowSelect(CellsOfRows(RunsOf("rimFine", parts.HasFlag(FigureParts.RimFineRuns), cells => cells.RimFine), FineColumn), keys(), isRim: true);
        }
    }

    private IEnumerable<string> Rows(FigureReach place, FigureParts before, FigureParts after)
    {
        // A parameter that no select names must not be there.
        if ((parts & (before | after)) == 0)
        {
            yield break;
        }

        (string, string) cells = CellsOfRows(place);
        if (parts.HasFlag(before))
        {
            yield return RowSelect(cells, Bounds((place, "before"), values => values.Figures!.Time(place, columns.Grain).Before), isRim: false);
        }

        if (parts.HasFlag(after))
        {
            yield return RowSelect(cells, Bounds((place, "after"), values => values.Figures!.Time(place, columns.Grain).After), isRim: false);
        }
    }

    // Added up at once: the groups are few, and grouped several ways afterwards. The sums have the types that counters have: one numeric in
    // the union, and all that stands in it is added as numeric.
    private string RowSelect((string Runs, string InCell) cells, KeyBounds keys, bool isRim)
    {
        List<Condition> conditions = Conditions();

        // Cells that lie whole in the rectangle of a filter need not lie in the area.
        if (question.Area is { } kind && (isRim || parts.HasFlag(FigureParts.AreaOfAll)))
        {
            conditions.Add(AreaTest.Of(kind, _access.Grid!.Point, statement));
        }

        if (columns.HasMilliseconds || columns.Grain == FigureGrain.Duration)
        {
            conditions.Add(new Condition($"{Condition.Row}.{_counted.Done.DoneAt} is not null", [_counted.Done.DoneAt]));
        }

        // In each run of cells rows are found by their cells and by nothing else: an index of the filter would be gone through once for
        // each run.
        bool isByCells = cells.Runs.Length > 0;
        string[] needed = [.. columns.Dimensions.Append(Key).Concat(NeededByOutputs()).Concat(isByCells ? conditions.SelectMany(c => c.Columns) : []).Distinct()];
        string rows = $"select {string.Join(", ", needed.Select(c => $"s.{c}"))} from {_access.Entity.Table} s where s.{PartitionColumn} = {statement.Partition()}"
            + $"{cells.InCell} and s.{Key} >= {keys.Low} and s.{Key} < {keys.High}{(isByCells ? "" : Condition.And(conditions, "s"))}";
        string passing = isByCells && conditions.Count > 0 ? $" where {Condition.All(conditions, "s")}" : "";
        if (columns.HasMilliseconds)
        {
            // Whole numbers, and no interval in between: a third of the time that `extract(epoch from a - b)` takes, which is numeric.
            return $"select greatest((date_part('epoch', s.{_counted.Done.DoneAt}) * 1000)::bigint - {_access.Created!.MsSql($"s.{Key}")}, 0) as milliseconds\nfrom {From(keys, cells.Runs)}({rows} offset 0) s{passing}";
        }

        string[] outputs = [.. RowOutputs("s")];
        string[] groups = [.. outputs.Where(o => !o.StartsWith("sum(", StringComparison.Ordinal)).Select((_, i) => (i + 1).ToString(System.Globalization.CultureInfo.InvariantCulture))];
        string grouping = groups.Length == 0 ? "" : $"\ngroup by {string.Join(", ", groups)}";
        return $"select {string.Join(", ", outputs.Append("count(*)::integer as n"))}\nfrom {From(keys, cells.Runs)}({rows} offset 0) s{passing}{grouping}";
    }

    private KeyBounds AllTimes() => Bounds("all", values => values.Figures!.Times.All);

    private KeyBounds Bounds(object name, Func<RootValues, KeyRange> range) => new(
        statement.Parameter((name, "low"), values => StatementBuilder.Bigint(range(values).Low)), statement.Parameter((name, "high"), values => StatementBuilder.Bigint(range(values).High)));

    private IEnumerable<string> NeededByOutputs()
    {
        if (columns.HasCells)
        {
            yield return FineColumn;
            yield return _access.Grid!.Point;
        }

        if (columns.HasMilliseconds || columns.Grain == FigureGrain.Duration)
        {
            yield return _counted.Done.DoneAt;
        }
    }

    private static string From(KeyBounds keys, string runs) => keys.Of + (runs.Length == 0 && keys.Of.Length > 0 ? "lateral " : Each(runs));

    private static string Each(string runs) => runs.Length == 0 ? "" : $"{runs} cross join lateral ";

    private string ColumnOf(FigureReach place) => place == FigureReach.Whole ? CoarseColumn : FineColumn;

    // The runs of cells that rows are found by, and the condition that a row's cell is in one; no runs where they are found by the filter,
    // nothing for the whole partition.
    private (string Runs, string InCell) CellsOfRows(FigureReach place) => place == FigureReach.Partition ? ("", "") : CellsOfRows(RunsOf(place), ColumnOf(place));

    private (string Runs, string InCell) CellsOfRows((string From, string? To) runs, string column) => parts.HasFlag(FigureParts.ByFilter)
        ? ("", $" and {IsInRuns($"s.{column}", runs.From, runs.To ?? runs.From)}")
        : InCells(runs, $"s.{column}", column);

    private (string From, string? To) RunsOf(FigureReach place) => place == FigureReach.Whole
        ? RunsOf("whole", parts.HasFlag(FigureParts.WholeRuns), cells => cells.Whole)
        : RunsOf("fine", parts.HasFlag(FigureParts.FineRuns), cells => cells.WholeFine);

    // Arrays of the first and of the last cells, sorted; of one where each run is a cell.
    private (string From, string? To) RunsOf(string name, bool areRuns, Func<AreaCells, CellRuns> runs)
    {
        string from = statement.Parameter((name, "from"), values => StatementBuilder.Bigints(runs(values.Figures!.CellsFor(columns.Grain)!).From));
        return (from, areRuns ? statement.Parameter((name, "to"), values => StatementBuilder.Bigints(runs(values.Figures!.CellsFor(columns.Grain)!).To)) : null);
    }

    private (string Runs, string InCell) InCells((string From, string? To) runs, string cell, string ofRows) => runs.To is null
        ? (Reached($"unnest({runs.From}) r(a)", "r.a", ofRows), $" and {cell} = r.a")
        : (Reached($"unnest({runs.From}, {runs.To}) r(a, b)", "r.b", ofRows), $" and {cell} between r.a and r.b");

    // In the same statement, so that no row beyond what was known a moment ago is missed. Counters of cells beyond all rows add up to
    // nothing.
    private string Reached(string runs, string end, string ofRows)
    {
        string Outermost(string which) =>
            $"(select {which}(e.{ofRows}) from {_access.Entity.Table} e where e.{PartitionColumn} = {statement.Partition()})";
        return parts.HasFlag(FigureParts.Reached)
            ? $"(select r.* from {runs} where {end} >= {Outermost("min")} and r.a <= {Outermost("max")}) r"
            : runs;
    }

    // A counter says 0 where the row has no such key.
    private IEnumerable<string> DimensionColumns(string alias) => _counted.Dimensions.Select(d =>
        IsLabel(d.Column) ? $"{alias}.{d.Column}" : $"nullif({alias}.{d.Column}, 0) as {d.Column}");

    private bool IsLabel(string column) => column == _counted.Done.Status;

    private IEnumerable<string> CounterColumns(string alias)
    {
        IEnumerable<string> figures = columns.Grain == FigureGrain.Duration ? ["bucket", "requests"] : ["requests", "longitude", "latitude"];
        return [.. DimensionColumns(alias), .. new[] { "period", "cell" }.Concat(figures).Select(c => $"{alias}.{c}")];
    }

    private string Outputs(string period, string cell, int zoom) => string.Concat(new[]
    {
        string.Concat(columns.Dimensions.Select(d => $"c.{d}, ")),
        columns.HasPeriod ? $"{period} as period, " : "",
        columns.HasCells ? $"{Parent(cell, zoom)} as cell, " : "",
        columns.Grain == FigureGrain.Duration ? "c.bucket, " : "",
        columns.HasCells ? "c.longitude, c.latitude, " : "",
    });

    // A microsecond for each counter is a third of a map of all cells, and at zoom 11 they are those of the counters themselves.
    private string Parent(string cell, int zoom) => zoom == _tables.CoarseZoom && parts.HasFlag(FigureParts.CoarseCells) || zoom == _tables.FineZoom && parts.HasFlag(FigureParts.FineCells)
        ? cell
        : $"public.cell_parent({cell}, {statement.Parameter("cellZoom", values => StatementBuilder.Integer(values.Figures!.CellZoom))})";

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

        if (columns.Grain == FigureGrain.Duration)
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
        .Concat(columns.Grain == FigureGrain.Duration ? ["null::smallint as bucket"] : [])
        .Concat(columns.HasCells ? ["0::bigint as longitude", "0::bigint as latitude"] : [])
        .Concat(columns.HasMilliseconds ? ["0::bigint as milliseconds"] : [])
        .Append("0 as n")) + " where false";

    private string StoreType(string column) => ValueUniverse.Of(_access, _counted.Rows.Row, column).Type;
}

/// <summary>SQL of the smallest key and of the one behind the largest.</summary>
internal sealed record KeyBounds(string Low, string High)
{
    /// <summary>The relation that they are columns of, and a join to it.</summary>
    public string Of { get; init; } = "";
}
