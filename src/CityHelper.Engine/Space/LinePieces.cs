using NetTopologySuite.Geometries;

namespace CityHelper.Engine.Space;

/// <summary>
/// Lines cut into pieces that never cross themselves. GEOS nodes all crossings of a line before it tests a point on it: 0.7 s for a
/// grid of 500 lines (measured). A point lies on a line when it lies on a piece.
/// </summary>
internal static class LinePieces
{
    /// <summary>
    /// The distance from lines within which a point is next to them, in degrees, as SQL: a thousand times the rounding error of a distance
    /// on the earth, and a tenth of a millimetre.
    /// </summary>
    public const string NextTo = "1e-9";

    /// <summary>
    /// Whether measuring a point's distance to the lines (15 ns per position) costs less than testing it against the boxes of all pieces
    /// (about 200 ns each).
    /// </summary>
    /// <param name="lines">The lines.</param>
    /// <param name="pieces">The number of their pieces.</param>
    public static bool AreCrowded(Geometry lines, int pieces) =>
        pieces > Limits.LinePiecesUsual && pieces * Limits.CrowdedPieceSegments > lines.NumPoints;

    /// <summary>The pieces: each is monotone in x or y, so it never meets itself.</summary>
    public static IEnumerable<LineString> Of(Geometry lines)
    {
        foreach (LineString line in SegmentSet.LinesOf(lines))
        {
            Coordinate[] positions = CoordinateArrays.RemoveRepeatedPoints(line.Coordinates);
            for (int start = 0; start < positions.Length - 1;)
            {
                int end = EndOf(positions, start);
                yield return line.Factory.CreateLineString(positions[start..(end + 1)]);
                start = end;
            }
        }
    }

    /// <summary>
    /// Long lines in runs of <see cref="Limits.LineRunPositions"/> positions, each with its own box: the distance to the lines is the least
    /// distance to a run. Null for other geometries, and for lines so short that the boxes would cost more than they save.
    /// </summary>
    public static IReadOnlyList<LineString>? RunsOf(Geometry geometry)
    {
        const int Step = Limits.LineRunPositions - 1;
        return geometry.Dimension != Dimension.Curve || geometry.NumPoints < 2 * Limits.LineRunPositions * geometry.NumGeometries ? null :
        [
            .. from line in SegmentSet.LinesOf(geometry)
            let positions = line.Coordinates
            from start in Enumerable.Range(0, Math.Max(1, (positions.Length + Step - 2) / Step)).Select(i => i * Step)
            where positions.Length > 0
            select line.Factory.CreateLineString(positions[start..Math.Min(positions.Length, start + Limits.LineRunPositions)]),
        ];
    }

    /// <summary>
    /// The lines' boundary: the points where an odd number of lines ends (the mod-2 rule of OGC Simple Features, 6.1.5). A point there
    /// intersects the lines and is not within them.
    /// </summary>
    public static IEnumerable<Coordinate> EndsOf(Geometry lines) => SegmentSet.LinesOf(lines)
        .Where(line => !line.IsEmpty)
        .SelectMany(line => new[] { line.GetCoordinateN(0), line.GetCoordinateN(line.NumPoints - 1) })
        .GroupBy(end => (end.X, end.Y))
        .Where(ends => ends.Count() % 2 == 1)
        .Select(ends => ends.First());

    // As long as x or y keeps its direction, up to the largest length of a piece.
    private static int EndOf(Coordinate[] positions, int start)
    {
        int alongX = 0;
        int alongY = 0;
        int last = Math.Min(positions.Length - 1, start + Limits.LinePieceSegmentsMax);
        for (int i = start + 1; i <= last; i++)
        {
            int x = Math.Sign(positions[i].X - positions[i - 1].X);
            int y = Math.Sign(positions[i].Y - positions[i - 1].Y);
            alongX = i == start + 1 ? x : alongX == x ? x : 0;
            alongY = i == start + 1 ? y : alongY == y ? y : 0;
            if (alongX == 0 && alongY == 0)
            {
                return Math.Max(start + 1, i - 1);
            }
        }

        return last;
    }
}
