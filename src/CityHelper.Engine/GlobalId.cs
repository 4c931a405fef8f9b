using System.Buffers.Text;
using System.Globalization;
using System.Text;
using CityHelper.Engine.Schema.Bindings;

namespace CityHelper.Engine;

/// <summary>
/// Global ids: standard Base64 of <c>Type:partition:row</c>, or <c>Type:row</c> for a table without partitions (conventions §6).
/// </summary>
/// <param name="Type">The GraphQL type's name.</param>
/// <param name="Partition">The partition's key, null for a table without partitions.</param>
/// <param name="Row">The row's key.</param>
public sealed record GlobalId(string Type, short? Partition, long Row)
{
    /// <summary>
    /// Reads an id in its one spelling, that of <see cref="Format"/>: two spellings of one id would be two questions to a cache, and two
    /// things to whoever compares ids.
    /// </summary>
    /// <returns>Null when the text is no global id.</returns>
    public static GlobalId? Parse(string text) =>
        Read(text) is { } id && id.ToString() == text ? id : null;

    /// <summary>Reads an id of a table's rows.</summary>
    /// <returns>Null when the text is no global id, or one of another type, or has no partition where the table has some, or a key that the
    /// table's cannot be.</returns>
    internal static GlobalId? Parse(string text, EntityMap entity) =>
        Parse(text) is { } id && id.Type == entity.Name && id.Partition is null == entity.PartitionColumn is null && entity.HoldsRowKey(id.Row) ? id : null;

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

    // Reads more than Format writes: numbers with `+` or leading zeros, Base64 with spaces in it, or with other bits at its end that are
    // not part of any byte. Parse compares with what Format writes, and so refuses all of these.
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
            3 when Number(parts[1]) is { } partition and >= 0 and <= short.MaxValue && Number(parts[2]) is { } row
                => new GlobalId(parts[0], (short)partition, row),
            _ => null,
        };
    }

    private static long? Number(string digits) =>
        long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) ? value : null;
}
