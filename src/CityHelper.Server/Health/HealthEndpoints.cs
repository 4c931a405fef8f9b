using GraphQL.Types;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace CityHelper.Server.Health;

/// <summary>
/// <c>/health/live</c>: the process answers. <c>/health/ready</c>: the database answers too and has this program's schema; a busy server is
/// still ready. <c>/health</c>: the state of each dependency; 503 only when the server is not ready.
/// </summary>
internal static class HealthEndpoints
{
    private const string Ready = "ready";

    public static IServiceCollection AddCityHelperHealth(this IServiceCollection services, string connectionString)
    {
        services.AddSingleton(s => new DatabaseProbe(
            connectionString, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<DatabaseProbe>>()));
        services.AddHostedService(s => s.GetRequiredService<DatabaseProbe>());
        services.AddSingleton(s => new IndexCheck(
            s.GetRequiredService<ISchema>(),
            connectionString,
            s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<ILogger<IndexCheck>>()));
        services.AddHostedService(s => s.GetRequiredService<IndexCheck>());
        services.AddHealthChecks().AddCheck<DatabaseHealth>("database", tags: [Ready]).AddCheck<IndexCheck>("indexes");
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

/// <summary>Whether the database is reachable and migrated, by the last check.</summary>
internal sealed class DatabaseHealth(DatabaseProbe probe) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        probe.AskAsync(cancellationToken).AsTask();
}
