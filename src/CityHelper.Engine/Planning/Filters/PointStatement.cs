using CityHelper.Engine.Space;

namespace CityHelper.Engine.Planning.Filters;

/// <summary>
/// Tests points against an area as the queries test rows, and returns the numbers of those that lie in it, from 1 on. For what memory
/// cannot decide: the rim of a circle.
/// </summary>
internal static class PointStatement
{
    /// <summary>The statement for a kind of area. Its values are the area and <see cref="RootValues.TestedPoints"/>.</summary>
    public static CompiledStatement Of(AreaKind kind)
    {
        var statement = new StatementBuilder(Connections.AccessPath.Only);
        string x = statement.Parameter("x", static values => StatementBuilder.Doubles(values.TestedPoints.X));
        string y = statement.Parameter("y", static values => StatementBuilder.Doubles(values.TestedPoints.Y));
        string test = AreaTest.Of(kind, "point", statement).For("r");
        return new CompiledStatement(
            $"select r.number from (select p.number, st_setsrid(st_makepoint(p.x, p.y), 4326) as point "
                + $"from unnest({x}, {y}) with ordinality p(x, y, number)) r where {test}",
            statement.Sources);
    }
}
