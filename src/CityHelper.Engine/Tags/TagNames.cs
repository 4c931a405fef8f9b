using System.Globalization;
using CityHelper.Engine.Space;

namespace CityHelper.Engine.Tags;

/// <summary>
/// Tags as texts, with the tenant's name in front: <c>nyc/c/14/4825/6160</c> (zoom, x, y), <c>nyc/r/123</c>, <c>nyc/rows</c>. Lower case,
/// since CloudFront compares tags without case.
/// </summary>
public static class TagNames
{
    /// <summary>The name of what belongs to no tenant.</summary>
    public const string NoTenant = "0";

    private static readonly (TagKind Kind, string Name)[] s_kinds =
    [
        (TagKind.All, "all"), (TagKind.Rows, "rows"), (TagKind.Bulk, "bulk"), (TagKind.Reference, "ref"), (TagKind.Boundary, "boundary"),
    ];

    /// <summary>The text of a tag.</summary>
    /// <param name="tenant">The tenant's name.</param>
    /// <param name="tag">The tag.</param>
    public static string Of(string tenant, Tag tag) => string.Create(CultureInfo.InvariantCulture, $"{tenant}/{Of(tag)}");

    /// <summary>The text of a tag without the tenant.</summary>
    public static string Of(Tag tag) => tag.Kind switch
    {
        TagKind.Row => string.Create(CultureInfo.InvariantCulture, $"r/{tag.Value}"),
        TagKind.Cell => string.Create(
            CultureInfo.InvariantCulture, $"c/{GridCells.ZoomOf(tag.Value)}/{TileRange.XOf(tag.Value)}/{TileRange.YOf(tag.Value)}"),
        _ => s_kinds.First(kind => kind.Kind == tag.Kind).Name,
    };

    /// <summary>The tag of a text without the tenant, in the one spelling of <see cref="Of(Tag)"/>.</summary>
    /// <returns>Null when the text is none.</returns>
    public static Tag? Parse(string text)
    {
        Tag? tag = text.Split('/') switch
        {
            ["r", var row] when long.TryParse(row, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long key) =>
                new Tag(TagKind.Row, key),
            ["c", var zoom, var x, var y] => Cell(Number(zoom), Number(x), Number(y)),
            [var word] when s_kinds.Any(kind => kind.Name == word) => new Tag(s_kinds.First(kind => kind.Name == word).Kind),
            _ => null,
        };
        return tag is { } known && Of(known) == text ? known : null;
    }

    private static Tag? Cell(int? zoom, int? x, int? y) =>
        zoom <= Limits.CellZoomMax && x >> zoom == 0 && y >> zoom == 0
            ? new Tag(TagKind.Cell, TileRange.Encode(zoom.Value, x!.Value, y!.Value))
            : null;

    private static int? Number(string digits) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
