namespace CityHelper.Data.Model;

/// <summary>What is counted of the requests of one cell of zoom 16 and of one stretch of ids.</summary>
public sealed class ServiceRequestPack
{
    public short CityId { get; init; }

    public long Cell { get; init; }

    /// <summary>The highest bits of the ids, <see cref="RequestId"/> &gt;&gt; 53: 24.9 days.</summary>
    public short Slice { get; init; }

    /// <summary>
    /// Null while it must be packed anew. Else 36 bytes for each request, in the order of ids, big endian: id (8), longitude and latitude
    /// (8 each, IEEE 754), status (4, its number in SQL <c>public.pack_status</c>), category (4), agency (4, 0 for none).
    /// </summary>
    public byte[]? Content { get; init; }
}
