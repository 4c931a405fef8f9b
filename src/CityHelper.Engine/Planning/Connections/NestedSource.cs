using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema.Bindings;

namespace CityHelper.Engine.Planning.Connections;

/// <summary>What the plan knows of a nested list.</summary>
/// <param name="Number">Its number in the root's plan.</param>
/// <param name="Parents">The select that contains the parents' rows.</param>
/// <param name="ParentAlias">The alias of the parents in it.</param>
/// <param name="ParentColumn">The parents' column that the rows reference.</param>
/// <param name="Target">The rows' table.</param>
/// <param name="ChildColumn">The rows' column that references it.</param>
/// <param name="Connection">For a connection: its filter and order.</param>
/// <param name="Descending">Whether each parent's rows are read newest first.</param>
internal sealed record NestedQuestion(
    int Number,
    SelectPlan Parents,
    string ParentAlias,
    string ParentColumn,
    EntityMap Target,
    string ChildColumn,
    ConnectionQuestion? Connection,
    bool Descending);

/// <summary>The rows that reference each row of another source: one page per parent, all in one statement.</summary>
internal sealed class NestedSource(NestedQuestion question) : RowSource(question.Target)
{
    /// <summary>The column of the parent's key.</summary>
    public const string ParentKey = "parent_key";

    // Grouped by parent, because the reader splits the rows into groups as they arrive. A list shows its newest rows, oldest first.
    public override string OrderBy(string alias) =>
        $"{alias}.{ParentKey}, {alias}.{Entity.RowColumn}{(question.Connection is not null && question.Descending ? " desc" : "")}";

    public override string Sql(StatementBuilder statement, IReadOnlyCollection<string> columns)
    {
        string[] own = [.. columns.Where(c => c != ParentKey).Union([Entity.RowColumn])];

        // A connection reads one row more, unless its rows are only the parents of others.
        int probe = question.Connection is not null && statement.Reads == this ? 1 : 0;
        string rows = statement.Parameter(
            ("rows", question.Number), values => StatementBuilder.Integer(values.Nested[question.Number]!.PageRows + probe));
        string order = $"order by s.{Entity.RowColumn} {(question.Descending ? "desc" : "asc")} limit {rows}";
        string conditions = Conditions(statement, ConnectionPart.Page);
        string page = IsFilteredInIndex(statement)
            ? $"""
                select {Columns("c", own)} from (select s.{Entity.RowColumn} from {Children(statement)}{conditions} {order}) k
                cross join lateral (select {Columns("s", own)} from {Entity.Table} s
                  where s.{Entity.TenantColumn} = {statement.Tenant()} and s.{Entity.RowColumn} = k.{Entity.RowColumn} offset 0) c
              """
            : $"  select {Columns("s", own)} from {Children(statement)}{conditions}\n  {order}";
        return $"""
            select p.{ParentKey}, {Columns("c", own)}
            from ({Parents(statement)}) p
            cross join lateral (
            {page}) c
            """;
    }

    /// <summary>The exact number of each parent's rows, regardless of page and cursors.</summary>
    public string CountSql(StatementBuilder statement) => $"""
        select p.{ParentKey}, (select count(*) from {Children(statement)}{Filter(statement)})
        from ({Parents(statement)}) p
        """;

    /// <summary>Whether each parent has rows in a part of its list outside the page.</summary>
    public string ExistsSql(StatementBuilder statement, ConnectionPart part) => $"""
        select p.{ParentKey}, exists (select from {Children(statement)}{Conditions(statement, part)})
        from ({Parents(statement)}) p
        """;

    private string Parents(StatementBuilder statement) =>
        question.Parents.KeysSql(statement, question.ParentAlias, question.ParentColumn, ParentKey);

    // Keys first, where the index on the parents' column includes all filtered columns: only rows that pass are read.
    private bool IsFilteredInIndex(StatementBuilder statement) =>
        question.Connection is { Filter: not null } connection
        && connection.Rows.Access.Values.FirstOrDefault(v => v.Column == question.ChildColumn) is { } index
        && Filters(statement).SelectMany(c => c.Columns).All(column => column == Entity.RowColumn || index.Included.Contains(column));

    private string Children(StatementBuilder statement) =>
        $"{Entity.Table} s where s.{Entity.TenantColumn} = {statement.Tenant()} and s.{question.ChildColumn} = p.{ParentKey}";

    private string Conditions(StatementBuilder statement, ConnectionPart part)
    {
        if (question.Connection is null)
        {
            return "";
        }

        string low = statement.Parameter(
            ("low", question.Number, part), values => StatementBuilder.Bigint(values.Nested[question.Number]!.Keys!.Of(part).Low));
        string high = statement.Parameter(
            ("high", question.Number, part), values => StatementBuilder.Bigint(values.Nested[question.Number]!.Keys!.Of(part).High));
        return $" and s.{Entity.RowColumn} >= {low} and s.{Entity.RowColumn} < {high}{Filter(statement)}";
    }

    private string Filter(StatementBuilder statement) => Condition.And(Filters(statement), "s");

    private List<Condition> Filters(StatementBuilder statement)
    {
        ConnectionRows rows = question.Connection!.Rows;
        return new FilterCompiler(statement, rows.Access).Compile(rows.Filter, question.Connection.Filter);
    }
}
