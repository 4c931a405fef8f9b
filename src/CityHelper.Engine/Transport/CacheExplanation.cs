using CityHelper.Engine.Schema;
using CityHelper.Engine.Tags;

namespace CityHelper.Engine.Transport;

/// <summary>Why, and for how long, the answer to an operation is kept.</summary>
/// <param name="Address">The canonical address: path and query.</param>
/// <param name="Policy">The header <c>Cache-Control</c>.</param>
public sealed record CacheExplanation(string Address, string Policy)
{
    /// <summary>Why it is never kept; null when it is.</summary>
    public string? Refusal { get; init; }

    /// <summary>The tenant that it reads; 0 for what belongs to none.</summary>
    public short Tenant { get; init; }

    /// <summary>What it depends on.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];

    /// <summary>When it ends by the clock alone; null when it does not.</summary>
    public DateTime? Until { get; init; }

    /// <summary>Of an answer that is never kept.</summary>
    /// <param name="address">The canonical address.</param>
    /// <param name="refusal">Why.</param>
    public static CacheExplanation Never(string address, string refusal) => new(address, CachePolicy.None.Header) { Refusal = refusal };
}
