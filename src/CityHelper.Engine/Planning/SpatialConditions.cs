using CityHelper.Engine.Bindings;
using CityHelper.Engine.Space;
using CityHelper.Engine.Types;
using GraphQL.Types;
using NetTopologySuite.Geometries;

namespace CityHelper.Engine.Planning;

/// <summary>The spatial operations on one geometry column (conventions §7) to SQL. Negations are exact, as those of other leaves.</summary>
/// <param name="statement">Takes the parameters.</param>
/// <param name="leaves">Counts conditions, and compares numbers.</param>
internal sealed class SpatialConditions(StatementBuilder statement, LeafConditions leaves)
{
    /// <summary>One member of the filter of a geometry.</summary>
    /// <param name="column">The geometry's column.</param>
    /// <param name="field">The member: an operation, or a coordinate of a point.</param>
    /// <param name="node">Its value.</param>
    public IEnumerable<Condition> Of(ColumnMap column, FieldType field, InputNode node)
    {
        string row = $"{Condition.Row}.{column.Name}";
        if (field.Name is SpatialFilterInput.X or SpatialFilterInput.Y)
        {
            return Numbers((OperationFilterInput)field.ResolvedType!, node, column, $"st_{field.Name}({row})");
        }

        if (node.IsNull)
        {
            // No geometry to compare with: nothing is said, as with an empty object.
            return [];
        }

        string other = Other(node);
        if (field.Name == SpatialFilterInput.Distance)
        {
            return Numbers((IInputObjectGraphType)field.ResolvedType!, node, column, $"st_distance({row}, {other})");
        }

        leaves.Count();
        bool negated = field.Name.StartsWith('n');
        string test = $"st_{(negated ? field.Name[1..] : field.Name)}({row}, {other})";
        string sql = !negated ? test : column.IsNullable ? $"(not {test} or {row} is null)" : $"not {test}";
        return [new Condition($"case when {sql} then true else false end", [column.Name])];
    }

    // A comparison is of the number that SQL computes, and false for a row without a geometry.
    private List<Condition> Numbers(IInputObjectGraphType input, InputNode node, ColumnMap column, string sql)
    {
        var number = new ColumnMap(column.Name, "double precision", typeof(double?), column.IsNullable);
        return [.. InputNode.MembersOf(input, node)
            .Where(m => m.Field.Name is not (SpatialOperationFilterInput.Geometry or SpatialOperationFilterInput.Buffer))
            .Select(m => leaves.Of(number, m.Field.Name, m.Node, sql))
            .OfType<Condition>()];
    }

    // Grown by PostGIS itself, so that it is the geometry that a person would write.
    private string Other(InputNode node)
    {
        InputNode geometry = ((ObjectNode)node).Members[SpatialOperationFilterInput.Geometry];
        statement.Check(run => Check((Geometry)geometry.Evaluate(run.Variables)!));
        string parameter = statement.Parameter((geometry.Identity, "geometry"), run => StatementBuilder.Geometry((Geometry)geometry.Evaluate(run.Variables)!));
        if (BufferOf(node) is not { } buffer)
        {
            return parameter;
        }

        statement.Check(run => Math.Abs((double)buffer.Evaluate(run.Variables)!) <= Limits.AreaDegreesMax
            ? null
            : new GeometryInvalidError($"The buffer is larger than {Limits.AreaDegreesMax} degrees: send a smaller one; it is in degrees, not metres."));
        return $"st_buffer({parameter}, {statement.Parameter((buffer, "buffer"), run => StatementBuilder.Double((double)buffer.Evaluate(run.Variables)!))})";
    }

    private static RequestError? Check(Geometry geometry) => geometry is GeometryCollection and not (MultiPoint or MultiLineString or MultiPolygon)
        ? new GeometryInvalidError("A GeometryCollection cannot be compared with: send its parts as conditions of their own.")
        : Validity.Of(geometry) is { } fault ? new GeometryInvalidError(fault) : null;

    internal static InputNode? BufferOf(InputNode node) =>
        ((ObjectNode)node).Members.TryGetValue(SpatialOperationFilterInput.Buffer, out InputNode? buffer) && !buffer.IsNull ? buffer : null;
}
