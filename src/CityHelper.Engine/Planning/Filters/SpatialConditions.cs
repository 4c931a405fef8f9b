using CityHelper.Engine.Documents;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;
using GraphQL.Types;
using NetTopologySuite.Geometries;

namespace CityHelper.Engine.Planning.Filters;

/// <summary>Compiles the operations of HotChocolate's spatial filtering on one geometry column into SQL. Negations are exact.</summary>
/// <param name="statement">Collects the parameters.</param>
/// <param name="leaves">Counts conditions, and compares numbers.</param>
/// <param name="shapes">The directory of the areas, for a column of areas.</param>
internal sealed class SpatialConditions(StatementBuilder statement, LeafConditions leaves, IAreaDirectory? shapes)
{
    /// <summary>One member of the filter of a geometry.</summary>
    /// <param name="binding">The geometry's column.</param>
    /// <param name="field">The member: an operation, or a coordinate of a point.</param>
    /// <param name="node">Its value.</param>
    public IEnumerable<Condition> Of(GeometryBinding binding, FieldType field, InputNode node)
    {
        ColumnMap column = binding.Column;
        string row = $"{Condition.Row}.{column.Name}";
        if (field.Name is SpatialFilterInput.X or SpatialFilterInput.Y)
        {
            return Numbers((OperationFilterInput)field.ResolvedType!, node, column, $"st_{field.Name}({row})");
        }

        if (node.IsNull)
        {
            // Without a geometry to compare with nothing is restricted, as with an empty object.
            return [];
        }

        bool isNegated = field.Name.StartsWith('n');
        string operation = isNegated ? field.Name[1..] : field.Name;
        var other = new SpatialOperand(node);
        bool isDistance = operation == SpatialFilterInput.Distance;
        int times = isDistance ? SpatialOperand.Computations((IInputObjectGraphType)field.ResolvedType!, node) : 1;
        Check(binding, operation, other, times);
        if (isDistance)
        {
            string distance = binding.IsPoint
                ? new PointConditions(statement, row, other).DistanceSql
                : new AreaConditions(statement, row, other).DistanceSql;
            return Numbers((IInputObjectGraphType)field.ResolvedType!, node, column, distance);
        }

        leaves.Count();
        string test = binding.IsPoint
            ? new PointConditions(statement, row, other).Of(operation) ?? "false"
            : new AreaConditions(statement, row, other).Of(operation);
        return [new Condition($"case when {test} then {(isNegated ? "false else true" : "true else false")} end", [column.Name])];
    }

    // A comparison uses the number that SQL computes, and is false for a row without a geometry. The number may be null in any row: an
    // empty geometry has no distance.
    private List<Condition> Numbers(IInputObjectGraphType input, InputNode node, ColumnMap column, string sql)
    {
        var number = new ColumnMap(column.Name, "double precision", typeof(double?), IsNullable: true);
        return [.. InputNode.MembersOf(input, node)
            .Where(m => m.Field.Name is not (SpatialOperationFilterInput.Geometry or SpatialOperationFilterInput.Buffer))
            .Select(m => leaves.Of(number, m.Field.Name, m.Node, sql))
            .OfType<Condition>()];
    }

    // What is cheap to refuse comes first.
    private void Check(GeometryBinding binding, string operation, SpatialOperand other, int times)
    {
        IAreaDirectory? areas = binding.IsPoint
            ? null
            : shapes
                ?? throw new InvalidOperationException($"{binding.Column.Name}: nobody knows the areas that geometries are compared with.");
        statement.Check(variables => CheckKind(operation, binding.IsPoint, other, variables));
        statement.Compare(new SpatialComparison(operation, other, areas, times));
    }

    private static RequestError? CheckKind(string operation, bool isPoint, SpatialOperand other, VariableValues variables)
    {
        Geometry geometry = other.GeometryOf(variables);
        if (geometry is GeometryCollection and not (MultiPoint or MultiLineString or MultiPolygon))
        {
            return new GeometryInvalidError("A GeometryCollection cannot be compared with: send its parts as conditions of their own.");
        }

        double buffer = other.BufferOf(variables);
        return buffer switch
        {
            _ when Math.Abs(buffer) > Limits.AreaDegreesMax => new GeometryInvalidError(
                $"The buffer is larger than {Limits.AreaDegreesMax} degrees: send a smaller one; it is in degrees, not metres."),
            < 0 when geometry.Dimension != Dimension.Surface => new GeometryInvalidError(
                "A negative buffer shrinks an area: send a Polygon or MultiPolygon with it."),
            < 0 when operation == SpatialFilterInput.Distance => new GeometryInvalidError(
                "The distance to what is shrunk by a negative buffer is not known: send the smaller area instead."),
            < 0 when !isPoint && geometry.NumPoints > Limits.ShrunkPositionsMax => new GeometryTooComplexError(
                $"It has {geometry.NumPoints} positions, and what is compared with areas is shrunk up to {Limits.ShrunkPositionsMax}"),
            > 0 when !isPoint && operation is not ("intersects" or SpatialFilterInput.Distance) => new GeometryInvalidError(
                $"`{operation}` of areas takes no positive buffer: use `intersects` or `distance`, or send the larger geometry."),
            _ => null,
        };
    }
}

/// <summary>A client's geometry that rows are compared with.</summary>
/// <param name="Operation">The operation without negation.</param>
/// <param name="Other">The geometry.</param>
/// <param name="Areas">The directory of the areas that it is compared with; null for points.</param>
/// <param name="Times">How often it is computed per row.</param>
internal sealed record SpatialComparison(string Operation, SpatialOperand Other, IAreaDirectory? Areas, int Times);
