using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Planning.Figures;

/// <summary>What a request reads of packs: of each cell a range of keys, and whether its rows are held against the area.</summary>
/// <param name="Cells">Fine cells. One may stand here twice, with different keys.</param>
/// <param name="Lows">The smallest key.</param>
/// <param name="Highs">The key behind the largest.</param>
/// <param name="AreRim">Whether the cell lies on the rim.</param>
/// <param name="Area">What rows of the rim must lie in.</param>
internal sealed record PackReads(long[] Cells, long[] Lows, long[] Highs, bool[] AreRim, PointTest Area)
{
    /// <summary>The slices of the smallest keys.</summary>
    public short[] From(PackTable packs) => [.. Lows.Select(low => (short)(low >> packs.SliceShift))];

    /// <summary>The slices of the largest keys.</summary>
    public short[] To(PackTable packs) => [.. Highs.Select(high => (short)((high - 1) >> packs.SliceShift))];

    /// <summary>What would else be read row by row.</summary>
    /// <param name="places">Cells by runs of a zoom, with the keys wanted of them.</param>
    /// <param name="fine">The zoom of packs.</param>
    /// <param name="area">What rows of the rim must lie in.</param>
    public static PackReads Of(PackPlace[] places, int fine, PointTest area)
    {
        (PackPlace Place, long Cell)[] all = [.. places.SelectMany(place => place.CellsAt(fine), (place, cell) => (place, cell))];
        return new PackReads(
            [.. all.Select(a => a.Cell)], [.. all.Select(a => a.Place.Keys.Low)], [.. all.Select(a => a.Place.Keys.High)], [.. all.Select(a => a.Place.IsRim)], area);
    }
}

/// <summary>Some cells, and the keys wanted of them.</summary>
/// <param name="Runs">The cells.</param>
/// <param name="Zoom">Their zoom.</param>
/// <param name="Keys">The keys.</param>
/// <param name="IsRim">Whether they lie on the rim.</param>
internal readonly record struct PackPlace(CellRuns Runs, int Zoom, KeyRange Keys, bool IsRim)
{
    /// <summary>How many cells of a finer zoom.</summary>
    public long CountAt(int zoom)
    {
        // Every run is of one column.
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
        return Enumerable.Range(0, runs.From.Length).SelectMany(i =>
            from x in Enumerable.Range(TileRange.XOf(runs.From[i]) * width, width)
            from y in Enumerable.Range(TileRange.YOf(runs.From[i]) * width, (TileRange.YOf(runs.To[i]) - TileRange.YOf(runs.From[i]) + 1) * width)
            select TileRange.Pack(zoom, x, y));
    }
}
