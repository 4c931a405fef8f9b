using CityHelper.Engine.Database;
using CityHelper.Server.Admission;
using CityHelper.Server.Configuration;

namespace CityHelper.Server.Database;

/// <summary>Registers the replicas.</summary>
internal static class ReplicaServices
{
    /// <summary>Adds the replicas where some are configured. Without them, all is read from the primary.</summary>
    public static IServiceCollection AddReplicas(this IServiceCollection services, IConfiguration configuration)
    {
        if (SettingsReader.Read<DatabaseSettings>(configuration).Replicas is not { } connectionString)
        {
            return services;
        }

        // Each replica may take what admission lets in: the others may be away.
        return services.AddSingleton(s => new Replicas(
            ReadingConnections.CreateReplicas(
                connectionString,
                s.Settings<AdmissionSettings>().Connections,
                s.GetRequiredService<ILoggerFactory>(),
                s.GetRequiredService<StatementLimit>()),
            s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<ILogger<Replicas>>()));
    }
}
