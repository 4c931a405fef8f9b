using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Planning;

/// <summary>The columns of a statement from which a GeoJSON object is written, and the writers of its members.</summary>
/// <param name="Presence">A column that is null when there is no geometry.</param>
/// <param name="Coordinates">Creates the writer of the coordinates.</param>
/// <param name="Box">Creates the writer of the bounding box.</param>
internal sealed record GeometryColumns(int Presence, Func<ValueWriter> Coordinates, Func<ValueWriter> Box)
{
    /// <summary>Reads nothing: the geometry type and the reference system are known.</summary>
    public static GeometryColumns None { get; } = new(-1, NotRead, NotRead);

    /// <summary>Adds the columns that a geometry needs.</summary>
    public static GeometryColumns Select(SelectPlan select, string alias, EntityMap entity, GeometryBinding binding, InputNode? zoom)
    {
        if (binding.IsPoint)
        {
            // Two numbers, exact as they are stored: half the cost of a text. A point has no outline.
            int longitude = select.Expression(alias, $"st_x({alias}.{binding.Column.Name})", [binding.Column.Name]);
            int latitude = select.Expression(alias, $"st_y({alias}.{binding.Column.Name})", [binding.Column.Name]);
            return new(
                longitude,
                () => new PointPartWriter(PointPart.Coordinates, longitude, latitude),
                () => new PointPartWriter(PointPart.Box, longitude, latitude));
        }

        object key = (alias, binding.Column, zoom);
        int json = select.Expression(
            alias,
            key,
            statement => Sql(statement, alias, entity, binding, zoom),
            zoom is null ? [binding.Column.Name] : [binding.Column.Name, entity.RowColumn]);
        return new(json, () => new GeoJsonPartWriter(GeoJsonPart.Coordinates, json), () => new GeoJsonPartWriter(GeoJsonPart.Box, json));
    }

    // The outline of the next finer zoom; beyond the finest zoom, or where a row has none, the full geometry. Option 1 of st_asgeojson adds
    // the bounding box of the coordinates as they are written.
    private static string Sql(StatementBuilder statement, string alias, EntityMap entity, GeometryBinding binding, InputNode? zoom)
    {
        string shape = $"{alias}.{binding.Column.Name}";
        if (zoom is not null)
        {
            OutlineTable outlines = binding.Outlines!;
            string parameter = statement.Parameter(zoom, values => StatementBuilder.Integer((int)zoom.Evaluate(values.Variables)!));
            shape =
                $"coalesce((select o.{outlines.GeometryColumn} from {outlines.Entity.Table} o "
                + $"where o.{outlines.Entity.TenantColumn} = {statement.Tenant()} "
                + $"and o.{outlines.RowColumn} = {alias}.{entity.RowColumn} and o.{outlines.ZoomColumn} >= {parameter} "
                + $"order by o.{outlines.ZoomColumn} limit 1), {shape})";
        }

        return $"st_asgeojson({shape}, {Limits.CoordinateDecimals}, 1)";
    }

    private static ValueWriter NotRead() => throw new InvalidOperationException("The geometry was not selected.");
}
