using System.Runtime.CompilerServices;

namespace CityHelper.Data.Import;

/// <summary>The rows of a CSV file.</summary>
internal sealed class FileFeed : RowFeed
{
    private readonly InputFile _file;
    private readonly CsvRecords _records;
    private readonly IRecordMapper _mapper;

    private FileFeed(InputFile file, CsvRecords records, IRecordMapper mapper, string source, string fingerprint)
    {
        _file = file;
        _records = records;
        _mapper = mapper;
        Source = source;
        Fingerprint = fingerprint;
    }

    public override string Source { get; }

    public override string Input => _file.Path;

    public override string Fingerprint { get; }

    public override IReadOnlySet<string> PresentColumns => _mapper.PresentColumns;

    public override double Fraction => _file.Fraction;

    /// <exception cref="BrokenInputException">The file cannot be opened, or is not of this source.</exception>
    public static async Task<FileFeed> OpenAsync(string path, IImportSource source, ImportContext context, CancellationToken cancellation)
    {
        InputFile file = await InputFile.OpenAsync(path, Limits.ImportBytesMax, cancellation);
        try
        {
            CsvRecords records = await CsvRecords.OpenAsync(file.Content, Path.GetFileName(path), cancellation);
            (IRecordMapper? mapper, string? problem) = source.Bind(records.Header, context);

            // Last, because it reads the whole file: a file of another source is refused by its first line.
            return mapper is not null
                ? new FileFeed(file, records, mapper, source.Name, await InputFile.FingerprintAsync(path, cancellation))
                : throw new BrokenInputException($"{Path.GetFileName(path)}: {problem}");
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    public override async IAsyncEnumerable<FedRow> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        while (await _records.ReadAsync(cancellation))
        {
            MappedRecord mapped = _records.Damage() is { } damage ? MappedRecord.Rejected(damage) : _mapper.Map(_records);
            yield return new FedRow(_records.Line, mapped, mapped.Row is null ? _records.Raw : null);
        }

        await _file.RequireWholeAsync(cancellation);
    }

    public override async ValueTask DisposeAsync()
    {
        await _records.DisposeAsync();
        await _file.DisposeAsync();
        await base.DisposeAsync();
    }
}
