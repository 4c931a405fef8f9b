using System.Net;
using CityHelper.Data.Migrations;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.Server;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Serving;

[Collection(PostgresCollection.Name)]
public sealed class HealthTests(PostgresFixture postgres)
{
    private const int LooksMax = 10_000;

    private static readonly TimeSpan s_every = TimeSpan.FromMilliseconds(Limits.HealthEveryMs);

    /// <summary>A started server has its timer long before.</summary>
    private static readonly TimeSpan s_timerIsThere = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task A_server_is_ready_once_its_database_is_migrated()
    {
        string database = await postgres.CreateEmptyDatabaseAsync();
        await using TestServer server = await TestServer.StartAsync(database);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, "/health/live"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(server, "/health/ready"));

        await new Migrator(database).MigrateAsync();
        await UntilAsync(server, HttpStatusCode.OK);
    }

    [Fact]
    public async Task Without_a_database_a_server_lives_and_says_what_to_do()
    {
        string nowhere = new NpgsqlConnectionStringBuilder(await postgres.CreateEmptyDatabaseAsync())
        {
            Database = "gone",
            Timeout = 2,
        }.ConnectionString;
        await using TestServer server = await TestServer.StartAsync(nowhere);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, "/health/live"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(server, "/health/ready"));
        foreach (string query in new[] { "{ cities { slug } }", "{ serviceRequests(city: \"nyc\") { nodes { id } } }" })
        {
            System.Text.Json.JsonElement json = await server.QueryAsync(query);
            Assert.Equal("DATABASE_UNAVAILABLE", json.GetProperty("errors")[0].GetProperty("extensions").GetProperty("code").GetString());
        }
    }

    [Fact]
    public async Task Production_does_not_start_without_a_cursor_key()
    {
        ConfigurationException refused = await Assert.ThrowsAsync<ConfigurationException>(() => ServerApplication.BuildAsync(
            new() { EnvironmentName = "Production", Args = ["--CITYHELPER_DATABASE", "Host=none"] }));
        Assert.Contains("CITYHELPER_CURSOR_KEY", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_is_gone_makes_a_server_unready_and_one_that_is_back_makes_it_ready()
    {
        string database = await postgres.CreateDatabaseAsync();
        string name = new NpgsqlConnectionStringBuilder(database).Database!;
        string elsewhere = new NpgsqlConnectionStringBuilder(database) { Database = "postgres", Pooling = false }.ConnectionString;
        await using TestServer server = await TestServer.StartAsync(database, time: _time);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, "/health/ready"));

        await ExecuteAsync(elsewhere, $"alter database {name} allow_connections false");
        await ExecuteAsync(elsewhere, $"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'");
        await UntilAsync(server, HttpStatusCode.ServiceUnavailable, () => _time.Advance(s_every));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, "/health/live"));

        await ExecuteAsync(elsewhere, $"alter database {name} allow_connections true");
        await UntilAsync(server, HttpStatusCode.OK);
        Assert.Single(server.Warnings, warning => warning.StartsWith("Not ready: The database does not answer.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_connection_that_was_closed_once_is_no_outage()
    {
        string database = await postgres.CreateDatabaseAsync();
        await using TestServer server = await TestServer.StartAsync(database, time: _time);
        string own = new NpgsqlConnectionStringBuilder(database) { Pooling = false }.ConnectionString;
        const string Backend =
            "select coalesce(max(pid), 0) from pg_stat_activity where datname = current_database() and application_name = 'cityhelper "
                + "health'";
        int first = await ExecuteAsync(own, Backend);
        await ExecuteAsync(own, $"select pg_terminate_backend({first})");
        int second = 0;
        for (int look = 0; second == 0 || second == first; look++)
        {
            Assert.True(look < LooksMax, "No new connection is made.");
            _time.Advance(s_every);
            second = await ExecuteAsync(own, Backend);
        }

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, "/health/ready"));
        Assert.DoesNotContain(server.Warnings, warning => warning.StartsWith("Not ready", StringComparison.Ordinal));
    }

    /// <summary>
    /// A database that answers late is busy. Calling that unready would take one server after another out of service; only after some
    /// seconds of silence does it count as gone.
    /// </summary>
    [Fact]
    public async Task A_database_that_lets_a_look_run_out_counts_as_there_for_some_seconds()
    {
        var direct = new NpgsqlConnectionStringBuilder(await postgres.CreateDatabaseAsync());
        await using StallingProxy proxy = StallingProxy.Before(direct.Host!, direct.Port);
        await using TestServer server = await TestServer.StartAsync(
            new NpgsqlConnectionStringBuilder(direct.ConnectionString) { Port = proxy.Port }.ConnectionString, time: _time);
        proxy.Stall();

        // Until a check is under way: the timer may not exist at first.
        var left = TimeSpan.FromMilliseconds(Limits.HealthUnansweredMs - 1);
        do
        {
            Assert.True(left > s_every, "No look is made.");
            _time.Advance(s_every);
            left -= s_every;
        }
        while (await Task.WhenAny(proxy.HoldsBytes, Task.Delay(s_timerIsThere)) != proxy.HoldsBytes);

        _time.Advance(left);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, "/health/ready"));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(server, "/health/ready"));
        proxy.Pass();
        await UntilAsync(server, HttpStatusCode.OK);
    }

    /// <summary>Silence after a refusal is no recovery, neither for a readiness probe nor in the log.</summary>
    [Fact]
    public async Task A_database_that_lets_a_look_run_out_after_a_refusal_is_still_gone()
    {
        var direct = new NpgsqlConnectionStringBuilder(await postgres.CreateDatabaseAsync());
        string elsewhere = new NpgsqlConnectionStringBuilder(direct.ConnectionString)
        {
            Database = "postgres",
            Pooling = false,
        }.ConnectionString;
        await using StallingProxy proxy = StallingProxy.Before(direct.Host!, direct.Port);
        await using TestServer server = await TestServer.StartAsync(
            new NpgsqlConnectionStringBuilder(direct.ConnectionString) { Port = proxy.Port }.ConnectionString, time: _time);
        await ExecuteAsync(elsewhere, $"alter database {direct.Database} allow_connections false");
        await ExecuteAsync(elsewhere, $"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{direct.Database}'");
        await UntilAsync(server, HttpStatusCode.ServiceUnavailable, () => _time.Advance(TimeSpan.FromMilliseconds(Limits.HealthEveryMs)));

        // The fake clock stands still, so the probe waits for the check, which times out by the real one. The last success is recent.
        proxy.Stall();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(server, "/health/ready"));
        proxy.Pass();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(server, "/health/ready"));
        Assert.Single(server.Warnings, warning => warning.StartsWith("Not ready", StringComparison.Ordinal));

        await ExecuteAsync(elsewhere, $"alter database {direct.Database} allow_connections true");
        await UntilAsync(server, HttpStatusCode.OK);
    }

    private static async Task UntilAsync(TestServer server, HttpStatusCode status, Action? betweenLooks = null)
    {
        for (int look = 0; await StatusAsync(server, "/health/ready") != status; look++)
        {
            Assert.True(look < LooksMax, $"It does not become {status}.");
            betweenLooks?.Invoke();
        }
    }

    private static async Task<int> ExecuteAsync(string connectionString, string sql)
    {
        await using NpgsqlDataSource database = NpgsqlDataSource.Create(connectionString);
        await using NpgsqlCommand command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync() as int? ?? 0;
    }

    private static async Task<HttpStatusCode> StatusAsync(TestServer server, string path)
    {
        using HttpResponseMessage response = await server.Client.GetAsync(path);
        return response.StatusCode;
    }
}
