using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace CityHelper.Server.Redis;

/// <summary>Whether the shared Redis answers. Without Redis the server is degraded and still ready.</summary>
internal sealed class RedisHealth(RedisConnection redis) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        (bool answered, _) = await redis.TryAsync(RedisUse.Read, database => database.PingAsync(), cancellationToken);
        return answered
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Degraded("Redis does not answer: operations come from the files alone.");
    }
}
