using CityHelper.Engine.Cost;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Space;
using NetTopologySuite.Geometries;

namespace CityHelper.Engine.Binding;

/// <summary>Whether what a client sends may be compared with areas: counted before it is.</summary>
internal static class AreaComparison
{
    private static readonly Envelope s_anywhere = new(-1_000, 1_000, -1_000, 1_000);

    private static readonly SegmentPairs s_most = new(Limits.RelatedChainPairsMax, Limits.RelatedSegmentPairsMax, Limits.RelatedContactsMax);

    /// <summary>Why a request's geometry cannot be compared, or null.</summary>
    /// <param name="comparison">What areas are compared with, and how.</param>
    /// <param name="variables">The request's variables.</param>
    /// <param name="areas">Tells the areas of the request's partition whose boxes have a point in common with a rectangle.</param>
    /// <param name="budget">What earlier conditions take.</param>
    /// <param name="cancellation">Ends the look for areas.</param>
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
            return new GeometryTooComplexError($"It has {geometry.NumPoints} positions, and `{operation}` takes {Limits.RelatedPositionsMax}");
        }

        Envelope around = geometry.EnvelopeInternal.Copy();
        around.ExpandBy(isDistance ? other.ReachOf(variables) : 0);
        (IReadOnlyList<Geometry>? near, RequestError? error) = await areas(BoxOf(around.Intersection(s_anywhere)));
        if (near is null)
        {
            return error;
        }

        Func<RequestError?> check = isDistance
            ? () => CheckDistances(geometry, near, other.ReachOf(variables), times, budget)
            : kind == OperandKind.Points ? () => CheckPoints(geometry, near, budget) : () => CheckContacts(geometry, near, budget);
        return await GeometryWork.RunAsync(near.Sum(n => (long)n.NumPoints) + geometry.NumPoints, check, cancellation);
    }

    private static GeometryTooComplexError? CheckDistances(Geometry geometry, IReadOnlyList<Geometry> near, double reach, int times, GeometryBudget budget)
    {
        IReadOnlyList<Geometry> parts = OperandParts.Of(geometry).Measured;
        (long pairs, long most) = (0, 0);
        foreach (Geometry area in near)
        {
            MeasuredPairs measured = MeasuredPairs.Of(parts, area, reach);
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
        TryHold(geometry.NumPoints, near, budget) ? null : TooMany;

    private static GeometryTooComplexError TooMany => new("An area that it is held against has too many positions for that many");

    private static bool TryHold(long positions, IReadOnlyList<Geometry> near, GeometryBudget budget) =>
        budget.TryCountPairs(positions * near.Sum(a => (long)a.NumPoints), positions * near.Select(a => a.NumPoints).DefaultIfEmpty().Max(), ValueWeights.HeldPair);

    // Conditions on one row are computed in one go, so what each of them may take is counted for all together.
    private static GeometryTooComplexError? CheckContacts(Geometry geometry, IReadOnlyList<Geometry> near, GeometryBudget budget)
    {
        SegmentSet segments = SegmentSet.Of(geometry);
        Envelope box = geometry.EnvelopeInternal;
        if (SegmentPairs.Within(segments, s_most) is not { } own || !(budget.ComparedPairs + own).IsWithin(s_most))
        {
            return new GeometryTooComplexError("It crosses itself too often");
        }

        // Where a geometry crosses itself GEOS asks whether that lies in the area, and goes through all of the area's positions for it.
        if (!TryHold(own.Contacts, near, budget))
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
