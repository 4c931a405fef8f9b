using System.Globalization;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Planning.Nearby;

/// <summary>The rows around a position in the order of their distance, then newest first (docs/decisions/0009).</summary>
/// <remarks>
/// The index scan returns rows in the order of distances on a sphere; the response has distances on the spheroid. A row that was not
/// scanned is at least <see cref="Spheroid.LeastShare"/> times as far away as the last scanned row. If the page's last row is nearer than
/// that, no row is missing. This is almost always so, because the scan reads a few more rows than requested. If it is not (many rows at one
/// point), everything up to that row's distance is read and sorted.
/// </remarks>
/// <param name="question">What is asked.</param>
internal sealed class NearbySource(NearbyQuestion question) : RowSource(question.Rows.Access.Entity)
{
    /// <summary>The column of a row's distance.</summary>
    public const string Metres = "metres";

    private static readonly string s_leastShare = Spheroid.LeastShare.ToString(CultureInfo.InvariantCulture);

    private readonly RowAccess _access = question.Rows.Access;

    /// <summary>All rows before the page, and all rows at the distance where it ends, are ranked for it.</summary>
    public override StatementKind Kind => StatementKind.Ranking;

    private string Key => Entity.RowColumn;

    public override string OrderBy(string alias) => $"{alias}.{Metres}, {alias}.{Key} desc";

    public override string Sql(StatementBuilder statement, IReadOnlyCollection<string> columns)
    {
        string[] all = [.. columns.Where(c => c != Metres).Union([Key])];
        return statement.Access.Kind switch
        {
            AccessPathKind.OrderedIndexScan => OrderedIndexScan(statement, all),
            AccessPathKind.LooseIndexScan => ByKeys(statement, all),
            _ => Sort(statement, all),
        };
    }

    /// <summary>
    /// Whether rows exist at or before the keyset position of <c>after</c>. The cursor's own row is tested first: it almost always exists.
    /// </summary>
    public string ExistsSql(StatementBuilder statement)
    {
        string conditions = Condition.And(Conditions(statement), "s");
        string before = $"{Distance(statement, "s")} <= {Radius(statement)} and not ({Behind(statement, Distance(statement, "s"), "s")})";
        string near = WithinSphere(statement, $"{CursorMetres(statement)} / {s_leastShare}");
        return $"""
            select exists (select from {Rows(statement)} and s.{Key} = {CursorKey(statement)}{conditions} and {before})
              or exists (select from {Rows(statement)}{conditions} and {near} and {before})
            """;
    }

    // CASE keeps the planner from using other indexes for the filter, whose rows would all have to be read and sorted (70 ms instead of 3
    // for a common category). Bounds on the key stay outside, because they prune partitions.
    private string OrderedIndexScan(StatementBuilder statement, string[] columns)
    {
        List<Condition> filter = Filter(statement);
        string passing = filter.Count == 0 ? "" : $" and case when {Condition.All(filter, "s")} then true else false end";
        string conditions = Condition.And(Bounds(statement), "s") + passing;
        string beyond = question.HasAfter ? $" and {Behind(statement, Distance(statement, "s"), "s")}" : "";
        int probe = Probe(statement);
        string scanned = statement.Parameter(
            "scanned", values => StatementBuilder.Integer(values.PageRows + probe + Limits.NearbyScanMargin));
        string last = statement.Parameter("last", values => StatementBuilder.Integer(Math.Max(0, values.PageRows + probe - 1)));
        return $"""
            with w as materialized (
              select {Columns("s", columns)}, {Distance(statement, "s")} as {Metres}, {SphereDistance(statement, "s")} as sphere
              from {Rows(statement)}{conditions} and {WithinSphere(statement, ScanRadius(statement))}{beyond}
              order by {SphereDistance(statement, "s")} limit {scanned}),
            e as materialized (
              select y.{Metres} from (select x.{Metres} from w x order by x.{Metres} offset {last} limit 1) y
              where (select count(*) from w) = {scanned} and y.{Metres} >= {s_leastShare} * (select max(sphere) from w))
            select {Columns("n", columns)}, n.{Metres} from (
              select {Columns("w", columns)}, w.{Metres} from w where not exists (select from e)
              union all
              select {Columns("s", columns)}, {Distance(statement, "s")} as {Metres}
              from {Rows(statement)}{conditions} and {WithinSphere(statement, $"(select e.{Metres} / {s_leastShare} from e)")}{beyond}) n
            where n.{Metres} <= {Radius(statement)}
            order by {OrderBy("n")} limit {Limit(statement)}
            """;
    }

    // Keys and distances come from an index that includes the point. Rows are fetched for the page, or to test what the index lacks.
    private string ByKeys(StatementBuilder statement, string[] columns)
    {
        ValueIndex index = _access.Values[statement.Access.Value];
        List<Condition> filter = Filter(statement);
        Condition[] inIndex = [.. filter.Where(c => IsIn(index, c))];
        List<Condition> above = [.. filter.Except(inIndex)];
        string[] needed = [.. columns.Union(above.SelectMany(c => c.Columns))];
        string page = above.Count == 0 ? $"\n  order by {OrderBy("x")} limit {Limit(statement)}" : "";
        string distance = Distance(statement, "s");
        string rows = Rows(statement);
        string conditions = Condition.And([.. Bounds(statement), .. inIndex], "s");
        return $"""
            select {Columns("m", columns)}, k.{Metres} from (
              select x.{Key}, x.{Metres} from (
                select s.{Key}, {distance} as {Metres} from {rows}{conditions}
                  and {InBox(statement)} offset 0) x
              where {InList(statement, "x")}{page}) k
            cross join lateral (
              select {Columns("s", needed)} from {rows} and s.{Key} = k.{Key}{Condition.And(Bounds(statement), "s")} offset 0) m
            {Condition.Where(above, "m")}order by {OrderBy("k")} limit {Limit(statement)}
            """;
    }

    // Sorts the few rows that other indexes find. OFFSET 0 keeps the planner from choosing an index by the distance.
    private string Sort(StatementBuilder statement, string[] columns)
    {
        string distance = Distance(statement, "s");
        string rows = Rows(statement);
        string conditions = Condition.And(Conditions(statement), "s");
        return $"""
            select {Columns("x", columns)}, x.{Metres} from (
              select {Columns("s", columns)}, {distance} as {Metres} from {rows}{conditions}
                and {InBox(statement)} offset 0) x
            where {InList(statement, "x")} order by {OrderBy("x")} limit {Limit(statement)}
            """;
    }

    /// <summary>Whether an index alone can evaluate a condition.</summary>
    public static bool IsIn(ValueIndex index, Condition condition, string key) =>
        condition.Columns.All(column => column == key || column == index.Column || index.Included.Contains(column));

    private bool IsIn(ValueIndex index, Condition condition) => IsIn(index, condition, Key);

    // Four comparisons precede a geodesic, which costs as much as ten.
    private string InBox(StatementBuilder statement)
    {
        string Edge(string name, Func<Viewport, double> edge) =>
            statement.Parameter(name, values => StatementBuilder.Double(edge(question.CircleOf(values.Variables).Box)));
        string point = $"s.{_access.Grid!.Point}";
        return $"st_x({point}) between {Edge("west", b => b.West)} and {Edge("east", b => b.East)} "
            + $"and st_y({point}) between {Edge("south", b => b.South)} and {Edge("north", b => b.North)}";
    }

    private string InList(StatementBuilder statement, string alias) => $"{alias}.{Metres} <= {Radius(statement)}"
        + (question.HasAfter ? $" and {Behind(statement, $"{alias}.{Metres}", alias)}" : "");

    private List<Condition> Conditions(StatementBuilder statement) => [.. Bounds(statement), .. Filter(statement)];

    private List<Condition> Filter(StatementBuilder statement) =>
        new FilterCompiler(statement, _access).Compile(question.Rows.Filter, question.Filter);

    private Condition[] Bounds(StatementBuilder statement)
    {
        string low = statement.Parameter("low", values => StatementBuilder.Bigint(values.Keys!.Of(ConnectionPart.List).Low));
        string high = statement.Parameter("high", values => StatementBuilder.Bigint(values.Keys!.Of(ConnectionPart.List).High));
        return [new Condition($"{Condition.Row}.{Key} >= {low} and {Condition.Row}.{Key} < {high}", [Key])];
    }

    private string Rows(StatementBuilder statement) => $"{Entity.Table} s where s.{Entity.TenantColumn} = {statement.Tenant()}";

    private string Point(string alias) => $"{alias}.{_access.Grid!.Point}::geography";

    private string Position(StatementBuilder statement) => $"{question.Position.PointSql(statement)}::geography";

    private string Distance(StatementBuilder statement, string alias) => $"st_distance({Point(alias)}, {Position(statement)})";

    private string SphereDistance(StatementBuilder statement, string alias) => $"{Point(alias)} <-> {Position(statement)}";

    private string WithinSphere(StatementBuilder statement, string metres) =>
        $"st_dwithin({Point("s")}, {Position(statement)}, {metres}, false)";

    private string Radius(StatementBuilder statement) =>
        statement.Parameter("radius", values => StatementBuilder.Double(question.MetresOf(values.Variables)));

    // On the sphere, as the index measures; the exact test follows.
    private string ScanRadius(StatementBuilder statement) =>
        statement.Parameter("scan radius", values => StatementBuilder.Double(question.MetresOf(values.Variables) / Spheroid.LeastShare));

    private static string CursorMetres(StatementBuilder statement) =>
        statement.Parameter("after metres", values => StatementBuilder.Double(NearbyQuestion.DistanceIn(values.After!.Value)));

    private static string CursorKey(StatementBuilder statement) =>
        statement.Parameter("after key", values => StatementBuilder.Bigint(values.After!.Value.Key));

    private string Behind(StatementBuilder statement, string metres, string alias)
    {
        string beyond = CursorMetres(statement);
        return $"({metres} > {beyond} or {metres} = {beyond} and {alias}.{Key} < {CursorKey(statement)})";
    }

    private string Limit(StatementBuilder statement)
    {
        int probe = Probe(statement);
        return statement.Parameter("rows", values => StatementBuilder.Integer(values.PageRows + probe));
    }

    // One row more than the page shows whether there is a next page; nested lists need the rows of the page only.
    private int Probe(StatementBuilder statement) => statement.Reads == this ? 1 : 0;
}
