using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Planning.Connections;

/// <summary>Which rows of a connection a statement is about, seen from the page.</summary>
internal enum ConnectionPart
{
    /// <summary>The page.</summary>
    Page,

    /// <summary>The rows at or before the place of <c>after</c>.</summary>
    BeforePage,

    /// <summary>The rows at or behind the place of <c>before</c>.</summary>
    BehindPage,

    /// <summary>The whole list.</summary>
    List,
}

/// <summary>What a connection is asked, as far as the plan knows it.</summary>
/// <param name="Rows">The rows and how they are reached.</param>
/// <param name="Filter">The value of <c>where</c>, or null.</param>
/// <param name="Area">The kind of <c>within</c>; null when it is not given.</param>
/// <param name="Order">The order of the list.</param>
/// <param name="HasAfter">Whether <c>after</c> is given.</param>
/// <param name="HasBefore">Whether <c>before</c> is given.</param>
/// <param name="Backward">Whether the page is the last of the list: it is read from the list's end.</param>
internal sealed record ConnectionQuestion(
    ConnectionRows Rows, InputNode? Filter, AreaKind? Area, RowOrder Order, bool HasAfter, bool HasBefore, bool Backward)
{
    public bool HasArea => Area is not null;
}

/// <summary>The rows of a part of a connection, in the form that the request chose (docs/decisions/0005).</summary>
internal sealed class ConnectionSource(ConnectionQuestion question, ConnectionPart part) : RowSource(question.Rows.Access.Entity)
{
    private readonly RowAccess _access = question.Rows.Access;

    // A page at the list's end is read from there, and so is what lies before a place.
    private readonly RowOrder _order = part switch
    {
        ConnectionPart.Page => question.Backward ? question.Order.Reversed : question.Order,
        ConnectionPart.BeforePage => question.Order.Reversed,
        _ => question.Order,
    };

    private PlaceConditions Places => new(question, part);

    private string Key => Entity.RowColumn;

    private string KeyOrder => $"{Key} {Direction(_order.KeyDescending)}";

    private IEnumerable<string> TermsOrder(string alias) => _order.Reference is null
        ? _order.Terms.Select(t => $"{t.Sql(alias)} {Direction(t.Descending)}")
        : _order.Terms.Select((t, i) => $"{alias}.order_{i + 1} {Direction(t.Descending)}").Append($"{alias}.{_order.Group} {Direction(_order.GroupDescending)}");

    public override string OrderBy(string alias) => string.Join(", ", [.. TermsOrder(alias), $"{alias}.{KeyOrder}"]);

    public override string Sql(StatementBuilder statement, IReadOnlyCollection<string> columns)
    {
        List<Condition> conditions = Conditions(statement);
        string[] all = [.. columns.Union(OwnColumns())];
        string limit = Limit(statement);
        return statement.Access.Form switch
        {
            AccessForm.Merge => Merge(statement, all, conditions, limit),
            AccessForm.Late => Late(statement, all, conditions, limit),
            AccessForm.Values => Grouped(statement, all, conditions, _access.Values[statement.Access.Value].Column, ordered: false, limit),
            AccessForm.Union => Union(statement, all, conditions, limit),
            AccessForm.Groups => Grouped(statement, all, conditions, _order.Group!, ordered: true, limit),
            AccessForm.Sort => Sort(statement, all, conditions, limit),
            AccessForm.Strips => Strips(statement, all, conditions, limit),
            _ when _order.Kind == OrderKind.Column => ColumnWalk(statement, all, limit),
            _ => Walk(statement, all, conditions, limit),
        };
    }

    /// <summary>The exact number of rows, without page and cursors.</summary>
    public string CountSql(StatementBuilder statement)
    {
        List<Condition> conditions = [.. Bounds(statement, ConnectionPart.List), .. Filter(statement)];
        return $"select count(*) from {Rows(statement)}{Condition.And([.. conditions, .. Area(statement, conditions)], "s")}";
    }

    /// <summary>Whether the part has rows at all; the row of the cursor itself is asked first, because it almost always is one.</summary>
    public string ExistsSql(StatementBuilder statement)
    {
        string key = Places.CursorKey(statement);
        List<Condition> filter = Conditions(statement);
        List<Condition> conditions = [.. filter, .. Area(statement, filter), .. Places.Conditions(statement)];
        string itself = _order.Reference is null
            ? $"exists (select from {Entity.Table} s where s.{Entity.PartitionColumn} = {statement.Partition()} and s.{Key} = {key}{Condition.And(conditions, "s")}) or "
            : "";
        return $"select {itself}exists ({Sql(statement, [])})";
    }

    // One more than the page, which tells whether there is a next one; nested lists need the page's rows only.
    private string Limit(StatementBuilder statement)
    {
        int probe = statement.Reads == this ? 1 : 0;
        return part == ConnectionPart.Page
            ? statement.Parameter(nameof(RootValues.RowsMissing), values => StatementBuilder.Integer(values.RowsMissing + probe))
            : "1";
    }

    private IEnumerable<string> OwnColumns() => (_order.Reference is null ? _order.Terms.Select(t => t.Column.Name) : [_order.Group!]).Append(Key);

    // Beside the filter: the key's bounds, which prune partitions when the statement is planned.
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

    // The cells of the area as one condition, for forms that need no order of theirs. Rows that are named need none: an index on cell and
    // key would be searched for each pair.
    private IEnumerable<Condition> Area(StatementBuilder statement, IEnumerable<Condition> conditions)
    {
        string cells = string.Join(", ", Enumerable.Range(0, statement.Access.Cells).Select(i => Cell(statement, i)));
        return statement.Access.Cells == 0 || conditions.Any(c => c.NamesRows)
            ? InArea(statement)
            : [new Condition($"{Condition.Row}.{CellColumn(statement)} in ({cells})", [CellColumn(statement)]), .. InArea(statement)];
    }

    private string Walk(StatementBuilder statement, string[] columns, List<Condition> conditions, string limit)
    {
        List<Condition> all = [.. conditions, .. InArea(statement), .. Places.Conditions(statement)];
        return $"select {Columns("s", columns)} from {Rows(statement)}{Condition.And(all, "s")} order by {OrderBy("s")} limit {limit}";
    }

    // Keys in the order of the index, filtered on what it holds. CASE keeps these filters from being conditions of other indexes, whose
    // rows would all have to be read and sorted (44,000 buffers instead of 250); bounds on the key stay outside, because they prune.
    private string ColumnWalk(StatementBuilder statement, string[] columns, string limit)
    {
        OrderIndex index = _access.Ordered!;
        List<Condition> filter = Filter(statement);
        List<Condition> inIndex = [.. filter.Where(c => c.Columns.All(column => column == Key || column == index.Column || index.Included.Contains(column)))];
        List<Condition> above = [.. filter.Except(inIndex), .. InArea(statement)];
        string passing = inIndex.Count == 0 ? "" : $" and case when {Condition.All(inIndex, "s")} then true else false end";
        string keys = $"select s.{Key}, s.{index.Column} from {Rows(statement)}{Condition.And([.. Bounds(statement, part), .. Places.Conditions(statement)], "s")}"
            + $"{passing} order by {OrderBy("s")} {(above.Count == 0 ? $"limit {limit}" : "offset 0")}";
        return Fetch(statement, columns, above, keys, limit);
    }

    private string Merge(StatementBuilder statement, string[] columns, List<Condition> conditions, string limit)
    {
        (Condition[] inIndex, List<Condition> above) = Split(statement, conditions);
        string[] needed = [.. columns.Union(above.SelectMany(c => c.Columns))];
        return $"""
            select {Columns("m", columns)} from (
            {Leaves(statement, needed, inIndex)}
              order by {KeyOrder} offset 0) m
            {Condition.Where(above, "m")}order by {OrderBy("m")} limit {limit}
            """;
    }

    private string Late(StatementBuilder statement, string[] columns, List<Condition> conditions, string limit)
    {
        (Condition[] inIndex, List<Condition> above) = Split(statement, conditions);
        string keys = $"\n{Leaves(statement, [Key], inIndex)}\n  order by {KeyOrder} offset 0";
        return Fetch(statement, columns, above, keys, limit);
    }

    private string Strips(StatementBuilder statement, string[] columns, List<Condition> conditions, string limit)
    {
        (Condition[] inIndex, List<Condition> above) = Split(statement, conditions);
        string[] needed = [.. columns.Union(above.SelectMany(c => c.Columns))];
        (int zoom, string column) = _access.Grid!.Levels[0];
        string Number(string name, Func<TileRange, long> number) => statement.Parameter(
            ("strips", name), values => StatementBuilder.Bigint(number(TileRange.Around(values.Area!.Box, zoom))));
        return $"""
            select {Columns("m", columns)} from (
              select {Columns("s", needed)} from generate_series({Number("west", t => t.West)}, {Number("east", t => t.East)}) x
              cross join lateral (
                select {Columns("s", needed)} from {Rows(statement)}
                and s.{column} between {Number("first", t => TileRange.Pack(zoom, 0, t.North))} + (x << 29) and {Number("last", t => TileRange.Pack(zoom, 0, t.South))} + (x << 29)
                {Condition.And(inIndex, "s")} offset 0) s offset 0) m
            {Condition.Where(above, "m")}order by {OrderBy("m")} limit {limit}
            """;
    }

    private (Condition[] InIndex, List<Condition> Above) Split(StatementBuilder statement, List<Condition> conditions)
    {
        Condition[] inIndex = [.. conditions.Where(c => c.Columns.All(column => column == Key || _access.Grid!.Included.Contains(column)))];
        return (inIndex, [.. conditions.Except(inIndex), .. InArea(statement)]);
    }

    // Rows for keys that come in the order of the answer.
    private string Fetch(StatementBuilder statement, string[] columns, List<Condition> above, string keys, string limit, string extra = "")
    {
        string[] needed = [.. columns.Union(above.SelectMany(c => c.Columns))];
        return $"""
            select {Columns("m", columns)}{extra} from ({keys}) k
            cross join lateral (
              select {Columns("s", needed)} from {Rows(statement)} and s.{Key} = k.{Key}{Condition.And(Bounds(statement, part), "s")} offset 0) m
            {Condition.Where(above, "m")}order by {OrderBy("k")} limit {limit}
            """;
    }

    // ORDER BY in each leaf is what makes PostgreSQL merge the leaves instead of sorting them. A single leaf is ordered by what follows it.
    private string Leaves(StatementBuilder statement, string[] columns, Condition[] inIndex)
    {
        string[] leaves = [.. Enumerable.Range(0, statement.Access.Cells).Select(i =>
            $"select {Columns("s", columns)} from {Rows(statement)} and s.{CellColumn(statement)} = {Cell(statement, i)}"
            + Condition.And(inIndex, "s"))];
        return leaves.Length == 1
            ? "  " + leaves[0]
            : string.Join("\n  union all\n", leaves.Select(leaf => $"  ({leaf} order by {OrderBy("s")})"));
    }

    // One walk per alternative, each by an index of its own: PostgreSQL has none for an OR.
    private string Union(StatementBuilder statement, string[] columns, List<Condition> conditions, string limit)
    {
        Condition split = Filter(statement)[statement.Access.Value];
        List<Condition> common = [.. conditions.Where(c => c.Sql != split.Sql), .. InArea(statement)];
        IEnumerable<string> walks = split.Alternatives!.Select(alternative =>
            $"  (select s.{Key} from {Rows(statement)}{Condition.And(Condition.SearchingOnce([.. alternative, .. common]), "s")} "
            + $"order by s.{KeyOrder} limit {limit})");
        return Fetch(statement, columns, [], $"select u.{Key} from (\n{string.Join("\n  union\n", walks)}) u order by u.{KeyOrder} limit {limit}", limit);
    }

    // One walk per value of the column, each stopped after a page. Ordered by the groups themselves, PostgreSQL takes one group after the
    // other (an incremental sort) and stops when the page is full.
    private string Grouped(StatementBuilder statement, string[] columns, List<Condition> conditions, string group, bool ordered, string limit)
    {
        ValueUniverse universe = Universe(group);
        Condition[] onGroup = [.. conditions.Where(c => c.Columns is [var column] && column == group)];
        List<Condition> inner = [.. conditions.Except(onGroup), .. InArea(statement)];
        string[] terms = ordered && _order.Reference is not null ? [.. _order.Terms.Select((_, i) => $"order_{i + 1}")] : [];
        List<string> outer = [.. onGroup.Select(c => c.For("g"))];
        if (ordered)
        {
            outer.AddRange(Places.OnGroups(statement, "g"));
            inner.AddRange(Places.WithinGroup(statement, "v"));
        }

        string groupFilter = outer.Count == 0 ? "" : $" where {string.Join(" and ", outer)}";
        string groupOrder = ordered ? " order by " + string.Join(", ", TermsOrder("g")) : "";
        string keyOrder = string.Join(", ", [.. ordered ? TermsOrder("v") : [], $"s.{KeyOrder}"]);
        string walk = $"""
              select s.{Key} from {Rows(statement)} and s.{group} = v.{group}{Condition.And(inner, "s")}
              order by s.{KeyOrder} limit {limit}
            """;
        string keys = $"""

              select s.{Key}, {Columns("v", [group, .. terms])} from (
                select g.* from ({GroupRows(statement, universe)}) g{groupFilter}{groupOrder}) v
              cross join lateral (
              {walk}) s
              order by {keyOrder} limit {limit}
            """;
        return Fetch(statement, columns, [], keys, limit, string.Concat(terms.Select(t => $", k.{t}")));
    }

    private string GroupRows(StatementBuilder statement, ValueUniverse universe) => universe.Sql(
        statement,
        _order.Reference is null || _order.Group != universe.Column ? "" : string.Concat(_order.Terms.Select((t, i) => $", {t.Sql("f")} as order_{i + 1}")));

    // The fence keeps the order from choosing the index: what passes is few, and found by what it is filtered on.
    private string Sort(StatementBuilder statement, string[] columns, List<Condition> conditions, string limit)
    {
        List<Condition> all = [.. conditions, .. Area(statement, conditions)];
        string terms = _order.Reference is null ? "" : string.Concat(_order.Terms.Select((t, i) => $", {t.Sql("g")} as order_{i + 1}"));
        string join = _order.Reference is { Target: var target }
            ? $" join {target.Table} g on g.{target.PartitionColumn} = {statement.Partition()} and g.{target.RowColumn} = x.{_order.Group}"
            : "";
        return $"""
            select {Columns("m", columns)}{(terms.Length == 0 ? "" : string.Concat(_order.Terms.Select((_, i) => $", m.order_{i + 1}")))} from (
              select {Columns("x", columns)}{terms} from (
                select {Columns("s", columns)} from {Rows(statement)}{Condition.And(all, "s")} offset 0) x{join}) m
            {Condition.Where([.. Places.Conditions(statement)], "m")}order by {OrderBy("m")} limit {limit}
            """;
    }

    private string Rows(StatementBuilder statement) => $"{Entity.Table} s where s.{Entity.PartitionColumn} = {statement.Partition()}";

    private ValueUniverse Universe(string column) => ValueUniverse.Of(_access, question.Rows.Row, column);

    private string CellColumn(StatementBuilder statement) => _access.Grid!.Levels[statement.Access.Level].Column;

    private static string Cell(StatementBuilder statement, int index) =>
        statement.Parameter(("cell", index), values => StatementBuilder.Bigint(values.Cover.Cells[index]));

    private static string Direction(bool descending) => descending ? "desc" : "asc";
}
