namespace CityHelper.Data.Import;

/// <summary>The rows of a run, from a file or the generator. Both enter the database in the same way.</summary>
internal abstract class RowFeed : IAsyncDisposable
{
    /// <summary>The source's name, as <see cref="IImportSource.Name"/>.</summary>
    public abstract string Source { get; }

    /// <summary>The file's path, or what is generated; for display.</summary>
    public abstract string Input { get; }

    /// <summary>The same for the same rows, so that a repeated command is recognised.</summary>
    public abstract string Fingerprint { get; }

    /// <summary>Known once the feed is read; see <see cref="IRecordMapper.PresentColumns"/>.</summary>
    public abstract IReadOnlySet<string> PresentColumns { get; }

    /// <summary>Progress of reading, 0 to 1.</summary>
    public abstract double Fraction { get; }

    /// <exception cref="BrokenInputException">The whole input is refused.</exception>
    public abstract IAsyncEnumerable<FedRow> ReadAsync(CancellationToken cancellation);

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}

/// <param name="Number">The line on which the record begins; the generator counts from 1.</param>
/// <param name="Mapped">The row, or why it is rejected.</param>
/// <param name="Raw">The record as it is in the file; only for rejected ones.</param>
internal readonly record struct FedRow(int Number, MappedRecord Mapped, string? Raw);
