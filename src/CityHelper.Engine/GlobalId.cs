using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace CityHelper.Engine;

/// <summary>Global ids: standard Base64 of <c>Type:partition:row</c>, or <c>Type:row</c> for a table without partitions (conventions §6).</summary>
/// <param name="Type">The GraphQL type's name.</param>
/// <param name="Partition">The partition's key, null for a table without partitions.</param>
/// <param name="Row">The row's key.</param>
public sealed record GlobalId(string Type, short? Partition, long Row)
{
    /// <summary>Reads an id; padding may be missing.</summary>
    /// <returns>Null when the text is no global id.</returns>
    public static GlobalId? Parse(string text)
    {
        if (text.Length is 0 or > Limits.GlobalIdCharsMax)
        {
            return null;
        }

        string padded = text.PadRight((text.Length + 3) / 4 * 4, '=');
        byte[] bytes = new byte[padded.Length];
        if (!Convert.TryFromBase64String(padded, bytes, out int count))
        {
            return null;
        }

        string[] parts = Encoding.UTF8.GetString(bytes, 0, count).Split(':');
        return parts.Length switch
        {
            2 when Number(parts[1]) is { } row => new GlobalId(parts[0], null, row),
            3 when Number(parts[1]) is { } partition and >= 0 and <= short.MaxValue && Number(parts[2]) is { } row
                => new GlobalId(parts[0], (short)partition, row),
            _ => null,
        };
    }

    /// <summary>Writes an id as ASCII.</summary>
    /// <param name="typePrefix">The type's name and a colon, as UTF-8.</param>
    /// <param name="partition">The partition's key, or null.</param>
    /// <param name="row">The row's key.</param>
    /// <param name="ascii">Room for <see cref="BytesMax"/>.</param>
    /// <returns>How many bytes were written.</returns>
    public static int Format(ReadOnlySpan<byte> typePrefix, short? partition, long row, Span<byte> ascii)
    {
        typePrefix.CopyTo(ascii);
        int length = typePrefix.Length;
        if (partition is { } key)
        {
            Utf8Formatter.TryFormat(key, ascii[length..], out int keyBytes);
            length += keyBytes;
            ascii[length++] = (byte)':';
        }

        Utf8Formatter.TryFormat(row, ascii[length..], out int rowBytes);
        Base64.EncodeToUtf8InPlace(ascii, length + rowBytes, out int written);
        return written;
    }

    /// <summary>The longest id of a type in bytes: prefix, 5 digits, colon, sign and 19 digits, in Base64.</summary>
    public static int BytesMax(int prefixBytes) => Base64.GetMaxEncodedToUtf8Length(prefixBytes + 5 + 1 + 20);

    /// <summary>The id as text.</summary>
    public override string ToString()
    {
        byte[] prefix = Encoding.UTF8.GetBytes(Type + ":");
        byte[] ascii = new byte[BytesMax(prefix.Length)];
        return Encoding.ASCII.GetString(ascii, 0, Format(prefix, Partition, Row, ascii));
    }

    private static long? Number(string digits) =>
        long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) ? value : null;
}
