namespace CityHelper.Data.Model;

/// <summary>A packed block: what statistics need of the requests of one cell of zoom 16 and one id bucket.</summary>
public sealed class ServiceRequestPack
{
    public short CityId { get; init; }

    public long Cell { get; init; }

    /// <summary>The id bucket: the highest bits of the ids, <see cref="RequestId"/> &gt;&gt; 53; 24.9 days.</summary>
    public short Slice { get; init; }

    /// <summary>
    /// Null while the block is stale. Else 36 bytes per request, ordered by id, big endian: id (8), longitude and latitude (8 each, IEEE
    /// 754), status (4, its number in SQL <c>public.pack_status</c>), category (4), agency (4, 0 for none).
    /// </summary>
    public byte[]? Content { get; init; }
}
