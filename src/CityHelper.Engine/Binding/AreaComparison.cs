using CityHelper.Engine.Cost;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Space;
using NetTopologySuite.Geometries;

namespace CityHelper.Engine.Binding;

/// <summary>Counts the work of comparing a client's geometry with areas before it is done, and refuses what exceeds the limits.</summary>
internal static class AreaComparison
{
    private static readonly Envelope s_anywhere = new(-1_000, 1_000, -1_000, 1_000);

    private static readonly SegmentPairs s_most = new(
        Limits.RelatedChainPairsMax, Limits.RelatedSegmentPairsMax, Limits.RelatedContactsMax);

    /// <summary>Why a request's geometry cannot be compared, or null.</summary>
    /// <param name="comparison">The geometry and the operation.</param>
    /// <param name="variables">The request's variables.</param>
    /// <param name="areas">Finds the tenant's areas whose boxes intersect a rectangle.</param>
    /// <param name="budget">The work of the conditions checked before.</param>
    /// <param name="cancellation">Cancels the lookup of areas.</param>
    public static async ValueTask<RequestError?> CheckAsync(
        SpatialComparison comparison,
        VariableValues variables,
        Func<Viewport, ValueTask<(IReadOnlyList<Geometry>? Areas, RequestError? Error)>> areas,
        GeometryBudget budget,
        CancellationToken cancellation)
    {
        (string operation, SpatialOperand other, _, int times) = comparison;
        OperandKind kind = other.KindOf(variables);
        Geometry geometry = kind == OperandKind.Shrunk
            ? await GeometryWork.RunAsync(long.MaxValue, () => other.ComparedOf(variables), cancellation)
            : other.GeometryOf(variables);
        bool isDistance = operation == SpatialFilterInput.Distance || kind == OperandKind.Grown;
        if (geometry.IsEmpty)
        {
            return null;
        }

        if (!isDistance && kind != OperandKind.Points && geometry.NumPoints > Limits.RelatedPositionsMax)
        {
            return new GeometryTooComplexError(
                $"It has {geometry.NumPoints} positions, and `{operation}` takes {Limits.RelatedPositionsMax}");
        }

        Envelope around = geometry.EnvelopeInternal.Copy();
        around.ExpandBy(isDistance ? other.MaxDistanceOf(variables) : 0);
        (IReadOnlyList<Geometry>? near, RequestError? error) = await areas(BoxOf(around.Intersection(s_anywhere)));
        if (near is null)
        {
            return error;
        }

        Func<RequestError?> check = isDistance
            ? () => CheckDistances(geometry, near, other.MaxDistanceOf(variables), times, budget)
            : kind == OperandKind.Points ? () => CheckPoints(geometry, near, budget) : () => CheckContacts(geometry, near, budget);
        return await GeometryWork.RunAsync(near.Sum(n => (long)n.NumPoints) + geometry.NumPoints, check, cancellation);
    }

    private static GeometryTooComplexError? CheckDistances(
        Geometry geometry, IReadOnlyList<Geometry> near, double maxDistance, int times, GeometryBudget budget)
    {
        IReadOnlyList<Geometry> parts = OperandParts.Of(geometry).Measured;
        (long pairs, long most) = (0, 0);
        foreach (Geometry area in near)
        {
            MeasuredPairs measured = MeasuredPairs.Of(parts, area, maxDistance);
            pairs += times * measured.Usual;
            most = Math.Max(most, times * measured.Most);
            if (most > Limits.MeasuredPairsMax)
            {
                return TooMany;
            }
        }

        return budget.TryCountPairs(pairs, most, ValueWeights.MeasuredPair) ? null : TooMany;
    }

    private static GeometryTooComplexError? CheckPoints(Geometry geometry, IReadOnlyList<Geometry> near, GeometryBudget budget) =>
        TryCompare(geometry.NumPoints, near, budget) ? null : TooMany;

    private static GeometryTooComplexError TooMany => new("An area that it is compared with has too many positions for that many");

    private static bool TryCompare(long positions, IReadOnlyList<Geometry> near, GeometryBudget budget) =>
        budget.TryCountPairs(
            positions * near.Sum(a => (long)a.NumPoints),
            positions * near.Select(a => a.NumPoints).DefaultIfEmpty().Max(),
            ValueWeights.PositionPair);

    // All conditions on a row are computed in one evaluation, so their work counts together.
    private static GeometryTooComplexError? CheckContacts(Geometry geometry, IReadOnlyList<Geometry> near, GeometryBudget budget)
    {
        SegmentSet segments = SegmentSet.Of(geometry);
        Envelope box = geometry.EnvelopeInternal;
        if (SegmentPairs.Within(segments, s_most) is not { } own || !(budget.ComparedPairs + own).IsWithin(s_most))
        {
            return new GeometryTooComplexError("It crosses itself too often");
        }

        // GEOS tests each self-crossing of the geometry for lying in the area, and each test reads all positions of the area.
        if (!TryCompare(own.Contacts, near, budget))
        {
            return new GeometryTooComplexError("It crosses itself too often for an area of so many positions");
        }

        SegmentPairs most = own;
        SegmentPairs all = default;
        foreach (Geometry area in near)
        {
            if (SegmentPairs.Between(segments, box, SegmentSet.Of(area), area.EnvelopeInternal, s_most) is not { } between
                || !(budget.ComparedPairs + own + between).IsWithin(s_most))
            {
                return new GeometryTooComplexError("It meets the border of an area too often");
            }

            most = most.Or(own + between);
            all += own + between;
        }

        budget.ComparedPairs += most;
        budget.FieldCost += ValueWeights.OfPairs(all);
        return null;
    }

    private static Viewport BoxOf(Envelope box) => new(box.MinX, box.MinY, box.MaxX, box.MaxY);
}
