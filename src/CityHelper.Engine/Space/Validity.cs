using System.Runtime.CompilerServices;
using NetTopologySuite.Geometries;
using NetTopologySuite.Operation.Valid;

namespace CityHelper.Engine.Space;

/// <summary>Whether a geometry is valid by OGC Simple Features, as PostGIS requires for comparisons.</summary>
/// <remarks>
/// NTS compares all edges whose boxes overlap, and cannot be cancelled: a valid star of 9,900 positions took 1.3 s. So the pairs are
/// counted first, and a polygon with too many is refused unchecked.
/// </remarks>
internal static class Validity
{
    private static readonly SegmentPairs s_most = new(long.MaxValue, Limits.ValiditySegmentPairsMax, Limits.ValiditySegmentPairsMax);

    // A request may use one geometry in many conditions.
    private static readonly ConditionalWeakTable<Geometry, Outcome> s_known = [];

    /// <summary>Checks a geometry.</summary>
    /// <param name="geometry">The geometry.</param>
    /// <param name="invalid">Makes the error of an invalid geometry from a sentence.</param>
    /// <param name="budget">The root's budget: geometries with many positions together wait for the thread of long computations.</param>
    /// <param name="cancellation">Cancels the waiting.</param>
    /// <returns>Null when it is valid.</returns>
    public static async ValueTask<RequestError?> CheckAsync(
        Geometry geometry, Func<string, RequestError> invalid, GeometryBudget budget, CancellationToken cancellation)
    {
        if (!s_known.TryGetValue(geometry, out Outcome? outcome))
        {
            budget.PositionsAtOnce += geometry.NumPoints;
            outcome = await GeometryWork.RunAsync(budget.PositionsAtOnce, () => Validate(geometry), cancellation);
            s_known.AddOrUpdate(geometry, outcome);
        }

        return outcome switch
        {
            { IsTooComplex: true } => new GeometryTooComplexError("Its edges lie too close to each other to be checked"),
            { Fault: { } fault } => invalid(fault),
            _ => null,
        };
    }

    /// <summary>Checks any geometry in at most about 40 ms.</summary>
    internal static Outcome Validate(Geometry geometry)
    {
        // Lines and points are valid even if they cross themselves.
        if (geometry is Polygon or MultiPolygon && SegmentPairs.Within(SegmentSet.Of(geometry), s_most) is null)
        {
            return new Outcome(null, IsTooComplex: true);
        }

        var check = new IsValidOp(geometry);
        return new Outcome(
            check.ValidationError is { } fault
                ? FormattableString.Invariant(
                    $"The geometry is not valid: {fault.Message.ToLowerInvariant()} near [{fault.Coordinate.X}, {fault.Coordinate.Y}].")
                : null,
            IsTooComplex: false);
    }

    /// <summary>The result of a check.</summary>
    /// <param name="Fault">What is wrong, as a sentence; null when the geometry is valid or was not checked.</param>
    /// <param name="IsTooComplex">Whether it was too complex to check.</param>
    internal sealed record Outcome(string? Fault, bool IsTooComplex);
}
