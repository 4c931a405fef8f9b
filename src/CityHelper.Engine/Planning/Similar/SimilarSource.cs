using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Schema.Bindings;

namespace CityHelper.Engine.Planning.Similar;

/// <summary>What the plan knows of a nested list of similar rows.</summary>
/// <param name="Number">The list's number in the root's plan.</param>
/// <param name="Parents">The select that contains the parents' rows.</param>
/// <param name="ParentAlias">The alias of the parents in it.</param>
/// <param name="By">How similar rows are found.</param>
/// <param name="Arguments">How many, and how near.</param>
internal sealed record SimilarQuestion(int Number, SelectPlan Parents, string ParentAlias, Similarity By, SimilarArguments Arguments);

/// <summary>The rows similar to each row of another source, all in one statement.</summary>
internal sealed class SimilarSource(SimilarQuestion question) : RowSource(question.By.Access.Entity)
{
    private const string ParentKey = NestedSource.ParentKey;

    private readonly SimilarSql _similar = new(question.By, question.Arguments, question.Number);

    public override StatementKind Kind => StatementKind.Ranking;

    /// <summary>One row may be similar to several parents.</summary>
    public override bool HasDistinctRows => false;

    // Grouped by parent, because the reader splits the rows into groups as they arrive.
    public override string OrderBy(string alias) => $"{alias}.{ParentKey}, {_similar.OrderBy(alias)}";

    public override string Sql(StatementBuilder statement, IReadOnlyCollection<string> columns)
    {
        Similarity by = question.By;
        string key = Entity.RowColumn;
        string point = by.Access.Grid!.Point;
        string created = by.Access.Created!.Column.Name;
        string[] own = [.. columns.Where(c => c is not (ParentKey or SimilarSql.Metres or SimilarSql.Score)).Union([key])];
        string rows = statement.Parameter(
            ("rows", question.Number), values => StatementBuilder.Integer(values.Nested[question.Number]!.PageRows));
        (string low, string high) = _similar.KeysAround(statement, $"o.{created}");
        var other = new SimilarTo($"o.{point}", $"o.{created}", "o.words", $"o.{by.Group}", "o.cells", low, high);
        string parents = question.Parents.KeysSql(statement, question.ParentAlias, key, ParentKey);
        string cells = by.CellsAround($"b.{point}", _similar.Radius(statement));
        string ofParent = $"b.{key} = p.{ParentKey} and b.{point} is not null";
        return $"""
            select p.{ParentKey}, c.*
            from ({parents}) p
            cross join lateral (
              select b.{key}, b.{point}, b.{created}, b.{by.Group}, {_similar.TextOf("b")} as words, {cells} as cells
              from {Entity.Table} b where b.{Entity.TenantColumn} = {statement.Tenant()} and {ofParent} offset 0) o
            cross join lateral (
            {_similar.Sql(statement, own, other, $" and s.{key} <> o.{key}", rows)}) c
            """;
    }
}

/// <summary>The rows similar to one that is about to be created.</summary>
/// <param name="by">How similar rows are found.</param>
/// <param name="arguments">How many, and how near.</param>
/// <param name="draft">What is known of the new row.</param>
internal sealed class DraftSource(Similarity by, SimilarArguments arguments, SimilarDraft draft) : RowSource(by.Access.Entity)
{
    public override StatementKind Kind => StatementKind.Ranking;

    private readonly SimilarSql _similar = new(by, arguments, number: -1);

    public override string OrderBy(string alias) => _similar.OrderBy(alias);

    public override string Sql(StatementBuilder statement, IReadOnlyCollection<string> columns)
    {
        string[] own = [.. columns.Where(c => c is not (SimilarSql.Metres or SimilarSql.Score)).Union([Entity.RowColumn])];
        string point = draft.Position.PointSql(statement);
        string now = statement.Parameter(
            "now", values => StatementBuilder.Typed(NpgsqlTypes.NpgsqlDbType.TimestampTz, values.Moment.UtcDateTime));
        string words = statement.Parameter("words", values => StatementBuilder.Text(draft.TextOf(values.Variables)));
        var other = new SimilarTo(
            point,
            now,
            words,
            $"({GroupSql(statement)})",
            by.CellsAround(point, _similar.Radius(statement)),
            Key(statement, "low", values => -arguments.MsOf(values.Variables)),
            Key(statement, "high", values => arguments.MsOf(values.Variables) + 1));
        string open = string.Join(", ", by.OpenLabels.Select(label => $"'{label}'"));
        string lately = Key(statement, "lately", _ => -Limits.SimilarLatelyDays * TimeSpan.MillisecondsPerDay);
        string rows = statement.Parameter("rows", values => StatementBuilder.Integer(values.PageRows));
        return _similar.Sql(statement, own, other, $" and (s.{by.Status.Name} in ({open}) or s.{Entity.RowColumn} >= {lately})", rows);
    }

    // Computed here and not in SQL, so that PostgreSQL prunes partitions before it plans anything else.
    private string Key(StatementBuilder statement, string name, Func<RootValues, long> ms) => statement.Parameter(
        name, values => StatementBuilder.Bigint(by.Access.Created!.KeyOfMs(values.Moment.ToUnixTimeMilliseconds() + ms(values))));

    /// <summary>SQL of the group's key.</summary>
    public string GroupSql(StatementBuilder statement)
    {
        string name = statement.Parameter("group", values => StatementBuilder.Text(draft.GroupOf(values.Variables)));
        return $"select g.{by.Groups.RowColumn} from {by.Groups.Table} g "
            + $"where g.{by.Groups.TenantColumn} = {statement.Tenant()} and g.{by.GroupName.Name} = {name}";
    }
}
