using CityHelper.Engine.Bindings;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Space;
using NetTopologySuite.Geometries;

namespace CityHelper.Engine.Planning;

/// <summary>
/// SQL of the spatial operations on a column of areas. Those that make nodes of crossings run only when the crossings, of what a client sends and between it and
/// each row's area, were counted before; distances only when the pairs of positions are few enough. One call of either cannot be interrupted.
/// </summary>
/// <param name="statement">Takes the parameters and checks.</param>
/// <param name="row">SQL of the row's area.</param>
/// <param name="other">What it is compared with.</param>
internal sealed class AreaConditions(StatementBuilder statement, string row, SpatialOperand other)
{
    /// <summary>A test; null for one that no area passes.</summary>
    /// <param name="operation">The operation in its positive form.</param>
    public string Of(string operation) => operation switch
    {
        "intersects" => ByKind($"st_intersects({row}, {Other})", $"st_intersects({row}, {Other})", $"st_dwithin({row}, {Other}, {Distance})"),
        "contains" => ByKind($"st_contains({row}, {Other})", $"st_contains({row}, {Other})", null),
        "touches" => ByKind(
            $"st_intersects({row}, {Other}) and not exists (select from unnest({Points}) p where st_within(p, {row}))", $"st_touches({row}, {Other})", null),

        // Neither points nor lines hold an area or overlap one.
        "within" => OfSurfaces($"st_within({row}, {Other})"),
        "overlaps" => OfSurfaces($"st_overlaps({row}, {Other})"),
        _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, "An operation without SQL."),
    };

    /// <summary>SQL of the distance in degrees to the other geometry, 0 within what is grown.</summary>
    public string DistanceSql => !other.HasBuffer
        ? $"st_distance({row}, {Other})"
        : $"case when {row} is null or {Distance} is null then null else greatest(0, st_distance({row}, {Other}) - {Distance}) end";

    private string Other => other.Compared(statement);

    private string Distance => other.Distance(statement);

    private string Points => other.Part(statement, "points", p => p.Points);

    private string ByKind(string points, string others, string? grown) =>
        $"case {other.Kind(statement)} when {(int)OperandKind.Points} then {points}"
        + (other.HasBuffer ? $" when {(int)OperandKind.Grown} then {grown ?? "false"}" : "") + $" else {others} end";

    private string OfSurfaces(string test) => $"case {other.Kind(statement)} when {(int)OperandKind.Surface} then {test}"
        + (other.HasBuffer ? $" when {(int)OperandKind.Shrunk} then {test}" : "") + " else false end";
}

/// <summary>Whether what a client sends may be compared with areas: counted before it is.</summary>
internal static class AreaComparison
{
    private static readonly SegmentPairs s_most = new(Limits.RelatedChainPairsMax, Limits.RelatedSegmentPairsMax, Limits.RelatedContactsMax);

    /// <summary>Why a request's geometry cannot be compared, or null.</summary>
    /// <param name="shapes">Knows the areas.</param>
    /// <param name="operation">The operation in its positive form.</param>
    /// <param name="other">What they are compared with.</param>
    /// <param name="times">How often a row computes it.</param>
    /// <param name="run">The request's values, and what earlier conditions take.</param>
    /// <param name="cancellation">Ends the look for areas.</param>
    public static async ValueTask<RequestError?> CheckAsync(
        IAreaDirectory shapes, string operation, SpatialOperand other, int times, RootRun run, CancellationToken cancellation)
    {
        OperandKind kind = other.KindOf(run.Variables);
        Geometry geometry = kind == OperandKind.Shrunk
            ? await GeometryWork.RunAsync(long.MaxValue, () => other.ComparedOf(run.Variables), cancellation)
            : other.GeometryOf(run.Variables);
        bool isDistance = operation == Types.SpatialFilterInput.Distance || kind is OperandKind.Grown or OperandKind.Points;
        if (geometry.IsEmpty)
        {
            return null;
        }

        if (!isDistance && geometry.NumPoints > Limits.RelatedPositionsMax)
        {
            return new GeometryTooComplexError($"It has {geometry.NumPoints} positions, and `{operation}` takes {Limits.RelatedPositionsMax}");
        }

        // Of areas whose boxes are apart the distance is found by sorting, in a thousandth of the time.
        IReadOnlyList<Geometry> near = await shapes.OverlappingAsync(run.Partition, BoxOf(other.Around(run.Variables)), cancellation);
        return isDistance
            ? CheckDistances(geometry, near, times, run)
            : await GeometryWork.RunAsync(near.Sum(n => (long)n.NumPoints) + geometry.NumPoints, () => CheckContacts(geometry, near, run), cancellation);
    }

    private static GeometryTooComplexError? CheckDistances(Geometry geometry, IReadOnlyList<Geometry> near, int times, RootRun run) =>
        run.TryMeasure((long)times * geometry.NumPoints, near) ? null : new GeometryTooComplexError("An area that it is held against has too many positions for that many");

    // Conditions on one row are computed in one go, so what each of them may take is counted for all together.
    private static GeometryTooComplexError? CheckContacts(Geometry geometry, IReadOnlyList<Geometry> near, RootRun run)
    {
        SegmentSet segments = SegmentSet.Of(geometry);
        Envelope box = geometry.EnvelopeInternal;
        if (SegmentPairs.Within(segments, s_most) is not { } own || !(run.ComparedPairs + own).IsWithin(s_most))
        {
            return new GeometryTooComplexError("It crosses itself too often");
        }

        // Where a geometry crosses itself GEOS asks whether that lies in the area, and goes through all of the area's positions for it.
        if (!run.TryMeasure(own.Contacts, near))
        {
            return new GeometryTooComplexError("It crosses itself too often for an area of so many positions");
        }

        SegmentPairs most = own;
        SegmentPairs all = default;
        foreach (Geometry area in near)
        {
            if (SegmentPairs.Between(segments, box, SegmentSet.Of(area), area.EnvelopeInternal, s_most) is not { } between
                || !(run.ComparedPairs + own + between).IsWithin(s_most))
            {
                return new GeometryTooComplexError("It meets the border of an area too often");
            }

            most = most.Or(own + between);
            all += own + between;
        }

        run.ComparedPairs += most;
        run.CountedCost += Pricing.ValueWeights.OfPairs(all);
        return null;
    }

    private static Viewport BoxOf(Envelope box) => new(box.MinX, box.MinY, box.MaxX, box.MaxY);
}
