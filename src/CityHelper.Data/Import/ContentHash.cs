namespace CityHelper.Data.Import;

/// <summary>The hash of all a source says about a request. It hashes the parsed row, so a file's date format does not matter.</summary>
public static class ContentHash
{
    public static long Of(ImportRow row)
    {
        var hash = default(StableHash);
        hash.Add(row.CreatedAt.Ticks);
        hash.Add(row.TypeName);
        hash.Add(row.AgencyCode);
        hash.Add((long)row.Status);
        hash.Add(row.SourceStatus);
        hash.Add(row.Title);
        hash.Add(row.Description);
        hash.Add(row.Address);
        hash.Add(row.PostalCode);
        hash.Add(row.District);
        hash.Add(row.Channel);
        // Negative zero has other bits than zero but is the same location.
        hash.Add(BitConverter.DoubleToInt64Bits((row.Longitude ?? double.NaN) + 0.0));
        hash.Add(BitConverter.DoubleToInt64Bits((row.Latitude ?? double.NaN) + 0.0));
        hash.Add(row.ChangedAt?.Ticks ?? 0);
        hash.Add(row.DueAt?.Ticks ?? 0);
        hash.Add(row.ClosedAt?.Ticks ?? 0);
        hash.Add(row.Resolution);
        return hash.Value;
    }
}
