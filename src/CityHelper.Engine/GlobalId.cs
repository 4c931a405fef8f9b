using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace CityHelper.Engine;

/// <summary>A global id: standard Base64 of <c>Type:tenant:row</c>, or of <c>Type:row</c> for a table without tenants.</summary>
/// <param name="Type">The GraphQL type's name.</param>
/// <param name="Tenant">The tenant's key, null for a table without tenants.</param>
/// <param name="Row">The row's key.</param>
public sealed record GlobalId(string Type, short? Tenant, long Row)
{
    /// <summary>
    /// Parses an id in its canonical spelling, that of <see cref="Format"/>. A second spelling would be another cache key, and would not
    /// compare equal.
    /// </summary>
    /// <returns>Null when the text is not a global id.</returns>
    public static GlobalId? Parse(string text) =>
        Read(text) is { } id && id.ToString() == text ? id : null;

    /// <summary>Writes an id as ASCII.</summary>
    /// <param name="typePrefix">The type's name and a colon, as UTF-8.</param>
    /// <param name="tenant">The tenant's key, or null.</param>
    /// <param name="row">The row's key.</param>
    /// <param name="ascii">A buffer of at least <see cref="BytesMax"/> bytes.</param>
    /// <returns>How many bytes were written.</returns>
    public static int Format(ReadOnlySpan<byte> typePrefix, short? tenant, long row, Span<byte> ascii)
    {
        typePrefix.CopyTo(ascii);
        int length = typePrefix.Length;
        if (tenant is { } key)
        {
            Utf8Formatter.TryFormat(key, ascii[length..], out int keyBytes);
            length += keyBytes;
            ascii[length++] = (byte)':';
        }

        Utf8Formatter.TryFormat(row, ascii[length..], out int rowBytes);
        Base64.EncodeToUtf8InPlace(ascii, length + rowBytes, out int written);
        return written;
    }

    /// <summary>Length of the longest id of a type in bytes: prefix, 5 digits, colon, sign and 19 digits, in Base64.</summary>
    public static int BytesMax(int prefixBytes) => Base64.GetMaxEncodedToUtf8Length(prefixBytes + 5 + 1 + 20);

    /// <summary>The id as text.</summary>
    public override string ToString()
    {
        byte[] prefix = Encoding.UTF8.GetBytes(Type + ":");
        byte[] ascii = new byte[BytesMax(prefix.Length)];
        return Encoding.ASCII.GetString(ascii, 0, Format(prefix, Tenant, Row, ascii));
    }

    // Accepts more than Format writes: numbers with `+` or leading zeros, Base64 with spaces or with stray bits at its end. Parse compares
    // the result with what Format writes, and so refuses all of these.
    private static GlobalId? Read(string text)
    {
        if (text.Length is 0 or > Limits.GlobalIdCharsMax)
        {
            return null;
        }

        byte[] bytes = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, bytes, out int count))
        {
            return null;
        }

        string[] parts = Encoding.UTF8.GetString(bytes, 0, count).Split(':');
        return parts.Length switch
        {
            2 when Number(parts[1]) is { } row => new GlobalId(parts[0], null, row),
            3 when Number(parts[1]) is { } tenant and >= 0 and <= short.MaxValue && Number(parts[2]) is { } row
                => new GlobalId(parts[0], (short)tenant, row),
            _ => null,
        };
    }

    private static long? Number(string digits) =>
        long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) ? value : null;
}
