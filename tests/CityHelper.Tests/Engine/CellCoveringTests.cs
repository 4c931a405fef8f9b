using CityHelper.Engine;
using CityHelper.Engine.Space;
using Xunit;

namespace CityHelper.Tests.Engine;

public sealed class CellCoveringTests
{
    private static readonly int[] s_zooms = [12, 14, 16];

    [Fact]
    public void Every_point_of_a_viewport_lies_in_a_cell_of_its_covering()
    {
        var random = new Random(1);
        int covered = 0;
        for (int i = 0; i < 5_000; i++)
        {
            Viewport area = RandomViewport(random);
            CellCovering covering = CellCovering.Of(new ViewportArea(area), s_zooms);
            Assert.True(covering.Cells.Count <= Limits.AreaCellsMax);
            if (covering.Level < 0)
            {
                continue;
            }

            covered++;
            foreach ((double longitude, double latitude) in PointsOf(area, random))
            {
                Assert.Contains(CellCovering.CellOf(longitude, latitude, s_zooms[covering.Level]), covering.Cells);
            }
        }

        Assert.True(covered > 4_000, $"only {covered} viewports were small enough to tell anything");
    }

    [Fact]
    public void The_finest_level_that_suffices_is_chosen()
    {
        Assert.Equal(2, CellCovering.Of(new ViewportArea(Around(-73.98, 40.75, 0.002)), s_zooms).Level);
        Assert.Equal(1, CellCovering.Of(new ViewportArea(Around(-73.98, 40.75, 0.02)), s_zooms).Level);
        Assert.Equal(0, CellCovering.Of(new ViewportArea(Around(-73.98, 40.75, 0.1)), s_zooms).Level);
        Assert.Equal(-1, CellCovering.Of(new ViewportArea(Around(-73.98, 40.75, 5)), s_zooms).Level);
    }

    [Theory]
    [InlineData(-180, -90)]
    [InlineData(180, 90)]
    [InlineData(0, 89.999)]
    [InlineData(180, -85.0511)]
    public void The_ends_of_the_world_have_cells(double longitude, double latitude)
    {
        CellCovering covering = CellCovering.Of(new ViewportArea(new Viewport(longitude, latitude, longitude, latitude)), s_zooms);
        Assert.Contains(CellCovering.CellOf(longitude, latitude, 16), covering.Cells);
    }

    private static Viewport Around(double longitude, double latitude, double half) =>
        new(longitude - half, latitude - half, longitude + half, latitude + half);

    private static Viewport RandomViewport(Random random)
    {
        double width = Math.Pow(10, -5 + 4 * random.NextDouble());
        double west = -180 + random.NextDouble() * (360 - width);
        double south = -85 + random.NextDouble() * (170 - width);

        // Every third area begins exactly on a cell's edge.
        if (random.Next(3) == 0)
        {
            west = Math.Floor((west + 180) / 360 * 65_536) / 65_536 * 360 - 180;
        }

        return new Viewport(west, south, west + width, south + width * random.NextDouble());
    }

    private static IEnumerable<(double Longitude, double Latitude)> PointsOf(Viewport area, Random random)
    {
        foreach (double x in new[] { 0, 1, random.NextDouble() })
        {
            foreach (double y in new[] { 0, 1, random.NextDouble() })
            {
                yield return (
                    Math.Min(area.West + x * (area.East - area.West), area.East),
                    Math.Min(area.South + y * (area.North - area.South), area.North));
            }
        }
    }
}
