using CityHelper.Engine.Caching;
using CityHelper.Engine.Tags;
using CityHelper.Server.Changes;
using CityHelper.Server.Cities;
using Microsoft.Extensions.Options;

namespace CityHelper.Server.Caching;

/// <summary>What the response cache must know of cities.</summary>
internal sealed class CacheTenants(ILogAge log, CitySlugs cities, IOptionsMonitor<CacheSettings> settings) : ICacheTenants
{
    public ValueTask<string?> NameAsync(short tenant, CancellationToken cancellation) =>
        tenant == 0 ? ValueTask.FromResult<string?>(TagNames.NoTenant) : cities.NameAsync(tenant, cancellation);

    public bool IsOff(string tenant) => settings.CurrentValue.Off is { Length: > 0 } off && off.Contains(tenant, StringComparer.Ordinal);

    public TimeSpan? AgeOf(short tenant) => log.Of(tenant);
}
