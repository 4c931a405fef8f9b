using CityHelper.Engine.Cursors;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Planning.Nearby;

/// <summary>What the plan knows of a list of nearby rows.</summary>
/// <param name="Rows">The rows and how they are reached.</param>
/// <param name="Filter">The value of <c>where</c>, or null.</param>
/// <param name="Position">The argument <c>to</c>.</param>
/// <param name="Metres">The value of <c>withinMetres</c>.</param>
/// <param name="HasAfter">Whether <c>after</c> is given.</param>
internal sealed record NearbyQuestion(ConnectionRows Rows, InputNode? Filter, PositionArgument Position, InputNode Metres, bool HasAfter)
{
    /// <summary>The order that cursors of this list are bound to.</summary>
    public static RowOrder Order { get; } = new(OrderKind.Key, [], KeyDescending: true);

    /// <summary>The radius in one request.</summary>
    public double MetresOf(VariableValues variables) => (double)Metres.Evaluate(variables)!;

    /// <summary>The distance in a cursor of this list.</summary>
    public static double DistanceIn(KeysetPosition position) => BitConverter.Int64BitsToDouble(position.Value);

    /// <summary>The circle in one request.</summary>
    public CircleArea CircleOf(VariableValues variables)
    {
        (double longitude, double latitude) = Position.Of(variables);
        return new CircleArea(longitude, latitude, MetresOf(variables));
    }
}

/// <summary>Distances on the WGS 84 spheroid, compared with those on PostGIS's sphere, by which an index on geography is ordered.</summary>
internal static class Spheroid
{
    /// <summary>
    /// No distance on the spheroid is shorter than this share of the distance on the sphere. The radii of curvature of the spheroid lie
    /// between 6,335,439 m (north to south at the equator) and 6,399,594 m (at the poles); PostGIS's sphere has 6,371,009 m. So every piece
    /// of a path is at least 0.99441 times as long on the spheroid as on the sphere, and so is the shortest path.
    /// </summary>
    public const double LeastShare = 0.994;
}
