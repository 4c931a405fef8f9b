using CityHelper.Engine.Space;

namespace CityHelper.Engine.Planning.Filters;

/// <summary>Whether a row lies in a request's area: the exact rule, edges included. The cells only narrow the search.</summary>
/// <remarks>
/// CASE, because PostgreSQL estimates that one row in two passes it. For four comparisons of unknown selectivity it would estimate one row
/// in ten thousand. It would then read and sort whole cells instead of stopping at the first page (6,900 buffers instead of 110).
/// </remarks>
internal static class AreaTest
{
    /// <summary>The condition on a point column.</summary>
    public static Condition Of(AreaKind kind, string point, StatementBuilder statement)
    {
        string row = $"{Condition.Row}.{point}";
        string test = kind switch
        {
            AreaKind.Viewport => InBox(row, statement),

            // On the spheroid, and only for rows in the box: a geodesic costs as much as ten comparisons.
            AreaKind.Circle => $"{InBox(row, statement)} and st_dwithin({row}::geography, "
                + $"st_setsrid(st_makepoint({Number(statement, "longitude", a => ((CircleArea)a).Longitude)}, "
                + $"{Number(statement, "latitude", a => ((CircleArea)a).Latitude)}), 4326)::geography, "
                + $"{Number(statement, "metres", a => ((CircleArea)a).Metres)})",
            _ => $"{InBox(row, statement)} and st_intersects({Surface(statement)}, {row})",
        };
        return new Condition($"case when {test} then true else false end", [point]);
    }

    // Compares the coordinates themselves; && would compare boxes that are rounded to four-byte floats.
    private static string InBox(string row, StatementBuilder statement) =>
        $"st_x({row}) between {Number(statement, "west", a => a.Box.West)} and {Number(statement, "east", a => a.Box.East)} "
        + $"and st_y({row}) between {Number(statement, "south", a => a.Box.South)} and {Number(statement, "north", a => a.Box.North)}";

    private static string Surface(StatementBuilder statement) =>
        statement.Parameter("surface", values => StatementBuilder.Geometry(((SurfaceArea)values.Area!).Geometry));

    private static string Number(StatementBuilder statement, string name, Func<Area, double> number) =>
        statement.Parameter(("area", name), values => StatementBuilder.Double(number(values.Area!)));
}
