using CityHelper.Engine;
using CityHelper.IntegrationTests.Oracle;

namespace CityHelper.IntegrationTests.Fuzzing;

/// <summary>Questions with geometries. Each has a seed of its own, so that one that fails can be asked again alone.</summary>
/// <param name="fixture">What they are asked of.</param>
/// <param name="seed">The seed of all.</param>
/// <param name="positionsMax">Positions of one geometry, about.</param>
internal sealed class GeometryFuzzGenerator(GeometryFixture fixture, int seed, int positionsMax)
{
    private static readonly string[] s_relations = ["intersects", "within", "contains", "overlaps", "touches"];

    private static readonly string[] s_comparisons = ["lt", "lte", "gt", "gte", "eq", "neq", "in", "nin", "nlt", "nlte", "ngt", "ngte"];

    /// <summary>The question of a number.</summary>
    public GeoQuestion Question(int index)
    {
        var dice = new Dice(unchecked(seed * 1_000_003 + index));
        var draft = new Draft(fixture, dice, positionsMax);
        GeoTarget target = dice.Below(100) switch
        {
            < 45 => GeoTarget.Requests,
            < 50 => GeoTarget.RequestsLiteral,
            < 78 => GeoTarget.Boundaries,
            < 84 => GeoTarget.ServiceRequestList,
            < 90 => GeoTarget.ServiceRequestStats,
            < 94 => GeoTarget.ServiceRequestMap,
            < 97 => GeoTarget.CategoryOverview,
            _ => GeoTarget.BoundaryDetail,
        };
        GeoArea? area = target switch
        {
            GeoTarget.Requests or GeoTarget.RequestsLiteral or GeoTarget.ServiceRequestStats => dice.Chance(35) ? draft.Area(dice.Below(4)) : null,
            GeoTarget.ServiceRequestMap => draft.Area(1),
            GeoTarget.BoundaryDetail => draft.Area(3),
            _ => null,
        };
        GeoCondition? condition = area is not null && dice.Chance(40) ? null : draft.Condition();
        return new GeoQuestion(draft.Family, target, condition, area, IsServed: dice.Chance(85));
    }

    private sealed class Draft(GeometryFixture fixture, Dice dice, int positionsMax)
    {
        private readonly GeoShapes _shapes = new(fixture, dice);

        // A tenth of the shapes have more than half of the digits that the limit has.
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

        public GeoArea Area(int kind)
        {
            switch (kind)
            {
                case 1:
                    (double x, double y) = (_shapes.Anchor().X, _shapes.Anchor().Y);
                    (double width, double height) = (_shapes.Size(), _shapes.Size());
                    return new GeoArea(null, [x, y, Math.Min(180, x + width), Math.Min(90, y + height)]);
                case 2:
                    double metres = dice.Pick([1e-9, 0.5, 84.7, 1_000, 20_000, Limits.CircleMetresMax, Limits.CircleMetresMax + 1, 0, -5]);
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
            double? buffer = Buffer();
            return dice.Chance(18)
                ? new GeoDistance(shape, buffer, dice.Pick(s_comparisons), dice.Chance(50) ? GeometryFixture.Step * dice.Between(0, 6) : _shapes.Size())
                : new GeoRelation((dice.Chance(25) ? "n" : "") + dice.Pick(s_relations), shape, buffer);
        }

        private double? Buffer() => dice.Below(20) switch
        {
            < 9 => null,
            < 12 => GeometryFixture.Step * dice.Between(1, 8),
            < 15 => Math.Pow(10, -15 + 15.9 * dice.Fraction()),
            < 16 => -GeometryFixture.Step * dice.Between(1, 4),
            < 18 => -Math.Pow(10, -15 + 15.9 * dice.Fraction()),
            < 19 => 0,
            _ => dice.Pick([-0.0, 10, -10, 10.000001, 1e308, double.Epsilon, -double.Epsilon]),
        };
    }
}
