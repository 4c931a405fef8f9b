using CityHelper.Data.Changes;
using CityHelper.Server.Configuration;
using CityHelper.Server.Database;
using CityHelper.Server.Redis;

namespace CityHelper.Server.Changes;

/// <summary>Registers what the change log has in Redis.</summary>
internal static class ChangeStreamServices
{
    /// <summary>
    /// Adds the stream, its nudges, and the inboxes where a service has a key. Needs <see cref="RedisConnection"/> and
    /// <see cref="WritingConnections"/>.
    /// </summary>
    public static IServiceCollection AddChangeStream(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<ICityNames>(s => new CityNames(
            s.GetRequiredService<WritingConnections>().Database, s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IChangeStream, RedisChangeStream>();
        services.AddSingleton<ChangeNudges>();
        if (SettingsReader.Read<InboxSettings>(configuration).ByName.Count == 0)
        {
            return services;
        }

        services.AddSingleton(s => new InboxStream(s.GetRequiredService<RedisConnection>(), $"{Guid.CreateVersion7()}"));
        services.AddSingleton(s => new InboxValidation(s.Settings<InboxSettings>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<InboxMetrics>();
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<InboxIngester>(
            s, s.GetRequiredService<WritingConnections>().Database));
        services.AddHostedService(s => s.GetRequiredService<InboxIngester>());
        return services;
    }
}
