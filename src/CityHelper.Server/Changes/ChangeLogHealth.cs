using CityHelper.Data.Changes;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace CityHelper.Server.Changes;

/// <summary>
/// Whether the server knows what changed. Before it has read the recent events it is not ready. A log that stopped makes it degraded, and
/// it stays ready: all servers would go unready at once.
/// </summary>
internal sealed class ChangeLogHealth(ChangeFeedService feed, ChangeFollower follower) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(
            !feed.IsFilled ? HealthCheckResult.Unhealthy("The recent events of the change log are not read yet.")
            : follower.CityIds.Any(IsStale) ? HealthCheckResult.Degraded("The change log has not been followed for a while.")
            : HealthCheckResult.Healthy());

    private bool IsStale(short city) => follower.Age(city) > Limits.ChangesStaleAfter;
}
