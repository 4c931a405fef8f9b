using CityHelper.Engine;
using CityHelper.Engine.Space;
using NetTopologySuite.Algorithm;
using NetTopologySuite.Geometries;
using Xunit;

namespace CityHelper.Tests.Engine;

/// <summary>Compares the fast pair counts, which decide what is compared, with counts over all pairs.</summary>
public sealed class SegmentPairTests
{
    private static readonly GeometryFactory s_factory = new(new PrecisionModel(), srid: 4326);
    private static readonly SegmentPairs s_any = new(long.MaxValue, long.MaxValue, long.MaxValue);

    [Fact]
    public void Pairs_are_those_that_a_comparison_of_all_finds()
    {
        var random = new Random(20261128);
        for (int round = 0; round < 300; round++)
        {
            SegmentSet one = SegmentSet.Of(Lines(random));
            SegmentSet other = SegmentSet.Of(Lines(random));
            Assert.Equal(Slow(one, one), SegmentPairs.Within(one, s_any));
            Assert.Equal(Slow(one, other), SegmentPairs.Between(one, BoxOf(one), other, BoxOf(other), s_any));
        }
    }

    [Fact]
    public void Counting_stops_at_each_bound()
    {
        SegmentSet grid = SegmentSet.Of(s_factory.CreateMultiLineString([.. Enumerable.Range(0, 100).Select(i => i % 2 == 0
            ? Line(i, 0, i + 1, 100) : Line(0, i, 100, i + 1))]));
        SegmentPairs all = SegmentPairs.Within(grid, s_any)!.Value;
        Assert.Equal(2_500, all.Contacts);
        Assert.Equal(all, SegmentPairs.Within(grid, all));
        Assert.Null(SegmentPairs.Within(grid, all with { Contacts = all.Contacts - 1 }));
        Assert.Null(SegmentPairs.Within(grid, all with { Boxes = all.Boxes - 1 }));
        Assert.Null(SegmentPairs.Within(grid, all with { Chains = all.Chains - 1 }));
    }

    /// <summary>Equal edges, overlapping edges and ends on edges count; adjacent edges of a line do not.</summary>
    [Fact]
    public void Edges_that_lie_on_each_other_meet()
    {
        SegmentSet square = SegmentSet.Of(s_factory.ToGeometry(new Envelope(0, 1, 0, 1)));
        Assert.Equal(0, SegmentPairs.Within(square, s_any)!.Value.Contacts);

        // Each edge meets itself and the two at its ends.
        Assert.Equal(12, SegmentPairs.Between(square, new Envelope(0, 1, 0, 1), square, new Envelope(0, 1, 0, 1), s_any)!.Value.Contacts);
        SegmentSet along = SegmentSet.Of(Line(0.25, 0, 0.75, 0));
        Assert.Equal(
            1, SegmentPairs.Between(square, new Envelope(0, 1, 0, 1), along, new Envelope(0.25, 0.75, 0, 0), s_any)!.Value.Contacts);
    }

    [Fact]
    public void A_valid_star_of_too_many_rays_is_not_judged()
    {
        Assert.True(Validity.Validate(Star(9_900)).IsTooComplex);
        Assert.Equal(new Validity.Outcome(null, IsTooComplex: false), Validity.Validate(Star(900)));
        Assert.Contains(
            "self-intersection", Validity.Validate(s_factory.CreatePolygon([new(0, 0), new(1, 1), new(1, 0), new(0, 1), new(0, 0)])).Fault);
    }

    [Fact]
    public void Lines_are_cut_into_pieces_that_never_meet_themselves()
    {
        var random = new Random(7);
        for (int round = 0; round < 200; round++)
        {
            Geometry lines = Lines(random);
            LineString[] pieces = [.. LinePieces.Of(lines)];
            Assert.All(pieces, piece => Assert.True(piece.IsSimple && piece.NumPoints <= Limits.LinePieceSegmentsMax + 1));
            Assert.Equal(
                SegmentSet.Of(lines).Segments.Select(Ends), pieces.SelectMany(piece => SegmentSet.Of(piece).Segments).Select(Ends));
        }

        Assert.Equal(
            4, LinePieces.Of(s_factory.CreateLineString([.. Enumerable.Range(0, 201).Select(i => new Coordinate(i, i % 2))])).Count());
    }

    [Theory]
    [InlineData(500, 40, false)]
    [InlineData(500, 1, true)]
    [InlineData(14, 1, false)]
    [InlineData(5_000, 3, true)]
    public void Lines_that_turn_back_often_are_crowded(int positions, int between, bool expected)
    {
        LineString line = s_factory.CreateLineString([.. Enumerable.Range(0, positions).Select(i =>
        {
            double along = i / between % 2 == 0 ? i % between : between - i % between;
            return new Coordinate(along, along);
        })]);
        Assert.Equal(expected, LinePieces.AreCrowded(line, LinePieces.Of(line).Count()));
    }

    /// <summary>A point where an even number of lines ends is not in their boundary (OGC Simple Features, mod-2 rule).</summary>
    [Fact]
    public void Ends_are_the_boundary_of_lines()
    {
        var random = new Random(3);
        for (int round = 0; round < 200; round++)
        {
            Geometry lines = Lines(random, places: 4);
            Assert.Equal(
                lines.Boundary.Coordinates.Select(c => (c.X, c.Y)).Order(), LinePieces.EndsOf(lines).Select(c => (c.X, c.Y)).Order());
        }
    }

    [Fact]
    public async Task Long_work_runs_one_at_a_time_and_not_where_it_is_asked_for()
    {
        int running = 0, most = 1, here = Environment.CurrentManagedThreadId;
        using var both = new ManualResetEventSlim();
        Task<int>[] work = [.. Enumerable.Range(0, 8).Select(_ => GeometryWork.RunAsync(
            Limits.GeometryWorkAtOncePositions + 1,
            () =>
            {
                // Each waits a moment, so that a second one running at once would be seen.
                int atOnce = Interlocked.Increment(ref running);
                if (atOnce > 1)
                {
                    most = atOnce;
                    both.Set();
                }

                both.Wait(TimeSpan.FromMilliseconds(20));
                Interlocked.Decrement(ref running);
                return Environment.CurrentManagedThreadId;
            },
            CancellationToken.None).AsTask())];
        Assert.DoesNotContain(here, await Task.WhenAll(work));
        Assert.Equal(1, most);
        ValueTask<int> small = GeometryWork.RunAsync(Limits.GeometryWorkAtOncePositions, () => 1, CancellationToken.None);
        Assert.True(small.IsCompletedSuccessfully);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            GeometryWork.RunAsync(Limits.GeometryWorkAtOncePositions + 1, () => 1, cancelled.Token).AsTask());
    }

    private static SegmentPairs Slow(SegmentSet one, SegmentSet other)
    {
        bool isWithin = one == other;
        long chains = Pairs(one.Chains.Count, other.Chains.Count, isWithin)
            .Count(p => one.Chains[p.I].West <= other.Chains[p.J].East && one.Chains[p.I].East >= other.Chains[p.J].West);
        (Segment One, Segment Other)[] boxes =
        [
            .. Pairs(one.Segments.Count, other.Segments.Count, isWithin)
                .Select(p => (one.Segments[p.I], other.Segments[p.J]))
                .Where(p =>
                    p.Item1.West <= p.Item2.East
                    && p.Item1.East >= p.Item2.West
                    && p.Item1.South <= p.Item2.North
                    && p.Item1.North >= p.Item2.South),
        ];
        return new SegmentPairs(
            chains, boxes.Length, boxes.Count(p => (!isWithin || !AreNeighbours(p.One, p.Other)) && Meet(p.One, p.Other)));
    }

    private static IEnumerable<(int I, int J)> Pairs(int one, int other, bool isWithin) =>
        from i in Enumerable.Range(0, one)
        from j in Enumerable.Range(isWithin ? i + 1 : 0, isWithin ? one - i - 1 : other)
        select (i, j);

    // Lines of these tests never visit a point twice in a row.
    private static bool AreNeighbours(Segment one, Segment other) =>
        one.Line == other.Line && ((one.ToX, one.ToY) == (other.FromX, other.FromY) || (other.ToX, other.ToY) == (one.FromX, one.FromY));

    private static bool Meet(Segment one, Segment other)
    {
        var intersector = new RobustLineIntersector();
        intersector.ComputeIntersection(
            new(one.FromX, one.FromY), new(one.ToX, one.ToY), new(other.FromX, other.FromY), new(other.ToX, other.ToY));
        return intersector.HasIntersection;
    }

    private static (double, double, double, double) Ends(Segment s) => (s.FromX, s.FromY, s.ToX, s.ToY);

    private static Envelope BoxOf(SegmentSet set)
    {
        var box = new Envelope();
        foreach (Segment segment in set.Segments)
        {
            box.ExpandToInclude(segment.FromX, segment.FromY);
            box.ExpandToInclude(segment.ToX, segment.ToY);
        }

        return box;
    }

    // Uses few points, so that edges are often equal, collinear or touching.
    private static MultiLineString Lines(Random random, int places = 12) =>
        s_factory.CreateMultiLineString([
            .. Enumerable
                .Range(0, random.Next(1, 5))
                .Select(_ =>
                {
                    var positions = new List<Coordinate>();
                    while (positions.Count < 2 + random.Next(30))
                    {
                        var next = new Coordinate(random.Next(places), random.Next(places));
                        if (positions.Count == 0 || !positions[^1].Equals2D(next))
                        {
                            positions.Add(next);
                        }
                    }

        return s_factory.CreateLineString([.. positions]);
    })]);

    private static LineString Line(double fromX, double fromY, double toX, double toY) =>
        s_factory.CreateLineString([new(fromX, fromY), new(toX, toY)]);

    private static Polygon Star(int positions)
    {
        Coordinate[] corners = [.. Enumerable.Range(0, positions).Select(i =>
        {
            (double sin, double cos) = Math.SinCos(2 * Math.PI * i / positions);
            double radius = i % 2 == 0 ? 1 : 0.01;
            return new Coordinate(radius * cos, radius * sin);
        })];
        return s_factory.CreatePolygon([.. corners, corners[0]]);
    }
}
