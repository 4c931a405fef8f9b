using CityHelper.Data.Changes;
using CityHelper.Engine.Subscriptions;

namespace CityHelper.Server.Subscriptions;

/// <summary>Registers what subscriptions need of the change log, and their end when the server stops.</summary>
internal static class SubscriptionServices
{
    /// <summary>
    /// Adds the observer of the change log. Call it after the response cache, whose observers forget changed boundaries, and before the
    /// engine and the change feed are added.
    /// </summary>
    public static IServiceCollection AddSubscriptions(this IServiceCollection services)
    {
        services.AddSingleton<IChangeHistory>(s => new ChangeHistory(
            () => s.GetRequiredService<ChangeFollower>(), s.GetRequiredService<IChangeDatabase>()));
        services.AddSingleton<IChangeObserver, SubscriptionObserver>();
        services.AddSingleton<StreamDraining>();
        services.AddHostedService(s => s.GetRequiredService<StreamDraining>());
        services.AddHealthChecks().AddCheck<StreamDraining>("stopping", tags: ["ready"]);

        // Ending the streams takes most of it; what runs then has the rest.
        services.Configure<HostOptions>(host => host.ShutdownTimeout = Limits.ShutdownTime);
        return services;
    }
}
