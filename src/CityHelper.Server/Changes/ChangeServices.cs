using CityHelper.Data.Changes;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace CityHelper.Server.Changes;

/// <summary>Registers the change log: following it, and copying it to Redis where one is configured.</summary>
internal static class ChangeServices
{
    /// <summary>
    /// Adds the feed. Without a Redis there is no copy. Further <see cref="IChangeObserver"/> services learn of each event.
    /// </summary>
    public static IServiceCollection AddChangeFeed(this IServiceCollection services)
    {
        services.TryAddSingleton<IChangeStream, NoChangeStream>();
        services.AddSingleton<IChangeMonitor, ChangeMonitor>();
        services.AddSingleton(s => new ChangeMetrics(
            s.GetRequiredService<ChangeFollower>, () => CopierOf(s), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IChangeObserver>(s => s.GetRequiredService<ChangeMetrics>());
        services.AddSingleton(s => new ChangeFollower(
            s.GetRequiredService<IChangeDatabase>(),
            s.GetRequiredService<IChangeDatabase>(),
            s.GetRequiredService<IChangeStream>(),
            [.. s.GetServices<IChangeObserver>()],
            s.GetRequiredService<IChangeMonitor>(),
            s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(s => new ChangeCopier(
            s.GetRequiredService<IChangeDatabase>(),
            s.GetRequiredService<IChangeDatabase>(),
            s.GetRequiredService<IChangeStream>(),
            s.GetRequiredService<ChangeFollower>(),
            s.GetRequiredService<IChangeMonitor>(),
            s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ChangePulse>();
        services.AddSingleton(s => new ChangeFeed(
            s.GetRequiredService<ChangePulse>(),
            s.GetRequiredService<ChangeFollower>(),
            CopierOf(s),
            s.GetRequiredService<IChangeMonitor>(),
            s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ChangeTrimming>();
        services.AddSingleton<ChangeFeedService>();
        services.AddHostedService(s => s.GetRequiredService<ChangeFeedService>());
        services.AddHealthChecks().AddCheck<ChangeLogHealth>("changes", tags: ["ready"]);
        return services;
    }

    private static ChangeCopier? CopierOf(IServiceProvider services) =>
        services.GetRequiredService<IChangeStream>() is NoChangeStream ? null : services.GetRequiredService<ChangeCopier>();
}
