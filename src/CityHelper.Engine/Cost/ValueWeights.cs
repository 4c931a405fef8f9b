using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Space;
using NetTopologySuite.Geometries;

namespace CityHelper.Engine.Cost;

/// <summary>Weights by the size of a value. The schema cannot state them: <c>@cost</c> weighs an argument, not its value.</summary>
/// <remarks>Measured by <c>eng/bench cost</c> over 50,000 requests; the table is in docs/performance.md.</remarks>
internal static class ValueWeights
{
    /// <summary>An item of a list of values: it is sent, takes part in planning, and is looked up once for each index or row.</summary>
    public const double ListItem = 0.2;

    /// <summary>An alternative of an <c>or</c>: a list may turn it into a separate select, planned over every partition.</summary>
    public const double Alternative = 10;

    /// <summary>
    /// An area of any size: there is a select for each of its cells, planned over every partition, and rows are tested against its edges.
    /// </summary>
    private const double Area = 50;

    /// <summary>Extra weight of an area as large as a city: all rows lie in it.</summary>
    private const double LargeArea = 50;

    /// <summary>A stored area: its size and positions are unknown until it is read.</summary>
    public const double StoredArea = Area + 75;

    /// <summary>Extra weight of a polygon of that size: rows are tested against its edges.</summary>
    private const double LargePolygon = 100;

    /// <summary>Extra weight of a circle of that size: the distance of each row on the spheroid takes two microseconds.</summary>
    private const double LargeCircle = 160;

    /// <summary>The size of a city, in degrees.</summary>
    private const double LargeDegrees = 0.5;

    /// <summary>A position of an area's polygon: points are tested with an index of its edges, in logarithmic time.</summary>
    private const double AreaPosition = 0.02;

    /// <summary>A position of a polygon that points are tested against.</summary>
    private const double PolygonPosition = 0.05;

    /// <summary>
    /// An edge of a polygon, counted at the latitude that crosses the most edges: for each row, PostGIS collects the edges at its latitude
    /// in some 140 nanoseconds each (1.8 s for 48,600 rows and 270 edges). Real outlines have up to 55 (New York's); a page reads some
    /// hundred rows, a filter a few thousand.
    /// </summary>
    private const double EdgeAtOneHeight = 2;

    /// <summary>The same if all rows of a city are counted: each is tested against the edges at its latitude.</summary>
    private const double EdgeOfAllRows = 50;

    /// <summary>Edges at one latitude without extra weight: for each row they take as long as a circle.</summary>
    private const int UsualEdges = 16;

    /// <summary>A line of any length: its pieces are traversed for each row.</summary>
    private const double Line = 30;

    /// <summary>A position of a line: the bounding box of each piece is tested.</summary>
    private const double LinePosition = 0.3;

    /// <summary>A position of a geometry in a distance condition or with a buffer: each row is measured to each position.</summary>
    private const double MeasuredPosition = 0.3;

    /// <summary>
    /// A part of a geometry in a distance condition, such as a point of a MultiPoint: 40 ns for each row; a position of a line takes 10.
    /// </summary>
    private const double MeasuredPart = 0.4;

    /// <summary>A position of a MultiPoint in which a point is looked up.</summary>
    private const double PointPosition = 0.05;

    /// <summary>
    /// A position of a geometry that areas are compared with: a city has few boundaries, with thousands of positions each.
    /// </summary>
    private const double RelatedPosition = 0.12;

    /// <summary>A position of a geometry in a distance condition on areas, in addition to the pairs with their positions.</summary>
    private const double MeasuredAreaPosition = 0.2;

    /// <summary>A part of a geometry in a distance condition on areas: each is compared with each part of each area.</summary>
    private const double MeasuredAreaPart = 8;

    private const double MetresPerDegree = 111_000;

    /// <summary>
    /// A pair of segments with a common point, within a geometry or between it and an area, for each area that it meets: GEOS makes nodes
    /// of it in 3 to 10 microseconds. Simplified Queens against New York's areas has 9,100 pairs, and must fit a cost of 1,000.
    /// </summary>
    private const double Contact = 0.035;

    /// <summary>A pair of segments with overlapping bounding boxes, counted likewise: 0.3 microseconds.</summary>
    private const double OverlappingBoxes = 0.001;

    /// <summary>A pair of monotone chains with overlapping ranges of x, counted likewise: 27 nanoseconds, three times over.</summary>
    private const double OverlappingChains = 0.0003;

    /// <summary>
    /// A pair of positions in a distance condition, of a geometry and of an area: 8.5 nanoseconds between areas of a city, 25 between long
    /// edges that cross.
    /// </summary>
    public const double MeasuredPair = 0.00012;

    /// <summary>
    /// A position or self-intersection that is located in an area, paired with a position of that area: 12 to 17 nanoseconds.
    /// </summary>
    public const double PositionPair = 0.0001;

    /// <summary>The weight of comparing a geometry with all areas that it meets, in addition to that of its positions.</summary>
    /// <param name="pairs">The pairs over all these areas.</param>
    public static double OfPairs(SegmentPairs pairs) =>
        pairs.Contacts * Contact + pairs.Boxes * OverlappingBoxes + pairs.Chains * OverlappingChains;

    /// <summary>The weight of a polygon, in addition to its extent and positions, if the rows in it are counted.</summary>
    /// <param name="polygon">The polygon of the request.</param>
    /// <param name="share">The estimated share of the city's rows that are tested against it, from 0 to 1.</param>
    public static double OfRowsComparedWith(Geometry polygon, double share) =>
        Math.Max(0, EdgeHeights.MostOf(polygon) - UsualEdges) * share * EdgeOfAllRows;

    /// <summary>The weight of an area.</summary>
    /// <param name="area">The value of an <see cref="AreaInput"/>.</param>
    public static double OfArea(Dictionary<string, object?> area) => area.Values.FirstOrDefault(value => value is not null) switch
    {
        Dictionary<string, object?> circle when area.ContainsKey(AreaInput.Circle) =>
            Area + LargeCircle * Share(2 * Number(circle, "metres") / MetresPerDegree),
        Dictionary<string, object?> viewport =>
            Area + LargeArea * Share(Math.Max(Length(viewport, "west", "east"), Length(viewport, "south", "north"))),
        Geometry polygon =>
            Area
            + LargePolygon * Share(Math.Max(polygon.EnvelopeInternal.Width, polygon.EnvelopeInternal.Height))
            + polygon.NumPoints * AreaPosition
            + EdgeHeights.MostOf(polygon) * EdgeAtOneHeight,
        _ => StoredArea,
        };

    /// <summary>The weight of a condition's geometry, as a function of the variables.</summary>
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

    // Numbers that form no area are refused later; they must not lower the cost here.
    private static double Share(double degrees) => degrees >= 0 ? Math.Min(1, degrees / LargeDegrees) : 1;

    private static double Length(Dictionary<string, object?> viewport, string from, string to) =>
        Number(viewport, to) - Number(viewport, from);

    private static double Number(Dictionary<string, object?> members, string name) =>
        members.TryGetValue(name, out object? value) && value is double number ? number : double.NaN;
}
