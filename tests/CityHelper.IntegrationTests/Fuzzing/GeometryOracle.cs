using System.Globalization;
using CityHelper.Engine;
using NetTopologySuite.Geometries;
using NetTopologySuite.Operation.Valid;

namespace CityHelper.IntegrationTests.Fuzzing;

/// <summary>The expected answer of a question.</summary>
/// <param name="Refusal">Why it must be refused; null where it need not be.</param>
/// <param name="MayBeInvalid">Whether it may be refused as invalid: finding out here takes too long.</param>
/// <param name="MustAnswer">Whether it is so simple that no refusal is correct.</param>
/// <param name="Sql">The condition of the rows in plain PostGIS; null where that would take too long.</param>
/// <param name="Geometries">The parameters of <paramref name="Sql"/>.</param>
internal sealed record GeoExpectation(string? Refusal, bool MayBeInvalid, bool MustAnswer, string? Sql, IReadOnlyList<Geometry> Geometries);

/// <summary>
/// The meaning of conditions on geometries in plain PostGIS (docs/decisions/0007), and whether PostGIS can be asked. Nothing interrupts
/// GEOS while it computes crossings, so this process first counts that there are few.
/// </summary>
internal sealed class GeometryOracle(IReadOnlyDictionary<int, MultiPolygon> boundaries, int requests)
{
    /// <summary>The most contacts among a geometry's own edges with which GEOS is asked for relations.</summary>
    private const int OwnContactsMax = 2_000;

    /// <summary>The same for contacts with the edges of all stored boundaries: the most of real ones are 20,000.</summary>
    private const int StoredContactsMax = 25_000;

    /// <summary>Positions times rows, or times positions of rows, up to which distances are compared: a third of a second.</summary>
    private const long DistancePairsMax = 25_000_000;

    /// <summary>Positions of a line up to which relations of points with it are compared.</summary>
    private const int LinePositionsMax = 2_000;

    /// <summary>The most positions, contacts of own edges, and contacts with stored edges of a simple question.</summary>
    private const int PlainPositionsMax = 120;
    private const int PlainOwnContactsMax = 20;
    private const int PlainStoredContactsMax = 1_000;

    /// <summary>Degrees from which PostGIS and the server agree on the rest of a shrunk polygon: below, their rounding differs.</summary>
    private const double ShrunkDegreesMin = 1e-9;

    /// <summary>
    /// Degrees from which PostGIS recognises a polygon's edges: its edge index, made when it sees the polygon again, omits shorter ones, so
    /// the same point is inside for the first row and outside for the others (seed 401, input 5583; seed 406, input 5303).
    /// </summary>
    private const double EdgeDegreesMin = 1e-12;

    /// <summary>Positions of a polygon up to which PostGIS shrinks it.</summary>
    private const int ShrunkPositionsMax = 100;

    private readonly GeoEdges[] _edges = [.. boundaries.Values.Select(b => new GeoEdges(b))];
    private readonly long _boundaryPositions = boundaries.Values.Sum(b => (long)b.NumPoints);

    public GeoExpectation Expect(GeoQuestion question)
    {
        var judgement = new Judgement(question, this);
        string condition = question.Condition is null ? "true" : judgement.Condition(question.Condition);
        string area = question.Area is null ? "true" : judgement.Area(question.Area);
        bool isPlain =
            judgement.IsPlain
            && question.Positions <= PlainPositionsMax
            && (question.IsServed || question.Target == GeoTarget.Boundaries)
            && question.Target is GeoTarget.Requests or GeoTarget.Boundaries or GeoTarget.ServiceRequestList;
        return new(
            judgement.Refusal, judgement.MayBeInvalid, isPlain && judgement.Refusal is null,
            judgement.CanAsk && judgement.Refusal is null ? $"{condition} and {area}" : null, judgement.Geometries);
    }

    private static string Number(double number) =>
        number.ToString("R", CultureInfo.InvariantCulture) is var text && text[0] == '-' ? $"('{text}'::float8)" : $"'{text}'::float8";

    // The judgement of one question; each leaf of the condition adds its part.
    private sealed class Judgement(GeoQuestion question, GeometryOracle oracle)
    {
        private readonly bool _isBoundaries = question.Target == GeoTarget.Boundaries;

        private readonly string _row = question.Target == GeoTarget.Boundaries ? "geometry" : "location";

        public List<Geometry> Geometries { get; } = [];

        public string? Refusal { get; private set; }

        public bool MayBeInvalid { get; private set; }

        public bool IsPlain { get; private set; } = true;

        public bool CanAsk { get; private set; } = true;

        public string Condition(GeoCondition condition) =>
            condition switch
            {
                GeoJoin join => join.Parts.Count == 0 ? "true" : $"({string.Join($" {join.Name} ", join.Parts.Select(Condition))})",
                GeoRelation relation => Leaf(relation, shape => Relation(relation, shape)) is var sql && relation.IsNegated
                    ? $"not coalesce({sql}, false)"
                    : $"coalesce({sql}, false)",
                _ => Distance((GeoDistance)condition),
            };

        public string Area(GeoArea area)
        {
            string N(int i) => Number(area.Numbers[i]);
            if (area.Shape is { } shape)
            {
                return Surface(shape);
            }

            switch (area.Numbers.Count)
            {
                case 4:
                    return $"st_x(location) >= {N(0)} and st_x(location) <= {N(2)} and st_y(location) >= {N(1)} and st_y(location) <= "
                        + $"{N(3)}";
                case 3:
                    Refuse(!(area.Numbers[2] > 0 && area.Numbers[2] <= Limits.CircleMetresMax), "a radius out of bounds");
                    return $"st_dwithin(location::geography, st_setsrid(st_makepoint({N(0)}, {N(1)}), 4326)::geography, {N(2)})";
                default:
                    return $"st_intersects((select geometry from boundary where city_id = 1 and id = {(int)area.Numbers[0]}), location)";
            }
        }

        private string Surface(GeoShape shape)
        {
            Geometry? geometry = Checked(shape, out _);
            Envelope? box = geometry?.EnvelopeInternal;
            Refuse(!shape.IsSurface || geometry?.IsEmpty == true, "an area without ground");
            Refuse(
                box is not null && (box.Width > Limits.AreaDegreesMax || box.Height > Limits.AreaDegreesMax), "an area that is too wide");
            LeaveOutTiny(geometry);
            return $"st_intersects({Parameter(geometry)}, location)";
        }

        private void LeaveOutTiny(Geometry? surface) =>
            CanAsk &= surface is null || !SegmentsOf(surface).Any(length => length is > 0 and < EdgeDegreesMin);

        private static IEnumerable<double> SegmentsOf(Geometry surface) =>
            surface.Coordinates.Zip(surface.Coordinates.Skip(1), (from, to) => from.Distance(to));

        private string Leaf(GeoLeaf leaf, Func<Geometry, string> sql)
        {
            Geometry? geometry = Checked(leaf.Shape, out int contacts);
            Refuse(leaf.Shape.Members is not null, "a collection");
            Refuse(Math.Abs(leaf.Degrees) > Limits.AreaDegreesMax, "a buffer out of bounds");
            Refuse(leaf.Degrees < 0 && !leaf.Shape.IsSurface, "a negative buffer of what is no polygon");
            IsPlain &= contacts <= PlainOwnContactsMax && (leaf.Degrees >= 0 || !_isBoundaries);
            CanAsk &= contacts < OwnContactsMax;
            return geometry is null ? "false" : sql(geometry);
        }

        private string Relation(GeoRelation relation, Geometry geometry) =>
            _isBoundaries ? OfArea(relation, geometry) : OfPoint(relation, geometry);

        private string OfPoint(GeoRelation relation, Geometry geometry)
        {
            string other = Parameter(geometry);
            if (relation.Degrees != 0)
            {
                CanAsk &= (long)oracle.Requests * geometry.NumPoints <= DistancePairsMax;
                double reach = Math.Abs(relation.Degrees);
                string distance = relation.Degrees > 0 ? $"st_distance(location, {other})" : $"st_distance(location, st_boundary({other}))";
                string sign = (relation.Positive, relation.Degrees > 0) switch
                {
                    ("intersects", true) => "<=",
                    ("within", true) => "<",
                    ("intersects", false) => ">=",
                    ("within", false) => ">",
                    ("touches", _) => "=",
                    _ => "",
                };
                return sign.Length == 0
                    ? "false"
                    : $"({(relation.Degrees > 0 ? "" : $"st_intersects({other}, location) and ")}{distance} {sign} {Number(reach)})";
            }

            if (relation.Shape.IsSurface)
            {
                LeaveOutTiny(geometry);
                return relation.Positive switch
                {
                    "intersects" => $"st_intersects({other}, location)",
                    "within" => $"st_within(location, {other})",
                    "touches" => $"(st_intersects({other}, location) and not st_within(location, {other}))",
                    _ => "false",
                };
            }

            // The first is implied by the others, and is prepared once for all rows.
            CanAsk &= geometry.NumPoints <= LinePositionsMax;
            return $"(st_intersects(location, {other}) and st_{relation.Positive}(location, {other}))";
        }

        private string OfArea(GeoRelation relation, Geometry geometry)
        {
            string other = Parameter(geometry);
            if (relation.Degrees > 0)
            {
                Refuse(relation.Positive != "intersects", "a relation without a form by distance");
                CountDistance(geometry);
                return $"st_distance(geometry, {other}) <= {Number(relation.Degrees)}";
            }

            CountContacts(geometry);
            if (relation.Degrees < 0)
            {
                CanAsk &= geometry.NumPoints <= ShrunkPositionsMax && relation.Degrees <= -ShrunkDegreesMin;
                MayBeInvalid = true;
                return $"st_{relation.Positive}(geometry, st_buffer({other}, {Number(relation.Degrees)}))";
            }

            return $"st_{relation.Positive}(geometry, {other})";
        }

        private string Distance(GeoDistance leaf)
        {
            Refuse(leaf.Degrees < 0, "a distance from a shrunken area");
            string distance = Leaf(leaf, geometry =>
            {
                CountDistance(geometry);
                string from = $"st_distance({_row}, {Parameter(geometry)})";

                // For null and a number, greatest() returns the number.
                return leaf.Degrees > 0 ? $"case when {from} is not null then greatest(0, {from} - {Number(leaf.Degrees)}) end" : from;
            });
            bool isNegated = leaf.Comparison[0] == 'n';
            string test = (isNegated ? leaf.Comparison[1..] : leaf.Comparison) switch
            {
                "lt" => $"< {Number(GeoShape.Taken(leaf.Number))}",
                "lte" => $"<= {Number(GeoShape.Taken(leaf.Number))}",
                "gt" => $"> {Number(GeoShape.Taken(leaf.Number))}",
                "gte" => $">= {Number(GeoShape.Taken(leaf.Number))}",
                "in" => $"in ({Number(GeoShape.Taken(leaf.Number))}, 0)",
                _ => $"= {Number(GeoShape.Taken(leaf.Number))}",
            };
            return $"{(isNegated ? "not " : "")}coalesce(({distance}) {test}, false)";
        }

        private void CountContacts(Geometry geometry)
        {
            var edges = new GeoEdges(geometry);
            int left = StoredContactsMax;
            foreach (GeoEdges stored in oracle._edges)
            {
                left -= left > 0 ? stored.Between(edges, left) : 0;
            }

            CanAsk &= left > 0;
            IsPlain &= StoredContactsMax - left <= PlainStoredContactsMax;
        }

        private void CountDistance(Geometry geometry) =>
            CanAsk &= (_isBoundaries ? oracle._boundaryPositions : oracle.Requests) * geometry.NumPoints <= DistancePairsMax;

        // The geometry if it is known to be valid. A refused one needs no further checks.
        private Geometry? Checked(GeoShape shape, out int contacts)
        {
            contacts = 0;
            Refuse(shape.Positions > Limits.GeometryVerticesMax || shape.Rings > Limits.GeometryRingsMax, "too many positions or rings");
            Geometry? geometry = shape.ToGeometry();
            Refuse(geometry is null, "no geometry");
            if (geometry is null || Refusal is not null || shape.Members is not null)
            {
                return null;
            }

            contacts = new GeoEdges(geometry).Within(OwnContactsMax);
            if (contacts == OwnContactsMax)
            {
                MayBeInvalid = true;
                IsPlain = CanAsk = false;
                return null;
            }

            Refuse(!new IsValidOp(geometry).IsValid, "an invalid geometry");
            return geometry;
        }

        private void Refuse(bool isDue, string why) => Refusal ??= isDue ? why : null;

        private string Parameter(Geometry? geometry)
        {
            if (geometry is null)
            {
                return "null";
            }

            Geometries.Add(geometry);
            return $"${Geometries.Count}";
        }
    }

    private int Requests { get; } = requests;
}
