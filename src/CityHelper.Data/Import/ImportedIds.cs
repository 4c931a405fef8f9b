using CityHelper.Data.Model;

namespace CityHelper.Data.Import;

/// <summary>The ids of imported rows: their time, <see cref="RequestId.ImportedBit"/>, and 21 bits of a hash.</summary>
public static class ImportedIds
{
    /// <summary>The bits below <see cref="RequestId.ImportedBit"/>.</summary>
    public const long HashMask = RequestId.ImportedBit - 1;

    /// <summary>
    /// The id of a request, unless another request of the same millisecond has it. Then it gets the next free id, which the database finds
    /// and records. Repeatable: it depends on the arguments only.
    /// </summary>
    public static long Wanted(DateTime createdUtc, string externalId) => At(createdUtc, StableHash.Of(externalId));

    /// <summary>The id of one of a request's changes. Such ids need to differ only within their request.</summary>
    public static long OfChange(DateTime changedUtc, string externalId, int place)
    {
        var hash = default(StableHash);
        hash.Add(externalId);
        hash.Add(place);
        return At(changedUtc, hash.Value);
    }

    private static long At(DateTime utc, long hash) =>
        RequestId.Floor(new DateTimeOffset(utc)) | RequestId.ImportedBit | (hash & HashMask);
}
