namespace CityHelper.Engine.Caching;

/// <summary>What the response cache asks the host about tenants.</summary>
public interface ICacheTenants
{
    /// <summary>The tenant's name in tags, in lower-case ASCII; null for an unknown tenant, of which nothing is kept.</summary>
    ValueTask<string?> NameAsync(short tenant, CancellationToken cancellation);

    /// <summary>Whether an operator has switched caching off for the tenant, here and downstream.</summary>
    /// <param name="tenant">The tenant's name in tags.</param>
    bool IsOff(string tenant);

    /// <summary>
    /// How long ago everything that had changed was known for certain: by that much, all that is kept of the tenant may be stale beyond
    /// the usual. Null when the tenant's changes are not followed.
    /// </summary>
    TimeSpan? AgeOf(short tenant);
}

/// <summary>For hosts that follow no log: nothing is kept.</summary>
internal sealed class NoTenants : ICacheTenants
{
    public ValueTask<string?> NameAsync(short tenant, CancellationToken cancellation) => default;

    public bool IsOff(string tenant) => false;

    public TimeSpan? AgeOf(short tenant) => null;
}
