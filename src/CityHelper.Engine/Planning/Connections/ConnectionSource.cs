using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Planning.Connections;

/// <summary>Which rows of a connection a statement covers, relative to the page.</summary>
internal enum ConnectionPart
{
    /// <summary>The page.</summary>
    Page,

    /// <summary>The rows at or before the keyset position of <c>after</c>.</summary>
    BeforePage,

    /// <summary>The rows at or after the keyset position of <c>before</c>.</summary>
    BehindPage,

    /// <summary>The whole list.</summary>
    List,
}

/// <summary>What the plan knows of a connection.</summary>
/// <param name="Rows">The rows and how they are reached.</param>
/// <param name="Filter">The value of <c>where</c>, or null.</param>
/// <param name="Area">The kind of <c>within</c>; null when it is not given.</param>
/// <param name="Order">The order of the list.</param>
/// <param name="HasAfter">Whether <c>after</c> is given.</param>
/// <param name="HasBefore">Whether <c>before</c> is given.</param>
/// <param name="Backward">Whether the page is read from the end of the list.</param>
internal sealed record ConnectionQuestion(
    ConnectionRows Rows, InputNode? Filter, AreaKind? Area, RowOrder Order, bool HasAfter, bool HasBefore, bool Backward)
{
    public bool HasArea => Area is not null;
}

/// <summary>The rows of a part of a connection, by the access path that is chosen for the request (docs/decisions/0005).</summary>
internal sealed class ConnectionSource(ConnectionQuestion question, ConnectionPart part) : RowSource(question.Rows.Access.Entity)
{
    private readonly RowAccess _access = question.Rows.Access;

    // A page at the list's end is read from there, and so are the rows before a keyset position.
    private readonly RowOrder _order = part switch
    {
        ConnectionPart.Page => question.Backward ? question.Order.Reversed : question.Order,
        ConnectionPart.BeforePage => question.Order.Reversed,
        _ => question.Order,
    };

    private KeysetConditions Keyset => new(question, part);

    private string Key => Entity.RowColumn;

    private string KeyOrder => $"{Key} {Direction(_order.KeyDescending)}";

    private IEnumerable<string> TermsOrder(string alias) =>
        _order.Reference is null
            ? _order.Terms.Select(t => $"{t.Sql(alias)} {Direction(t.Descending)}")
            : _order
                .Terms.Select((t, i) => $"{alias}.order_{i + 1} {Direction(t.Descending)}")
                .Append($"{alias}.{_order.Group} {Direction(_order.GroupDescending)}");

    public override string OrderBy(string alias) => string.Join(", ", [.. TermsOrder(alias), $"{alias}.{KeyOrder}"]);

    public override string Sql(StatementBuilder statement, IReadOnlyCollection<string> columns)
    {
        List<Condition> conditions = Conditions(statement);
        string[] all = [.. columns.Union(OwnColumns())];
        string limit = Limit(statement);
        return statement.Access.Kind switch
        {
            AccessPathKind.MergedIndexScans => MergedIndexScans(statement, all, conditions, limit),
            AccessPathKind.DeferredJoin => DeferredJoin(statement, all, conditions, limit),
            AccessPathKind.LooseIndexScan => Grouped(
                statement, all, conditions, _access.Values[statement.Access.Value].Column, ordered: false, limit),
            AccessPathKind.UnionOfScans => UnionOfScans(statement, all, conditions, limit),
            AccessPathKind.GroupScans => Grouped(statement, all, conditions, _order.Group!, ordered: true, limit),
            AccessPathKind.Sort => Sort(statement, all, conditions, limit),
            AccessPathKind.RangeScan => RangeScan(statement, all, conditions, limit),
            _ when _order.Kind == OrderKind.Column => OrderedColumnScan(statement, all, limit),
            _ => OrderedIndexScan(statement, all, conditions, limit),
        };
    }

    /// <summary>The exact number of rows, regardless of page and cursors.</summary>
    public string CountSql(StatementBuilder statement)
    {
        List<Condition> conditions = [.. Bounds(statement, ConnectionPart.List), .. Filter(statement)];
        return $"select count(*) from {Rows(statement)}{Condition.And([.. conditions, .. Area(statement, conditions)], "s")}";
    }

    /// <summary>Whether the part has any rows. The cursor's own row is tested first: it almost always exists.</summary>
    public string ExistsSql(StatementBuilder statement)
    {
        string key = Keyset.CursorKey(statement);
        List<Condition> filter = Conditions(statement);
        List<Condition> conditions = [.. filter, .. Area(statement, filter), .. Keyset.Conditions(statement)];
        string itself = _order.Reference is null
            ? $"exists (select from {Entity.Table} s "
                + $"where s.{Entity.TenantColumn} = {statement.Tenant()} and s.{Key} = {key}{Condition.And(conditions, "s")}) or "
            : "";
        return $"select {itself}exists ({Sql(statement, [])})";
    }

    // One row more than the page shows whether there is a next page; nested lists need the rows of the page only.
    private string Limit(StatementBuilder statement)
    {
        int probe = statement.Reads == this ? 1 : 0;
        return part == ConnectionPart.Page
            ? statement.Parameter(nameof(RootValues.RowsMissing), values => StatementBuilder.Integer(values.RowsMissing + probe))
            : "1";
    }

    private IEnumerable<string> OwnColumns() =>
        (_order.Reference is null ? _order.Terms.Select(t => t.Column.Name) : [_order.Group!]).Append(Key);

    // The filter, and the bounds on the key, which prune partitions when the statement is planned.
    private List<Condition> Conditions(StatementBuilder statement) => [.. Bounds(statement, part), .. Filter(statement)];

    private List<Condition> Filter(StatementBuilder statement) =>
        new FilterCompiler(statement, _access).Compile(question.Rows.Filter, question.Filter);

    private IEnumerable<Condition> Bounds(StatementBuilder statement, ConnectionPart of)
    {
        if (_access.IsSmall)
        {
            return [];
        }

        string low = statement.Parameter(("low", of), values => StatementBuilder.Bigint(values.Keys!.Of(of).Low));
        string high = statement.Parameter(("high", of), values => StatementBuilder.Bigint(values.Keys!.Of(of).High));
        return [new Condition($"{Condition.Row}.{Key} >= {low} and {Condition.Row}.{Key} < {high}", [Key])];
    }

    private IEnumerable<Condition> InArea(StatementBuilder statement) =>
        question.Area is { } kind ? [AreaTest.Of(kind, _access.Grid!.Point, statement)] : [];

    // The cells of the area as one condition, for access paths that need no order from them. Rows that are named need no cells: an index on
    // cell and key would be searched for each pair.
    private IEnumerable<Condition> Area(StatementBuilder statement, IEnumerable<Condition> conditions)
    {
        string cells = string.Join(", ", Enumerable.Range(0, statement.Access.Cells).Select(i => Cell(statement, i)));
        return statement.Access.Cells == 0 || conditions.Any(c => c.NamesRows)
            ? InArea(statement)
            : [new Condition($"{Condition.Row}.{CellColumn(statement)} in ({cells})", [CellColumn(statement)]), .. InArea(statement)];
    }

    private string OrderedIndexScan(StatementBuilder statement, string[] columns, List<Condition> conditions, string limit)
    {
        List<Condition> all = [.. conditions, .. InArea(statement), .. Keyset.Conditions(statement)];
        return $"select {Columns("s", columns)} from {Rows(statement)}{Condition.And(all, "s")} order by {OrderBy("s")} limit {limit}";
    }

    // Keys in the order of the index, filtered on its columns. CASE keeps the planner from using other indexes for these filters, whose
    // rows would all have to be read and sorted (44,000 buffers instead of 250). Key bounds stay outside: they prune partitions.
    private string OrderedColumnScan(StatementBuilder statement, string[] columns, string limit)
    {
        OrderIndex index = _access.Ordered!;
        List<Condition> filter = Filter(statement);
        List<Condition> inIndex =
            [.. filter.Where(c => c.Columns.All(column => column == Key || column == index.Column || index.Included.Contains(column)))];
        List<Condition> above = [.. filter.Except(inIndex), .. InArea(statement)];
        string passing = inIndex.Count == 0 ? "" : $" and case when {Condition.All(inIndex, "s")} then true else false end";
        string keys =
            $"select s.{Key}, s.{index.Column} "
            + $"from {Rows(statement)}{Condition.And([.. Bounds(statement, part), .. Keyset.Conditions(statement)], "s")}"
            + $"{passing} order by {OrderBy("s")} {(above.Count == 0 ? $"limit {limit}" : "offset 0")}";
        return Fetch(statement, columns, above, keys, limit);
    }

    private string MergedIndexScans(StatementBuilder statement, string[] columns, List<Condition> conditions, string limit)
    {
        (Condition[] inIndex, List<Condition> above) = Split(statement, conditions);
        string[] needed = [.. columns.Union(above.SelectMany(c => c.Columns))];
        return $"""
            select {Columns("m", columns)} from (
            {CellScans(statement, needed, inIndex)}
              order by {KeyOrder} offset 0) m
            {Condition.Where(above, "m")}order by {OrderBy("m")} limit {limit}
            """;
    }

    private string DeferredJoin(StatementBuilder statement, string[] columns, List<Condition> conditions, string limit)
    {
        (Condition[] inIndex, List<Condition> above) = Split(statement, conditions);
        string keys = $"\n{CellScans(statement, [Key], inIndex)}\n  order by {KeyOrder} offset 0";
        return Fetch(statement, columns, above, keys, limit);
    }

    private string RangeScan(StatementBuilder statement, string[] columns, List<Condition> conditions, string limit)
    {
        (Condition[] inIndex, List<Condition> above) = Split(statement, conditions);
        string[] needed = [.. columns.Union(above.SelectMany(c => c.Columns))];
        (int zoom, string column) = _access.Grid!.Levels[0];
        string Number(string name, Func<TileRange, long> number) => statement.Parameter(
            ("ranges", name), values => StatementBuilder.Bigint(number(TileRange.Around(values.Area!.Box, zoom))));
        (string west, string east) = (Number("west", t => t.West), Number("east", t => t.East));
        string rows = Rows(statement);
        string first = Number("first", t => TileRange.Encode(zoom, 0, t.North));
        string last = Number("last", t => TileRange.Encode(zoom, 0, t.South));
        return $"""
            select {Columns("m", columns)} from (
              select {Columns("s", needed)} from generate_series({west}, {east}) x
              cross join lateral (
                select {Columns("s", needed)} from {rows}
                and s.{column} between {first} + (x << 29) and {last} + (x << 29)
                {Condition.And(inIndex, "s")} offset 0) s offset 0) m
            {Condition.Where(above, "m")}order by {OrderBy("m")} limit {limit}
            """;
    }

    private (Condition[] InIndex, List<Condition> Above) Split(StatementBuilder statement, List<Condition> conditions)
    {
        Condition[] inIndex = [.. conditions.Where(c => c.Columns.All(column => column == Key || _access.Grid!.Included.Contains(column)))];
        return (inIndex, [.. conditions.Except(inIndex), .. InArea(statement)]);
    }

    // Fetches the rows of keys that come in the order of the response.
    private string Fetch(StatementBuilder statement, string[] columns, List<Condition> above, string keys, string limit, string extra = "")
    {
        string[] needed = [.. columns.Union(above.SelectMany(c => c.Columns))];
        string rows = Rows(statement);
        string bounds = Condition.And(Bounds(statement, part), "s");
        return $"""
            select {Columns("m", columns)}{extra} from ({keys}) k
            cross join lateral (
              select {Columns("s", needed)} from {rows} and s.{Key} = k.{Key}{bounds} offset 0) m
            {Condition.Where(above, "m")}order by {OrderBy("k")} limit {limit}
            """;
    }

    // ORDER BY in each scan makes PostgreSQL merge the scans instead of sorting them. The outer query orders a single scan.
    private string CellScans(StatementBuilder statement, string[] columns, Condition[] inIndex)
    {
        string[] scans = [.. Enumerable.Range(0, statement.Access.Cells).Select(i =>
            $"select {Columns("s", columns)} from {Rows(statement)} and s.{CellColumn(statement)} = {Cell(statement, i)}"
            + Condition.And(inIndex, "s"))];
        return scans.Length == 1
            ? "  " + scans[0]
            : string.Join("\n  union all\n", scans.Select(scan => $"  ({scan} order by {OrderBy("s")})"));
    }

    // One ordered index scan per alternative, each on its own index: PostgreSQL has none for an OR.
    private string UnionOfScans(StatementBuilder statement, string[] columns, List<Condition> conditions, string limit)
    {
        Condition split = Filter(statement)[statement.Access.Value];
        List<Condition> common = [.. conditions.Where(c => c.Sql != split.Sql), .. InArea(statement)];
        IEnumerable<string> scans = split.Alternatives!.Select(alternative =>
            $"  (select s.{Key} from {Rows(statement)}{Condition.And(Condition.SearchingOnce([.. alternative, .. common]), "s")} "
            + $"order by s.{KeyOrder} limit {limit})");
        string keys = $"select u.{Key} from (\n{string.Join("\n  union\n", scans)}) u order by u.{KeyOrder} limit {limit}";
        return Fetch(statement, columns, [], keys, limit);
    }

    // One ordered index scan per value of the column, each stopped after a page. With the groups themselves in order, PostgreSQL reads one
    // group after the other (an incremental sort) and stops when the page is full.
    private string Grouped(
        StatementBuilder statement, string[] columns, List<Condition> conditions, string group, bool ordered, string limit)
    {
        ValueUniverse universe = Universe(group);
        Condition[] onGroup = [.. conditions.Where(c => c.Columns is [var column] && column == group)];
        List<Condition> inner = [.. conditions.Except(onGroup), .. InArea(statement)];
        string[] terms = ordered && _order.Reference is not null ? [.. _order.Terms.Select((_, i) => $"order_{i + 1}")] : [];
        List<string> outer = [.. onGroup.Select(c => c.For("g"))];
        if (ordered)
        {
            outer.AddRange(Keyset.OnGroups(statement, "g"));
            inner.AddRange(Keyset.WithinGroup(statement, "v"));
        }

        string groupFilter = outer.Count == 0 ? "" : $" where {string.Join(" and ", outer)}";
        string groupOrder = ordered ? " order by " + string.Join(", ", TermsOrder("g")) : "";
        string keyOrder = string.Join(", ", [.. ordered ? TermsOrder("v") : [], $"s.{KeyOrder}"]);
        string scan = $"""
              select s.{Key} from {Rows(statement)} and s.{group} = v.{group}{Condition.And(inner, "s")}
              order by s.{KeyOrder} limit {limit}
            """;
        string keys = $"""

              select s.{Key}, {Columns("v", [group, .. terms])} from (
                select g.* from ({GroupRows(statement, universe)}) g{groupFilter}{groupOrder}) v
              cross join lateral (
              {scan}) s
              order by {keyOrder} limit {limit}
            """;
        return Fetch(statement, columns, [], keys, limit, string.Concat(terms.Select(t => $", k.{t}")));
    }

    private string GroupRows(StatementBuilder statement, ValueUniverse universe) =>
        universe.Sql(
            statement,
            _order.Reference is null || _order.Group != universe.Column
                ? ""
                : string.Concat(_order.Terms.Select((t, i) => $", {t.Sql("f")} as order_{i + 1}")));

    // OFFSET 0 keeps the planner from choosing an index by the order: few rows pass, and the indexes of the filter find them.
    private string Sort(StatementBuilder statement, string[] columns, List<Condition> conditions, string limit)
    {
        List<Condition> all = [.. conditions, .. Area(statement, conditions)];
        string terms = _order.Reference is null ? "" : string.Concat(_order.Terms.Select((t, i) => $", {t.Sql("g")} as order_{i + 1}"));
        string join = _order.Reference is { Target: var target }
            ? $" join {target.Table} g on g.{target.TenantColumn} = {statement.Tenant()} and g.{target.RowColumn} = x.{_order.Group}"
            : "";
        string ordered = terms.Length == 0 ? "" : string.Concat(_order.Terms.Select((_, i) => $", m.order_{i + 1}"));
        return $"""
            select {Columns("m", columns)}{ordered} from (
              select {Columns("x", columns)}{terms} from (
                select {Columns("s", columns)} from {Rows(statement)}{Condition.And(all, "s")} offset 0) x{join}) m
            {Condition.Where([.. Keyset.Conditions(statement)], "m")}order by {OrderBy("m")} limit {limit}
            """;
    }

    private string Rows(StatementBuilder statement) => $"{Entity.Table} s where s.{Entity.TenantColumn} = {statement.Tenant()}";

    private ValueUniverse Universe(string column) => ValueUniverse.Of(_access, question.Rows.Row, column);

    private string CellColumn(StatementBuilder statement) => _access.Grid!.Levels[statement.Access.Level].Column;

    private static string Cell(StatementBuilder statement, int index) =>
        statement.Parameter(("cell", index), values => StatementBuilder.Bigint(values.Covering.Cells[index]));

    private static string Direction(bool descending) => descending ? "desc" : "asc";
}
