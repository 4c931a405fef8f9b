using CityHelper.Engine;
using CityHelper.IntegrationTests.Oracle;

namespace CityHelper.IntegrationTests.Fuzzing;

/// <summary>Questions with geometries. Each has its own seed, so that a failing one can be asked alone.</summary>
/// <param name="fixture">The fixture.</param>
/// <param name="seed">The seed of all questions.</param>
/// <param name="positionsMax">Positions of one geometry, about.</param>
internal sealed class GeometryFuzzGenerator(GeometryFixture fixture, int seed, int positionsMax)
{
    private static readonly string[] s_relations = ["intersects", "within", "contains", "overlaps", "touches"];

    private static readonly string[] s_comparisons = ["lt", "lte", "gt", "gte", "eq", "neq", "in", "nin", "nlt", "nlte", "ngt", "ngte"];

    /// <summary>The question with a number.</summary>
    public GeoQuestion Question(int index)
    {
        var dice = new Dice(unchecked(seed * 1_000_003 + index));
                GeoTarget target = dice.Below(100) switch
        {
            < 45 => GeoTarget.Requests,
            < 50 => GeoTarget.RequestsLiteral,
            < 78 => GeoTarget.Boundaries,
            < 84 => GeoTarget.ServiceRequestList,
            < 90 => GeoTarget.ServiceRequestStats,
            < 93 => GeoTarget.ServiceRequestMap,
            < 95 => GeoTarget.ServiceRequestClusters,
            < 97 => GeoTarget.NearbyServiceRequests,
            < 98 => GeoTarget.CategoryOverview,
            _ => GeoTarget.BoundaryDetail,
        };
        var draft = new Draft(fixture, dice, positionsMax, target == GeoTarget.Boundaries);
        GeoArea? area = target switch
        {
            GeoTarget.Requests or GeoTarget.RequestsLiteral or GeoTarget.ServiceRequestStats => dice.Chance(35)
                ? draft.Area(dice.Below(4))
                : null,
            GeoTarget.ServiceRequestMap or GeoTarget.ServiceRequestClusters => draft.Area(1),
            GeoTarget.NearbyServiceRequests => draft.Nearby(),
            GeoTarget.BoundaryDetail => draft.Area(3),
            _ => null,
        };
        GeoCondition? condition = area is not null && dice.Chance(40) ? null : draft.Condition();
        return new GeoQuestion(draft.Family, target, condition, area, IsServed: dice.Chance(85));
    }

    private sealed class Draft(GeometryFixture fixture, Dice dice, int positionsMax, bool isBoundaries)
    {
        private readonly GeoShapes _shapes = new(fixture, dice);

        // A tenth of the geometries have more than half as many digits as the limit.
        private int _size = (int)Math.Pow(positionsMax * 1.005, Math.Pow(dice.Fraction(), 1.5));

        public string Family { get; private set; } = "";

        public GeoCondition Condition()
        {
            if (dice.Chance(72))
            {
                return Leaf();
            }

            int parts = dice.Between(2, 4);
            _size = Math.Max(1, _size / parts);
            return new GeoJoin(dice.Pick(["and", "or"]), [.. Enumerable.Range(0, parts).Select(i =>
                i == 0 && dice.Chance(30) ? new GeoJoin(dice.Pick(["and", "or"]), [Leaf(), Leaf()]) : (GeoCondition)Leaf())]);
        }

        // The largest distance that any filter supports. Not around 0/0, where rows lie 1e-15 degrees apart: PostGIS's index on the
        // spheroid fails there.
        public GeoArea Nearby()
        {
            NetTopologySuite.Geometries.Coordinate place = GeometryFixture.Lattice(dice.Between(-20, 20), dice.Between(-20, 20));
            return new GeoArea(null, [place.X, place.Y, dice.Between(1, (int)Limits.NearbyScanMetresMax)]);
        }

        public GeoArea Area(int kind)
        {
            switch (kind)
            {
                case 1:
                    (double x, double y) = (_shapes.Anchor().X, _shapes.Anchor().Y);
                    (double width, double height) = (_shapes.Size(), _shapes.Size());
                    return new GeoArea(null, [x, y, Math.Min(180, x + width), Math.Min(90, y + height)]);
                case 2:
                    // On the spheroid PostGIS itself does not distinguish points that are 1e-8 metres apart.
                    double metres = dice.Pick([1e-6, 0.5, 84.7, 1_000, 20_000, Limits.CircleMetresMax, Limits.CircleMetresMax + 1, 0, -5]);
                    return new GeoArea(null, [_shapes.Anchor().X, _shapes.Anchor().Y, metres]);
                case 3:
                    return new GeoArea(null, [dice.Pick([.. fixture.Boundaries.Keys])]);
                default:
                    (string family, GeoShape shape) = _shapes.NextSurface(_size);
                    Family = $"within {family}";
                    return new GeoArea(shape, []);
            }
        }

        private GeoLeaf Leaf()
        {
            (string family, GeoShape shape) = _shapes.Next(_size);
            Family = Family.Length == 0 ? family : Family;
            if (dice.Chance(18))
            {
                return new GeoDistance(
                    shape,
                    Buffer(takesGrown: true, takesShrunk: false),
                    dice.Pick(s_comparisons),
                    dice.Chance(50) ? GeometryFixture.Step * dice.Between(0, 6) : _shapes.Size());
            }

            string relation = dice.Pick(s_relations);
            return new GeoRelation(
                (dice.Chance(25) ? "n" : "") + relation, shape, Buffer(!isBoundaries || relation == "intersects", shape.IsSurface));
        }

        // Mostly a buffer that the condition accepts: the rest is refused before any comparison.
        private double? Buffer(bool takesGrown, bool takesShrunk)
        {
            double? buffer = AnyBuffer(takesShrunk);
            bool isTaken = buffer switch { > 0 => takesGrown, < 0 => takesShrunk, _ => true };
            return isTaken || dice.Chance(10) ? buffer : null;
        }

        private double? AnyBuffer(bool takesShrunk) => dice.Below(20) switch
        {
            < 3 when takesShrunk => -GeometryFixture.Step * dice.Between(1, 4),
            < 8 => null,
            < 11 => GeometryFixture.Step * dice.Between(1, 8),
            < 14 => Math.Pow(10, -15 + 15.9 * dice.Fraction()),
            < 17 => -Math.Pow(10, -15 + 15.9 * dice.Fraction()),
            < 18 => 0,
            _ => dice.Pick([-0.0, 10, -10, 10.000001, 1e308, double.Epsilon, -double.Epsilon]),
        };
    }
}
