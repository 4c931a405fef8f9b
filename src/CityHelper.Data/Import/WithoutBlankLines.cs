namespace CityHelper.Data.Import;

/// <summary>
/// Removes the blank lines of a CSV text and remembers where they were. A parser makes a record of each in 40 ns: a hundred megabytes of
/// them take four seconds. Here they are skipped as fast as they are read. Quoted text is not changed.
/// </summary>
/// <remarks>
/// A line ends with a line feed, optionally after a carriage return. A field is quoted when its first character is a quote (RFC 4180), as
/// in the parser.
/// </remarks>
/// <param name="text">The text.</param>
/// <param name="fileName">For messages.</param>
internal sealed class WithoutBlankLines(TextReader text, string fileName) : TextReader
{
    private readonly Queue<(long AfterLine, int LeftOut)> _gaps = new();

    private State _state = State.LineStart;
    private char _previous = '\n';
    private long _lines;
    private long _leftOut;
    private long _leftOutBefore;

    private enum State
    {
        LineStart,
        InLine,
        InQuotes,

        // After a quote in quotes: the end of the field, or half of an escaped quote.
        AfterQuote,
    }

    /// <summary>The number of blank lines before a line, in a text that is read from beginning to end.</summary>
    /// <param name="line">The line's number without blank lines, from 1; not smaller than in the previous call.</param>
    public long LeftOutBefore(long line)
    {
        while (_gaps.TryPeek(out (long AfterLine, int LeftOut) gap) && gap.AfterLine < line)
        {
            _leftOutBefore += gap.LeftOut;
            _gaps.Dequeue();
        }

        return _leftOutBefore;
    }

    /// <exception cref="BrokenInputException">The file has more lines than the limit allows.</exception>
    public override async ValueTask<int> ReadAsync(Memory<char> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            int read = await text.ReadAsync(buffer, cancellationToken);
            int kept = Filter(buffer.Span[..read]);
            if (kept > 0 || read == 0)
            {
                return kept;
            }
        }
    }

    public override Task<int> ReadAsync(char[] buffer, int index, int count) => ReadAsync(buffer.AsMemory(index, count)).AsTask();

    public override int Read(Span<char> buffer)
    {
        while (true)
        {
            int read = text.Read(buffer);
            int kept = Filter(buffer[..read]);
            if (kept > 0 || read == 0)
            {
                return kept;
            }
        }
    }

    public override int Read(char[] buffer, int index, int count) => Read(buffer.AsSpan(index, count));

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            text.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Moves the kept characters to the front.</summary>
    /// <returns>How many are kept.</returns>
    private int Filter(Span<char> chunk)
    {
        int kept = 0;
        for (int from = 0; from < chunk.Length;)
        {
            from += _state == State.LineStart ? BlankLines(chunk[from..]) : 0;
            int length = Step(chunk[from..]);
            if (kept < from)
            {
                chunk.Slice(from, length).CopyTo(chunk[kept..]);
            }

            kept += length;
            from += length;
        }

        return _lines + _leftOut <= Limits.ImportLinesMax
            ? kept
            : throw new BrokenInputException($"{fileName} has more than {Limits.ImportLinesMax:N0} lines: split it.");
    }

    /// <summary>Skips the line breaks before the next text, except a carriage return whose line feed is not there yet.</summary>
    /// <returns>How many characters they have.</returns>
    private int BlankLines(ReadOnlySpan<char> rest)
    {
        int breaks = rest.IndexOfAnyExcept('\r', '\n');
        int length = rest[..(breaks < 0 ? rest.Length : breaks)].LastIndexOf('\n') + 1;
        if (length > 0)
        {
            int lines = rest[..length].Count('\n');
            _leftOut += lines;
            _gaps.Enqueue((_lines, lines));
        }

        return length;
    }

    /// <summary>Advances to where the state may change next.</summary>
    /// <returns>By how many characters.</returns>
    private int Step(ReadOnlySpan<char> rest)
    {
        int length = 0;
        switch (_state)
        {
            case var _ when rest.IsEmpty:
                return 0;
            case State.LineStart:
                length = 1;
                _state = rest[0] == '"' ? State.InQuotes : State.InLine;
                break;
            case State.InLine:
                length = Through(rest, rest.IndexOfAny('"', '\n'));
                bool isField = rest[length - 1] == '"' && (length == 1 ? _previous : rest[length - 2]) == ',';
                _state = isField ? State.InQuotes : rest[length - 1] == '\n' ? State.LineStart : State.InLine;
                break;
            case State.InQuotes:
                length = Through(rest, rest.IndexOf('"'));
                _state = rest[length - 1] == '"' ? State.AfterQuote : State.InQuotes;
                break;
            default:
                length = rest[0] == '"' ? 1 : 0;
                _state = length == 1 ? State.InQuotes : State.InLine;
                break;
        }

        _lines += rest[..length].Count('\n');
        _previous = length > 0 ? rest[length - 1] : _previous;
        return length;
    }

    private static int Through(ReadOnlySpan<char> rest, int found) => found < 0 ? rest.Length : found + 1;
}
