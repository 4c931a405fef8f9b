using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics;
using System.Text.Encodings.Web;

namespace CityHelper.Engine.Writing;

/// <summary>
/// UTF-8 JSON under construction, in rented arrays. Unlike <see cref="System.Text.Json.Utf8JsonWriter"/> it can be cut back to an
/// earlier length. That is how a null propagates to the nearest nullable field without building a tree first.
/// </summary>
/// <remarks>
/// It uses many arrays instead of one that grows. So nothing is copied, pieces stay off the large object heap, and each goes back to the
/// pool once its bytes were sent. Not thread-safe. The caller writes names, commas and brackets; nothing is checked.
/// </remarks>
public sealed class JsonBuffer : IDisposable
{
    /// <summary>Space for the next escaped characters of a string; one takes at most twelve bytes, <c>\uD83D\uDE00</c>.</summary>
    private const int EscapedBytesMin = 64;

    // Relaxed: the response is JSON and never part of an HTML page, and non-ASCII text stays readable and short.
    private static readonly JavaScriptEncoder s_encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    // The full arrays before the current one; null until the first is full.
    private List<Segment>? _full;

    // The current array: it has _used bytes, which begin at offset _start of the whole.
    private byte[] _bytes = [];
    private int _start;
    private int _used;

    /// <param name="memory">Counts the bytes.</param>
    public JsonBuffer(MemoryLease memory) => Memory = memory;

    /// <summary>Counts the bytes.</summary>
    public MemoryLease Memory { get; }

    /// <summary>Bytes written so far.</summary>
    public int Length => _start + _used;

    /// <summary>A copy of the bytes written.</summary>
    public byte[] ToArray()
    {
        byte[] all = new byte[Length];
        int position = 0;
        foreach (ReadOnlyMemory<byte> part in Parts())
        {
            part.CopyTo(all.AsMemory(position));
            position += part.Length;
        }

        return all;
    }

    /// <summary>Drops everything after an earlier <see cref="Length"/>.</summary>
    public void CutBackTo(int length)
    {
        Debug.Assert(length <= Length, "a buffer is cut back, never forward");
        while (length < _start)
        {
            Free(_bytes);
            Segment last = _full![^1];
            _full.RemoveAt(_full.Count - 1);
            (_bytes, _start, _used) = (last.Bytes, last.Start, last.Used);
        }

        _used = length - _start;
    }

    public void WriteByte(byte value)
    {
        Reserve(1);
        _bytes[_used++] = value;
    }

    public void WriteRaw(ReadOnlySpan<byte> utf8)
    {
        if (_bytes.Length - _used < utf8.Length)
        {
            // Fills this array; the rest goes to the next ones.
            int here = _bytes.Length - _used;
            utf8[..here].CopyTo(_bytes.AsSpan(_used));
            _used += here;
            utf8 = utf8[here..];
            while (utf8.Length > Limits.ResponsePieceBytes)
            {
                Reserve(Limits.ResponsePieceBytes);
                here = Math.Min(_bytes.Length, utf8.Length);
                utf8[..here].CopyTo(_bytes);
                _used = here;
                utf8 = utf8[here..];
            }

            Reserve(utf8.Length);
        }

        utf8.CopyTo(_bytes.AsSpan(_used));
        _used += utf8.Length;
    }

    /// <summary>Writes a part of another buffer.</summary>
    public void WriteRange(JsonBuffer other, int from, int to)
    {
        while (from < to)
        {
            ReadOnlySpan<byte> part = other.PartAt(from);
            part = part[..Math.Min(part.Length, to - from)];
            WriteRaw(part);
            from += part.Length;
        }
    }

    /// <summary>
    /// Takes the rest of another buffer with its arrays: only the first piece is copied. The other buffer is empty afterwards.
    /// </summary>
    public void TakeOver(JsonBuffer other, int from)
    {
        Debug.Assert(
            ReferenceEquals(Memory, other.Memory) || ReferenceEquals(other.Memory, MemoryLease.Uncounted),
            "bytes stay counted where they were");
        if ((long)Length + other.Length - from > Limits.ResponseBytesMax)
        {
            throw new ResponseTooLargeException();
        }

        int index = other._full?.FindIndex(s => from < s.Start + s.Used) ?? -1;
        if (index < 0 || !ReferenceEquals(Memory, other.Memory))
        {
            WriteRange(other, from, other.Length);
            other.Dispose();
            return;
        }

        WriteRange(other, from, other._full![index].Start + other._full[index].Used);
        foreach (Segment segment in other._full.Skip(index + 1).Append(new Segment(other._bytes, other._start, other._used)))
        {
            Push();
            (_bytes, _start, _used) = (segment.Bytes, Length, segment.Used);
        }

        other._full.RemoveRange(index + 1, other._full.Count - index - 1);
        other._bytes = [];
        other.Dispose();
    }

    public void WriteNull() => WriteRaw("null"u8);

    public void WriteBoolean(bool value) => WriteRaw(value ? "true"u8 : "false"u8);

    public void WriteNumber(long value)
    {
        Reserve(20);
        Utf8Formatter.TryFormat(value, _bytes.AsSpan(_used), out int written);
        _used += written;
    }

    /// <summary>Writes the shortest text that reads back as the same number. The value must be finite.</summary>
    public void WriteNumber(double value)
    {
        Debug.Assert(double.IsFinite(value), "JSON has no infinity and no NaN");
        Reserve(32);
        value.TryFormat(_bytes.AsSpan(_used), out int written, "R", System.Globalization.CultureInfo.InvariantCulture);
        _used += written;
    }

    /// <summary>UTC time as ISO 8601 with three fraction digits: <c>2018-10-21T04:00:00.000Z</c>.</summary>
    public const string UtcFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>Writes UTC time in <see cref="UtcFormat"/>, as a string.</summary>
    public void WriteUtc(DateTime utc)
    {
        Reserve(32);
        _bytes[_used++] = (byte)'"';
        utc.TryFormat(_bytes.AsSpan(_used), out int written, UtcFormat, System.Globalization.CultureInfo.InvariantCulture);
        _used += written;
        _bytes[_used++] = (byte)'"';
    }

    /// <summary>Begins a string: space for raw UTF-8, which the caller fills in place and ends with <see cref="FinishString"/>.</summary>
    /// <param name="utf8Bytes">The most bytes that the caller will write.</param>
    public Span<byte> BeginString(int utf8Bytes)
    {
        Reserve(utf8Bytes + 2);
        _bytes[_used] = (byte)'"';
        return _bytes.AsSpan(_used + 1, utf8Bytes);
    }

    /// <summary>The array and offset behind <see cref="BeginString"/>, for readers that take no span.</summary>
    public ArraySegment<byte> BeginStringSegment(int utf8Bytes)
    {
        BeginString(utf8Bytes);
        return new ArraySegment<byte>(_bytes, _used + 1, utf8Bytes);
    }

    /// <summary>Ends a string of <paramref name="utf8Bytes"/> bytes, and escapes it if needed.</summary>
    public void FinishString(int utf8Bytes)
    {
        int start = _used + 1;
        int clean = s_encoder.FindFirstCharacterToEncodeUtf8(_bytes.AsSpan(start, utf8Bytes));
        if (clean < 0)
        {
            _used = start + utf8Bytes;
        }
        else
        {
            Escape(start, utf8Bytes);
        }

        WriteByte((byte)'"');
    }

    /// <summary>
    /// Writes everything to a stream, piece by piece, and returns each array once its bytes were written. The buffer is empty afterwards.
    /// </summary>
    /// <param name="stream">Its writes complete when the reader has made space (back-pressure).</param>
    /// <param name="cancellation">Cancels the writing; <see cref="Dispose"/> returns the remaining arrays.</param>
    public async ValueTask SendAsync(Stream stream, CancellationToken cancellation)
    {
        int turnEnd = Limits.EncodedBytesPerTurn;
        for (int i = 0; i < _full?.Count; i++)
        {
            Segment segment = _full[i];
            await SendAsync(stream, segment.Bytes.AsMemory(0, segment.Used), cancellation);
            _full[i] = segment with { Bytes = [], Used = 0 };
            Free(segment.Bytes);
            if (segment.Start >= turnEnd)
            {
                // Compression never waits, so without this a large response would occupy a thread until its end.
                turnEnd = segment.Start + Limits.EncodedBytesPerTurn;
                await Task.Yield();
            }
        }

        await SendAsync(stream, _bytes.AsMemory(0, _used), cancellation);
        Dispose();
    }

    /// <summary>Returns all arrays to the pool.</summary>
    public void Dispose()
    {
        _full?.ForEach(segment => Free(segment.Bytes));
        _full = null;
        Free(Interlocked.Exchange(ref _bytes, []));
        (_start, _used) = (0, 0);
    }

    /// <summary>Sends bytes in pieces of <see cref="Limits.ResponsePieceBytes"/>.</summary>
    /// <param name="stream">Its writes complete when the reader has made space.</param>
    /// <param name="bytes">The bytes.</param>
    /// <param name="cancellation">Cancels the writing.</param>
    internal static async ValueTask SendAsync(Stream stream, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        // The transport of a closed connection accepts everything at once.
        cancellation.ThrowIfCancellationRequested();
        // A long string has a long array, which the transport would copy entirely before it waits for the reader.
        for (; bytes.Length > Limits.ResponsePieceBytes; bytes = bytes[Limits.ResponsePieceBytes..])
        {
            await stream.WriteAsync(bytes[..Limits.ResponsePieceBytes], cancellation);
        }

        await stream.WriteAsync(bytes, cancellation);
    }

    private IEnumerable<ReadOnlyMemory<byte>> Parts() =>
        (_full ?? []).Select(s => (ReadOnlyMemory<byte>)s.Bytes.AsMemory(0, s.Used)).Append(_bytes.AsMemory(0, _used));

    // From an offset to the end of the array that holds it.
    private ReadOnlySpan<byte> PartAt(int position)
    {
        if (position >= _start)
        {
            return _bytes.AsSpan(position - _start, _used - (position - _start));
        }

        int low = 0;
        for (int high = _full!.Count - 1; low < high;)
        {
            int middle = (low + high + 1) / 2;
            (low, high) = _full[middle].Start <= position ? (middle, high) : (low, middle - 1);
        }

        Segment segment = _full[low];
        return segment.Bytes.AsSpan(position - segment.Start, segment.Used - (position - segment.Start));
    }

    // Rare: only for strings with quotes, backslashes or control characters.
    private void Escape(int start, int count)
    {
        byte[] raw = ArrayPool<byte>.Shared.Rent(count);
        _bytes.AsSpan(start, count).CopyTo(raw);
        _used = start;
        int done = 0;
        while (done < count)
        {
            Reserve(EscapedBytesMin);
            s_encoder.EncodeUtf8(raw.AsSpan(done, count - done), _bytes.AsSpan(_used), out int consumed, out int written);
            done += consumed;
            _used += written;
            Debug.Assert(consumed > 0, "the encoder replaces what is no UTF-8, so it always moves on");
        }

        ArrayPool<byte>.Shared.Return(raw);
    }

    private void Reserve(int count)
    {
        if (_bytes.Length - _used >= count)
        {
            return;
        }

        if ((long)Length + count > Limits.ResponseBytesMax)
        {
            throw new ResponseTooLargeException();
        }

        // Each array is twice as long as the one before, up to the piece size; a longer string gets an array of its own.
        int wanted = Math.Max(count, Math.Clamp(_bytes.Length * 2, Limits.ResponseFirstBytes, Limits.ResponsePieceBytes));
        int size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)wanted);
        Memory.Take(size);
        byte[] next = ArrayPool<byte>.Shared.Rent(size);
        Push();
        (_bytes, _start, _used) = (next, Length, 0);
    }

    private void Push()
    {
        if (_used > 0)
        {
            (_full ??= []).Add(new Segment(_bytes, _start, _used));
        }
        else
        {
            Free(_bytes);
        }
    }

    private void Free(byte[] bytes)
    {
        if (bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(bytes);
            Memory.Return(bytes.Length);
        }
    }

    private readonly record struct Segment(byte[] Bytes, int Start, int Used);
}

/// <summary>A response is abandoned and refused: an exception inside the writers, an expected error for the client.</summary>
internal abstract class ResponseRefusedException(RequestError error) : Exception(error.Message)
{
    /// <summary>The error that the client gets instead.</summary>
    public RequestError Error { get; } = error;
}

/// <summary>A response, or a part of it, is larger than <see cref="Limits.ResponseBytesMax"/>.</summary>
internal sealed class ResponseTooLargeException() : ResponseRefusedException(new ResponseTooLargeError());

/// <summary>The responses held in memory leave no room for more of this one.</summary>
internal sealed class ResponseMemoryException() : ResponseRefusedException(new OverloadedError(Limits.ResponseMemoryRetrySeconds));
