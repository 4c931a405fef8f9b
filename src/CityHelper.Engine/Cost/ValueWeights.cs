using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Space;
using NetTopologySuite.Geometries;

namespace CityHelper.Engine.Cost;

/// <summary>
/// What the size of a value weighs. The schema cannot say it: <c>@cost</c> is a number for a place, not for what stands there.
/// </summary>
/// <remarks>Measured by <c>eng/bench cost</c> over 50,000 requests; the table is in docs/performance.md.</remarks>
internal static class ValueWeights
{
    /// <summary>An item of a list of values: it is sent, planned with, and looked up once for each index or row.</summary>
    public const double ListItem = 0.2;

    /// <summary>An alternative of an <c>or</c>: a list may make it a select of its own, planned over every leaf.</summary>
    public const double Alternative = 10;

    /// <summary>
    /// An area, whatever its size: a select for each of its cells is planned over every leaf, and rows are held against its edges.
    /// </summary>
    private const double Area = 50;

    /// <summary>What an area as large as a city weighs more: it has all rows in it.</summary>
    private const double LargeArea = 50;

    /// <summary>An area that is stored: neither its size nor its positions are known until it is read.</summary>
    public const double StoredArea = Area + 75;

    /// <summary>What a polygon of that size weighs more: rows are held against its edges.</summary>
    private const double LargePolygon = 100;

    /// <summary>What a circle of that size weighs more: rows are measured on the spheroid, in two microseconds each.</summary>
    private const double LargeCircle = 160;

    /// <summary>As large as a city, in degrees.</summary>
    private const double LargeDegrees = 0.5;

    /// <summary>
    /// A position of the polygon of an area: points are held against it by an index of its edges, in the logarithm of their number.
    /// </summary>
    private const double AreaPosition = 0.02;

    /// <summary>A position of a polygon that points are held against.</summary>
    private const double PolygonPosition = 0.05;

    /// <summary>
    /// An edge of a polygon at the height that has the most of them: PostGIS collects those at a row's height in some 140 nanoseconds each
    /// (1.8 s for 48,600 rows and 270 edges). Real outlines have up to 55 (New York's); a page reads some hundred rows, a filter a few
    /// thousand.
    /// </summary>
    private const double EdgeAtOneHeight = 2;

    /// <summary>The same where all rows of a city are counted, of which each is held against the edges at its height.</summary>
    private const double EdgeOfAllRows = 50;

    /// <summary>Edges at one height that weigh nothing more than the area's extent: they take what a circle takes for each row.</summary>
    private const int UsualEdges = 16;

    /// <summary>A line, whatever its length: its pieces are gone through for each row.</summary>
    private const double Line = 30;

    /// <summary>A position of a line: the box of each piece is looked at.</summary>
    private const double LinePosition = 0.3;

    /// <summary>A position of what a distance is computed to, or that is grown or shrunk: each row is measured to each of them.</summary>
    private const double MeasuredPosition = 0.3;

    /// <summary>
    /// A part of what is measured to, such as a point of a MultiPoint: 40 nanoseconds for each row, a position of a line 10.
    /// </summary>
    private const double MeasuredPart = 0.4;

    /// <summary>A position of a MultiPoint, which a point is looked up in.</summary>
    private const double PointPosition = 0.05;

    /// <summary>
    /// A position of what areas are compared with: the boundaries of a city are few, and have thousands of positions each.
    /// </summary>
    private const double RelatedPosition = 0.12;

    /// <summary>A position of what the distance of areas is computed to. Pairs with positions of areas are counted beside it.</summary>
    private const double MeasuredAreaPosition = 0.2;

    /// <summary>A part of what the distance of areas is computed to: each is held against each part of each area.</summary>
    private const double MeasuredAreaPart = 8;

    private const double MetresPerDegree = 111_000;

    /// <summary>
    /// Two segments with a point in common, of a geometry or of it and an area, for each area that it meets: GEOS makes nodes of them in 3
    /// to 10 microseconds. Simplified Queens against New York's areas has 9,100, and must fit a cost of 1,000.
    /// </summary>
    private const double Contact = 0.035;

    /// <summary>Two segments whose boxes overlap, likewise: 0.3 microseconds.</summary>
    private const double OverlappingBoxes = 0.001;

    /// <summary>Two monotone chains whose ranges of x overlap, likewise: 27 nanoseconds, three times over.</summary>
    private const double OverlappingChains = 0.0003;

    /// <summary>
    /// A position of a geometry and one of an area that it is measured to: 8.5 nanoseconds between areas of a city, 25 between long edges
    /// that cross.
    /// </summary>
    public const double MeasuredPair = 0.00012;

    /// <summary>
    /// A position, or a place where a geometry crosses itself, that is looked up in an area, and a position of that: 12 to 17 nanoseconds.
    /// </summary>
    public const double HeldPair = 0.0001;

    /// <summary>What the comparison of a geometry with all areas that it meets weighs beside its positions.</summary>
    /// <param name="pairs">What was counted of all of them.</param>
    public static double OfPairs(SegmentPairs pairs) => pairs.Contacts * Contact + pairs.Boxes * OverlappingBoxes + pairs.Chains * OverlappingChains;

    /// <summary>What a polygon weighs beside its extent and positions where the rows in it are counted.</summary>
    /// <param name="polygon">What was sent.</param>
    /// <param name="share">The share of the city's rows that are held against it, by the estimate: from 0 to 1.</param>
    public static double OfRowsHeldAgainst(Geometry polygon, double share) =>
        Math.Max(0, EdgeHeights.MostOf(polygon) - UsualEdges) * share * EdgeOfAllRows;

    /// <summary>What an area weighs.</summary>
    /// <param name="area">The value of an <see cref="AreaInput"/>.</param>
    public static double OfArea(Dictionary<string, object?> area) => area.Values.FirstOrDefault(value => value is not null) switch
    {
        Dictionary<string, object?> circle when area.ContainsKey(AreaInput.Circle) =>
            Area + LargeCircle * Share(2 * Number(circle, "metres") / MetresPerDegree),
        Dictionary<string, object?> viewport =>
            Area + LargeArea * Share(Math.Max(Number(viewport, "east") - Number(viewport, "west"), Number(viewport, "north") - Number(viewport, "south"))),
        Geometry polygon => Area + LargePolygon * Share(Math.Max(polygon.EnvelopeInternal.Width, polygon.EnvelopeInternal.Height)) + polygon.NumPoints * AreaPosition
            + EdgeHeights.MostOf(polygon) * EdgeAtOneHeight,
        _ => StoredArea,
    };

    /// <summary>What the geometry of a condition weighs.</summary>
    /// <param name="operation">The operation's input.</param>
    /// <param name="node">Its value.</param>
    /// <param name="ofPoints">Whether points are compared; areas otherwise.</param>
    public static Func<VariableValues, double> OfOperand(SpatialOperationFilterInput operation, InputNode node, bool ofPoints)
    {
        var other = new SpatialOperand(node);
        double times = SpatialOperand.Computations(operation, node);
        return variables =>
        {
            OperandKind kind = other.KindOf(variables);
            bool isMeasured = operation.IsDistance || kind is OperandKind.Grown or OperandKind.Shrunk;
            double position = (ofPoints, isMeasured) switch
            {
                (true, true) => MeasuredPosition,
                (false, true) => MeasuredAreaPosition,
                (false, false) => RelatedPosition,
                _ => kind == OperandKind.Lines ? LinePosition : kind == OperandKind.Points ? PointPosition : PolygonPosition,
            };
            Geometry geometry = other.GeometryOf(variables);
            return times * (geometry.NumPoints * position + Whole(geometry, kind, ofPoints, isMeasured));
        };
    }

    private static double Whole(Geometry geometry, OperandKind kind, bool ofPoints, bool isMeasured) => (isMeasured, ofPoints, kind) switch
    {
        (true, true, OperandKind.Shrunk) => geometry.NumGeometries * MeasuredPart + EdgeHeights.MostOf(geometry) * EdgeAtOneHeight,
        (true, _, _) => geometry.NumGeometries * (ofPoints ? MeasuredPart : MeasuredAreaPart),
        (false, true, OperandKind.Lines) => Line,
        (false, true, OperandKind.Surface) => EdgeHeights.MostOf(geometry) * EdgeAtOneHeight,
        _ => 0,
    };

    // Numbers that are no area are refused later: none of them makes it cheaper.
    private static double Share(double degrees) => degrees >= 0 ? Math.Min(1, degrees / LargeDegrees) : 1;

    private static double Number(Dictionary<string, object?> members, string name) => members.TryGetValue(name, out object? value) && value is double number ? number : double.NaN;
}
