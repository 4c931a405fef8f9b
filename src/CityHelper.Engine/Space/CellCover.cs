namespace CityHelper.Engine.Space;

/// <summary>
/// The grid cells that hold an area: at most <see cref="Limits.AreaCellsMax"/> of the finest level for which that is enough. No cells
/// at all means that the area is too large for cells, and the rows are walked in their order instead.
/// </summary>
/// <param name="Level">Index of the level, -1 without cells.</param>
/// <param name="Cells">Packed as SQL <c>public.cell</c> packs them: zoom &lt;&lt; 58 | x &lt;&lt; 29 | y.</param>
internal sealed record CellCover(int Level, IReadOnlyList<long> Cells)
{
    /// <summary>An area that no level covers.</summary>
    public static CellCover None { get; } = new(-1, []);

    /// <summary>Covers an area.</summary>
    /// <param name="area">A checked area.</param>
    /// <param name="zooms">The zooms there are, coarsest first.</param>
    public static CellCover Of(Area area, IReadOnlyList<int> zooms)
    {
        for (int level = zooms.Count - 1; level >= 0; level--)
        {
            var tiles = TileRange.Around(area.Box, zooms[level]);
            if (tiles.Count <= (area is ViewportArea ? Limits.AreaCellsMax : Limits.AreaCandidatesMax / area.TestCost)
                && tiles.Touching(area).Take(Limits.AreaCellsMax + 1).ToArray() is { Length: <= Limits.AreaCellsMax } cells)
            {
                return new CellCover(level, cells);
            }
        }

        return None;
    }

    /// <summary>The cell of a point.</summary>
    public static long CellOf(double longitude, double latitude, int zoom) => TileRange.Pack(zoom, TileRange.XOf(longitude, zoom), TileRange.YOf(latitude, zoom));
}
