using System.Text.Json;
using System.Text.Unicode;
using CityHelper.Data.Import;

namespace CityHelper.Data.Boundaries;

/// <summary>
/// Reads the strings of a file. JSON allows half a surrogate pair (<c>"\ud83d"</c>), which is not text. The parser checks neither this nor
/// the encoding until a string is read.
/// </summary>
internal static class GeoJsonText
{
    /// <summary>Parses a file after checking that all its member names are readable: a lookup of one name also reads others.</summary>
    /// <exception cref="BrokenInputException">It is not UTF-8, not JSON, or has an unreadable member name.</exception>
    public static JsonDocument Parse(string file, ReadOnlyMemory<byte> content)
    {
        if (!Utf8.IsValid(content.Span))
        {
            throw new BrokenInputException(
                $"{file} is not UTF-8, as GeoJSON must be: convert it, with `iconv -f LATIN1 -t UTF-8` if it is Latin-1.");
        }

        // A UTF-8 byte order mark, which some editors write, is not JSON.
        ReadOnlyMemory<byte> json = content.Span.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? content[3..] : content;
        try
        {
            RequireNames(file, json.Span);
            return JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = Limits.BoundaryNestingMax });
        }
        catch (JsonException broken)
        {
            throw new BrokenInputException($"{file} is no GeoJSON: {broken.Message}", broken);
        }
    }

    /// <summary>The text of a string element.</summary>
    /// <exception cref="RefusedFeatureException">It holds half a surrogate pair.</exception>
    public static string Of(JsonElement text) =>
        TryOf(text) ?? throw new RefusedFeatureException("a text of it holds half a character (a \\u escape without its other half)");

    /// <summary>As <see cref="Of"/>, but null instead of an exception.</summary>
    public static string? TryOf(JsonElement text)
    {
        try
        {
            return text.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static void RequireNames(string file, ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = Limits.BoundaryNestingMax });
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName || !reader.ValueIsEscaped)
            {
                continue;
            }

            try
            {
                reader.GetString();
            }
            catch (InvalidOperationException half)
            {
                throw new BrokenInputException(
                    $"{file} has a property whose name holds half a character (a \\u escape without its other half): rename or remove it.",
                    half);
            }
        }
    }
}
