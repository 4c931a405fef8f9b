using System.Runtime.CompilerServices;
using NetTopologySuite.Geometries;
using NetTopologySuite.Operation.Valid;

namespace CityHelper.Engine.Space;

/// <summary>Whether a geometry is valid in the sense of OGC Simple Features, which PostGIS demands of what it compares.</summary>
/// <remarks>
/// NTS compares all edges whose boxes overlap, and nothing ends it: a valid star of 9,900 positions took 1.3 s. So they are counted first,
/// and a polygon that has too many is not judged at all.
/// </remarks>
internal static class Validity
{
    private static readonly SegmentPairs s_most = new(long.MaxValue, Limits.ValiditySegmentPairsMax, Limits.ValiditySegmentPairsMax);

    // A request may name one geometry in many conditions.
    private static readonly ConditionalWeakTable<Geometry, Outcome> s_known = [];

    /// <summary>What is wrong with a geometry.</summary>
    /// <param name="geometry">The geometry.</param>
    /// <param name="invalid">Makes the error of one that is not valid, from a sentence.</param>
    /// <param name="budget">Of whose root it is: all geometries of one together are few positions, or they wait for the thread of long
    /// work.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>Null when it is valid.</returns>
    public static async ValueTask<RequestError?> CheckAsync(Geometry geometry, Func<string, RequestError> invalid, GeometryBudget budget, CancellationToken cancellation)
    {
        if (!s_known.TryGetValue(geometry, out Outcome? outcome))
        {
            budget.PositionsAtOnce += geometry.NumPoints;
            outcome = await GeometryWork.RunAsync(budget.PositionsAtOnce, () => Judge(geometry), cancellation);
            s_known.AddOrUpdate(geometry, outcome);
        }

        return outcome switch
        {
            { IsTooComplex: true } => new GeometryTooComplexError("Its edges lie too close to each other to be checked"),
            { Fault: { } fault } => invalid(fault),
            _ => null,
        };
    }

    /// <summary>Judges a geometry in at most some 40 ms, whatever it is.</summary>
    internal static Outcome Judge(Geometry geometry)
    {
        // Lines and points are valid whatever they cross.
        if (geometry is Polygon or MultiPolygon && SegmentPairs.Within(SegmentSet.Of(geometry), s_most) is null)
        {
            return new Outcome(null, IsTooComplex: true);
        }

        var check = new IsValidOp(geometry);
        return new Outcome(
            check.ValidationError is { } fault
                ? FormattableString.Invariant($"The geometry is not valid: {fault.Message.ToLowerInvariant()} near [{fault.Coordinate.X}, {fault.Coordinate.Y}].")
                : null,
            IsTooComplex: false);
    }

    /// <summary>What was found.</summary>
    /// <param name="Fault">What is wrong with it, as a sentence; null when it is valid or was not judged.</param>
    /// <param name="IsTooComplex">Whether it was not judged.</param>
    internal sealed record Outcome(string? Fault, bool IsTooComplex);
}
