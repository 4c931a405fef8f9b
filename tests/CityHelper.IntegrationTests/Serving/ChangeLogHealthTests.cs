using System.Net;
using CityHelper.Data.Changes;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>What the change log says of a server's health, in virtual time.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ChangeLogHealthTests(PostgresFixture postgres)
{
    private const int LooksMax = 2_000;

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(10);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public async Task A_server_that_cannot_read_the_log_is_not_ready_until_it_can()
    {
        string database = await postgres.CreateDatabaseAsync();
        await HideLogAsync(database);
        await using TestServer server = await TestServer.StartAsync(database, time: _time);
        Assert.Equal((HealthStatus.Unhealthy, HttpStatusCode.ServiceUnavailable), await HealthAsync(server));
        Assert.Equal(HealthStatus.Healthy, (await ReportAsync(server)).Entries["database"].Status);
        for (int pulse = 0; pulse < 5; pulse++)
        {
            _time.Advance(Data.Limits.PulseInterval);
            await Task.Delay(s_look);
        }

        Assert.Equal((HealthStatus.Unhealthy, HttpStatusCode.ServiceUnavailable), await HealthAsync(server));
        Assert.Single(server.Warnings, warning => warning.StartsWith("The change log cannot be read", StringComparison.Ordinal));

        await ShowLogAsync(database);
        await UntilAsync(server, HealthStatus.Healthy);
        Assert.Equal(HttpStatusCode.OK, (await HealthAsync(server)).Ready);
    }

    /// <summary>All servers would go unready at once: that would be an outage, where there is only an old answer.</summary>
    [Fact]
    public async Task A_log_that_stopped_for_half_a_minute_makes_a_server_degraded_and_leaves_it_ready()
    {
        string database = await postgres.CreateDatabaseAsync();
        await using TestServer server = await TestServer.StartAsync(database, time: _time);
        var follower = server.Services.GetRequiredService<ChangeFollower>();
        await PulsesUntilAsync(() => follower.Freshness(0) is not null);
        await HideLogAsync(database);

        // A pulse that was on its way may still prove something.
        await PulsesUntilAsync(
            () => server.Warnings.Any(warning => warning.StartsWith("The change log does not", StringComparison.Ordinal)));
        TimeSpan proven = _time.GetElapsedTime(follower.Freshness(0)!.Value);
        _time.Advance(Limits.ChangesStaleAfter - proven);
        Assert.Equal((HealthStatus.Healthy, HttpStatusCode.OK), await HealthAsync(server));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal((HealthStatus.Degraded, HttpStatusCode.OK), await HealthAsync(server));

        await ShowLogAsync(database);
        await UntilAsync(server, HealthStatus.Healthy);
    }

    private static Task HideLogAsync(string database) => ExecuteAsync(database, "alter function change_pulse rename to hidden_pulse");

    private static Task ShowLogAsync(string database) => ExecuteAsync(database, "alter function hidden_pulse rename to change_pulse");

    private static async Task ExecuteAsync(string database, string sql)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(database);
        await using NpgsqlCommand command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static Task<HealthReport> ReportAsync(TestServer server) =>
        server.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();

    /// <summary>What the change log says, and what a probe of readiness is answered.</summary>
    private static async Task<(HealthStatus Changes, HttpStatusCode Ready)> HealthAsync(TestServer server)
    {
        using HttpResponseMessage response = await server.Client.GetAsync(new Uri("/health/ready", UriKind.Relative));
        return ((await ReportAsync(server)).Entries["changes"].Status, response.StatusCode);
    }

    private Task UntilAsync(TestServer server, HealthStatus status) =>
        PulsesUntilAsync(async () => (await HealthAsync(server)).Changes == status);

    private Task PulsesUntilAsync(Func<bool> isDone) => PulsesUntilAsync(() => Task.FromResult(isDone()));

    private async Task PulsesUntilAsync(Func<Task<bool>> isDone)
    {
        for (int look = 0; !await isDone(); look++)
        {
            Assert.True(look < LooksMax, "It does not come to pass.");
            _time.Advance(Data.Limits.PulseInterval);

            // The pulse goes to a real database.
            await Task.Delay(s_look);
        }
    }
}
