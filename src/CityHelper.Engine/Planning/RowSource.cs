using CityHelper.Engine.Bindings;
using CityHelper.Engine.Execution;

namespace CityHelper.Engine.Planning;

/// <summary>
/// The rows of a statement: bounded and, where it matters, ordered. Written once with the columns a field selects, and again with
/// only the key wherever a nested list needs to know its parents.
/// </summary>
internal abstract class RowSource(EntityMap entity)
{
    public EntityMap Entity { get; } = entity;

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
        string parameter = statement.Parameter(value, run => StatementBuilder.Text((string)value.Evaluate(run.Variables)!));
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

/// <summary>One row of a partition by its key.</summary>
internal sealed class RowByKeySource(EntityMap entity) : RowSource(entity)
{
    public override string Sql(StatementBuilder statement, IReadOnlyCollection<string> columns)
    {
        string partition = statement.Partition();
        string key = statement.Parameter(nameof(RootRun.RowKey), static run => StatementBuilder.Bigint(run.RowKey));
        return $"select {Columns("s", columns)} from {Entity.Table} s where s.{Entity.PartitionColumn} = {partition} and s.{Entity.RowColumn} = {key}";
    }
}

/// <summary>One row of a partition by another system's key.</summary>
internal sealed class RowByExternalKeySource(EntityMap entity, ExternalKey external, InputNode value) : RowSource(entity)
{
    // A scalar subquery, so that the partition's leaf is pruned by its value when the statement starts; a join would open them all.
    public override string Sql(StatementBuilder statement, IReadOnlyCollection<string> columns)
    {
        string partition = statement.Partition();
        string key = statement.Parameter(value, run => StatementBuilder.Text((string)value.Evaluate(run.Variables)!));
        return $"""
            select {Columns("s", columns)} from {Entity.Table} s where s.{Entity.PartitionColumn} = {partition} and s.{Entity.RowColumn} =
              (select x.{external.RowColumn} from {external.Table} x where x.{Entity.PartitionColumn} = {partition} and x.{external.KeyColumn} = {key})
            """;
    }
}

/// <summary>The newest rows that point at each row of another source.</summary>
internal sealed class ChildSource(RowSource parents, ChildrenBinding binding, ParameterSource limit) : RowSource(binding.Target)
{
    /// <summary>The column that tells whose child a row is.</summary>
    public const string ParentKey = "parent_key";

    // Parents together, because the reader cuts the rows into groups as they come; oldest first within one.
    public override string OrderBy(string alias) => $"{alias}.{ParentKey}, {alias}.{Entity.RowColumn}";

    public override string Sql(StatementBuilder statement, IReadOnlyCollection<string> columns)
    {
        string[] own = [.. columns.Where(c => c != ParentKey).Union([Entity.RowColumn])];
        string parentSql = parents.Sql(statement, [binding.ParentColumn]);
        string rows = statement.Parameter(binding, limit);
        return $"""
            select p.{binding.ParentColumn} as {ParentKey}, {Columns("c", own)}
            from ({parentSql}) p
            cross join lateral (
              select {Columns("s", own)} from {Entity.Table} s
              where s.{Entity.PartitionColumn} = {statement.Partition()} and s.{binding.ChildColumn} = p.{binding.ParentColumn}
              order by s.{Entity.RowColumn} desc limit {rows}) c
            """;
    }
}
