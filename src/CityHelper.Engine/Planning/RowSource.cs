using CityHelper.Engine.Schema.Bindings;

namespace CityHelper.Engine.Planning;

/// <summary>
/// The rows of a statement: bounded and, where it matters, ordered. Written once with the columns a field selects, and again with
/// only the key wherever a nested list needs to know its parents.
/// </summary>
internal abstract class RowSource(EntityMap entity)
{
    public EntityMap Entity { get; } = entity;

    /// <summary>Whether no row comes twice.</summary>
    public virtual bool HasDistinctRows => true;

    /// <summary>What its statements may read is judged by this.</summary>
    public virtual StatementKind Kind => StatementKind.Page;

    /// <summary>The <c>order by</c> of the rows under an alias, or null when there is at most one.</summary>
    public virtual string? OrderBy(string alias) => null;

    /// <summary>The select that gives the columns, under their own names.</summary>
    public abstract string Sql(StatementBuilder statement, IReadOnlyCollection<string> columns);

    protected static string Columns(string alias, IReadOnlyCollection<string> columns) =>
        columns.Count == 0 ? "1 as present" : string.Join(", ", columns.Select(c => $"{alias}.{c}"));
}

/// <summary>One row by a unique column of a table without partitions.</summary>
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
        string partition = Entity.PartitionColumn is { } column ? $"s.{column} = {statement.Partition()} and " : "";
        string rows = several
            ? $"= any({statement.Parameter(nameof(RootValues.RowKeys), static values => StatementBuilder.Typed(NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Bigint, values.RowKeys))})"
            : $"= {statement.Parameter(nameof(RootValues.RowKeys), static values => StatementBuilder.Bigint(values.RowKeys[0]))}";
        return $"select {Columns("s", columns)} from {Entity.Table} s where {partition}s.{Entity.RowColumn} {rows}";
    }
}

/// <summary>One row of a partition by another system's key.</summary>
internal sealed class RowByExternalKeySource(EntityMap entity, ExternalKey external, InputNode value) : RowSource(entity)
{
    // A scalar subquery, so that the partition's leaf is pruned by its value when the statement starts; a join would open them all.
    public override string Sql(StatementBuilder statement, IReadOnlyCollection<string> columns)
    {
        string partition = statement.Partition();
        string key = statement.Parameter(value, values => StatementBuilder.Text((string)value.Evaluate(values.Variables)!));
        return $"""
            select {Columns("s", columns)} from {Entity.Table} s where s.{Entity.PartitionColumn} = {partition} and s.{Entity.RowColumn} =
              (select x.{external.RowColumn} from {external.Table} x where x.{Entity.PartitionColumn} = {partition} and x.{external.KeyColumn} = {key})
            """;
    }
}
