namespace CityHelper.Data.Import.NewYork;

/// <summary>New York's 311 export: the portal's 41 columns, or any subset with key, creation time and type.</summary>
public sealed class NewYorkSource : IImportSource
{
    private static readonly string[] Required = ["Unique Key", "Created Date", "Complaint Type"];

    // The column of ours that a column of the file fills. Borough alone does not fill district: a narrow file must not replace a community
    // board by its borough.
    private static readonly (string Theirs, string Ours)[] Columns =
    [
        ("Complaint Type", "category_id"), ("Agency", "agency_id"), ("Status", "source_status"), ("Descriptor", "title"),
        ("Incident Address", "address"), ("Incident Zip", "postal_code"), ("Community Board", "district"),
        ("Open Data Channel Type", "channel"), ("Latitude", "location"), ("Due Date", "due_at"), ("Closed Date", "closed_at"),
        ("Resolution Description", "resolution"),
    ];

    private static readonly (string Ours, string[] Theirs)[] MadeOfTwo =
        [("location", ["Latitude", "Longitude"]), ("district", ["Community Board", "Borough"])];

    public string Name => "nyc-311";

    public (IRecordMapper? Mapper, string? Problem) Bind(IReadOnlyList<string> header, ImportContext context)
    {
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < header.Count; i++)
        {
            string key = NewYork.ColumnKey(header[i]);
            if (key.Length == 0)
            {
                // Spreadsheets leave empty columns behind.
                continue;
            }

            if (!places.TryAdd(key, i))
            {
                return (null, $"the header has the column {header[i]} twice.");
            }
        }

        string[] missing = [.. Required.Where(name => !places.ContainsKey(NewYork.ColumnKey(name)))];
        if (missing.Length > 0)
        {
            return (null, $"this is not New York's 311 export: the header has no column {string.Join(", ", missing)}.");
        }

        var present = Columns.Where(c => places.ContainsKey(NewYork.ColumnKey(c.Theirs))).Select(c => c.Ours).ToHashSet();
        foreach ((string ours, string[] theirs) in MadeOfTwo)
        {
            // One of two columns is not enough to replace a stored value.
            if (!theirs.All(name => places.ContainsKey(NewYork.ColumnKey(name))))
            {
                present.Remove(ours);
            }
        }

        return (new NewYorkMapper(places, present, context), null);
    }
}
