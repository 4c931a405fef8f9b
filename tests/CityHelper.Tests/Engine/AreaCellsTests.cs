using CityHelper.Engine;
using CityHelper.Engine.Space;
using NetTopologySuite.Geometries;
using Xunit;

namespace CityHelper.Tests.Engine;

/// <summary>Areas cut into whole cells and cells of the rim, against points judged one by one.</summary>
public sealed class AreaCellsTests
{
    private const int Coarse = 14;
    private const int Fine = 16;

    [Fact]
    public void Every_point_of_an_area_is_in_one_set_and_whole_cells_hold_no_other()
    {
        var random = new Random(41);
        (int whole, int rim, int outside) = (0, 0, 0);
        for (int i = 0; i < 200; i++)
        {
            (Area area, Func<Coordinate, bool> holds) = Draw(random);
            AreaCells cells = AreaCells.Of(area, Coarse, Fine);
            for (int k = 0; k < 200; k++)
            {
                Coordinate point = PointNear(area.Box, random);
                int sets = Sets(cells, point, out bool inWhole);
                Assert.InRange(sets, 0, 1);
                whole += inWhole ? 1 : 0;
                rim += sets == 1 && !inWhole ? 1 : 0;
                outside += sets == 0 ? 1 : 0;
                Assert.True(!inWhole || holds(point), $"area {i}: a whole cell holds {point}, the area does not");
                Assert.True(sets == 1 || !holds(point), $"area {i}: no cell holds {point} of the area");
            }
        }

        Assert.True(whole > 5_000 && rim > 2_000 && outside > 2_000, $"{whole} in whole cells, {rim} in the rim, {outside} in none: the areas prove too little");
    }

    [Fact]
    public void The_rim_of_a_coarse_cell_is_its_share_of_fine_cells()
    {
        var random = new Random(42);
        int some = 0;
        for (int i = 0; i < 200; i++)
        {
            (Area area, _) = Draw(random);
            AreaCells cut = AreaCells.Of(area, Coarse, Fine);
            foreach (AreaCells cells in new[] { cut, cut.Joined() })
            {
                var around = TileRange.Around(area.Box, Coarse);
                (int x, int y) = (random.Next(around.West - 1, around.East + 2), random.Next(around.North - 1, around.South + 2));
                int rim = Enumerable.Range(0, 16).Count(k =>
                {
                    Viewport fine = TileRange.BoxOf(Fine, 4 * x + k % 4, 4 * y + k / 4);
                    var centre = new Coordinate((fine.West + fine.East) / 2, (fine.South + fine.North) / 2);
                    return Sets(cells, centre, out bool inWhole) == 1 && !inWhole;
                });
                Assert.Equal(rim / 16.0, cells.RimOf(TileRange.Pack(Coarse, x, y), Coarse, Fine));
                some += rim is > 0 and < 16 ? 1 : 0;
            }
        }

        Assert.True(some > 20, $"only {some} cells had a part of the rim");
    }

    [Fact]
    public void The_whole_world_is_whole()
    {
        AreaCells cells = AreaCells.Of(new ViewportArea(new Viewport(-180, -90, 180, 90)), Coarse, Fine);
        Assert.True(cells.Rim.IsEmpty && cells.RimFine.IsEmpty && cells.WholeFine.IsEmpty);
        Assert.Equal(1 << Coarse, cells.Whole.From.Length);
    }

    [Fact]
    public void A_large_area_stays_cheap_to_cut()
    {
        AreaCells cells = AreaCells.Of(new ViewportArea(new Viewport(-120.123, 20.321, -60.456, 60.654)), Coarse, Fine);
        Assert.False(cells.Whole.AreSingle);
        Assert.InRange(cells.Whole.From.Length, 2_500, 3_000);
        Assert.InRange(cells.Rim.From.Length + cells.RimFine.From.Length, 1, 16_000);
    }

    private static int Sets(AreaCells cells, Coordinate point, out bool inWhole)
    {
        bool Holds(CellRuns runs, int zoom)
        {
            long cell = CellCover.CellOf(point.X, point.Y, zoom);
            return Enumerable.Range(0, runs.From.Length).Any(i => runs.From[i] <= cell && cell <= runs.To[i]);
        }

        inWhole = Holds(cells.Whole, Coarse) || Holds(cells.WholeFine, Fine);
        return new[] { Holds(cells.Whole, Coarse), Holds(cells.WholeFine, Fine), Holds(cells.Rim, Coarse), Holds(cells.RimFine, Fine) }.Count(holds => holds);
    }

    /// <summary>
    /// A comb whose every tooth is at every height: each test of a tile looks at all its edges, so there are fewer tests.
    /// </summary>
    [Fact]
    public void A_clients_polygon_of_many_positions_is_cut_less_finely()
    {
        const int Teeth = 4_990;
        IEnumerable<Coordinate> teeth = Enumerable.Range(0, Teeth)
            .SelectMany(i => new[] { new Coordinate(-75 + i * 0.0004, 41), new Coordinate(-75 + i * 0.0004 + 0.0001, 40) });
        Coordinate[] ring = [new(-75, 39.99), .. teeth, new(-75 + Teeth * 0.0004, 39.99), new(-75, 39.99)];
        var comb = new Polygon(new LinearRing(ring));
        var sent = new CountingArea(new SurfaceArea(comb, isKept: false));
        var kept = new CountingArea(new SurfaceArea(comb, isKept: true));
        AreaCells.Of(sent, Coarse, Fine);
        AreaCells.Of(kept, Coarse, Fine);
        CellCover.Of(sent, [12, Coarse, Fine]);

        // Not more work than a simple area's most, whatever a test costs.
        Assert.InRange(sent.Tests * sent.TestCost, 1, 2 * (Limits.AreaTestsMax + 3 * Limits.AreaCandidatesMax));
        Assert.True(kept.Tests > 4 * sent.Tests, $"{kept.Tests} and {sent.Tests} tests");
    }

    [Fact]
    public void An_area_of_very_many_cells_is_not_named_by_them()
    {
        Assert.True(new ViewportArea(new Viewport(-179.99, -84.9, 179.99, 84.9)).Cells(Coarse, Fine).AreTooMany);
        Assert.False(new ViewportArea(new Viewport(-180, -90, 180, 90)).Cells(Coarse, Fine).AreTooMany);
        Assert.False(new ViewportArea(new Viewport(-130, 20, -60, 50)).Cells(Coarse, Fine).AreTooMany);
        Assert.False(new CircleArea(10, 89.9, 50_000).Cells(Coarse, Fine).AreTooMany);
    }

    /// <summary>Counts what is asked of an area.</summary>
    private sealed class CountingArea(Area area) : Area
    {
        public int Tests { get; private set; }

        public override Viewport Box => area.Box;

        public override int TestCost => area.TestCost;

        public override RequestError? Check() => area.Check();

        public override bool Touches(Viewport cell)
        {
            Tests++;
            return area.Touches(cell);
        }

        public override bool Holds(Viewport cell)
        {
            Tests++;
            return area.Holds(cell);
        }
    }

    private static (Area Area, Func<Coordinate, bool> Holds) Draw(Random random)
    {
        (double x, double y) = (-74 + random.NextDouble() * 0.1, 40.7 + random.NextDouble() * 0.1);
        double size = Math.Pow(10, -2.5 + 2 * random.NextDouble());
        if (random.Next(3) == 0)
        {
            var box = new Viewport(x - size, y - size / 2, x + size, y + size / 2);
            return (new ViewportArea(box), p => box.West <= p.X && p.X <= box.East && box.South <= p.Y && p.Y <= box.North);
        }

        int corners = 3 + random.Next(20);
        Coordinate[] ring = [.. Enumerable.Range(0, corners).Select(i =>
        {
            double reach = size * (0.3 + 0.7 * random.NextDouble());
            return new Coordinate(x + reach * Math.Cos(i * 2 * Math.PI / corners), y + reach * Math.Sin(i * 2 * Math.PI / corners));
        })];
        var polygon = new Polygon(new LinearRing([.. ring, ring[0]]));
        return (new SurfaceArea(polygon, isKept: true), p => polygon.Intersects(new Point(p)));
    }

    private static Coordinate PointNear(Viewport box, Random random) => new(
        box.West + (random.NextDouble() * 1.4 - 0.2) * (box.East - box.West), box.South + (random.NextDouble() * 1.4 - 0.2) * (box.North - box.South));
}
