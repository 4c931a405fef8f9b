using CityHelper.Data.Migrations;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace CityHelper.Server.Health;

/// <summary><c>/health/live</c>: the process answers. <c>/health/ready</c>: the database does too and has this program's schema.</summary>
internal static class HealthEndpoints
{
    private const string Ready = "ready";

    public static IServiceCollection AddCityHelperHealth(this IServiceCollection services)
    {
        services.AddHealthChecks().AddCheck<DatabaseHealth>("database", tags: [Ready]);
        return services;
    }

    public static void MapCityHelperHealth(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false });
        endpoints.MapHealthChecks("/health/ready", new HealthCheckOptions { Predicate = check => check.Tags.Contains(Ready) });
    }
}

/// <summary>Whether the database is reachable and migrated.</summary>
internal sealed class DatabaseHealth(Migrator migrator) : IHealthCheck
{
    // A schema never goes back, so it is asked for until it is there, and only the connection after that.
    private volatile bool _migrated;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            IReadOnlyList<string> pending = _migrated ? await PingAsync(cancellationToken) : await migrator.PendingAsync(cancellationToken);
            _migrated = pending.Count == 0;
            return _migrated
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Unhealthy($"The database lacks {string.Join(", ", pending)}: run `cityhelper migrate`.");
        }
        catch (NpgsqlException cause)
        {
            return HealthCheckResult.Unhealthy("The database does not answer.", cause);
        }
    }

    private async Task<IReadOnlyList<string>> PingAsync(CancellationToken cancellation) => await migrator.PendingAsync(cancellation);
}
