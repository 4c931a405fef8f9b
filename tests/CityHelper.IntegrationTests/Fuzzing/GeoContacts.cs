using NetTopologySuite.Algorithm;
using NetTopologySuite.Geometries;
using NetTopologySuite.Geometries.Utilities;

namespace CityHelper.IntegrationTests.Fuzzing;

/// <summary>
/// The edges of a geometry, and how often they meet. The oracle calls GEOS only if they meet rarely, since nothing interrupts GEOS while it
/// computes crossings. The sweep here is separate from the server's, which is under test.
/// </summary>
internal sealed class GeoEdges
{
    private readonly Edge[] _edges;

    public GeoEdges(Geometry geometry)
    {
        List<Edge> edges = [];
        int ring = 0;
        foreach (LineString line in LinearComponentExtracter.GetLines(geometry).Cast<LineString>())
        {
            CoordinateSequence positions = line.CoordinateSequence;
            for (int i = 1; i < positions.Count; i++)
            {
                edges.Add(new Edge(positions.GetCoordinateCopy(i - 1), positions.GetCoordinateCopy(i), ring, i - 1, positions.Count - 1));
            }

            ring++;
        }

        _edges = [.. edges.OrderBy(e => e.West)];
    }

    /// <summary>How often edges meet that are not adjacent in a line, up to <paramref name="most"/>; comparisons are bounded too.</summary>
    public int Within(int most)
    {
        var counter = new Counter(most);
        for (int i = 0; i < _edges.Length && !counter.IsFull; i++)
        {
            for (int j = i + 1; j < _edges.Length && _edges[j].West <= _edges[i].East && !counter.IsFull; j++)
            {
                if (!_edges[i].IsNeighbourOf(_edges[j]))
                {
                    counter.Compare(_edges[i], _edges[j]);
                }
            }
        }

        return counter.Contacts;
    }

    /// <summary>How often edges of this and of another meet, up to <paramref name="most"/>.</summary>
    public int Between(GeoEdges other, int most)
    {
        var counter = new Counter(most);
        for (int i = 0, j = 0; i < _edges.Length && j < other._edges.Length && !counter.IsFull;)
        {
            bool isFirst = _edges[i].West <= other._edges[j].West;
            (Edge edge, Edge[] others, int from) = isFirst ? (_edges[i++], other._edges, j) : (other._edges[j++], _edges, i);
            for (int k = from; k < others.Length && others[k].West <= edge.East && !counter.IsFull; k++)
            {
                counter.Compare(edge, others[k]);
            }
        }

        return counter.Contacts;
    }

    private sealed class Counter(int most)
    {
        /// <summary>The most comparisons per contact; the oracle passes no geometry with more to GEOS either.</summary>
        private const int ComparisonsOfContact = 1_000;

        private readonly RobustLineIntersector _intersector = new();
        private long _comparisons;

        public int Contacts { get; private set; }

        public bool IsFull => Contacts >= most;

        public void Compare(Edge one, Edge other)
        {
            if (++_comparisons > (long)most * ComparisonsOfContact)
            {
                Contacts = most;
            }
            else if (one.South <= other.North && other.South <= one.North)
            {
                _intersector.ComputeIntersection(one.From, one.To, other.From, other.To);
                Contacts += _intersector.HasIntersection ? 1 : 0;
            }
        }
    }

    private readonly record struct Edge(Coordinate From, Coordinate To, int Ring, int Number, int OfRing)
    {
        public double West => Math.Min(From.X, To.X);

        public double East => Math.Max(From.X, To.X);

        public double South => Math.Min(From.Y, To.Y);

        public double North => Math.Max(From.Y, To.Y);

        public bool IsNeighbourOf(Edge other) =>
            Ring == other.Ring && Math.Abs(Number - other.Number) is int apart && (apart == 1 || apart == OfRing - 1);
    }
}
