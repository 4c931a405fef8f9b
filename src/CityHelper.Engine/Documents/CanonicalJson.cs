using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace CityHelper.Engine.Documents;

/// <summary>
/// JSON in its canonical form (RFC 8785): no spaces, members ordered by their UTF-16 names, numbers and escapes as ECMAScript writes them.
/// </summary>
internal static class CanonicalJson
{
    /// <summary>Writes a value in canonical form.</summary>
    /// <param name="value">The parsed value; its strings can be decoded.</param>
    /// <param name="json">The canonical JSON.</param>
    /// <returns>False if there is no canonical form: an object has a member twice, or a number is not a double.</returns>
    public static bool TryWrite(JsonElement value, [NotNullWhen(true)] out string? json)
    {
        var text = new StringBuilder();
        json = TryWrite(text, value) ? text.ToString() : null;
        return json is not null;
    }

    private static bool TryWrite(StringBuilder text, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                return TryWriteObject(text, value);
            case JsonValueKind.Array:
                return TryWriteArray(text, value);
            case JsonValueKind.String:
                WriteString(text, value.GetString()!);
                return true;
            case JsonValueKind.Number:
                return TryWriteNumber(text, value);
            default:
                // Booleans and null have one spelling.
                text.Append(value.GetRawText());
                return true;
        }
    }

    private static bool TryWriteObject(StringBuilder text, JsonElement value)
    {
        JsonProperty[] members = [.. value.EnumerateObject().OrderBy(member => member.Name, StringComparer.Ordinal)];
        text.Append('{');
        for (int i = 0; i < members.Length; i++)
        {
            if (i > 0)
            {
                if (members[i].Name == members[i - 1].Name)
                {
                    return false;
                }

                text.Append(',');
            }

            WriteString(text, members[i].Name);
            text.Append(':');
            if (!TryWrite(text, members[i].Value))
            {
                return false;
            }
        }

        text.Append('}');
        return true;
    }

    private static bool TryWriteArray(StringBuilder text, JsonElement value)
    {
        text.Append('[');
        bool isFirst = true;
        foreach (JsonElement item in value.EnumerateArray())
        {
            if (!isFirst)
            {
                text.Append(',');
            }

            isFirst = false;
            if (!TryWrite(text, item))
            {
                return false;
            }
        }

        text.Append(']');
        return true;
    }

    private static void WriteString(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (char c in value)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\b' => text.Append("\\b"),
                '\t' => text.Append("\\t"),
                '\n' => text.Append("\\n"),
                '\f' => text.Append("\\f"),
                '\r' => text.Append("\\r"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }

        text.Append('"');
    }

    // ECMAScript's Number::toString (ECMA-262, 6.1.6.1.20): the shortest digits that parse to the same double, as in .NET; positional
    // between 1e-7 and 1e21.
    private static bool TryWriteNumber(StringBuilder text, JsonElement value)
    {
        if (!value.TryGetDouble(out double number) || !double.IsFinite(number))
        {
            return false;
        }

        if (number == 0)
        {
            text.Append('0');
            return true;
        }

        string[] parts = Math.Abs(number).ToString("R", CultureInfo.InvariantCulture).Split('E');
        string[] mantissa = parts[0].Split('.');
        string all = string.Concat(mantissa);
        string digits = all.TrimStart('0');
        int point =
            mantissa[0].Length - (all.Length - digits.Length) + (parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0);
        digits = digits.TrimEnd('0');
        text.Append(number < 0 ? "-" : "").Append(Positional(digits, point) ?? Exponential(digits, point));
        return true;
    }

    private static string? Positional(string digits, int point) => point switch
    {
        > 21 or <= -6 => null,
        _ when point >= digits.Length => digits + new string('0', point - digits.Length),
        > 0 => $"{digits[..point]}.{digits[point..]}",
        _ => $"0.{new string('0', -point)}{digits}",
    };

    private static string Exponential(string digits, int point) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{digits[..1]}{(digits.Length > 1 ? "." : "")}{digits[1..]}e{(point > 0 ? "+" : "-")}{Math.Abs(point - 1)}");
}
