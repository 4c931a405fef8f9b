using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Planning.Statistics;

/// <summary>What a request reads from packed blocks: a range of keys per cell, and whether its rows are tested against the area.</summary>
/// <param name="Cells">Fine cells. A cell may appear twice, with different keys.</param>
/// <param name="Lows">The smallest key of each.</param>
/// <param name="Highs">The exclusive end of the keys of each.</param>
/// <param name="AreBoundary">Whether each is a boundary cell.</param>
/// <param name="Area">The area that rows of boundary cells must lie in.</param>
internal sealed record BlockReads(long[] Cells, long[] Lows, long[] Highs, bool[] AreBoundary, PointTest Area)
{
    /// <summary>The id buckets of the smallest keys.</summary>
    public short[] From(BlockTable blocks) => [.. Lows.Select(low => (short)(low >> blocks.BucketShift))];

    /// <summary>The id buckets of the largest keys.</summary>
    public short[] To(BlockTable blocks) => [.. Highs.Select(high => (short)((high - 1) >> blocks.BucketShift))];

    /// <summary>The reads for cells that would otherwise be read row by row.</summary>
    /// <param name="cells">Cells in runs of a zoom, with the keys wanted of them.</param>
    /// <param name="fine">The zoom of the blocks.</param>
    /// <param name="area">The area that rows of boundary cells must lie in.</param>
    public static BlockReads Of(BlockCells[] cells, int fine, PointTest area)
    {
        (BlockCells Cells, long Cell)[] all = [.. cells.SelectMany(cells => cells.CellsAt(fine), (cells, cell) => (cells, cell))];
        return new BlockReads(
            [.. all.Select(a => a.Cell)],
            [.. all.Select(a => a.Cells.Keys.Low)],
            [.. all.Select(a => a.Cells.Keys.High)],
            [.. all.Select(a => a.Cells.IsBoundary)],
            area);
    }
}

/// <summary>Cells, and the keys wanted of them.</summary>
/// <param name="Runs">The cells.</param>
/// <param name="Zoom">Their zoom.</param>
/// <param name="Keys">The keys.</param>
/// <param name="IsBoundary">Whether they are boundary cells.</param>
internal readonly record struct BlockCells(CellRuns Runs, int Zoom, KeyRange Keys, bool IsBoundary)
{
    /// <summary>The number of cells of a finer zoom in them.</summary>
    public long CountAt(int zoom)
    {
        // Every run lies in one column.
        long cells = 0;
        for (int i = 0; i < Runs.From.Length; i++)
        {
            cells += Runs.To[i] - Runs.From[i] + 1;
        }

        return cells << (2 * (zoom - Zoom));
    }

    /// <summary>The cells of a finer zoom in them.</summary>
    public IEnumerable<long> CellsAt(int zoom)
    {
        (CellRuns runs, int of) = (Runs, Zoom);
        int width = 1 << (zoom - of);
        return Enumerable
            .Range(0, runs.From.Length)
            .SelectMany(i =>
                from x in Enumerable.Range(TileRange.XOf(runs.From[i]) * width, width)
                from y in Enumerable.Range(
                    TileRange.YOf(runs.From[i]) * width, (TileRange.YOf(runs.To[i]) - TileRange.YOf(runs.From[i]) + 1) * width)
                select TileRange.Encode(zoom, x, y));
    }
}
