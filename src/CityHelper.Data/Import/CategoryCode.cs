using System.Text;

namespace CityHelper.Data.Import;

/// <summary>The code of a category: the slug of the source's type.</summary>
public static class CategoryCode
{
    /// <summary>The category of requests without a type.</summary>
    public const string Unknown = "unknown";

    /// <summary>The display name of <see cref="Unknown"/>.</summary>
    public const string UnknownName = "Unknown";

    /// <summary>
    /// Lower-case letters and digits with single dashes between: <c>HEAT/HOT WATER</c> is <c>heat-hot-water</c>. Letters of every script
    /// stay, with their accents: reduced to ASCII, the types of many cities would all be one.
    /// </summary>
    public static string Of(string? typeName)
    {
        var code = new StringBuilder();
        foreach (Rune rune in (typeName ?? "").EnumerateRunes())
        {
            if (Rune.IsLetterOrDigit(rune))
            {
                code.Append(Rune.ToLowerInvariant(rune));
            }
            // An apostrophe is part of a word: driver's is drivers.
            else if (rune.Value is not ('\'' or '’') && code.Length > 0 && code[^1] != '-')
            {
                code.Append('-');
            }
        }

        string slug = code.ToString().TrimEnd('-');
        return slug.Length == 0 ? Unknown : slug;
    }
}
