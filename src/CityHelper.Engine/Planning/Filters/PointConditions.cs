using CityHelper.Engine.Space;

namespace CityHelper.Engine.Planning.Filters;

/// <summary>
/// SQL of the spatial operations on a column of points. No geometry is built, and none of a client's reaches an operation of GEOS that
/// makes nodes of crossings: points are held against polygons by point-in-polygon tests, against lines piece by piece, against points by
/// their coordinates, and against what is grown or shrunk by distances (docs/decisions/0007, docs/attacks.md).
/// </summary>
/// <param name="statement">Takes the parameters.</param>
/// <param name="row">SQL of the row's point.</param>
/// <param name="other">What it is compared with.</param>
internal sealed class PointConditions(StatementBuilder statement, string row, SpatialOperand other)
{
    /// <summary>A test; null for one that no point passes.</summary>
    /// <param name="operation">The operation in its positive form.</param>
    public string? Of(string operation) => operation switch
    {
        "intersects" => ByKind(
            IsAt(p => p.PointsX, p => p.PointsY, "points"), IsOnLines, $"st_intersects({Surface}, {row})", IsWithinReach($"st_dwithin({row}, {Whole}, {Distance})"), FromRings(">=")),
        "within" => ByKind(
            IsAt(p => p.PointsX, p => p.PointsY, "points"),
            $"{IsOnLines} and not {IsAtEnds}",
            $"st_within({row}, {Surface})",
            IsWithinReach($"st_distance({row}, {Whole}) < {Distance}"),
            FromRings(">")),
        "touches" => ByKind(
            null, IsAtEnds, $"st_intersects({Surface}, {row}) and not st_within({row}, {Surface})", IsWithinReach($"st_distance({row}, {Whole}) = {Distance}"), FromRings("=")),

        // A point contains nothing but points at its own place, and overlaps nothing: it has no part that could lie elsewhere.
        "contains" => ByKind(IsAt(p => p.OnlyX, p => p.OnlyY, "only"), null, null, null, null),
        "overlaps" => null,
        _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, "An operation without SQL."),
    };

    /// <summary>SQL of the distance in degrees to the other geometry, 0 within what is grown; null without a point.</summary>
    public string DistanceSql => !other.HasBuffer
        ? $"st_distance({row}, {Whole})"
        : $"case when {row} is null or {Distance} is null then null else greatest(0, st_distance({row}, {Whole}) - {Distance}) end";

    private string Surface => other.Part(statement, "surface", p => p.Surface);

    private string Whole => other.Whole(statement);

    private string Distance => other.Distance(statement);

    // Each piece has a box, which PostGIS looks at first. Of lines that turn back and forth many boxes hold a point, so only what is next
    // to such lines looks for its piece.
    private string IsOnLines =>
        $"coalesce(st_dwithin({row}, {other.Part(statement, "crowded", p => p.Crowded)}, {LinePieces.NextTo}), true) "
        + $"and exists (select from unnest({other.Part(statement, "pieces", p => p.Pieces)}) l where st_intersects(l, {row}))";

    private string IsAtEnds => IsAt(p => p.EndsX, p => p.EndsY, "ends");

    // A hash table of the places: one look for each row, however many there are.
    private string IsAt(Func<OperandParts, Npgsql.NpgsqlParameter> longitudes, Func<OperandParts, Npgsql.NpgsqlParameter> latitudes, string name) =>
        $"(st_x({row}), st_y({row})) in (select p.x, p.y from unnest({other.Part(statement, name + "X", longitudes)}, {other.Part(statement, name + "Y", latitudes)}) p(x, y))";

    // A distance takes all positions of the geometry, so only what may be near is measured.
    private string IsWithinReach(string test) =>
        $"st_x({row}) between {other.Edge(statement, "west", e => e.MinX)} and {other.Edge(statement, "east", e => e.MaxX)} "
        + $"and st_y({row}) between {other.Edge(statement, "south", e => e.MinY)} and {other.Edge(statement, "north", e => e.MaxY)} and {test}";

    // What is left of an area when it is shrunk lies in it, at least so far from its edge.
    private string FromRings(string comparison) =>
        $"st_intersects({Surface}, {row}) and st_distance({row}, {other.Part(statement, "rings", p => p.Rings)}) {comparison} {Distance}";

    private string ByKind(string? points, string? lines, string? surface, string? grown, string? shrunk)
    {
        (OperandKind Kind, string? Test)[] branches =
        [
            (OperandKind.Points, points), (OperandKind.Lines, lines), (OperandKind.Surface, surface),
            .. other.HasBuffer ? new[] { (OperandKind.Grown, grown), (OperandKind.Shrunk, shrunk) } : [],
        ];
        return $"case {other.Kind(statement)}{string.Concat(branches.Where(b => b.Test is not null).Select(b => $" when {(int)b.Kind} then {b.Test}"))} else false end";
    }
}
