using System.Text.Json;
using System.Text.Unicode;
using CityHelper.Data.Import;

namespace CityHelper.Data.Boundaries;

/// <summary>
/// The texts of a file. JSON allows half a surrogate pair (<c>"\ud83d"</c>), which is no text, and its parser looks at neither these nor
/// the encoding before somebody reads the string.
/// </summary>
internal static class GeoJsonText
{
    /// <summary>Parses a file whose names of members can be read, all of them: looking one up reads its neighbours.</summary>
    /// <exception cref="BrokenInputException">It is not UTF-8, no JSON, or has a member without a readable name.</exception>
    public static JsonDocument Parse(string file, ReadOnlyMemory<byte> content)
    {
        if (!Utf8.IsValid(content.Span))
        {
            throw new BrokenInputException($"{file} is not UTF-8, as GeoJSON must be: convert it, with `iconv -f LATIN1 -t UTF-8` if it is Latin-1.");
        }

        // The mark with which some editors begin a file is no JSON.
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

    /// <summary>A string's text.</summary>
    /// <exception cref="RefusedFeatureException">It holds half a surrogate pair.</exception>
    public static string Of(JsonElement text) =>
        TryOf(text) ?? throw new RefusedFeatureException("a text of it holds half a character (a \\u escape without its other half)");

    /// <summary>As <see cref="Of"/>; null instead of the exception.</summary>
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
                    $"{file} has a property whose name holds half a character (a \\u escape without its other half): rename or remove it.", half);
            }
        }
    }
}
