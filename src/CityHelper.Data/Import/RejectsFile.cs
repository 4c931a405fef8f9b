using System.Globalization;
using System.Text;

namespace CityHelper.Data.Import;

/// <summary>
/// The rows that a run refused, as CSV: line, reason, record. The file is created with the first of them. It is bounded, so that a file of
/// millions of broken rows does not fill the disk a second time. Its last line says how many are not listed.
/// </summary>
internal sealed class RejectsFile(string directory, string input, DateTime startedUtc) : IAsyncDisposable
{
    private StreamWriter? _writer;
    private int _listed;
    private long _bytes;

    /// <summary>Null until a row is rejected.</summary>
    public string? Path { get; private set; }

    /// <summary>All refused rows, listed or not.</summary>
    public int Count { get; private set; }

    public async ValueTask AddAsync(int line, string reason, string record)
    {
        Count++;
        if (_listed < Count - 1)
        {
            // After the first row that did not fit, none is tried, so that the listed rows are the first ones.
            return;
        }

        string row = $"{line.ToString(CultureInfo.InvariantCulture)},{Quote(reason)},{Quote(record)}";
        _bytes += Encoding.UTF8.GetByteCount(row) + Environment.NewLine.Length;
        if (_listed == Limits.RejectsRowsMax || _bytes > Limits.RejectsBytesMax)
        {
            return;
        }

        _listed++;
        _writer ??= Create();
        await _writer.WriteLineAsync(row);
    }

    /// <summary>Writes the last line and closes the file.</summary>
    public async ValueTask EndAsync()
    {
        if (_writer is not null && _listed < Count)
        {
            await _writer.WriteLineAsync(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $",{Quote($"{Count - _listed:N0} more rows were refused and are not listed: put these right first")},"));
        }

        await DisposeAsync();
    }

    /// <summary>Deletes the file: its run did not happen.</summary>
    public async Task DeleteAsync()
    {
        await DisposeAsync();
        if (Path is not null)
        {
            File.Delete(Path);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_writer is not null)
        {
            await _writer.DisposeAsync();
            _writer = null;
        }
    }

    // File systems allow 255 bytes, and the time stamp follows.
    private static string ShortName(string input)
    {
        string name = System.IO.Path.GetFileName(input);
        return name.Length <= Limits.RejectsNameCharsMax ? name : name[..Limits.RejectsNameCharsMax];
    }

    private static string Quote(string cell) => $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private StreamWriter Create()
    {
        Directory.CreateDirectory(directory);
        string stamp = startedUtc.ToString("yyyyMMdd'T'HHmmssfff'Z'", CultureInfo.InvariantCulture);
        Path = System.IO.Path.GetFullPath(System.IO.Path.Combine(directory, $"{ShortName(input)}.{stamp}.rejects.csv"));
        var writer = new StreamWriter(Path);
        writer.WriteLine("line,reason,record");
        return writer;
    }
}
