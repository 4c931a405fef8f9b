using System.Globalization;
using System.Text;

namespace CityHelper.Engine.Telemetry;

/// <summary>
/// Text of a client, or of anything else that is not ours, as logs may show it: on one line, without what terminals obey or turn around,
/// and no longer than <see cref="Limits.LoggedCharsMax"/>. Log messages take no <see cref="string"/>, so that none is forgotten; a string
/// becomes one by itself, and is only looked at when the message is written.
/// </summary>
/// <param name="text">As it was sent.</param>
public readonly struct LogText(string? text)
{
    public static implicit operator LogText(string? text) => new(text);

    /// <summary>The safe text.</summary>
    public override string ToString() => Escape(text ?? "", Limits.LoggedCharsMax);

    /// <summary>Escapes what could end the line or steer a terminal, as <c>\u001B</c>.</summary>
    /// <param name="text">Any text, halves of surrogate pairs too.</param>
    /// <param name="charsMax">Characters of it that are shown; <c>…</c> stands for the rest.</param>
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

    // Control characters (C0, DEL, C1) hold line breaks and escape sequences; format characters turn the direction of what follows, or show
    // nothing at all; two separators are line breaks to many viewers; half a surrogate pair is no text.
    private static bool IsShown(string text, int index) => CharUnicodeInfo.GetUnicodeCategory(text, index) switch
    {
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => false,

        // The second half of a pair; the first has the category of the character.
        UnicodeCategory.Surrogate => index > 0 && char.IsSurrogatePair(text[index - 1], text[index]) && IsShown(text, index - 1),
        _ => true,
    };
}
