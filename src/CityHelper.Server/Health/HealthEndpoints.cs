using CityHelper.Data.Migrations;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace CityHelper.Server.Health;

/// <summary>
/// <c>/health/live</c>: the process answers. <c>/health/ready</c>: the database does too and has this program's schema. <c>/health</c>: what of the
/// server's surroundings is there, one by one; 503 only when it is not ready.
/// </summary>
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
        endpoints.MapHealthChecks("/health", new HealthCheckOptions { ResponseWriter = WriteAllAsync });
        endpoints.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false });
        endpoints.MapHealthChecks("/health/ready", new HealthCheckOptions { Predicate = check => check.Tags.Contains(Ready) });
    }

    private static Task WriteAllAsync(HttpContext http, HealthReport report) => http.Response.WriteAsJsonAsync(new
    {
        status = report.Status.ToString(),
        checks = report.Entries.OrderBy(entry => entry.Key, StringComparer.Ordinal).ToDictionary(
            entry => entry.Key,
            entry => new { status = entry.Value.Status.ToString(), description = entry.Value.Description }),
    });
}

/// <summary>Whether the database is reachable and migrated.</summary>
internal sealed class DatabaseHealth(Migrator migrator, NpgsqlDataSource database) : IHealthCheck
{
    // A schema never goes back, so the migrations are looked at until they are there, and the pool's connections after that.
    private volatile bool _migrated;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            if (_migrated)
            {
                await using NpgsqlCommand ping = database.CreateCommand("select 1");
                await ping.ExecuteNonQueryAsync(cancellationToken);
                return HealthCheckResult.Healthy();
            }

            IReadOnlyList<string> pending = await migrator.PendingAsync(cancellationToken);
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
}
