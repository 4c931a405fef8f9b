using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Space;
using GraphQL.Types;
using NetTopologySuite.Geometries;
using Npgsql;
using NpgsqlTypes;

namespace CityHelper.Engine.Planning.Filters;

/// <summary>What a row's geometry is compared with: the request's geometry, and the degrees by which it is grown or shrunk.</summary>
/// <param name="node">The operand of a spatial operation.</param>
internal sealed class SpatialOperand(InputNode node)
{
    private readonly InputNode _geometry = ((ObjectNode)node).Members[SpatialOperationFilterInput.Geometry];
    private readonly InputNode? _buffer =
        ((ObjectNode)node).Members.TryGetValue(SpatialOperationFilterInput.Buffer, out InputNode? buffer) && !buffer.IsNull ? buffer : null;

    /// <summary>Whether a buffer is given; its sign comes with the request.</summary>
    public bool HasBuffer => _buffer is not null;

    /// <summary>The geometry in a request.</summary>
    public Geometry GeometryOf(VariableValues variables) => (Geometry)_geometry.Evaluate(variables)!;

    /// <summary>Degrees: grown when positive, shrunk when negative, 0 without a buffer.</summary>
    public double BufferOf(VariableValues variables) => _buffer?.Evaluate(variables) as double? ?? 0;

    /// <summary>
    /// How often a row computes the number of a condition: once per comparison, more often where rows without a number are distinguished.
    /// </summary>
    /// <param name="input">The operation's input.</param>
    /// <param name="node">Its value.</param>
    public static int Computations(IInputObjectGraphType input, InputNode node) => Math.Max(1, InputNode.MembersOf(input, node)
        .Where(m => m.Field.Name is not (SpatialOperationFilterInput.Geometry or SpatialOperationFilterInput.Buffer) && !m.Node.IsNull)
        .Sum(m => m.Field.Name is "in" or "nin" ? 3 : m.Field.Name.StartsWith('n') ? 2 : 1));

    /// <summary>Degrees beyond which no comparison of a condition distinguishes distances: its largest number plus the buffer.</summary>
    public double MaxDistanceOf(VariableValues variables)
    {
        IEnumerable<object?> numbers = ((ObjectNode)node).Members
            .Where(m => m.Key is not (SpatialOperationFilterInput.Geometry or SpatialOperationFilterInput.Buffer) && !m.Value.IsNull)
            .Select(m => m.Value.Evaluate(variables))
            .SelectMany(value => value as List<object?> ?? [value]);
        double distance = Math.Max(0, BufferOf(variables)) + numbers.OfType<double>().Append(0).Max();

        // Allows for the rounding of a distance.
        return distance + 1e-9 * (1 + distance);
    }

    /// <summary>The kind of comparison that a request needs.</summary>
    public OperandKind KindOf(VariableValues variables) => BufferOf(variables) switch
    {
        > 0 => OperandKind.Grown,
        < 0 => OperandKind.Shrunk,
        _ => GeometryOf(variables).Dimension switch
        {
            Dimension.Surface => OperandKind.Surface,
            Dimension.Curve => OperandKind.Lines,
            _ => OperandKind.Points,
        },
    };

    /// <summary>SQL of the kind: a constant when the statement is planned, which removes the other branches of a CASE.</summary>
    public string Kind(StatementBuilder statement) =>
        Parameter(statement, "kind", values => StatementBuilder.Integer((int)KindOf(values.Variables)));

    /// <summary>SQL of the geometry as it was sent.</summary>
    public string Whole(StatementBuilder statement) =>
        Parameter(statement, "geometry", values => StatementBuilder.Geometry(GeometryOf(values.Variables)));

    /// <summary>What areas are compared with: the geometry as it was sent, or what a negative buffer leaves of it.</summary>
    public Geometry ComparedOf(VariableValues variables) => KindOf(variables) == OperandKind.Shrunk
        ? ShrunkGeometry.Of(GeometryOf(variables), BufferOf(variables))
        : GeometryOf(variables);

    /// <summary>SQL of what areas are compared with.</summary>
    public string Compared(StatementBuilder statement) =>
        Parameter(statement, "compared", values => StatementBuilder.Geometry(ComparedOf(values.Variables)));

    /// <summary>SQL of the degrees by which it is grown or shrunk; null for an empty geometry, which has no distance to anything.</summary>
    public string Distance(StatementBuilder statement) =>
        Parameter(statement, "distance", values => Degrees(values.Variables, Math.Abs(BufferOf(values.Variables))));

    /// <summary>SQL of the degrees beyond which distances are not distinguished; null for an empty geometry.</summary>
    public string MaxDistance(StatementBuilder statement) =>
        statement.Parameter((node, "maxDistance"), values => Degrees(values.Variables, MaxDistanceOf(values.Variables)));

    /// <summary>SQL of a part of the geometry; null for a part that it does not have.</summary>
    public string Part(StatementBuilder statement, string name, Func<OperandParts, NpgsqlParameter> part) =>
        Parameter(statement, name, values => part(OperandParts.Of(GeometryOf(values.Variables))));

    /// <summary>SQL of an edge of the rectangle around the grown geometry.</summary>
    public string Edge(StatementBuilder statement, string name, Func<Envelope, double> edge) =>
        Parameter(statement, name, values => StatementBuilder.Double(edge(Around(values.Variables))));

    /// <summary>A rectangle around the geometry, grown by a positive buffer and the rounding of a distance.</summary>
    public Envelope Around(VariableValues variables)
    {
        double buffer = Math.Max(0, BufferOf(variables));
        Envelope around = GeometryOf(variables).EnvelopeInternal.Copy();
        around.ExpandBy(buffer + (buffer == 0 ? 0 : 1e-9 * (1 + buffer)));
        return around;
    }

    private NpgsqlParameter Degrees(VariableValues variables, double degrees) => GeometryOf(variables).IsEmpty
        ? new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Double, Value = DBNull.Value }
        : StatementBuilder.Double(degrees);

    // Two uses of one variable are one parameter: the megabyte of a geometry, and what is derived from it, are sent once.
    private string Parameter(StatementBuilder statement, string name, ParameterSource source) =>
        statement.Parameter((_geometry.Identity, _buffer?.Identity, name), source);
}

/// <summary>How an operand is compared. The numbers appear in SQL.</summary>
internal enum OperandKind
{
    /// <summary>A Point or MultiPoint.</summary>
    Points = 0,

    /// <summary>A LineString or MultiLineString.</summary>
    Lines = 1,

    /// <summary>A Polygon or MultiPolygon.</summary>
    Surface = 2,

    /// <summary>Any of them grown: everything within a distance of it.</summary>
    Grown = 3,

    /// <summary>A surface shrunk: everything in it at least a distance from its edge.</summary>
    Shrunk = 4,
}

/// <summary>
/// What a negative buffer leaves of polygons of few positions. It is computed here, because PostGIS cannot be interrupted during it.
/// </summary>
internal static class ShrunkGeometry
{
    // Several conditions may shrink one geometry, and a literal in a cached document may come with many buffers.
    private static readonly ConditionalWeakTable<Geometry, ConcurrentDictionary<double, Geometry>> s_known = [];

    /// <summary>The shrunk geometry.</summary>
    /// <param name="surface">Valid polygons of at most <see cref="Limits.ShrunkPositionsMax"/> positions.</param>
    /// <param name="buffer">Degrees, negative.</param>
    public static Geometry Of(Geometry surface, double buffer)
    {
        ConcurrentDictionary<double, Geometry> known = s_known.GetOrCreateValue(surface);
        if (known.Count > Limits.FilterConditionsMax)
        {
            known.Clear();
        }

        return known.GetOrAdd(buffer, static (degrees, from) =>
        {
            Geometry shrunk = from.Buffer(degrees);
            shrunk.SRID = from.SRID;
            return shrunk;
        }, surface);
    }
}

/// <summary>A geometry split into parts that points are compared with at a bounded cost.</summary>
internal sealed class OperandParts
{
    private static readonly ConditionalWeakTable<Geometry, OperandParts> s_known = [];

    private readonly Geometry _geometry;
    private readonly Lazy<Geometry[]> _pieces;
    private readonly Lazy<Coordinate[]> _ends;
    private readonly Lazy<Geometry[]?> _runs;

    private OperandParts(Geometry geometry)
    {
        _geometry = geometry;
        _pieces = new Lazy<Geometry[]>(() => [.. LinePieces.Of(geometry)]);
        _ends = new Lazy<Coordinate[]>(() => [.. LinePieces.EndsOf(geometry)]);
        _runs = new Lazy<Geometry[]?>(() => LinePieces.RunsOf(geometry) is { } runs ? [.. runs] : null);
    }

    public static OperandParts Of(Geometry geometry) => s_known.GetValue(geometry, g => new OperandParts(g));

    /// <summary>The polygons.</summary>
    public NpgsqlParameter Surface => OrNull(Dimension.Surface, NpgsqlDbType.Geometry, () => StatementBuilder.Geometry(_geometry));

    /// <summary>The rings of the polygons as lines.</summary>
    public NpgsqlParameter Rings => OrNull(Dimension.Surface, NpgsqlDbType.Geometry, () => StatementBuilder.Geometry(
        _geometry.Factory.CreateMultiLineString(
            [.. SegmentSet.LinesOf(_geometry).Select(r => _geometry.Factory.CreateLineString(r.CoordinateSequence))])));

    /// <summary>The lines, cut into pieces that do not cross themselves.</summary>
    public NpgsqlParameter Pieces =>
        OrNull(
            Dimension.Curve,
            NpgsqlDbType.Array | NpgsqlDbType.Geometry,
            () => StatementBuilder.Typed(NpgsqlDbType.Array | NpgsqlDbType.Geometry, _pieces.Value));

    /// <summary>The runs of long lines, for distances; null for a geometry that is measured as a whole.</summary>
    public NpgsqlParameter Runs =>
        new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Geometry, Value = (object?)_runs.Value ?? DBNull.Value };

    /// <summary>The geometries that are measured one by one: the runs of long lines, otherwise the whole.</summary>
    public IReadOnlyList<Geometry> Measured => _runs.Value ?? [_geometry];

    /// <summary>The whole lines when they have many short pieces; otherwise null.</summary>
    public NpgsqlParameter Crowded => _geometry.Dimension == Dimension.Curve && LinePieces.AreCrowded(_geometry, _pieces.Value.Length)
        ? StatementBuilder.Geometry(_geometry)
        : new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Geometry, Value = DBNull.Value };

    /// <summary>Longitudes of the points.</summary>
    public NpgsqlParameter PointsX => Numbers(PointsOf(_geometry), c => c.X);

    /// <summary>Latitudes of the points.</summary>
    public NpgsqlParameter PointsY => Numbers(PointsOf(_geometry), c => c.Y);

    /// <summary>The longitude of the only location of all points; empty when they differ.</summary>
    public NpgsqlParameter OnlyX => Numbers(Only, c => c.X);

    /// <summary>The latitude of the only location of all points.</summary>
    public NpgsqlParameter OnlyY => Numbers(Only, c => c.Y);

    /// <summary>Longitudes of the line ends that are the lines' boundary.</summary>
    public NpgsqlParameter EndsX => Numbers(_ends.Value, c => c.X);

    /// <summary>Latitudes of those ends.</summary>
    public NpgsqlParameter EndsY => Numbers(_ends.Value, c => c.Y);

    /// <summary>The points one by one.</summary>
    public NpgsqlParameter Points =>
        OrNull(Dimension.Point, NpgsqlDbType.Array | NpgsqlDbType.Geometry, () => StatementBuilder.Typed(
            NpgsqlDbType.Array | NpgsqlDbType.Geometry,
            Array.ConvertAll(PointsOf(_geometry), c => (Geometry)_geometry.Factory.CreatePoint(c))));

    private Coordinate[] Only => PointsOf(_geometry) is [var first, ..] all && all.All(c => c.Equals2D(first)) ? [first] : [];

    private static Coordinate[] PointsOf(Geometry geometry) => geometry.Dimension == Dimension.Point ? geometry.Coordinates : [];

    private static NpgsqlParameter Numbers(Coordinate[] positions, Func<Coordinate, double> number) =>
        StatementBuilder.Typed(NpgsqlDbType.Array | NpgsqlDbType.Double, Array.ConvertAll(positions, c => number(c)));

    private NpgsqlParameter OrNull(Dimension dimension, NpgsqlDbType type, Func<NpgsqlParameter> parameter) =>
        _geometry.Dimension == dimension ? parameter() : new NpgsqlParameter { NpgsqlDbType = type, Value = DBNull.Value };
}
