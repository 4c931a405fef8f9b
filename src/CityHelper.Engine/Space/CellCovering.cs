namespace CityHelper.Engine.Space;

/// <summary>
/// The grid cells that cover an area: at most <see cref="Limits.AreaCellsMax"/>, of the finest level for which that is enough. No cells
/// means that the area is too large for a covering, so the rows are scanned in their order.
/// </summary>
/// <param name="Level">Index of the level, -1 without cells.</param>
/// <param name="Cells">Encoded as SQL <c>public.cell</c> does: zoom &lt;&lt; 58 | x &lt;&lt; 29 | y.</param>
internal sealed record CellCovering(int Level, IReadOnlyList<long> Cells)
{
    /// <summary>An area that no level covers.</summary>
    public static CellCovering None { get; } = new(-1, []);

    /// <summary>The cells; null when there are none.</summary>
    public IReadOnlyList<long>? Known => Level >= 0 ? Cells : null;

    /// <summary>Covers an area.</summary>
    /// <param name="area">A checked area.</param>
    /// <param name="zooms">The zooms of the levels, coarsest first.</param>
    public static CellCovering Of(Area area, IReadOnlyList<int> zooms)
    {
        for (int level = zooms.Count - 1; level >= 0; level--)
        {
            var tiles = TileRange.Around(area.Box, zooms[level]);
            if (tiles.Count <= (area is ViewportArea ? Limits.AreaCellsMax : Limits.AreaCandidatesMax / area.TestCost)
                && tiles.Touching(area).Take(Limits.AreaCellsMax + 1).ToArray() is { Length: <= Limits.AreaCellsMax } cells)
            {
                return new CellCovering(level, cells);
            }
        }

        return None;
    }

    /// <summary>The cell of a point.</summary>
    public static long CellOf(double longitude, double latitude, int zoom) =>
        TileRange.Encode(zoom, TileRange.XOf(longitude, zoom), TileRange.YOf(latitude, zoom));
}
