using System.Globalization;
using CityHelper.Data.Model;

namespace CityHelper.Data.Import.NewYork;

/// <summary>Maps the records of one file of New York's export.</summary>
internal sealed class NewYorkMapper(Dictionary<string, int> places, IReadOnlySet<string> presentColumns, ImportContext context)
    : IRecordMapper
{
    // The index of each column; -1 when the file does not have it.
    private readonly int _key = Place("Unique Key", places);
    private readonly int _created = Place("Created Date", places);
    private readonly int _closed = Place("Closed Date", places);
    private readonly int _changed = Place("Resolution Action Updated Date", places);
    private readonly int _due = Place("Due Date", places);
    private readonly int _type = Place("Complaint Type", places);
    private readonly int _agency = Place("Agency", places);
    private readonly int _agencyName = Place("Agency Name", places);
    private readonly int _status = Place("Status", places);
    private readonly int _descriptor = Place("Descriptor", places);
    private readonly int _address = Place("Incident Address", places);
    private readonly int _zip = Place("Incident Zip", places);
    private readonly int _board = Place("Community Board", places);
    private readonly int _borough = Place("Borough", places);
    private readonly int _channel = Place("Open Data Channel Type", places);
    private readonly int _resolution = Place("Resolution Description", places);
    private readonly int _latitude = Place("Latitude", places);
    private readonly int _longitude = Place("Longitude", places);

    // Few texts, repeated on every row: one string each instead of millions. The bound is for files with other contents.
    private readonly TextPool _pool = new(capacity: 4_096);

    private string? _reason;

    public IReadOnlySet<string> PresentColumns { get; } = presentColumns;

    public MappedRecord Map(IRecord record)
    {
        _reason = null;
        DateTime? created = Time(record, _created, "Created Date");
        DateTime? closed = Time(record, _closed, "Closed Date");
        DateTime? changed = Time(record, _changed, "Resolution Action Updated Date");
        (double? longitude, double? latitude) = Location(record);
        (ServiceRequestStatus status, bool stated, string? statusText, bool unknown) = Status(record, closed);
        string? key = Text(record, _key, "Unique Key", Limits.NameCharsMax);
        if (key is null || created is null)
        {
            _reason ??= key is null ? "Unique Key is empty" : "Created Date is empty";
            return MappedRecord.Rejected(_reason);
        }

        var row = new ImportRow
        {
            ExternalId = key,
            CreatedAt = created.Value,
            TypeName = Pooled(record, _type, "Complaint Type"),
            AgencyCode = Pooled(record, _agency, "Agency"),
            AgencyName = Pooled(record, _agencyName, "Agency Name"),
            Status = status,
            StatusStated = stated,
            SourceStatus = statusText,
            Title = Text(record, _descriptor, "Descriptor", Limits.LineCharsMax),
            Address = Text(record, _address, "Incident Address", Limits.LineCharsMax),
            PostalCode = Pooled(record, _zip, "Incident Zip"),
            District = District(record),
            Channel = Pooled(record, _channel, "Open Data Channel Type"),
            Longitude = longitude,
            Latitude = latitude,
            ChangedAt = changed ?? closed,
            DueAt = DueTime(record),
            ClosedAt = closed,
            Resolution = Text(record, _resolution, "Resolution Description", Limits.TextCharsMax),
        };
        return _reason is null ? new MappedRecord(row, null, unknown ? statusText : null) : MappedRecord.Rejected(_reason);
    }

    private static int Place(string name, Dictionary<string, int> places) => places.GetValueOrDefault(NewYork.ColumnKey(name), -1);

    private static ReadOnlySpan<char> Cell(IRecord record, int column) => column < 0 ? [] : record[column].Trim();

    private string? Text(IRecord record, int column, string name, int charsMax)
    {
        ReadOnlySpan<char> cell = Cell(record, column);
        return cell.IsEmpty || TooLong(cell, name, charsMax) ? null : cell.ToString();
    }

    private string? Pooled(IRecord record, int column, string name)
    {
        ReadOnlySpan<char> cell = Cell(record, column);
        return cell.IsEmpty || TooLong(cell, name, Limits.NameCharsMax) ? null : _pool.Get(cell);
    }

    private bool TooLong(ReadOnlySpan<char> cell, string name, int charsMax)
    {
        if (cell.Length > charsMax)
        {
            _reason ??= $"{name} has {cell.Length:N0} characters, at most {charsMax:N0} are kept";
        }

        return cell.Length > charsMax;
    }

    private DateTime? Time(IRecord record, int column, string name)
    {
        DateTime? utc = AnyTime(record, column, name);
        if (utc is { } time && context.Doubt(time) is { } doubt)
        {
            _reason ??= $"{name} `{Cell(record, column)}` {doubt}";
        }

        return utc;
    }

    /// <summary>A due date may lie in the future, but not after the last year that has a partition.</summary>
    private DateTime? DueTime(IRecord record)
    {
        DateTime? utc = AnyTime(record, _due, "Due Date");
        if (utc is { Year: < Limits.YearMin or > Limits.YearMax })
        {
            _reason ??= $"Due Date `{Cell(record, _due)}` is not between {Limits.YearMin} and {Limits.YearMax}";
        }

        return utc;
    }

    private DateTime? AnyTime(IRecord record, int column, string name)
    {
        ReadOnlySpan<char> cell = Cell(record, column);
        if (cell.IsEmpty)
        {
            return null;
        }

        // The first and last years of the calendar leave no room for a zone's offset.
        if (SourceTimes.TryRead(cell, out DateTime local) && local.Year is > 1 and < 9999)
        {
            return local == NewYork.NoDate && column != _created ? null : LocalTimes.ToUtc(local, context.Zone);
        }

        _reason ??= $"{name} `{cell[..Math.Min(cell.Length, 40)]}` is not a date this source writes";
        return null;
    }

    /// <summary>The portal writes zero for both when it does not know the location.</summary>
    private (double? Longitude, double? Latitude) Location(IRecord record)
    {
        ReadOnlySpan<char> longitudeCell = Cell(record, _longitude);
        ReadOnlySpan<char> latitudeCell = Cell(record, _latitude);
        if (longitudeCell.IsEmpty || latitudeCell.IsEmpty)
        {
            return (null, null);
        }

        bool read = double.TryParse(longitudeCell, NumberStyles.Float, CultureInfo.InvariantCulture, out double longitude)
            & double.TryParse(latitudeCell, NumberStyles.Float, CultureInfo.InvariantCulture, out double latitude);
        // Written so that NaN fails too.
        if (!(read && Math.Abs(longitude) <= 180 && Math.Abs(latitude) <= 90))
        {
            _reason ??= $"Latitude `{latitudeCell}` and Longitude `{longitudeCell}` are no place on earth";
            return (null, null);
        }

        return longitude == 0 && latitude == 0 ? (null, null) : (longitude, latitude);
    }

    private (ServiceRequestStatus Status, bool Stated, string? Text, bool Unknown) Status(IRecord record, DateTime? closed)
    {
        string? text = Pooled(record, _status, "Status");
        if (text is not null && NewYork.Statuses.TryGetValue(text, out ServiceRequestStatus status))
        {
            return (status, true, text, false);
        }

        return (closed is null ? ServiceRequestStatus.Open : ServiceRequestStatus.Closed, false, text, text is not null);
    }

    /// <summary>The community board, <c>05 QUEENS</c>; the borough when the board is unknown.</summary>
    private string? District(IRecord record)
    {
        string? board = Pooled(record, _board, "Community Board");
        string? borough = Pooled(record, _borough, "Borough");
        bool boardKnown = board is not null && !board.Contains("Unspecified", StringComparison.OrdinalIgnoreCase);
        bool boroughKnown = borough is not null && !borough.Equals("Unspecified", StringComparison.OrdinalIgnoreCase);
        return boardKnown ? board : boroughKnown ? borough : null;
    }
}
