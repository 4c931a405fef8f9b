namespace CityHelper.Engine.Space;

/// <summary>
/// The grid cells that hold an area: at most <see cref="Limits.AreaCellsMax"/> of the finest level for which that is enough. No cells
/// at all means that the area is too large for cells, and the rows are walked in their order instead.
/// </summary>
/// <param name="Level">Index of the level, -1 without cells.</param>
/// <param name="Cells">Packed as SQL <c>public.cell</c> packs them: zoom &lt;&lt; 58 | x &lt;&lt; 29 | y.</param>
public sealed record CellCover(int Level, IReadOnlyList<long> Cells)
{
    /// <summary>The square of Web Mercator ends here; SQL clamps to the same number.</summary>
    private const double LatitudeMax = 85.0511;

    /// <summary>
    /// Degrees (about 0.1 mm) that the rectangle is grown by before it is cut into cells. SQL and .NET may differ in the last bit of a
    /// logarithm; with the margin a point on a cell's edge is covered whichever cell its row was given. The exact test follows anyway.
    /// </summary>
    private const double Margin = 1e-9;

    /// <summary>An area that no level covers.</summary>
    public static CellCover None { get; } = new(-1, []);

    /// <summary>Covers a rectangle.</summary>
    /// <param name="area">A checked rectangle.</param>
    /// <param name="zooms">The zooms there are, coarsest first.</param>
    public static CellCover Of(Viewport area, IReadOnlyList<int> zooms)
    {
        for (int level = zooms.Count - 1; level >= 0; level--)
        {
            int zoom = zooms[level];
            int west = TileX(area.West - Margin, zoom);
            int east = TileX(area.East + Margin, zoom);
            int north = TileY(area.North + Margin, zoom);
            int south = TileY(area.South - Margin, zoom);
            long count = (east - west + 1L) * (south - north + 1L);
            if (count <= Limits.AreaCellsMax)
            {
                return new CellCover(level, Tiles(zoom, west, east, north, south));
            }
        }

        return None;
    }

    /// <summary>The cell of a point.</summary>
    public static long CellOf(double longitude, double latitude, int zoom) => Pack(zoom, TileX(longitude, zoom), TileY(latitude, zoom));

    private static List<long> Tiles(int zoom, int west, int east, int north, int south)
    {
        var cells = new List<long>((east - west + 1) * (south - north + 1));
        for (int x = west; x <= east; x++)
        {
            for (int y = north; y <= south; y++)
            {
                cells.Add(Pack(zoom, x, y));
            }
        }

        return cells;
    }

    private static long Pack(int zoom, int x, int y) => ((long)zoom << 58) | ((long)x << 29) | (uint)y;

    private static int TileX(double longitude, int zoom) => Clamp((longitude + 180) / 360 * (1 << zoom), zoom);

    private static int TileY(double latitude, int zoom)
    {
        double radians = Math.Clamp(latitude, -LatitudeMax, LatitudeMax) * (Math.PI / 180);
        return Clamp((1 - Math.Log(Math.Tan(radians) + 1 / Math.Cos(radians)) / Math.PI) / 2 * (1 << zoom), zoom);
    }

    private static int Clamp(double tile, int zoom) => (int)Math.Clamp(Math.Floor(tile), 0, (1 << zoom) - 1);
}
