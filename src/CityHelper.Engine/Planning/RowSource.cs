using CityHelper.Engine.Schema.Bindings;

namespace CityHelper.Engine.Planning;

/// <summary>
/// The rows of a statement: bounded and, where it matters, ordered. The SQL is generated with the columns that a field selects, and again
/// with only the key wherever a nested list needs its parents.
/// </summary>
internal abstract class RowSource(EntityMap entity)
{
    public EntityMap Entity { get; } = entity;

    /// <summary>Whether no row appears twice.</summary>
    public virtual bool HasDistinctRows => true;

    /// <summary>Decides what its statements may read.</summary>
    public virtual StatementKind Kind => StatementKind.Page;

    /// <summary>The <c>order by</c> of the rows under an alias; null when there is at most one row.</summary>
    public virtual string? OrderBy(string alias) => null;

    /// <summary>The select that returns the columns under their own names.</summary>
    public abstract string Sql(StatementBuilder statement, IReadOnlyCollection<string> columns);

    protected static string Columns(string alias, IReadOnlyCollection<string> columns) =>
        columns.Count == 0 ? "1 as present" : string.Join(", ", columns.Select(c => $"{alias}.{c}"));
}

/// <summary>One row by a unique column of a table without a tenant column.</summary>
internal sealed class UniqueRowSource(EntityMap entity, string column, InputNode value) : RowSource(entity)
{
    public override string Sql(StatementBuilder statement, IReadOnlyCollection<string> columns)
    {
        string parameter = statement.Parameter(value, values => StatementBuilder.Text((string)value.Evaluate(values.Variables)!));
        return $"select {Columns("s", columns)} from {Entity.Table} s where s.{column} = {parameter}";
    }
}

/// <summary>All rows of a small table.</summary>
internal sealed class AllRowsSource(EntityMap entity, string orderColumn) : RowSource(entity)
{
    public override string OrderBy(string alias) => $"{alias}.{orderColumn}, {alias}.{Entity.RowColumn}";

    public override string Sql(StatementBuilder statement, IReadOnlyCollection<string> columns)
    {
        string[] all = [.. columns.Union([orderColumn, Entity.RowColumn])];
        return $"select {Columns("s", all)} from {Entity.Table} s order by {OrderBy("s")} limit {Limits.ListRowsMax}";
    }
}

/// <summary>Rows by their keys: one, or several in any order.</summary>
internal sealed class RowsByKeySource(EntityMap entity, bool several) : RowSource(entity)
{
    public override string Sql(StatementBuilder statement, IReadOnlyCollection<string> columns)
    {
        string tenant = Entity.TenantColumn is { } column ? $"s.{column} = {statement.Tenant()} and " : "";
        string keys = several
            ? statement.Parameter(nameof(RootValues.RowKeys), static values => StatementBuilder.Bigints(values.RowKeys))
            : statement.Parameter(nameof(RootValues.RowKeys), static values => StatementBuilder.Bigint(values.RowKeys[0]));
        string rows = several ? $"= any({keys})" : $"= {keys}";
        return $"select {Columns("s", columns)} from {Entity.Table} s where {tenant}s.{Entity.RowColumn} {rows}";
    }
}

/// <summary>One row of a tenant by another system's key.</summary>
internal sealed class RowByExternalKeySource(EntityMap entity, ExternalKey external, InputNode value) : RowSource(entity)
{
    // A scalar subquery, so that its value prunes partitions when the statement starts; a join would open them all.
    public override string Sql(StatementBuilder statement, IReadOnlyCollection<string> columns)
    {
        string tenant = statement.Tenant();
        string key = statement.Parameter(value, values => StatementBuilder.Text((string)value.Evaluate(values.Variables)!));
        string row =
            $"(select x.{external.RowColumn} from {external.Table} x "
            + $"where x.{Entity.TenantColumn} = {tenant} and x.{external.KeyColumn} = {key})";
        return $"""
            select {Columns("s", columns)} from {Entity.Table} s where s.{Entity.TenantColumn} = {tenant} and s.{Entity.RowColumn} =
              {row}
            """;
    }
}
