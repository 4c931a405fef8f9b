using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Schema.Bindings;

namespace CityHelper.Engine.Planning;

/// <summary>
/// The rows whose areas hold the points of another source's rows: for each of those a list of its own, all by one statement.
/// </summary>
/// <param name="parents">The select that the points stand in.</param>
/// <param name="alias">The alias of the points' rows within it.</param>
/// <param name="binding">Points, areas and pieces.</param>
internal sealed class AroundSource(SelectPlan parents, string alias, AroundBinding binding) : RowSource(binding.Target)
{
    /// <summary>The column that tells whose list a row is in.</summary>
    public const string ParentKey = "parent_key";

    /// <summary>
    /// Degrees (a tenth of a millimetre) within which a piece does not decide: where areas are cut, the cut's ends are rounded, and a
    /// border moves by the last bit of its numbers. So near to a piece's edge the whole area is asked.
    /// </summary>
    private const string NearEdge = "1e-9";

    // Parents together, because the reader cuts the rows into groups as they come.
    public override string OrderBy(string alias) => $"{alias}.{ParentKey}, {OwnOrder(alias)}";

    public override string Sql(StatementBuilder statement, IReadOnlyCollection<string> columns)
    {
        string[] own = [.. columns.Where(c => c != ParentKey).Union([.. binding.OrderBy.Select(c => c.Name), Entity.RowColumn])];
        string point = $"p.{binding.PointColumn}";
        (PartTable parts, string partition) = (binding.Parts, statement.Partition());

        // An array, so that the pieces' index is asked once per point, and each area comes once however many of its pieces hold the point.
        return $"""
            select p.{ParentKey}, {Columns("c", own)}
            from ({parents.KeysSql(statement, alias, binding.RowColumn, ParentKey, binding.PointColumn)}) p
            cross join lateral (
              select {Columns("s", own)} from {Entity.Table} s where s.{Entity.PartitionColumn} = {partition} and s.{Entity.RowColumn} = any(array(
                select t.{parts.RowColumn} from {parts.Entity.Table} t where t.{parts.Entity.PartitionColumn} = {partition}
                  and st_dwithin(t.{parts.GeometryColumn}, {point}, {NearEdge})
                  and case when st_dwithin(st_boundary(t.{parts.GeometryColumn}), {point}, {NearEdge})
                    then (select st_intersects(a.{binding.AreaColumn}, {point}) from {Entity.Table} a
                      where a.{Entity.PartitionColumn} = {partition} and a.{Entity.RowColumn} = t.{parts.RowColumn})
                    else true end))
              order by {OwnOrder("s")} limit {Limits.AroundRowsMax}) c
            """;
    }

    private string OwnOrder(string alias) =>
        string.Join(", ", [.. binding.OrderBy.Select(column => new OrderTerm(column, Descending: false).Sql(alias)), $"{alias}.{Entity.RowColumn}"]);
}
