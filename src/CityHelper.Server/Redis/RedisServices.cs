using CityHelper.Engine.Caching;
using CityHelper.Engine.Clients;
using CityHelper.Server.Caching;
using CityHelper.Server.Changes;
using CityHelper.Server.Configuration;
using CityHelper.Server.Operations;

namespace CityHelper.Server.Redis;

/// <summary>Registers what servers share through Redis.</summary>
internal static class RedisServices
{
    /// <summary>Adds the shared Redis where one is configured. Without it, a server has only the operations of its files.</summary>
    public static IServiceCollection AddSharedRedis(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<RedisSettings>();
        services.AddSettings<InboxSettings>();
        if (SettingsReader.Read<RedisSettings>(configuration).ConnectionString is not { } connectionString)
        {
            return services;
        }

        services.AddSingleton(s => new RedisConnection(
            connectionString, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<RedisConnection>>()));
        services.AddHostedService(s => s.GetRequiredService<RedisConnection>());
        services.AddSingleton<IOperationStore, RedisOperationStore>();
        services.AddSingleton<ISharedAnswers, RedisSharedAnswers>();
        services.AddChangeStream(configuration);
        services.AddHealthChecks().AddCheck<RedisHealth>("redis");
        return services;
    }
}
