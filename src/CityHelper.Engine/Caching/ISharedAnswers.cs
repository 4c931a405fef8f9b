namespace CityHelper.Engine.Caching;

/// <summary>
/// Where servers share answers that were dear to read. It may be away, full or slow: then every server reads for itself. What it returns is
/// believed only when its signature and the change log say so.
/// </summary>
public interface ISharedAnswers
{
    /// <summary>The bytes of a key; null when there are none, or it does not answer.</summary>
    ValueTask<byte[]?> GetAsync(string key, CancellationToken cancellation);

    /// <summary>Keeps bytes for a time.</summary>
    ValueTask SetAsync(string key, byte[] bytes, TimeSpan life, CancellationToken cancellation);

    /// <summary>
    /// Takes the lease of a key for <see cref="Limits.LeaseTime"/>: the server that has it reads, the others wait for what it shares.
    /// </summary>
    /// <returns>Whether this server reads; also when nobody can say.</returns>
    ValueTask<bool> TryLeaseAsync(string key, string owner, CancellationToken cancellation);

    /// <summary>Gives the lease back, if it is still the owner's.</summary>
    ValueTask ReleaseAsync(string key, string owner, CancellationToken cancellation);
}
