using System.Globalization;
using System.Text;

namespace CityHelper.Engine.Telemetry;

/// <summary>
/// Text from a client or another outside source, made safe for logs: on one line, without characters that control a terminal or reverse the
/// text direction, and no longer than <see cref="Limits.LoggedCharsMax"/>. Log messages take this type instead of <see cref="string"/>, so
/// that no text is forgotten. A string converts implicitly, and is escaped only when the message is written.
/// </summary>
/// <param name="text">The text as it was sent.</param>
public readonly struct LogText(string? text)
{
    public static implicit operator LogText(string? text) => new(text);

    /// <summary>The safe text.</summary>
    public override string ToString() => Escape(text ?? "", Limits.LoggedCharsMax);

    /// <summary>Escapes characters that could end the line or control a terminal, as <c>\u001B</c>.</summary>
    /// <param name="text">Any text; it may contain unpaired surrogates.</param>
    /// <param name="charsMax">Characters to show; <c>…</c> stands for the rest.</param>
    public static string Escape(string text, int charsMax)
    {
        int end = Math.Min(text.Length, charsMax);
        if (end < text.Length && end > 0 && char.IsHighSurrogate(text[end - 1]))
        {
            end--;
        }

        int clean = 0;
        while (clean < end && IsShown(text, clean))
        {
            clean++;
        }

        if (clean == text.Length)
        {
            return text;
        }

        var shown = new StringBuilder(text, 0, clean, end + 16);
        for (int i = clean; i < end; i++)
        {
            if (IsShown(text, i))
            {
                shown.Append(text[i]);
            }
            else
            {
                shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:X4}");
            }
        }

        return end < text.Length ? shown.Append('…').ToString() : shown.ToString();
    }

    // Control characters (C0, DEL, C1) include line breaks and escape sequences. Format characters change the direction of the following
    // text, or are invisible. Many viewers treat two separators as line breaks. Half a surrogate pair is not text.
    private static bool IsShown(string text, int index) => CharUnicodeInfo.GetUnicodeCategory(text, index) switch
    {
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => false,

        // The second half of a pair; the first half has the character's category.
        UnicodeCategory.Surrogate => index > 0 && char.IsSurrogatePair(text[index - 1], text[index]) && IsShown(text, index - 1),
        _ => true,
    };
}
