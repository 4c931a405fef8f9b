namespace CityHelper.Data.Import;

/// <summary>A kind of file: knows its columns and turns its records into <see cref="ImportRow"/>s.</summary>
/// <remarks>The seam between cities: all that is particular to a portal stands behind it.</remarks>
public interface IImportSource
{
    /// <summary>The name on the command line: <c>nyc-311</c>.</summary>
    string Name { get; }

    /// <summary>Reads a header.</summary>
    /// <param name="header">The columns' names, in the file's order.</param>
    /// <param name="context">The city's zone and the clock.</param>
    /// <returns>The file's mapper, or one sentence that says why this is no file of the source.</returns>
    (IRecordMapper? Mapper, string? Problem) Bind(IReadOnlyList<string> header, ImportContext context);
}

/// <summary>Turns the records of one file into rows.</summary>
public interface IRecordMapper
{
    /// <summary>The columns of <c>service_request</c> that the file speaks about. Others keep their values in known requests.</summary>
    IReadOnlySet<string> PresentColumns { get; }

    /// <summary>Reads one record, of which the width is already checked.</summary>
    MappedRecord Map(IRecord record);
}

/// <summary>One record of a file; only valid until the next one is read.</summary>
public interface IRecord
{
    /// <summary>A cell by the column's place in the header, as it stands in the file.</summary>
    ReadOnlySpan<char> this[int column] { get; }
}

/// <param name="Zone">In which times without a zone are read.</param>
/// <param name="NowUtc">The clock when the run began; what is far ahead of it is rejected.</param>
public sealed record ImportContext(TimeZoneInfo Zone, DateTime NowUtc)
{
    /// <summary>The one rule for believable past times.</summary>
    /// <returns>Null when believable, else the end of a sentence: <c>is before 2000</c>.</returns>
    public string? Doubt(DateTime utc) =>
        utc.Year < Limits.YearMin ? $"is before {Limits.YearMin}"
        : utc > NowUtc + Limits.AheadMax ? "is more than a day ahead"
        : null;
}
