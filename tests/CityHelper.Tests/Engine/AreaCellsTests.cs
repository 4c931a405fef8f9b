using CityHelper.Engine;
using CityHelper.Engine.Space;
using NetTopologySuite.Geometries;
using Xunit;

namespace CityHelper.Tests.Engine;

/// <summary>Splits areas into interior cells and boundary cells, and compares with points tested one by one.</summary>
public sealed class AreaCellsTests
{
    private const int Coarse = 14;
    private const int Fine = 16;

    [Fact]
    public void Every_point_of_an_area_is_in_one_set_and_interior_cells_hold_no_other()
    {
        var random = new Random(41);
        (int interior, int boundary, int outside) = (0, 0, 0);
        for (int i = 0; i < 200; i++)
        {
            (Area area, Func<Coordinate, bool> holds) = Draw(random);
            AreaCells cells = AreaCells.Of(area, Coarse, Fine);
            for (int k = 0; k < 200; k++)
            {
                Coordinate point = PointNear(area.Box, random);
                int sets = Sets(cells, point, out bool inInterior);
                Assert.InRange(sets, 0, 1);
                interior += inInterior ? 1 : 0;
                boundary += sets == 1 && !inInterior ? 1 : 0;
                outside += sets == 0 ? 1 : 0;
                Assert.True(!inInterior || holds(point), $"area {i}: an interior cell holds {point}, the area does not");
                Assert.True(sets == 1 || !holds(point), $"area {i}: no cell holds {point} of the area");
            }
        }

        Assert.True(
            interior > 5_000 && boundary > 2_000 && outside > 2_000,
            $"{interior} in interior cells, {boundary} in boundary cells, {outside} in none: the areas prove too little");
    }

    [Fact]
    public void The_boundary_share_of_a_coarse_cell_is_that_of_its_fine_cells()
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
                int boundary = Enumerable.Range(0, 16).Count(k =>
                {
                    Viewport fine = TileRange.BoxOf(Fine, 4 * x + k % 4, 4 * y + k / 4);
                    var centre = new Coordinate((fine.West + fine.East) / 2, (fine.South + fine.North) / 2);
                    return Sets(cells, centre, out bool inInterior) == 1 && !inInterior;
                });
                Assert.Equal(boundary / 16.0, cells.BoundaryShareOf(TileRange.Encode(Coarse, x, y), Coarse, Fine));
                some += boundary is > 0 and < 16 ? 1 : 0;
            }
        }

        Assert.True(some > 20, $"only {some} cells had both interior and boundary cells");
    }

    [Fact]
    public void The_whole_world_is_interior()
    {
        AreaCells cells = AreaCells.Of(new ViewportArea(new Viewport(-180, -90, 180, 90)), Coarse, Fine);
        Assert.True(cells.Boundary.IsEmpty && cells.BoundaryFine.IsEmpty && cells.InteriorFine.IsEmpty);
        Assert.Equal(1 << Coarse, cells.Interior.From.Length);
    }

    [Fact]
    public void A_large_area_stays_cheap_to_cut()
    {
        AreaCells cells = AreaCells.Of(new ViewportArea(new Viewport(-120.123, 20.321, -60.456, 60.654)), Coarse, Fine);
        Assert.False(cells.Interior.AreSingle);
        Assert.InRange(cells.Interior.From.Length, 2_500, 3_000);
        Assert.InRange(cells.Boundary.From.Length + cells.BoundaryFine.From.Length, 1, 16_000);
    }

    private static int Sets(AreaCells cells, Coordinate point, out bool inInterior)
    {
        bool Holds(CellRuns runs, int zoom)
        {
            long cell = CellCovering.CellOf(point.X, point.Y, zoom);
            return Enumerable.Range(0, runs.From.Length).Any(i => runs.From[i] <= cell && cell <= runs.To[i]);
        }

        inInterior = Holds(cells.Interior, Coarse) || Holds(cells.InteriorFine, Fine);
        return new[]
        {
            Holds(cells.Interior, Coarse),
            Holds(cells.InteriorFine, Fine),
            Holds(cells.Boundary, Coarse),
            Holds(cells.BoundaryFine, Fine),
        }.Count(holds => holds);
    }

    /// <summary>Every tooth of this comb spans every height: each test of a tile looks at all edges, so fewer tests are made.</summary>
    [Fact]
    public void A_clients_polygon_of_many_positions_is_cut_less_finely()
    {
        const int Teeth = 4_990;
        IEnumerable<Coordinate> teeth = Enumerable.Range(0, Teeth)
            .SelectMany(i => new[] { new Coordinate(-75 + i * 0.0004, 41), new Coordinate(-75 + i * 0.0004 + 0.0001, 40) });
        Coordinate[] ring = [new(-75, 39.99), .. teeth, new(-75 + Teeth * 0.0004, 39.99), new(-75, 39.99)];
        var comb = new Polygon(new LinearRing(ring));
        var sent = new CountingArea(new SurfaceArea(comb, isStored: false));
        var kept = new CountingArea(new SurfaceArea(comb, isStored: true));
        AreaCells.Of(sent, Coarse, Fine);
        AreaCells.Of(kept, Coarse, Fine);
        CellCovering.Of(sent, [12, Coarse, Fine]);

        // The total work stays within that of a simple area, whatever one test costs.
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

    /// <summary>Counts the tests made on an area.</summary>
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
        return (new SurfaceArea(polygon, isStored: true), p => polygon.Intersects(new Point(p)));
    }

    private static Coordinate PointNear(Viewport box, Random random) =>
        new(
            box.West + (random.NextDouble() * 1.4 - 0.2) * (box.East - box.West),
            box.South + (random.NextDouble() * 1.4 - 0.2) * (box.North - box.South));
}
