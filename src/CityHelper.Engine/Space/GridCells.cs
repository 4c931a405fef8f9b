namespace CityHelper.Engine.Space;

/// <summary>Grid cells: Web Mercator tiles, packed as zoom &lt;&lt; 58 | x &lt;&lt; 29 | y (<c>public.cell</c>).</summary>
public static class GridCells
{
    /// <summary>The cell of a point.</summary>
    /// <param name="longitude">Degrees, -180 to 180.</param>
    /// <param name="latitude">Degrees, -90 to 90.</param>
    /// <param name="zoom">The zoom.</param>
    public static long Of(double longitude, double latitude, int zoom) => CellCovering.CellOf(longitude, latitude, zoom);

    /// <summary>The zoom of a cell.</summary>
    public static int ZoomOf(long cell) => (int)(cell >> 58);

    /// <summary>The cells of a zoom that a cell lies in or consists of: one, or four for each zoom that it is finer.</summary>
    public static IEnumerable<long> At(long cell, int zoom)
    {
        (int own, int x, int y) = (ZoomOf(cell), TileRange.XOf(cell), TileRange.YOf(cell));
        if (zoom <= own)
        {
            yield return TileRange.Encode(zoom, x >> (own - zoom), y >> (own - zoom));
            yield break;
        }

        int width = 1 << (zoom - own);
        for (int column = x * width; column < (x + 1) * width; column++)
        {
            for (int row = y * width; row < (y + 1) * width; row++)
            {
                yield return TileRange.Encode(zoom, column, row);
            }
        }
    }
}
