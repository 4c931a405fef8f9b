using System.Globalization;

namespace CityHelper.Data.Import;

/// <summary>The rows a run refused, as CSV: line, reason, record. The file appears with the first of them.</summary>
internal sealed class RejectsFile(string directory, string input, DateTime startedUtc) : IAsyncDisposable
{
    private StreamWriter? _writer;

    /// <summary>Null as long as nothing was rejected.</summary>
    public string? Path { get; private set; }

    public int Count { get; private set; }

    public async ValueTask AddAsync(int line, string reason, string record)
    {
        _writer ??= Create();
        Count++;
        await _writer.WriteLineAsync($"{line.ToString(CultureInfo.InvariantCulture)},{Quote(reason)},{Quote(record)}");
    }

    /// <summary>Removes the file: the run it belonged to did not happen.</summary>
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

    // File systems allow 255 bytes, and the stamp comes behind.
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
