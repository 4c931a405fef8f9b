using System.Text;
using Sylvan.Data.Csv;

namespace CityHelper.Data.Import;

/// <summary>The records of a CSV file, the line on which each begins, and how it is damaged.</summary>
internal sealed class CsvRecords : IRecord, IAsyncDisposable
{
    private static readonly CsvDataReaderOptions Options = new()
    {
        Delimiter = ',',
        // The export has no comments. No decoder yields half a surrogate pair, so no line begins with this one.
        Comment = '\uDC00',
        MaxBufferSize = Limits.RecordCharsMax,
        ResultSetMode = ResultSetMode.SingleResult,
        OwnsReader = true,
    };

    private readonly CsvDataReader _reader;
    private readonly WithoutBlankLines _text;
    private readonly string _fileName;
    private int _lineOfText = 1;
    private int _linesOfRecord;

    private CsvRecords(CsvDataReader reader, WithoutBlankLines text, string fileName)
    {
        _reader = reader;
        _text = text;
        _fileName = fileName;
        Header = [.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.GetName(i).Trim())];
        _linesOfRecord = 1 + Header.Sum(name => name.Count(c => c == '\n'));
    }

    public IReadOnlyList<string> Header { get; }

    /// <summary>
    /// The line of the file, from 1, on which the current record begins. It is known only after the record is read: blank lines before it
    /// are read with it.
    /// </summary>
    public int Line => _lineOfText + (int)_text.LeftOutBefore(_lineOfText);

    /// <summary>The record as it is in the file; only the beginning of a very long one.</summary>
    public string Raw
    {
        get
        {
            ReadOnlySpan<char> raw = _reader.GetRawRecordSpan().TrimEnd("\r\n");
            return raw.Length <= Limits.RejectsRecordCharsMax ? raw.ToString() : $"{raw[..Limits.RejectsRecordCharsMax]}…";
        }
    }

    public ReadOnlySpan<char> this[int column] => _reader.GetFieldSpan(column);

    /// <exception cref="BrokenInputException">There is no header, or it is not CSV.</exception>
    public static async Task<CsvRecords> OpenAsync(Stream content, string fileName, CancellationToken cancellation)
    {
        try
        {
            // Bytes that are not UTF-8 become U+FFFD, which Damage() finds: one bad row must not end the run.
            var text = new WithoutBlankLines(
                new StreamReader(content, new UTF8Encoding(false), detectEncodingFromByteOrderMarks: true, bufferSize: 1 << 16), fileName);
            CsvDataReader reader = await CsvDataReader.CreateAsync(text, Options, cancellation);
            return reader.FieldCount <= Limits.ColumnsMax
                ? new CsvRecords(reader, text, fileName)
                : throw new BrokenInputException($"{fileName} has {reader.FieldCount} columns; at most {Limits.ColumnsMax} are read.");
        }
        catch (CsvMissingHeadersException cause)
        {
            throw new BrokenInputException($"{fileName} is empty: not even a header line.", cause);
        }
        catch (Exception cause) when (cause is CsvFormatException or InvalidDataException or CsvRecordTooLargeException)
        {
            throw new BrokenInputException($"{fileName} does not begin with a CSV header.", cause);
        }
    }

    /// <summary>Reads the next record; blank lines are skipped.</summary>
    /// <exception cref="BrokenInputException">The rest of the file cannot be split into records.</exception>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellation)
    {
        do
        {
            _lineOfText += _linesOfRecord;
            if (!await ReadRecordAsync(cancellation))
            {
                return false;
            }

            _linesOfRecord = Math.Max(1, _reader.GetRawRecordSpan().Count('\n'));
        }
        while (_reader.GetRawRecordSpan().Trim("\r\n").IsEmpty);
        return true;
    }

    /// <summary>Why the current record cannot be read, or null when it can.</summary>
    public string? Damage()
    {
        ReadOnlySpan<char> raw = _reader.GetRawRecordSpan();
        return _reader.RowFieldCount != Header.Count ? $"has {_reader.RowFieldCount} cells, the header has {Header.Count}"
            : raw.Contains('\uFFFD') ? "has bytes that are not UTF-8"
            : raw.Contains('\0') ? "has a zero byte"
            : null;
    }

    public ValueTask DisposeAsync() => _reader.DisposeAsync();

    private async ValueTask<bool> ReadRecordAsync(CancellationToken cancellation)
    {
        try
        {
            return await _reader.ReadAsync(cancellation);
        }
        catch (CsvRecordTooLargeException cause)
        {
            throw new BrokenInputException(
                $"{_fileName}: the record that begins on line {Line} does not end within {Limits.RecordCharsMax:N0} characters; "
                + "probably a quote in it is never closed.", cause);
        }
        catch (CsvFormatException cause)
        {
            throw new BrokenInputException(
                $"{_fileName}: a quote in the record that begins on line {Line} is never closed, or is followed by more text.", cause);
        }
        catch (InvalidDataException cause)
        {
            throw new BrokenInputException($"{_fileName}: the compressed data is damaged after line {Line}; fetch it again.", cause);
        }
    }
}
