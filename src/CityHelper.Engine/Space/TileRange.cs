namespace CityHelper.Engine.Space;

/// <summary>A rectangle of Web Mercator tiles of one zoom, ends included. Grid cells are such tiles (docs/decisions/0003).</summary>
/// <param name="Zoom">The world is 2^zoom tiles wide.</param>
/// <param name="West">Smallest x.</param>
/// <param name="East">Largest x.</param>
/// <param name="North">Smallest y: rows count from the north.</param>
/// <param name="South">Largest y.</param>
internal readonly record struct TileRange(int Zoom, int West, int East, int North, int South)
{
    /// <summary>The square of Web Mercator ends here; SQL clamps to the same number.</summary>
    private const double LatitudeMax = 85.0511;

    /// <summary>
    /// Degrees (about 0.1 mm) that an area grows by before it is cut into cells. SQL and .NET may differ in the last bit of a logarithm.
    /// With the margin, a point on a cell's edge is covered whichever cell its row is in. The exact test follows anyway.
    /// </summary>
    private const double Margin = 1e-9;

    /// <summary>The number of tiles.</summary>
    public long Count => (East - West + 1L) * (South - North + 1L);

    /// <summary>The tiles that intersect a rectangle.</summary>
    public static TileRange Around(Viewport box, int zoom) => new(
        zoom, XOf(box.West - Margin, zoom), XOf(box.East + Margin, zoom), YOf(box.North + Margin, zoom), YOf(box.South - Margin, zoom));

    /// <summary>The tiles that may intersect an area, as cells.</summary>
    public IEnumerable<long> Touching(Area area)
    {
        for (int x = West; x <= East; x++)
        {
            for (int y = North; y <= South; y++)
            {
                if (area is ViewportArea || area.Touches(BoxOf(Zoom, x, y)))
                {
                    yield return Encode(Zoom, x, y);
                }
            }
        }
    }

    /// <summary>A cell, encoded as SQL <c>public.cell</c> does: zoom &lt;&lt; 58 | x &lt;&lt; 29 | y.</summary>
    public static long Encode(int zoom, int x, int y) => ((long)zoom << 58) | ((long)x << 29) | (uint)y;

    /// <summary>The column of a longitude.</summary>
    public static int XOf(double longitude, int zoom) => Clamp((longitude + 180) / 360 * (1 << zoom), zoom);

    /// <summary>The row of a latitude.</summary>
    public static int YOf(double latitude, int zoom)
    {
        double radians = Math.Clamp(latitude, -LatitudeMax, LatitudeMax) * (Math.PI / 180);
        return Clamp((1 - Math.Log(Math.Tan(radians) + 1 / Math.Cos(radians)) / Math.PI) / 2 * (1 << zoom), zoom);
    }

    /// <summary>
    /// The rectangle of a tile, grown by the margin: every point that SQL puts into the cell lies in it. The outermost tiles reach to the
    /// poles, since latitudes are clamped into them.
    /// </summary>
    public static Viewport BoxOf(int zoom, int x, int y)
    {
        int last = (1 << zoom) - 1;
        return Grown(new Viewport(
            LongitudeOf(x, zoom), y == last ? -90 : LatitudeOf(y + 1, zoom), LongitudeOf(x + 1, zoom), y == 0 ? 90 : LatitudeOf(y, zoom)));
    }

    /// <summary>The rectangle of an encoded cell.</summary>
    public static Viewport BoxOf(long cell) => BoxOf((int)(cell >> 58), XOf(cell), YOf(cell));

    /// <summary>The column of an encoded cell.</summary>
    public static int XOf(long cell) => (int)(cell >> 29) & ((1 << 29) - 1);

    /// <summary>The row of an encoded cell.</summary>
    public static int YOf(long cell) => (int)cell & ((1 << 29) - 1);

    // Not beyond the world's edges, so that an area up to an edge contains the tiles there.
    private static Viewport Grown(Viewport box) =>
        new(
            Math.Max(-180, box.West - Margin),
            Math.Max(-90, box.South - Margin),
            Math.Min(180, box.East + Margin),
            Math.Min(90, box.North + Margin));

    private static double LongitudeOf(int x, int zoom) => (double)x / (1 << zoom) * 360 - 180;

    private static double LatitudeOf(int y, int zoom) => Math.Atan(Math.Sinh(Math.PI * (1 - 2.0 * y / (1 << zoom)))) * (180 / Math.PI);

    private static int Clamp(double tile, int zoom) => (int)Math.Clamp(Math.Floor(tile), 0, (1 << zoom) - 1);
}
