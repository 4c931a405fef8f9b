using CityHelper.Engine;
using CityHelper.Engine.Space;
using NetTopologySuite.Geometries;
using Xunit;

namespace CityHelper.Tests.Engine;

/// <summary>Compares the counted distance work with the real distances.</summary>
public sealed class MeasuredPairTests
{
    private const int RectanglePositions = 5;
    private const int SortedRectanglePositions = 30;

    private static readonly GeometryFactory s_factory = new(new PrecisionModel(), srid: 4326);

    /// <summary>Random lines near and far from areas: none whose rectangle is within reach is counted as out of reach.</summary>
    [Fact]
    public void Nothing_that_is_within_reach_is_left_out()
    {
        var random = new Random(20261129);
        (int near, int far, int boxesApart) = (0, 0, 0);
        for (int round = 0; round < 3_000; round++)
        {
            Polygon area = Ring(random, random.Next(3, 40), 1, 0, 0);
            LineString line = Line(random, random.Next(2, 20), 0.2, 2.5 * random.NextDouble() - 1.25, 2.5 * random.NextDouble() - 1.25);
            double reach = 0.3 * random.NextDouble();
            MeasuredPairs counted = MeasuredPairs.Of([line], area, reach);
            double distance = s_factory.ToGeometry(line.EnvelopeInternal).Distance(area);
            bool isApart = !line.EnvelopeInternal.Intersects(area.EnvelopeInternal);
            long toRectangle = (isApart ? SortedRectanglePositions : RectanglePositions) * area.NumPoints;
            long all = (long)line.NumPoints * area.NumPoints;
            if (distance <= reach)
            {
                near++;
                Assert.InRange(
                    counted.Most - toRectangle,
                    isApart ? SortedPairs.SortingOfPosition * (line.NumPoints + area.NumPoints) + SortedPairs.ComparisonsOfPair : all,
                    isApart ? SortedPairs.SortingOfPosition * (line.NumPoints + area.NumPoints) + SortedPairs.ComparisonsOfPair * all : all
                );
            }
            else if (distance > 2 * reach)
            {
                // A rectangle is farther from a larger one's corners by the root of two, and an edge's box is larger than the edge.
                far++;
                boxesApart += counted.Most == 0 ? 1 : 0;
                Assert.InRange(counted.Usual, 0, counted.Most);
            }
        }

        Assert.True(near > 500 && far > 500 && boxesApart > 300, $"{near} near, {far} far, {boxesApart} of them by their boxes");
    }

    [Fact]
    public void A_distance_is_found_at_the_first_part_that_holds_the_other()
    {
        MultiPolygon area = s_factory.CreateMultiPolygon([Box(0, 0, 1), Box(10, 0, 1), Box(20, 0, 1)]);
        LineString Across(double x) => s_factory.CreateLineString([new(x, 0.5), new(x + 0.1, 0.5), new(x + 5, 0.5)]);

        // PostGIS sorts when the boxes are disjoint.
        const int Rectangles = (RectanglePositions + 2 * SortedRectanglePositions) * 5;
        Assert.Equal(Rectangles, MeasuredPairs.Of([Across(0.5)], area, 0).Usual);
        Assert.InRange(MeasuredPairs.Of([Across(10.5)], area, 0).Usual, Rectangles + 10 * 8, Rectangles + 10 * 8 + 4 * 15);
        Assert.InRange(MeasuredPairs.Of([Across(10.5)], area, 0).Most, Rectangles + 20 * 8 + 15, Rectangles + 20 * 8 + 9 * 15);
        Assert.Equal(MeasuredPairs.Of([Across(9.5)], area, 0).Most, MeasuredPairs.Of([Across(9.5)], area, 0).Usual);
        Assert.Equal(0, MeasuredPairs.Of([Across(30)], area, 1).Most);
        Assert.NotEqual(0, MeasuredPairs.Of([Across(30)], area, 9.5).Most);

        // The other way round works for polygons only.
        Assert.Equal(Rectangles, MeasuredPairs.Of([Box(-1, -1, 3)], area, 0).Usual);

        // Points are not sorted.
        LineString points = s_factory.CreateLineString([new(30, 0), new(31, 0)]);
        Assert.Equal(
            3 * SortedRectanglePositions * 5 + 2 * 15,
            MeasuredPairs.Of([s_factory.CreateMultiPointFromCoords(points.Coordinates)], area, 9.5).Usual);
    }

    /// <summary>
    /// Two distant tips, level with the edge of an area between them: all pairs are compared. From the side few pairs are.
    /// </summary>
    [Fact]
    public void What_defeats_the_sorting_is_counted()
    {
        var random = new Random(3);
        Polygon area = Ring(random, 500, 0.1, 0, 0);
        LineString Tips(double x, double y, double between) => s_factory.CreateLineString(
        [
            .. Enumerable.Range(0, 500).Select(i => new Coordinate(x + 1e-6 * i, y - 1e-6 * (i % 2))),
            .. Enumerable.Range(0, 500).Select(i => new Coordinate(x + between + 1e-6 * i, y - 1e-6 * (i % 2))),
        ]);
        const int Sorting = 10 * 1_501;
        double nearest = double.PositiveInfinity;
        Assert.Equal(Sorting + 4 * 1_000 * 501, SortedPairs.Between(Tips(-2.5, -0.2, 5), area.ExteriorRing, ref nearest));
        nearest = double.PositiveInfinity;
        Assert.InRange(SortedPairs.Between(Tips(3, 0, 0.01), area.ExteriorRing, ref nearest), Sorting, Sorting + 4 * 1_000 * 501 / 3);

        // Pairs farther than the nearest distance known so far are skipped.
        nearest = 0.05;
        Assert.InRange(SortedPairs.Between(Tips(-2.5, -0.2, 5), area.ExteriorRing, ref nearest), Sorting, Sorting + 4 * 1_000 * 501 / 10);
        Assert.Equal(0.05, nearest);
    }

    /// <summary>PostGIS compares holes with the other geometry's edge even when the distance is 0.</summary>
    [Fact]
    public void Holes_are_counted()
    {
        Polygon ring = s_factory.CreatePolygon(Box(0, 0, 10).Shell, [Box(4, 4, 1).Shell]);
        long toRectangle = RectanglePositions * ring.NumPoints;
        LineString line = s_factory.CreateLineString([new(1, 1), new(2, 5), new(5, 2)]);
        Assert.Equal(toRectangle + 3 * 5, MeasuredPairs.Of([line], ring, 0).Usual);
        Assert.Equal(RectanglePositions * 5 + 5 * 5, MeasuredPairs.Of([ring], Box(1, 1, 12), 0).Usual);
    }

    [Fact]
    public void A_long_line_is_measured_in_runs_that_are_all_of_it()
    {
        var random = new Random(20261130);
        for (int positions = 2; positions < 400; positions++)
        {
            LineString line = Line(random, positions, 0.01, 0, 0);
            if (LinePieces.RunsOf(line) is not { } runs)
            {
                Assert.InRange(positions, 2, 2 * Limits.LineRunPositions - 1);
                continue;
            }

            Assert.InRange(positions, 2 * Limits.LineRunPositions, 400);
            Assert.All(runs, run => Assert.InRange(run.NumPoints, 2, Limits.LineRunPositions));
            Assert.Equal(line.Coordinates[0], runs[0].Coordinates[0]);
            Assert.Equal(line.Coordinates[1..], runs.SelectMany(run => run.Coordinates[1..]));
            Assert.All(runs.Zip(runs.Skip(1)), pair => Assert.Equal(pair.First.Coordinates[^1], pair.Second.Coordinates[0]));
        }
    }

    [Fact]
    public void Many_short_lines_and_what_is_no_line_are_measured_as_a_whole()
    {
        var random = new Random(1);
        Assert.Null(
            LinePieces.RunsOf(s_factory.CreateMultiLineString([.. Enumerable.Range(0, 50).Select(_ => Line(random, 40, 0.01, 0, 0))])));
        Assert.Null(LinePieces.RunsOf(Ring(random, 200, 1, 0, 0)));
        IReadOnlyList<LineString>? runs = LinePieces.RunsOf(
            s_factory.CreateMultiLineString([Line(random, 10, 0.01, 0, 0), s_factory.CreateLineString(), Line(random, 300, 0.01, 0, 0)]));
        Assert.Equal(11, runs!.Count);
        Assert.DoesNotContain(runs, run => run.IsEmpty);
    }

    private static Polygon Box(double west, double south, double size) =>
        (Polygon)s_factory.ToGeometry(new Envelope(west, west + size, south, south + size));

    private static LineString Line(Random random, int positions, double step, double x, double y)
    {
        var at = new Coordinate(x, y);
        List<Coordinate> all = [at];
        while (all.Count < positions)
        {
            at = new Coordinate(at.X + step * (random.NextDouble() - 0.5), at.Y + step * (random.NextDouble() - 0.5));
            all.Add(at);
        }

        return s_factory.CreateLineString([.. all]);
    }

    private static Polygon Ring(Random random, int corners, double size, double x, double y)
    {
        Coordinate[] ring = [.. Enumerable.Range(0, corners).Select(i =>
        {
            double reach = size * (0.3 + 0.7 * random.NextDouble());
            (double sin, double cos) = Math.SinCos(i * 2 * Math.PI / corners);
            return new Coordinate(x + reach * cos, y + reach * sin);
        })];
        return s_factory.CreatePolygon([.. ring, ring[0].Copy()]);
    }
}
