using NetTopologySuite.Algorithm;
using NetTopologySuite.Geometries;
using NetTopologySuite.Geometries.Utilities;
using NetTopologySuite.Noding;

namespace CityHelper.Data.Boundaries;

/// <summary>
/// Counts how often a shape's edges cross. A zigzag of a hundred thousand edges crosses itself in a billion points, and to repair it each of
/// them would be made; the counting stops at the bound.
/// </summary>
internal static class SelfCrossings
{
    public static bool AreMoreThan(int most, Geometry geometry)
    {
        var counter = new Counter(most);
        var noder = new MCIndexNoder(counter);
        noder.ComputeNodes([.. LinearComponentExtracter.GetLines(geometry)
            .Select(line => (ISegmentString)new NodedSegmentString(line.Coordinates, null))]);
        return counter.IsDone;
    }

    private sealed class Counter(int most) : ISegmentIntersector
    {
        private readonly LineIntersector _intersector = new RobustLineIntersector();
        private int _crossings;

        public bool IsDone => _crossings > most;

        public void ProcessIntersections(ISegmentString one, int first, ISegmentString other, int second)
        {
            if (one == other && first == second)
            {
                return;
            }

            _intersector.ComputeIntersection(
                one.Coordinates[first], one.Coordinates[first + 1], other.Coordinates[second], other.Coordinates[second + 1]);
            if (_intersector.IsProper)
            {
                _crossings++;
            }
        }
    }
}
