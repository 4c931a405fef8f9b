using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Schema.Bindings;

namespace CityHelper.Engine.Planning;

/// <summary>The rows whose areas contain the points of another source's rows: one list per point, all in one statement.</summary>
/// <param name="parents">The select that contains the points.</param>
/// <param name="alias">The alias of the points' rows in it.</param>
/// <param name="binding">The columns of points, areas and pieces.</param>
internal sealed class AroundSource(SelectPlan parents, string alias, AroundBinding binding) : RowSource(binding.Target)
{
    /// <summary>The column of the parent's key: whose list a row is in.</summary>
    public const string ParentKey = "parent_key";

    /// <summary>
    /// Degrees (a tenth of a millimetre) within which a piece does not decide. Where an area is cut, the ends of the cut are rounded, and a
    /// border moves by the last bit of its numbers. This near to the edge of a piece the whole area is tested.
    /// </summary>
    private const string NearEdge = "1e-9";

    // Grouped by parent, because the reader splits the rows into groups as they arrive.
    public override string OrderBy(string alias) => $"{alias}.{ParentKey}, {OwnOrder(alias)}";

    public override string Sql(StatementBuilder statement, IReadOnlyCollection<string> columns)
    {
        string[] own = [.. columns.Where(c => c != ParentKey).Union([.. binding.OrderBy.Select(c => c.Name), Entity.RowColumn])];
        string point = $"p.{binding.PointColumn}";
        (PartTable parts, string tenant) = (binding.Parts, statement.Tenant());
        string near = $"s.{Entity.TenantColumn} = {tenant} and s.{Entity.RowColumn}";

        // An array: the pieces' index is searched once per point, and an area appears once even if several of its pieces hold the point.
        return $"""
            select p.{ParentKey}, {Columns("c", own)}
            from ({parents.KeysSql(statement, alias, binding.RowColumn, ParentKey, binding.PointColumn)}) p
            cross join lateral (
              select {Columns("s", own)} from {Entity.Table} s where {near} = any(array(
                select t.{parts.RowColumn} from {parts.Entity.Table} t where t.{parts.Entity.TenantColumn} = {tenant}
                  and st_dwithin(t.{parts.GeometryColumn}, {point}, {NearEdge})
                  and case when st_dwithin(st_boundary(t.{parts.GeometryColumn}), {point}, {NearEdge})
                    then (select st_intersects(a.{binding.AreaColumn}, {point}) from {Entity.Table} a
                      where a.{Entity.TenantColumn} = {tenant} and a.{Entity.RowColumn} = t.{parts.RowColumn})
                    else true end))
              order by {OwnOrder("s")} limit {Limits.AroundRowsMax}) c
            """;
    }

    private string OwnOrder(string alias) =>
        string.Join(
            ", ",
            [.. binding.OrderBy.Select(column => new OrderTerm(column, Descending: false).Sql(alias)), $"{alias}.{Entity.RowColumn}"]);
}
