using CityHelper.Engine.Space;

namespace CityHelper.Engine.Planning.Filters;

/// <summary>
/// SQL of the spatial operations on a column of points. It builds no geometry, and passes no client geometry to a GEOS operation that nodes
/// crossings. Points are tested against polygons by point-in-polygon tests, against lines piece by piece, against points by their
/// coordinates, and against grown or shrunk geometries by distances (docs/decisions/0007, docs/attacks.md).
/// </summary>
/// <param name="statement">Collects the parameters.</param>
/// <param name="row">SQL of the row's point.</param>
/// <param name="other">What it is compared with.</param>
internal sealed class PointConditions(StatementBuilder statement, string row, SpatialOperand other)
{
    /// <summary>The SQL of a test; null for one that no point passes.</summary>
    /// <param name="operation">The operation without negation.</param>
    public string? Of(string operation) => operation switch
    {
        "intersects" => ByKind(
            IsAt(p => p.PointsX, p => p.PointsY, "points"),
            IsOnLines,
            $"st_intersects({Surface}, {row})",
            IsWithinDistance($"st_dwithin({row}, {Whole}, {Distance})"),
            FromRings(">=")),
        "within" => ByKind(
            IsAt(p => p.PointsX, p => p.PointsY, "points"),
            $"{IsOnLines} and not {IsAtEnds}",
            $"st_within({row}, {Surface})",
            IsWithinDistance($"st_distance({row}, {Whole}) < {Distance}"),
            FromRings(">")),
        "touches" => ByKind(
            null,
            IsAtEnds,
            $"st_intersects({Surface}, {row}) and not st_within({row}, {Surface})",
            IsWithinDistance($"st_distance({row}, {Whole}) = {Distance}"),
            FromRings("=")),

        // A point contains only points at its own location. It overlaps nothing: it has no part that could lie elsewhere.
        "contains" => ByKind(IsAt(p => p.OnlyX, p => p.OnlyY, "only"), null, null, null, null),
        "overlaps" => null,
        _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, "An operation without SQL."),
    };

    /// <summary>SQL of the distance in degrees to the other geometry, 0 within a positive buffer; null without a point.</summary>
    public string DistanceSql => !other.HasBuffer
        ? $"st_distance({row}, {Whole})"
        : $"case when {row} is null or {Distance} is null then null else greatest(0, st_distance({row}, {Whole}) - {Distance}) end";

    private string Surface => other.Part(statement, "surface", p => p.Surface);

    private string Whole => other.Whole(statement);

    private string Distance => other.Distance(statement);

    // PostGIS first tests the box of each piece. Where lines turn back and forth, many boxes contain a point, so only a point next to such
    // lines searches for its piece.
    private string IsOnLines =>
        $"coalesce(st_dwithin({row}, {other.Part(statement, "crowded", p => p.Crowded)}, {LinePieces.NextTo}), true) "
        + $"and exists (select from unnest({other.Part(statement, "pieces", p => p.Pieces)}) l where st_intersects(l, {row}))";

    private string IsAtEnds => IsAt(p => p.EndsX, p => p.EndsY, "ends");

    // A hash table of the locations: one lookup per row, however many there are.
    private string IsAt(
        Func<OperandParts, Npgsql.NpgsqlParameter> longitudes, Func<OperandParts, Npgsql.NpgsqlParameter> latitudes, string name) =>
        $"(st_x({row}), st_y({row})) in (select p.x, p.y "
        + $"from unnest({other.Part(statement, name + "X", longitudes)}, {other.Part(statement, name + "Y", latitudes)}) p(x, y))";

    // A distance reads all positions of the geometry, so only rows that may be near are measured.
    private string IsWithinDistance(string test) =>
        $"st_x({row}) between {other.Edge(statement, "west", e => e.MinX)} and {other.Edge(statement, "east", e => e.MaxX)} "
        + $"and st_y({row}) between {other.Edge(statement, "south", e => e.MinY)} and {other.Edge(statement, "north", e => e.MaxY)} "
        + $"and {test}";

    // A shrunk area consists of the points of the area at that distance from its edge or farther.
    private string FromRings(string comparison) =>
        $"st_intersects({Surface}, {row}) and st_distance({row}, {other.Part(statement, "rings", p => p.Rings)}) {comparison} {Distance}";

    private string ByKind(string? points, string? lines, string? surface, string? grown, string? shrunk)
    {
        (OperandKind Kind, string? Test)[] branches =
        [
            (OperandKind.Points, points), (OperandKind.Lines, lines), (OperandKind.Surface, surface),
            .. other.HasBuffer ? new[] { (OperandKind.Grown, grown), (OperandKind.Shrunk, shrunk) } : [],
        ];
        string tests = string.Concat(branches.Where(b => b.Test is not null).Select(b => $" when {(int)b.Kind} then {b.Test}"));
        return $"case {other.Kind(statement)}{tests} else false end";
    }
}
