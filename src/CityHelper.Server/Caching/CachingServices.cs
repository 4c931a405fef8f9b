using CityHelper.Data.Changes;
using CityHelper.Engine.Caching;
using CityHelper.Server.Boundaries;
using CityHelper.Server.Changes;
using CityHelper.Server.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace CityHelper.Server.Caching;

/// <summary>Registers what the response cache needs of the change log and of cities.</summary>
internal static class CachingServices
{
    /// <summary>Adds the observer of the change log. Call it before the engine and the change feed are added.</summary>
    public static IServiceCollection AddResponseCache(this IServiceCollection services)
    {
        services.AddSingleton<IChangeObserver, TagObserver>();
        services.AddSingleton<IChangeObserver>(s => s.GetRequiredService<BoundaryAreas>());
        services.AddSingleton<ILogAge>(s => new FollowedLogAge(() => s.GetRequiredService<ChangeFollower>()));
        services.AddSettings<CacheSettings>();
        services.TryAddSingleton(s => s.Settings<CacheSettings>().ToOptions());
        services.AddSingleton<ICacheTenants, CacheTenants>();
        return services;
    }
}
