using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>Every attack test relies on this: the checks after an attack find what they check for.</summary>
[Collection(PostgresCollection.Name)]
public sealed class AttackFixtureTests(AttackFixture fixture, PostgresFixture postgres) : IClassFixture<AttackFixture>
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task An_ordinary_request_passes()
    {
        AttackAnswer[] answers = await fixture.AttackAsync(() => AttackFixture.ConcurrentlyAsync(
            20, _ => fixture.SendAsync("{ serviceRequests(city: \"nyc\") { nodes { id } } }")));
        Assert.All(answers, a => Assert.Null(a.Code));
        Assert.All(
            answers,
            a => Assert.Equal(10, a.Json.GetProperty("data").GetProperty("serviceRequests").GetProperty("nodes").GetArrayLength()));
        Assert.Null((await fixture.AttackAsync(() => fixture.SendPersistedAsync("CityFilters", new { city = "nyc" }))).Code);
        Assert.Equal(
            200, (await fixture.AttackAsync(() => fixture.SendRawAsync(RawConnection.Post("""{"query":"{ cities { slug } }"}""")))).Status);
    }

    [Fact]
    public async Task A_busy_backend_is_found()
    {
        await using BackendWatch watch = await BackendWatch.StartAsync(
            fixture.Database, postgres.IsPrivate, TimeSpan.FromMilliseconds(100));
        await using NpgsqlConnection connection = await OpenAsync();
        Task asleep = SleepAsync(connection);
        await watch.FirstLate.WaitAsync(s_patience);
        await EndAsync(connection, asleep);
        Assert.Contains("was busy for", Assert.Single(await watch.EndAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_orphan_is_found()
    {
        await using BackendWatch watch = await BackendWatch.StartAsync(
            fixture.Database, postgres.IsPrivate, TimeSpan.FromMilliseconds(100));
        await using NpgsqlConnection connection = await OpenAsync();
        Task asleep = SleepAsync(connection);
        await watch.FirstLate.WaitAsync(s_patience);
        Assert.Contains(await watch.EndAsync(), c => c.Contains("nobody waits for it", StringComparison.Ordinal));
        await EndAsync(connection, asleep);
    }

    [Fact]
    public async Task An_idle_backend_with_much_memory_is_found()
    {
        // The memory of processes on another machine cannot be read.
        if (!postgres.IsPrivate)
        {
            return;
        }

        await using NpgsqlConnection connection = await OpenAsync();
        await using BackendWatch watch = await BackendWatch.StartAsync(fixture.Database, readsMemory: true);
        await using var command = new NpgsqlCommand(
            "select set_config('attack.memory', repeat('x', 100000000), false) is null", connection);
        await command.ExecuteNonQueryAsync();
        Assert.Contains(await watch.EndAsync(), c => c.Contains("is idle and keeps", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_slow_list_is_found()
    {
        AttackSucceededException found = await Assert.ThrowsAsync<AttackSucceededException>(() => fixture.AttackAsync(async () =>
        {
            await using LockedTable table = await LockedTable.HoldAsync(fixture.Database, "city");
            await ExecuteAsync("select pg_sleep(2)");
            return true;
        }));
        Assert.Contains("A list of cities", found.Message, StringComparison.Ordinal);
    }

    // Longer than any machine needs to notice it.
    private static async Task SleepAsync(NpgsqlConnection connection)
    {
        await using var sleep = new NpgsqlCommand("select pg_sleep(600)", connection) { CommandTimeout = 0 };
        await sleep.ExecuteNonQueryAsync();
    }

    private async Task EndAsync(NpgsqlConnection sleeper, Task asleep)
    {
        await ExecuteAsync($"select pg_terminate_backend({sleeper.ProcessID}, 60000)");
        await Assert.ThrowsAsync<PostgresException>(() => asleep);
    }

    private async Task<NpgsqlConnection> OpenAsync(string application = "cityhelper")
    {
        var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(fixture.Database)
            {
                ApplicationName = application,
                Pooling = false,
                CommandTimeout = 90,
            }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    // Under another application name than the watched one.
    private async Task ExecuteAsync(string sql)
    {
        await using NpgsqlConnection connection = await OpenAsync("attack test");
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
