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
        "intersects" => ByKind($"st_intersects({row}, {Other})", $"st_intersects({row}, {Other})", IsWithinReach),
        "contains" => ByKind($"st_contains({row}, {Other})", $"st_contains({row}, {Other})", null),
        "touches" => ByKind(
            $"st_intersects({row}, {Other}) and not exists (select from unnest({Points}) p where st_within(p, {row}))", $"st_touches({row}, {Other})", null),

        // Neither points nor lines hold an area or overlap one.
        "within" => OfSurfaces($"st_within({row}, {Other})"),
        "overlaps" => OfSurfaces($"st_overlaps({row}, {Other})"),
        _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, "An operation without SQL."),
    };

    /// <summary>
    /// SQL of the distance in degrees to the other geometry, 0 within what is grown; infinity where it is larger than each number that it is compared with.
    /// </summary>
    public string DistanceSql
    {
        get
        {
            string whole = $"case when {IsNear(Other)} then st_distance({row}, {Other}) else 'infinity' end";
            string runs = $"coalesce((select min(st_distance({row}, l)) from unnest({Runs}) l where {IsNear("l")}), 'infinity')";
            string distance = $"case when {Runs} is null then {whole} else {runs} end";
            return $"case when st_isempty({row}) is not false or {Reach} is null then null else {(other.HasBuffer ? $"greatest(0, {distance} - {Distance})" : distance)} end";
        }
    }

    // Conditions of a WHERE run in the order of what PostgreSQL takes them to cost, those within a CASE in their own.
    private string IsWithinReach =>
        $"case when {Runs} is null then {IsNear(Other)} and st_dwithin({row}, {Other}, {Distance}) "
        + $"else exists (select from unnest({Runs}) l where case when {IsNear("l")} then st_dwithin({row}, l, {Distance}) else false end) end";

    private string Other => other.Compared(statement);

    private string Distance => other.Distance(statement);

    private string Reach => other.Reach(statement);

    private string Runs => other.Part(statement, "runs", p => p.Runs);

    private string Points => other.Part(statement, "points", p => p.Points);

    // A distance takes all pairs of positions, that to a rectangle five for each of the area's. Boxes come first: they take no position of it.
    private string IsNear(string geometry) =>
        $"{row} && st_expand({geometry}, {Reach}) and st_dwithin({row}, st_envelope({geometry}), {Reach})";

    private string ByKind(string points, string others, string? grown) =>
        $"case {other.Kind(statement)} when {(int)OperandKind.Points} then {points}"
        + (other.HasBuffer ? $" when {(int)OperandKind.Grown} then {grown ?? "false"}" : "") + $" else {others} end";

    private string OfSurfaces(string test) => $"case {other.Kind(statement)} when {(int)OperandKind.Surface} then {test}"
        + (other.HasBuffer ? $" when {(int)OperandKind.Shrunk} then {test}" : "") + " else false end";
}

/// <summary>Whether what a client sends may be compared with areas: counted before it is.</summary>
internal static class AreaComparison
{
    private static readonly Envelope s_anywhere = new(-1_000, 1_000, -1_000, 1_000);

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
        bool isDistance = operation == Types.SpatialFilterInput.Distance || kind == OperandKind.Grown;
        if (geometry.IsEmpty)
        {
            return null;
        }

        if (!isDistance && kind != OperandKind.Points && geometry.NumPoints > Limits.RelatedPositionsMax)
        {
            return new GeometryTooComplexError($"It has {geometry.NumPoints} positions, and `{operation}` takes {Limits.RelatedPositionsMax}");
        }

        Envelope around = geometry.EnvelopeInternal.Copy();
        around.ExpandBy(isDistance ? other.ReachOf(run.Variables) : 0);
        IReadOnlyList<Geometry> near = await shapes.OverlappingAsync(run.Partition, BoxOf(around.Intersection(s_anywhere)), cancellation);
        Func<RequestError?> check = isDistance
            ? () => CheckDistances(geometry, near, other.ReachOf(run.Variables), times, run)
            : kind == OperandKind.Points ? () => CheckPoints(geometry, near, run) : () => CheckContacts(geometry, near, run);
        return await GeometryWork.RunAsync(near.Sum(n => (long)n.NumPoints) + geometry.NumPoints, check, cancellation);
    }

    private static GeometryTooComplexError? CheckDistances(Geometry geometry, IReadOnlyList<Geometry> near, double reach, int times, RootRun run)
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

        return run.TryCountPairs(pairs, most, Pricing.ValueWeights.MeasuredPair) ? null : TooMany;
    }

    private static GeometryTooComplexError? CheckPoints(Geometry geometry, IReadOnlyList<Geometry> near, RootRun run) =>
        TryHold(geometry.NumPoints, near, run) ? null : TooMany;

    private static GeometryTooComplexError TooMany => new("An area that it is held against has too many positions for that many");

    private static bool TryHold(long positions, IReadOnlyList<Geometry> near, RootRun run) =>
        run.TryCountPairs(positions * near.Sum(a => (long)a.NumPoints), positions * near.Select(a => a.NumPoints).DefaultIfEmpty().Max(), Pricing.ValueWeights.HeldPair);

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
        if (!TryHold(own.Contacts, near, run))
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
