namespace CityHelper.Data.Import;

/// <summary>Where the rows of a run come from: a file, or the generator. Both take the same way into the database.</summary>
internal abstract class RowFeed : IAsyncDisposable
{
    /// <summary>The source's name, as <see cref="IImportSource.Name"/>.</summary>
    public abstract string Source { get; }

    /// <summary>For people: the file's path, or what is generated.</summary>
    public abstract string Input { get; }

    /// <summary>The same for the same rows: a repeated command is recognised by it.</summary>
    public abstract string Fingerprint { get; }

    /// <summary>Known once the feed is read; see <see cref="IRecordMapper.PresentColumns"/>.</summary>
    public abstract IReadOnlySet<string> PresentColumns { get; }

    /// <summary>How far reading is, 0 to 1.</summary>
    public abstract double Fraction { get; }

    /// <exception cref="BrokenInputException">The whole input is refused.</exception>
    public abstract IAsyncEnumerable<FedRow> ReadAsync(CancellationToken cancellation);

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}

/// <param name="Number">The line of the file on which the record begins; the generator counts from 1.</param>
/// <param name="Mapped">The row or the reason.</param>
/// <param name="Raw">The record as it stands in the file, only for rejected ones.</param>
internal readonly record struct FedRow(int Number, MappedRecord Mapped, string? Raw);
