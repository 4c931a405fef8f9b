using NetTopologySuite.Algorithm;
using NetTopologySuite.Geometries;
using NetTopologySuite.Geometries.Utilities;
using NetTopologySuite.Noding;

namespace CityHelper.Data.Boundaries;

/// <summary>
/// Counts how often edges of a geometry cross, and how often one lies on another. A repair makes a vertex for each. A zigzag of 100,000
/// edges crosses itself at a billion points. A line of 2,000 edges that runs back and forth overlaps itself two million times, and its
/// repair took 14 s. Counting stops at the bounds.
/// </summary>
internal static class SelfCrossings
{
    /// <summary>Crossings and overlaps; above a bound the exact number is unknown.</summary>
    public static (int Crossings, int Overlaps) In(Geometry geometry, int crossingsMax, int overlapsMax)
    {
        var counter = new Counter(crossingsMax, overlapsMax);
        var noder = new MCIndexNoder(counter);
        noder.ComputeNodes([.. LinearComponentExtracter.GetLines(geometry)
            .Select(line => (ISegmentString)new NodedSegmentString(line.Coordinates, null))]);
        return (counter.Crossings, counter.Overlaps);
    }

    private sealed class Counter(int crossingsMax, int overlapsMax) : ISegmentIntersector
    {
        private readonly LineIntersector _intersector = new RobustLineIntersector();

        public int Crossings { get; private set; }

        public int Overlaps { get; private set; }

        public bool IsDone => Crossings > crossingsMax || Overlaps > overlapsMax;

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
                Crossings++;
            }

            // A collinear intersection has two points: a line.
            Overlaps += _intersector.IntersectionNum == LineIntersector.CollinearIntersection ? 1 : 0;
        }
    }
}
