using System.Globalization;

namespace CityHelper.Server.Changes;

/// <summary>
/// Grid cells as texts: <c>zoom/x/y</c>, as tiles are named on maps. The database packs them as zoom &lt;&lt; 58 | x &lt;&lt; 29 | y.
/// </summary>
internal static class CellNames
{
    /// <summary>The zoom of the cells that events name.</summary>
    public const int EventZoom = 14;

    /// <summary>The bits of one axis.</summary>
    public const int AxisBits = 29;

    private const long AxisMask = (1L << AxisBits) - 1;

    /// <summary>Whether a number is a packed cell.</summary>
    public static bool IsCell(long cell)
    {
        long zoom = cell >> (2 * AxisBits);
        return zoom is >= 0 and <= AxisBits && ((cell >> AxisBits) & AxisMask) >> (int)zoom == 0 && (cell & AxisMask) >> (int)zoom == 0;
    }

    /// <summary>The name of a packed cell.</summary>
    public static string Of(long cell) => string.Create(
        CultureInfo.InvariantCulture, $"{cell >> (2 * AxisBits)}/{(cell >> AxisBits) & AxisMask}/{cell & AxisMask}");

    /// <summary>The packed cell of a name, in the one spelling of <see cref="Of"/>.</summary>
    /// <returns>Null when the text is none.</returns>
    public static long? Parse(string? name)
    {
        string[] parts = name?.Split('/') ?? [];
        if (parts.Length != 3 || Number(parts[0]) is not { } zoom || Number(parts[1]) is not { } x || Number(parts[2]) is not { } y)
        {
            return null;
        }

        long cell = (zoom << (2 * AxisBits)) | (x << AxisBits) | y;
        return zoom <= AxisBits && x <= AxisMask && y <= AxisMask && IsCell(cell) && Of(cell) == name ? cell : null;
    }

    private static long? Number(string digits) =>
        long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;
}
