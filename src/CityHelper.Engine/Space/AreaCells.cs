namespace CityHelper.Engine.Space;

/// <summary>Runs of cells, sorted and disjoint: each from one encoded cell to another of the same column, ends included.</summary>
/// <param name="From">First cells.</param>
/// <param name="To">Last cells, as many.</param>
internal sealed record CellRuns(long[] From, long[] To)
{
    public static CellRuns None { get; } = new([], []);

    public bool IsEmpty => From.Length == 0;

    /// <summary>Whether each run is one cell.</summary>
    public bool AreSingle => From.AsSpan().SequenceEqual(To);

    /// <summary>The number of cells in a part of a column.</summary>
    /// <param name="zoom">The cells' zoom.</param>
    /// <param name="x">The column.</param>
    /// <param name="north">The first row.</param>
    /// <param name="south">The last row.</param>
    public int CountIn(int zoom, int x, int north, int south)
    {
        (long first, long last) = (TileRange.Encode(zoom, x, north), TileRange.Encode(zoom, x, south));
        int at = Array.BinarySearch(To, first);
        int count = 0;
        for (int i = at < 0 ? ~at : at; i < From.Length && From[i] <= last; i++)
        {
            count += (int)(Math.Min(To[i], last) - Math.Max(From[i], first) + 1);
        }

        return count;
    }

    /// <summary>The same cells, with neighbours in a column joined into one run.</summary>
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
/// An area cut into cells. Rows of interior cells need no test and may be counted in advance. Rows of boundary cells are tested one by
/// one. A cell is in at most one of the four sets, and together they cover the area.
/// </summary>
/// <param name="Interior">Interior cells of the coarse zoom.</param>
/// <param name="InteriorFine">Interior cells of the fine zoom, in coarse cells that are not interior.</param>
/// <param name="Boundary">Boundary cells of the coarse zoom that were not cut further.</param>
/// <param name="BoundaryFine">Boundary cells of the fine zoom.</param>
internal sealed record AreaCells(CellRuns Interior, CellRuns InteriorFine, CellRuns Boundary, CellRuns BoundaryFine)
{
    /// <summary>An area of too many cells, or of more runs than <see cref="Limits.AreaRunsMax"/>.</summary>
    public static AreaCells TooMany { get; } = new(CellRuns.None, CellRuns.None, CellRuns.None, CellRuns.None) { AreTooMany = true };

    /// <summary>Whether the area is too large to be given as cells.</summary>
    public bool AreTooMany { get; private init; }

    /// <summary>The number of runs.</summary>
    public int Runs => Interior.From.Length + InteriorFine.From.Length + Boundary.From.Length + BoundaryFine.From.Length;

    /// <summary>The share of a coarse cell that boundary cells make up: from 0 to 1.</summary>
    /// <param name="cell">An encoded cell of the coarse zoom.</param>
    /// <param name="coarse">That zoom.</param>
    /// <param name="fine">The zoom of the fine cells.</param>
    public double BoundaryShareOf(long cell, int coarse, int fine)
    {
        (int x, int y, int width) = (TileRange.XOf(cell), TileRange.YOf(cell), 1 << (fine - coarse));
        int fineCells = Enumerable.Range(x * width, width)
            .Sum(column => BoundaryFine.CountIn(fine, column, y * width, (y + 1) * width - 1));
        return Boundary.CountIn(coarse, x, y, y) + fineCells / (double)(width * width);
    }

    /// <summary>The whole world, as one run of a zoom.</summary>
    public static AreaCells Everywhere(int zoom)
    {
        int last = (1 << zoom) - 1;
        return new AreaCells(
            new CellRuns([TileRange.Encode(zoom, 0, 0)], [TileRange.Encode(zoom, last, last)]),
            CellRuns.None,
            CellRuns.None,
            CellRuns.None);
    }

    /// <summary>The same with neighbours joined: fewer index ranges, for questions without a time range.</summary>
    public AreaCells Joined() =>
        this with
        {
            Interior = Interior.Joined(),
            InteriorFine = InteriorFine.Joined(),
            Boundary = Boundary.Joined(),
            BoundaryFine = BoundaryFine.Joined(),
        };

    /// <summary>Cuts an area.</summary>
    /// <param name="area">A checked area.</param>
    /// <param name="coarse">The zoom of the coarse cells.</param>
    /// <param name="fine">The zoom that the boundary is cut to; equal to <paramref name="coarse"/> for coarse boundary cells.</param>
    public static AreaCells Of(Area area, int coarse, int fine)
    {
        var cutter = new AreaCutter(area, coarse, fine);
        return cutter.Cut();
    }
}

/// <summary>
/// Goes from large tiles to small ones. Only boundary tiles are cut further, so the work grows with the boundary and not with the area.
/// </summary>
internal sealed class AreaCutter(Area area, int coarse, int fine)
{
    private readonly List<(int X, int North, int South)> _interior = [];
    private readonly List<(int X, int North, int South)> _interiorFine = [];
    private readonly List<(int X, int North, int South)> _boundary = [];
    private readonly List<(int X, int North, int South)> _boundaryFine = [];
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

        var cells = new AreaCells(Runs(_interior, coarse), Runs(_interiorFine, fine), Runs(_boundary, coarse), Runs(_boundaryFine, fine));
        return cells.Runs <= Limits.AreaRunsMax ? cells : AreaCells.TooMany;
    }

    // Level by level, so that a boundary that is too long for the finest zoom is equally coarse everywhere.
    private void CutLevels(int zoom, List<(int X, int Y)> tiles)
    {
        int tests = 0;
        while (_parts <= Limits.AreaPartsMax)
        {
            List<(int X, int Y)> boundary = BoundaryOf(zoom, tiles);
            tests += tiles.Count;
            if (zoom == fine || (tests + 4 * boundary.Count) * area.TestCost > Limits.AreaTestsMax)
            {
                boundary.ForEach(tile => Add(zoom, tile.X, tile.Y, _boundary, _boundaryFine));
                return;
            }

            zoom++;
            tiles =
            [
                .. boundary.SelectMany(t =>
                    new[] { (2 * t.X, 2 * t.Y), (2 * t.X, 2 * t.Y + 1), (2 * t.X + 1, 2 * t.Y), (2 * t.X + 1, 2 * t.Y + 1) }),
            ];
        }
    }

    private List<(int X, int Y)> BoundaryOf(int zoom, List<(int X, int Y)> tiles)
    {
        var boundary = new List<(int X, int Y)>();
        foreach ((int x, int y) in tiles)
        {
            Viewport box = TileRange.BoxOf(zoom, x, y);
            if (!area.Touches(box))
            {
                continue;
            }

            if (area.Holds(box))
            {
                Add(zoom, x, y, _interior, _interiorFine);
            }
            else
            {
                boundary.Add((x, y));
            }
        }

        return boundary;
    }

    // A tile of another zoom becomes its columns of the next finer of the two zooms.
    private void Add(int zoom, int x, int y, List<(int X, int North, int South)> ofCoarse, List<(int X, int North, int South)> ofFine)
    {
        (int counted, List<(int X, int North, int South)> runs) = zoom <= coarse ? (coarse, ofCoarse) : (fine, ofFine);
        int width = 1 << (counted - zoom);
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

        // Few cells are listed one by one: an index finds the rows of a time range in one cell, but not in a range of cells.
        if (joined.Sum(run => run.South - run.North + 1L) <= Limits.AreaSingleCellsMax)
        {
            joined = [.. joined.SelectMany(run => Enumerable.Range(run.North, run.South - run.North + 1).Select(y => (run.X, y, y)))];
        }

        return new CellRuns(
            [.. joined.Select(run => TileRange.Encode(zoom, run.X, run.North))],
            [.. joined.Select(run => TileRange.Encode(zoom, run.X, run.South))]);
    }
}
