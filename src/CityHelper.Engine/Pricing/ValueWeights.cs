using CityHelper.Engine.Operations;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Types;
using GraphQL.Types;

namespace CityHelper.Engine.Pricing;

/// <summary>What the size of a value weighs. The schema cannot say it: <c>@cost</c> is a number for a place, not for what stands there.</summary>
/// <remarks>Measured by <c>eng/bench cost</c> over 50,000 requests; the table is in docs/performance.md.</remarks>
internal static class ValueWeights
{
    /// <summary>An item of a list of values: it is sent, planned with, and looked up once for each index or row.</summary>
    public const double ListItem = 0.1;

    /// <summary>A position of the polygon of an area: points are held against it by an index of its edges, in the logarithm of their number.</summary>
    public const double AreaPosition = 0.05;

    /// <summary>A position of a polygon that points are held against, as <see cref="AreaPosition"/>.</summary>
    private const double PolygonPosition = 0.05;

    /// <summary>A position of a line: its pieces' boxes are looked at for each row.</summary>
    private const double LinePosition = 0.3;

    /// <summary>A position of what a distance is computed to, or that is grown or shrunk: each row is measured to each of them.</summary>
    private const double MeasuredPosition = 0.3;

    /// <summary>A position of a MultiPoint, which a point is looked up in.</summary>
    private const double PointPosition = 0.05;

    /// <summary>A position of what areas are compared with: the boundaries of a city are few, and have thousands of positions each.</summary>
    private const double AreaRelationPosition = 0.3;

    /// <summary>What the geometry of a condition weighs.</summary>
    /// <param name="operation">The operation's input.</param>
    /// <param name="node">Its value.</param>
    /// <param name="ofPoints">Whether points are compared; areas otherwise.</param>
    public static Func<VariableValues, double> OfOperand(SpatialOperationFilterInput operation, InputNode node, bool ofPoints)
    {
        var other = new SpatialOperand(node);
        double times = Computations(node, operation);
        return variables => other.GeometryOf(variables).NumPoints * times * (!ofPoints ? AreaRelationPosition
            : operation.IsDistance ? MeasuredPosition
            : other.KindOf(variables) switch
            {
                OperandKind.Surface => PolygonPosition,
                OperandKind.Points => PointPosition,
                OperandKind.Lines => LinePosition,
                _ => MeasuredPosition,
            });
    }

    // How often a row computes the condition's number: once for each comparison, more where a row without one must be told apart.
    private static double Computations(InputNode node, IInputObjectGraphType input) => Math.Max(1, InputNode.MembersOf(input, node)
        .Where(m => m.Field.Name is not (SpatialOperationFilterInput.Geometry or SpatialOperationFilterInput.Buffer) && !m.Node.IsNull)
        .Sum(m => m.Field.Name is "in" or "nin" ? 3 : m.Field.Name.StartsWith('n') ? 2 : 1));
}
