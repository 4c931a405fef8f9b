using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics;
using System.Text.Encodings.Web;

namespace CityHelper.Engine.Execution;

/// <summary>
/// UTF-8 JSON under construction, in a rented array. Unlike <see cref="System.Text.Json.Utf8JsonWriter"/> it can be cut back
/// to an earlier position, which is how a null travels up to the nearest nullable field without building a tree first.
/// </summary>
/// <remarks>Not thread-safe. The caller writes names, commas and brackets; nothing is checked.</remarks>
public sealed class JsonBuffer : IDisposable
{
    /// <summary>A page of 50 rows is about 10 kB; smaller answers do not outgrow their first array.</summary>
    private const int FirstBytes = 4 * 1024;

    // Relaxed: the answer is application/json, never part of an HTML page, and non-ASCII text stays readable and short.
    private static readonly JavaScriptEncoder s_encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(FirstBytes);

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    /// <summary>What was written.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    /// <summary>Drops everything after an earlier <see cref="Length"/>.</summary>
    public void CutBackTo(int length)
    {
        Debug.Assert(length <= Length, "a buffer is cut back, never forward");
        Length = length;
    }

    public void WriteByte(byte value)
    {
        Reserve(1);
        _bytes[Length++] = value;
    }

    public void WriteRaw(ReadOnlySpan<byte> utf8)
    {
        Reserve(utf8.Length);
        utf8.CopyTo(_bytes.AsSpan(Length));
        Length += utf8.Length;
    }

    public void WriteNull() => WriteRaw("null"u8);

    public void WriteBoolean(bool value) => WriteRaw(value ? "true"u8 : "false"u8);

    public void WriteNumber(long value)
    {
        Reserve(20);
        Utf8Formatter.TryFormat(value, _bytes.AsSpan(Length), out int written);
        Length += written;
    }

    /// <summary>Writes the shortest text that reads back as the same number. The value must be finite.</summary>
    public void WriteNumber(double value)
    {
        Debug.Assert(double.IsFinite(value), "JSON has no infinity and no NaN");
        Reserve(32);
        value.TryFormat(_bytes.AsSpan(Length), out int written, "R", System.Globalization.CultureInfo.InvariantCulture);
        Length += written;
    }

    /// <summary>Writes UTC time as ISO 8601 with three fraction digits: <c>"2018-10-21T04:00:00.000Z"</c>.</summary>
    public void WriteUtc(DateTime utc)
    {
        Reserve(32);
        _bytes[Length++] = (byte)'"';
        utc.TryFormat(_bytes.AsSpan(Length), out int written, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);
        Length += written;
        _bytes[Length++] = (byte)'"';
    }

    /// <summary>Room for the raw UTF-8 of a string, so that a reader can fill it in place; ended by <see cref="FinishString"/>.</summary>
    /// <param name="utf8Bytes">How many bytes the caller will write at most.</param>
    public Span<byte> BeginString(int utf8Bytes)
    {
        Reserve(utf8Bytes + 2);
        _bytes[Length] = (byte)'"';
        return _bytes.AsSpan(Length + 1, utf8Bytes);
    }

    /// <summary>The array and offset behind <see cref="BeginString"/>, for readers that take no span.</summary>
    public ArraySegment<byte> BeginStringSegment(int utf8Bytes)
    {
        BeginString(utf8Bytes);
        return new ArraySegment<byte>(_bytes, Length + 1, utf8Bytes);
    }

    /// <summary>Ends a string of <paramref name="utf8Bytes"/> bytes, escaping it when it must be.</summary>
    public void FinishString(int utf8Bytes)
    {
        int start = Length + 1;
        int clean = s_encoder.FindFirstCharacterToEncodeUtf8(_bytes.AsSpan(start, utf8Bytes));
        if (clean < 0)
        {
            Length = start + utf8Bytes;
        }
        else
        {
            Escape(start, utf8Bytes);
        }

        WriteByte((byte)'"');
    }

    public void Dispose()
    {
        byte[] bytes = Interlocked.Exchange(ref _bytes, []);
        if (bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    // Rare: only strings with quotes, backslashes or control characters come here.
    private void Escape(int start, int count)
    {
        byte[] raw = ArrayPool<byte>.Shared.Rent(count);
        _bytes.AsSpan(start, count).CopyTo(raw);
        Length = start;
        int done = 0;
        while (done < count)
        {
            Reserve(Math.Max(64, (count - done) * 2));
            s_encoder.EncodeUtf8(raw.AsSpan(done, count - done), _bytes.AsSpan(Length), out int consumed, out int written);
            done += consumed;
            Length += written;
            Debug.Assert(consumed > 0, "the encoder replaces what is no UTF-8, so it always moves on");
        }

        ArrayPool<byte>.Shared.Return(raw);
    }

    private void Reserve(int count)
    {
        if (_bytes.Length - Length >= count)
        {
            return;
        }

        if ((long)Length + count > Limits.ResponseBytesMax)
        {
            throw new ResponseTooLargeException();
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(_bytes.Length * 2, Length + count));
        _bytes.AsSpan(0, Length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}

/// <summary>An answer, or a part of it, is larger than <see cref="Limits.ResponseBytesMax"/>.</summary>
internal sealed class ResponseTooLargeException() : Exception($"The answer is larger than {Limits.ResponseBytesMax} bytes.");
