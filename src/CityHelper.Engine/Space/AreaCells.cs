namespace CityHelper.Engine.Space;

/// <summary>Runs of cells, sorted and apart: each from one packed cell to another of the same column, ends included.</summary>
/// <param name="From">First cells.</param>
/// <param name="To">Last cells, as many.</param>
internal sealed record CellRuns(long[] From, long[] To)
{
    public static CellRuns None { get; } = new([], []);

    public bool IsEmpty => From.Length == 0;

    /// <summary>Whether each run is one cell.</summary>
    public bool AreSingle => From.AsSpan().SequenceEqual(To);

    /// <summary>How many cells of a part of a column there are.</summary>
    /// <param name="zoom">The cells' zoom.</param>
    /// <param name="x">The column.</param>
    /// <param name="north">Its first cell.</param>
    /// <param name="south">Its last cell.</param>
    public int CountIn(int zoom, int x, int north, int south)
    {
        (long first, long last) = (TileRange.Pack(zoom, x, north), TileRange.Pack(zoom, x, south));
        int at = Array.BinarySearch(To, first);
        int count = 0;
        for (int i = at < 0 ? ~at : at; i < From.Length && From[i] <= last; i++)
        {
            count += (int)(Math.Min(To[i], last) - Math.Max(From[i], first) + 1);
        }

        return count;
    }

    /// <summary>The same cells, neighbours of a column in one run.</summary>
    public CellRuns Joined()
    {
        List<long> from = [];
        List<long> to = [];
        for (int i = 0; i < From.Length; i++)
        {
            if (to.Count > 0 && to[^1] + 1 == From[i])
            {
                to[^1] = To[i];
            }
            else
            {
                from.Add(From[i]);
                to.Add(To[i]);
            }
        }

        return new CellRuns([.. from], [.. to]);
    }
}

/// <summary>
/// An area cut into cells: those that lie in it whole, whose rows need no test and may be counted before, and those of its rim, whose rows
/// are judged one by one. A cell is in one of the four sets at most, and every point of the area in a cell of one.
/// </summary>
/// <param name="Whole">Whole cells of the coarse zoom.</param>
/// <param name="WholeFine">Whole cells of the fine zoom, in coarse ones that are not whole.</param>
/// <param name="Rim">Cells of the coarse zoom that were not cut further.</param>
/// <param name="RimFine">Cells of the fine zoom that are not whole.</param>
internal sealed record AreaCells(CellRuns Whole, CellRuns WholeFine, CellRuns Rim, CellRuns RimFine)
{
    /// <summary>An area of more runs of cells than <see cref="Limits.AreaRunsMax"/>.</summary>
    public static AreaCells TooMany { get; } = new(CellRuns.None, CellRuns.None, CellRuns.None, CellRuns.None) { AreTooMany = true };

    /// <summary>Whether the area is too wide to be named by cells.</summary>
    public bool AreTooMany { get; private init; }

    /// <summary>Runs in all.</summary>
    public int Runs => Whole.From.Length + WholeFine.From.Length + Rim.From.Length + RimFine.From.Length;

    /// <summary>How much of a coarse cell its rim is: from 0 to 1.</summary>
    /// <param name="cell">A packed cell of the coarse zoom.</param>
    /// <param name="coarse">That zoom.</param>
    /// <param name="fine">The zoom of the fine cells.</param>
    public double RimOf(long cell, int coarse, int fine)
    {
        (int x, int y, int width) = (TileRange.XOf(cell), TileRange.YOf(cell), 1 << (fine - coarse));
        int fineCells = Enumerable.Range(x * width, width).Sum(column => RimFine.CountIn(fine, column, y * width, (y + 1) * width - 1));
        return Rim.CountIn(coarse, x, y, y) + fineCells / (double)(width * width);
    }

    /// <summary>Everything there is, as one run of the coarse zoom.</summary>
    public static AreaCells Everywhere(int zoom)
    {
        int last = (1 << zoom) - 1;
        return new AreaCells(new CellRuns([TileRange.Pack(zoom, 0, 0)], [TileRange.Pack(zoom, last, last)]), CellRuns.None, CellRuns.None, CellRuns.None);
    }

    /// <summary>The same with neighbours joined: fewer ranges of an index, for what is asked of all times.</summary>
    public AreaCells Joined() => this with { Whole = Whole.Joined(), WholeFine = WholeFine.Joined(), Rim = Rim.Joined(), RimFine = RimFine.Joined() };

    /// <summary>Cuts an area.</summary>
    /// <param name="area">A checked area.</param>
    /// <param name="coarse">The zoom whose cells are counted longest.</param>
    /// <param name="fine">The zoom into which the rim is cut; the same as <paramref name="coarse"/> for a rim of coarse cells.</param>
    public static AreaCells Of(Area area, int coarse, int fine)
    {
        var cutter = new AreaCutter(area, coarse, fine);
        return cutter.Cut();
    }
}

/// <summary>
/// Goes from large tiles to small ones: only those on the rim are cut further, so the work grows with the rim and not with the area.
/// </summary>
internal sealed class AreaCutter(Area area, int coarse, int fine)
{
    private readonly List<(int X, int North, int South)> _whole = [];
    private readonly List<(int X, int North, int South)> _wholeFine = [];
    private readonly List<(int X, int North, int South)> _rim = [];
    private readonly List<(int X, int North, int South)> _rimFine = [];
    private int _parts;

    public AreaCells Cut()
    {
        TileRange start = TileRange.Around(area.Box, coarse);
        while (start.Count > 4 && start.Zoom > 0)
        {
            start = TileRange.Around(area.Box, start.Zoom - 1);
        }

        IEnumerable<(int X, int Y)> tiles =
            from x in Enumerable.Range(start.West, start.East - start.West + 1)
            from y in Enumerable.Range(start.North, start.South - start.North + 1)
            select (x, y);
        CutLevels(start.Zoom, [.. tiles]);
        if (_parts > Limits.AreaPartsMax)
        {
            return AreaCells.TooMany;
        }

        var cells = new AreaCells(Runs(_whole, coarse), Runs(_wholeFine, fine), Runs(_rim, coarse), Runs(_rimFine, fine));
        return cells.Runs <= Limits.AreaRunsMax ? cells : AreaCells.TooMany;
    }

    // Level by level, so that a rim that is too long for the finest zoom is equally coarse everywhere.
    private void CutLevels(int zoom, List<(int X, int Y)> tiles)
    {
        int tests = 0;
        while (_parts <= Limits.AreaPartsMax)
        {
            List<(int X, int Y)> rim = RimOf(zoom, tiles);
            tests += tiles.Count;
            if (zoom == fine || (tests + 4 * rim.Count) * area.TestCost > Limits.AreaTestsMax)
            {
                rim.ForEach(tile => Add(zoom, tile.X, tile.Y, _rim, _rimFine));
                return;
            }

            zoom++;
            tiles = [.. rim.SelectMany(t => new[] { (2 * t.X, 2 * t.Y), (2 * t.X, 2 * t.Y + 1), (2 * t.X + 1, 2 * t.Y), (2 * t.X + 1, 2 * t.Y + 1) })];
        }
    }

    private List<(int X, int Y)> RimOf(int zoom, List<(int X, int Y)> tiles)
    {
        var rim = new List<(int X, int Y)>();
        foreach ((int x, int y) in tiles)
        {
            Viewport box = TileRange.BoxOf(zoom, x, y);
            if (!area.Touches(box))
            {
                continue;
            }

            if (area.Holds(box))
            {
                Add(zoom, x, y, _whole, _wholeFine);
            }
            else
            {
                rim.Add((x, y));
            }
        }

        return rim;
    }

    // A tile between the two zooms, or above both, is as many columns of the next kept one.
    private void Add(int zoom, int x, int y, List<(int X, int North, int South)> ofCoarse, List<(int X, int North, int South)> ofFine)
    {
        (int kept, List<(int X, int North, int South)> runs) = zoom <= coarse ? (coarse, ofCoarse) : (fine, ofFine);
        int width = 1 << (kept - zoom);
        _parts += width;
        for (int column = x * width; column < (x + 1) * width && _parts <= Limits.AreaPartsMax; column++)
        {
            runs.Add((column, y * width, (y + 1) * width - 1));
        }
    }

    private static CellRuns Runs(List<(int X, int North, int South)> parts, int zoom)
    {
        parts.Sort();
        List<(int X, int North, int South)> joined = [];
        foreach ((int X, int North, int South) part in parts)
        {
            if (joined.Count > 0 && joined[^1] is var last && last.X == part.X && last.South + 1 >= part.North)
            {
                joined[^1] = (last.X, last.North, part.South);
            }
            else
            {
                joined.Add(part);
            }
        }

        // Cell by cell as long as they are few: an index finds the rows of a time in one cell, but not in a range of cells.
        if (joined.Sum(run => run.South - run.North + 1L) <= Limits.AreaSingleCellsMax)
        {
            joined = [.. joined.SelectMany(run => Enumerable.Range(run.North, run.South - run.North + 1).Select(y => (run.X, y, y)))];
        }

        return new CellRuns(
            [.. joined.Select(run => TileRange.Pack(zoom, run.X, run.North))],
            [.. joined.Select(run => TileRange.Pack(zoom, run.X, run.South))]);
    }
}
