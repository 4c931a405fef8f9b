using CityHelper.Engine.Bindings;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Execution;

namespace CityHelper.Engine.Planning;

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
/// <param name="HasArea">Whether <c>within</c> is given.</param>
/// <param name="Order">The order of the list.</param>
/// <param name="HasAfter">Whether <c>after</c> is given.</param>
/// <param name="HasBefore">Whether <c>before</c> is given.</param>
/// <param name="Backward">Whether the page is the last of the list: it is read from the list's end.</param>
internal sealed record ConnectionQuestion(
    ConnectionRows Rows, InputNode? Filter, bool HasArea, RowOrder Order, bool HasAfter, bool HasBefore, bool Backward);

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
            AccessForm.Groups => Grouped(statement, all, conditions, _order.Group!, ordered: true, limit),
            AccessForm.Sort => Sort(statement, all, conditions, limit),
            _ when _order.Kind == OrderKind.Column => ColumnWalk(statement, all, conditions, limit),
            _ => Walk(statement, all, conditions, limit),
        };
    }

    /// <summary>The exact number of rows, without page and cursors.</summary>
    public string CountSql(StatementBuilder statement) =>
        $"select count(*) from {Rows(statement)} and {Condition.All([.. Bounds(statement, ConnectionPart.List), .. Filter(statement), .. Area(statement)], "s")}";

    /// <summary>Whether the part has rows at all; the row of the cursor itself is asked first, because it almost always is one.</summary>
    public string ExistsSql(StatementBuilder statement)
    {
        string key = statement.Parameter(("cursor", part), run => StatementBuilder.Bigint(Place(run).Key));
        List<Condition> conditions = [.. Conditions(statement), .. Area(statement), .. Position(statement) is { } p ? [p] : (Condition[])[]];
        string itself = _order.Reference is null
            ? $"exists (select from {Entity.Table} s where s.{Entity.PartitionColumn} = {statement.Partition()} and s.{Key} = {key} and {Condition.All(conditions, "s")}) or "
            : "";
        return $"select {itself}exists ({Sql(statement, [])})";
    }

    /// <summary>SQL of the number that a cursor holds beside the key, or null: with it, the place of a row is known without reading the row.</summary>
    public string? CursorValue(string alias) => _order.Kind switch
    {
        OrderKind.Column => $"(extract(epoch from {alias}.{_order.Terms[0].Column.Name}) * 1000)::bigint",
        OrderKind.Group when _order.Reference is null => $"array_position(enum_range(null::{Universe(_order.Group!).Type}), {alias}.{_order.Group})::bigint",
        OrderKind.Group => $"{alias}.{_order.Group}::bigint",
        _ => null,
    };

    /// <summary>The column that <see cref="CursorValue"/> reads.</summary>
    public string CursorColumn => _order.Group ?? _order.Terms[0].Column.Name;

    // One more than the page, which tells whether there is a next one; nested lists need the page's rows only.
    private string Limit(StatementBuilder statement)
    {
        int probe = statement.Reads == this ? 1 : 0;
        return part == ConnectionPart.Page
            ? statement.Parameter(nameof(RootRun.RowsMissing), run => StatementBuilder.Integer(run.RowsMissing + probe))
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

        string low = statement.Parameter(("low", of), run => StatementBuilder.Bigint(run.Keys.Of(of).Low));
        string high = statement.Parameter(("high", of), run => StatementBuilder.Bigint(run.Keys.Of(of).High));
        return [new Condition($"{Condition.Row}.{Key} >= {low} and {Condition.Row}.{Key} < {high}", [Key])];
    }

    // The exact rule: edges included, on the coordinates themselves; && would compare rounded boxes.
    // CASE, because PostgreSQL takes it for one row in two. Four comparisons of unknown selectivity would be one row in ten
    // thousand, and the planner would then read and sort whole cells instead of stopping at the first page (6,900 buffers instead of 110).
    private Condition[] InArea(StatementBuilder statement)
    {
        if (!question.HasArea)
        {
            return [];
        }

        string Edge(string name, Func<Space.Viewport, double> edge) =>
            statement.Parameter(("edge", name), run => StatementBuilder.Double(edge(run.Area)));
        string point = $"{Condition.Row}.{_access.Grid!.Point}";
        return
        [
            new Condition(
                $"case when st_x({point}) between {Edge("west", a => a.West)} and {Edge("east", a => a.East)} "
                + $"and st_y({point}) between {Edge("south", a => a.South)} and {Edge("north", a => a.North)} then true else false end",
                [_access.Grid.Point]),
        ];
    }

    // The cells of the area as one condition, for forms that need no order of theirs.
    private IEnumerable<Condition> Area(StatementBuilder statement)
    {
        string cells = string.Join(", ", Enumerable.Range(0, statement.Access.Cells).Select(i => Cell(statement, i)));
        return statement.Access.Cells == 0
            ? InArea(statement)
            : [new Condition($"{Condition.Row}.{CellColumn(statement)} in ({cells})", [CellColumn(statement)]), .. InArea(statement)];
    }

    private string Walk(StatementBuilder statement, string[] columns, List<Condition> conditions, string limit)
    {
        List<Condition> all = [.. conditions, .. InArea(statement), .. Position(statement) is { } p ? [p] : (Condition[])[]];
        return $"select {Columns("s", columns)} from {Rows(statement)} and {Condition.All(all, "s")} order by {OrderBy("s")} limit {limit}";
    }

    // Keys in the order of the index, filtered on what it holds. CASE keeps these filters from being conditions of other indexes, whose
    // rows would all have to be read and sorted (44,000 buffers instead of 250).
    private string ColumnWalk(StatementBuilder statement, string[] columns, List<Condition> conditions, string limit)
    {
        OrderIndex index = _access.Ordered!;
        List<Condition> inIndex = [.. conditions.Where(c => c.Columns.All(column => column == Key || column == index.Column || index.Included.Contains(column)))];
        List<Condition> above = [.. conditions.Except(inIndex), .. InArea(statement)];
        string filter = inIndex.Count == 0 ? "" : $" and case when {Condition.All(inIndex, "s")} then true else false end";
        string position = Position(statement) is { } place ? $" and {place.For("s")}" : "";
        string order = $"order by {OrderBy("s")} {(above.Count == 0 ? $"limit {limit}" : "offset 0")}";
        return Fetch(statement, columns, above, $"select s.{Key}, s.{index.Column} from {Rows(statement)}{position}{filter} {order}", limit);
    }

    private string Merge(StatementBuilder statement, string[] columns, List<Condition> conditions, string limit)
    {
        (Condition[] inIndex, List<Condition> above) = Split(statement, conditions);
        string[] needed = [.. columns.Union(above.SelectMany(c => c.Columns))];
        return $"""
            select {Columns("m", columns)} from (
            {Leaves(statement, needed, inIndex)}
              order by {KeyOrder} offset 0) m
            where {Condition.All(above, "m")} order by {OrderBy("m")} limit {limit}
            """;
    }

    private string Late(StatementBuilder statement, string[] columns, List<Condition> conditions, string limit)
    {
        (Condition[] inIndex, List<Condition> above) = Split(statement, conditions);
        string keys = $"\n{Leaves(statement, [Key], inIndex)}\n  order by {KeyOrder} offset 0";
        return Fetch(statement, columns, above, keys, limit);
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
        string bounds = Condition.All([.. Bounds(statement, part)], "s");
        return $"""
            select {Columns("m", columns)}{extra} from ({keys}) k
            cross join lateral (
              select {Columns("s", needed)} from {Rows(statement)} and s.{Key} = k.{Key} and {bounds} offset 0) m
            where {Condition.All(above, "m")} order by {OrderBy("k")} limit {limit}
            """;
    }

    // ORDER BY in each leaf is what makes PostgreSQL merge the leaves instead of sorting them. A single leaf is ordered by what follows it.
    private string Leaves(StatementBuilder statement, string[] columns, Condition[] inIndex)
    {
        string[] leaves = [.. Enumerable.Range(0, statement.Access.Cells).Select(i =>
            $"select {Columns("s", columns)} from {Rows(statement)} and s.{CellColumn(statement)} = {Cell(statement, i)}"
            + string.Concat(inIndex.Select(c => " and " + c.For("s"))))];
        return leaves.Length == 1
            ? "  " + leaves[0]
            : string.Join("\n  union all\n", leaves.Select(leaf => $"  ({leaf} order by {OrderBy("s")})"));
    }

    // One walk per value of the column, each stopped after a page. Ordered by the groups themselves, PostgreSQL takes one group after the
    // other (an incremental sort) and stops when the page is full.
    private string Grouped(StatementBuilder statement, string[] columns, List<Condition> conditions, string group, bool ordered, string limit)
    {
        ValueUniverse universe = Universe(group);
        Condition[] onGroup = [.. conditions.Where(c => c.Columns is [var column] && column == group)];
        List<Condition> inner = [.. conditions.Except(onGroup), .. InArea(statement)];
        string[] terms = ordered && _order.Reference is not null ? [.. _order.Terms.Select((_, i) => $"order_{i + 1}")] : [];
        List<string> outer = [Condition.All(onGroup, "g")];
        if (ordered && HasPosition)
        {
            outer.Add(GroupPosition(statement));
            inner.Add(new Condition(KeyInGroup(statement, group), [Key]));
        }

        string groupOrder = ordered ? " order by " + string.Join(", ", TermsOrder("g")) : "";
        string keyOrder = string.Join(", ", [.. ordered ? TermsOrder("v") : [], $"s.{KeyOrder}"]);
        string walk = $"""
              select s.{Key} from {Rows(statement)} and s.{group} = v.{group} and {Condition.All(inner, "s")}
              order by s.{KeyOrder} limit {limit}
            """;
        string keys = $"""

              select s.{Key}, {Columns("v", [group, .. terms])} from (
                select g.* from ({GroupRows(statement, universe)}) g where {string.Join(" and ", outer)}{groupOrder}) v
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
        List<Condition> all = [.. conditions, .. Area(statement)];
        string terms = _order.Reference is null ? "" : string.Concat(_order.Terms.Select((t, i) => $", {t.Sql("g")} as order_{i + 1}"));
        string join = _order.Reference is { Target: var target }
            ? $" join {target.Table} g on g.{target.PartitionColumn} = {statement.Partition()} and g.{target.RowColumn} = x.{_order.Group}"
            : "";
        return $"""
            select {Columns("m", columns)}{(terms.Length == 0 ? "" : string.Concat(_order.Terms.Select((_, i) => $", m.order_{i + 1}")))} from (
              select {Columns("x", columns)}{terms} from (
                select {Columns("s", columns)} from {Rows(statement)} and {Condition.All(all, "s")} offset 0) x{join}) m
            where {Position(statement)?.For("m") ?? "true"} order by {OrderBy("m")} limit {limit}
            """;
    }

    private string Rows(StatementBuilder statement) => $"{Entity.Table} s where s.{Entity.PartitionColumn} = {statement.Partition()}";

    private ValueUniverse Universe(string column) => ValueUniverse.Of(_access, question.Rows.Row, column);

    private string CellColumn(StatementBuilder statement) => _access.Grid!.Levels[statement.Access.Level].Column;

    private static string Cell(StatementBuilder statement, int index) =>
        statement.Parameter(("cell", index), run => StatementBuilder.Bigint(run.Cover.Cells[index]));

    private static string Direction(bool descending) => descending ? "desc" : "asc";

    // --- Places in orders that are not the key's alone --------------------------------------------------------------------

    private bool HasPosition => _order.Kind != OrderKind.Key && part switch
    {
        ConnectionPart.Page => question.HasAfter || question.HasBefore,
        _ => true,
    };

    private CursorPosition Place(RootRun run) => part == ConnectionPart.BehindPage ? run.Before!.Value : run.After!.Value;

    private Condition? Position(StatementBuilder statement)
    {
        if (!HasPosition)
        {
            return null;
        }

        PlaceSql[] places = [.. Places(statement)];
        return new Condition(
            string.Join(" and ", places.Select(p => p.Compare([.. Tuple(statement, p, Condition.Row), (Condition.Row + "." + Key, p.Key, question.Order.KeyDescending)]))),
            [.. OwnColumns()]);
    }

    private string GroupPosition(StatementBuilder statement) =>
        string.Join(" and ", Places(statement).Select(p => (p with { Inclusive = true }).Compare([.. Tuple(statement, p, "g")])));

    private string KeyInGroup(StatementBuilder statement, string group) => string.Join(" and ", Places(statement).Select(p =>
        $"(v.{group} <> {p.Value} or {p.Compare([(Condition.Row + "." + Key, p.Key, question.Order.KeyDescending)])})"));

    // The places that bound the part, in the list's own order.
    private IEnumerable<PlaceSql> Places(StatementBuilder statement)
    {
        if (part == ConnectionPart.BeforePage || (part == ConnectionPart.Page && question.HasAfter))
        {
            yield return Place(statement, "after", run => run.After!.Value) with { Behind = part == ConnectionPart.Page, Inclusive = part != ConnectionPart.Page };
        }

        if (part == ConnectionPart.BehindPage || (part == ConnectionPart.Page && question.HasBefore))
        {
            yield return Place(statement, "before", run => run.Before!.Value) with { Behind = part != ConnectionPart.Page, Inclusive = part != ConnectionPart.Page };
        }
    }

    private PlaceSql Place(StatementBuilder statement, string name, Func<RootRun, CursorPosition> position) => new(
        statement.Parameter((name, "key"), run => StatementBuilder.Bigint(position(run).Key)),
        CursorValue("x") is null ? "" : statement.Parameter((name, "value"), run => CursorParameter(position(run).Value)));

    private Npgsql.NpgsqlParameter CursorParameter(long value)
    {
        if (_order.Kind == OrderKind.Column)
        {
            return StatementBuilder.Typed(NpgsqlTypes.NpgsqlDbType.TimestampTz, DateTimeOffset.FromUnixTimeMilliseconds(value).UtcDateTime);
        }

        ValueUniverse universe = Universe(_order.Group!);
        return universe.Target is null
            ? new Npgsql.NpgsqlParameter<string> { TypedValue = universe.Labels[(int)value - 1], DataTypeName = universe.Type }
            : StatementBuilder.Integer((int)value);
    }

    // What a row's place is compared by, beside the key: (of the row, of the cursor, direction). Values that the cursor does not hold are
    // looked up by its key; rows of small tables do not go away.
    private IEnumerable<(string Row, string Cursor, bool Descending)> Tuple(StatementBuilder statement, PlaceSql place, string alias)
    {
        IReadOnlyList<OrderTerm> terms = question.Order.Terms;
        switch (_order)
        {
            case { Kind: OrderKind.Small }:
                return terms.Select(t => (t.Sql(alias), LookUp(statement, Entity, t, place.Key), t.Descending));
            case { Reference: { Target: var target } }:
                return terms.Select((t, i) => ($"{alias}.order_{i + 1}", LookUp(statement, target, t, place.Value), t.Descending))
                    .Append(($"{alias}.{_order.Group}", place.Value, question.Order.GroupDescending));
            default:
                return [($"{alias}.{terms[0].Column.Name}", place.Value, terms[0].Descending)];
        }
    }

    private static string LookUp(StatementBuilder statement, EntityMap entity, OrderTerm term, string key) =>
        $"(select {term.Sql("x")} from {entity.Table} x where x.{entity.PartitionColumn} = {statement.Partition()} and x.{entity.RowColumn} = {key})";

    /// <summary>A cursor's place as parameters, and on which side of it rows are looked for.</summary>
    private sealed record PlaceSql(string Key, string Value)
    {
        public bool Behind { get; init; }

        public bool Inclusive { get; init; }

        // One row comparison where all directions agree, because an index can follow it; else the comparison spelled out.
        public string Compare((string Row, string Cursor, bool Descending)[] tuple)
        {
            string Operator(bool descending) => descending == Behind ? "<" : ">";
            string equal = Inclusive ? "=" : "";
            if (tuple.All(t => t.Descending == tuple[0].Descending))
            {
                return $"({string.Join(", ", tuple.Select(t => t.Row))}) {Operator(tuple[0].Descending)}{equal} ({string.Join(", ", tuple.Select(t => t.Cursor))})";
            }

            (string row, string cursor, bool descending) = tuple[0];
            return $"({row} {Operator(descending)}= {cursor} and ({row} {Operator(descending)} {cursor} or {Compare(tuple[1..])}))";
        }
    }
}
