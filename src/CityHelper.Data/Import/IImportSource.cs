namespace CityHelper.Data.Import;

/// <summary>A file format: knows its columns and turns its records into <see cref="ImportRow"/>s.</summary>
/// <remarks>Everything that is particular to a portal is behind this interface.</remarks>
public interface IImportSource
{
    /// <summary>The name on the command line: <c>nyc-311</c>.</summary>
    string Name { get; }

    /// <summary>Reads a header.</summary>
    /// <param name="header">The columns' names, in the file's order.</param>
    /// <param name="context">The city's time zone and the clock.</param>
    /// <returns>The file's mapper, or one sentence that says why the file is not of this source.</returns>
    (IRecordMapper? Mapper, string? Problem) Bind(IReadOnlyList<string> header, ImportContext context);
}

/// <summary>Turns the records of one file into rows.</summary>
public interface IRecordMapper
{
    /// <summary>The columns of <c>service_request</c> that the file has. Other columns of known requests keep their values.</summary>
    IReadOnlySet<string> PresentColumns { get; }

    /// <summary>Maps one record, whose number of cells is already checked.</summary>
    MappedRecord Map(IRecord record);
}

/// <summary>One record of a file; only valid until the next one is read.</summary>
public interface IRecord
{
    /// <summary>A cell by its column's index in the header, as it is in the file.</summary>
    ReadOnlySpan<char> this[int column] { get; }
}

/// <param name="Zone">The zone of times that are without one.</param>
/// <param name="NowUtc">The clock when the run began; times far ahead of it are rejected.</param>
public sealed record ImportContext(TimeZoneInfo Zone, DateTime NowUtc)
{
    /// <summary>The rule for plausible times in the past.</summary>
    /// <returns>Null when plausible, else the end of a sentence: <c>is before 2000</c>.</returns>
    public string? Doubt(DateTime utc) =>
        utc.Year < Limits.YearMin ? $"is before {Limits.YearMin}"
        : utc > NowUtc + Limits.AheadMax ? "is more than a day ahead"
        : null;
}
