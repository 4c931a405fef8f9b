using System.Text.Json;
using CityHelper.Data.Migrations;
using CityHelper.Engine.Database;
using CityHelper.IntegrationTests.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>Connections of the pool that PostgreSQL ended meanwhile cost no answer; what was read or cancelled is not read again.</summary>
[Collection(PostgresCollection.Name)]
public sealed class StaleConnectionTests(PostgresFixture postgres) : IAsyncLifetime
{
    private const string List = "{ serviceRequests(city: \"nyc\") { nodes { id } } }";

    private readonly FakeTimeProvider _time = new(Reading.ReadingHouse.Moment("2025-06-01T00:00:00Z"));
    private string _database = "";
    private TestServer _server = null!;

    public async Task InitializeAsync()
    {
        _database = await postgres.CreateDatabaseAsync();
        await RequestRows.AddCityAsync(_database, 2024, 2025);
        await BoundaryRows.AddAsync(_database, BoundaryRows.Manhattan);
        _server = await TestServer.StartAsync(_database, time: _time);
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task A_pool_of_ended_connections_costs_no_answer()
    {
        for (int round = 1; round <= 3; round++)
        {
            await FillPoolAsync(5);
            Assert.Equal(5, await EndBackendsAsync());
            JsonElement[] answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => _server.DataAsync(List)));
            Assert.All(answers, a => Assert.Equal(0, a.GetProperty("serviceRequests").GetProperty("nodes").GetArrayLength()));
            Assert.Empty(_server.Errors);

            // At most each of the five connections was met once, and at least one was.
            Assert.InRange(_server.Warnings.Count(w => w.Contains("was dead", StringComparison.Ordinal)), round, 5 * round);
        }
    }

    /// <summary>Look-ups before the batch go through the same connections.</summary>
    [Fact]
    public async Task A_look_up_over_an_ended_connection_costs_no_answer()
    {
        string boundary = new Engine.GlobalId("Boundary", RequestRows.City, 3).ToString();
        string query = $$"""{ serviceRequests(city: "nyc", within: { boundary: "{{boundary}}" }) { nodes { id } } }""";
        await _server.DataAsync(query);
        await EndBackendsAsync();
        _time.Advance(TimeSpan.FromSeconds(2));
        await _server.DataAsync(query);
        Assert.Empty(_server.Errors);
        Assert.Single(_server.Warnings, w => w.Contains("was dead", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_restart_of_PostgreSQL_costs_no_answer()
    {
        string folder = Path.Combine(Path.GetTempPath(), $"cityhelper-tests-{Guid.NewGuid():N}");
        try
        {
            string cluster = await EngScript.RunAsync("postgres", "start", folder, "--ephemeral");
            await new Migrator(cluster).MigrateAsync();
            await RequestRows.AddCityAsync(cluster, 2024, 2025);
            await using TestServer server = await TestServer.StartAsync(cluster, time: _time);
            await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => server.DataAsync(List)));
            await EngScript.RunAsync("postgres", "stop", folder);

            // While it is down it is said to be down.
            Assert.Equal("DATABASE_UNAVAILABLE", Attacks.AttackedServer.CodeOf(await server.QueryAsync(List)));
            await EngScript.RunAsync("postgres", "start", folder, "--ephemeral");
            await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => server.DataAsync(List)));

            // And when nobody asked while it was down.
            await EngScript.RunAsync("postgres", "stop", folder);
            await EngScript.RunAsync("postgres", "start", folder, "--ephemeral");
            await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => server.DataAsync(List)));
            Assert.Contains(server.Warnings, w => w.Contains("was dead", StringComparison.Ordinal));
            NpgsqlConnection.ClearAllPools();
        }
        finally
        {
            await EngScript.RunAsync("postgres", "remove", folder);
        }
    }

    [Fact]
    public async Task It_is_tried_once_more_and_not_twice()
    {
        int attempts = 0;
        await Assert.ThrowsAsync<PostgresException>(() => Database.ReadAsync(
            new DatabaseRead(null),
            async use =>
            {
                attempts++;
                return await AfterItsEndAsync(use);
            },
            CancellationToken.None));
        Assert.Equal(2, attempts);
    }

    [Fact]
    public async Task What_was_read_is_not_read_again()
    {
        int attempts = 0;
        await Assert.ThrowsAsync<PostgresException>(() => Database.ReadAsync(
            new DatabaseRead(null),
            async use =>
            {
                attempts++;
                use.HasBegun = true;
                return await AfterItsEndAsync(use);
            },
            CancellationToken.None));
        Assert.Equal(1, attempts);
    }

    /// <summary>What the watcher ended would only have to be ended again; what nobody waits for is not read again.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_ended_on_purpose_is_not_read_again(bool byTheWatcher)
    {
        int attempts = 0;
        using var leaving = new CancellationTokenSource();
        await Assert.ThrowsAsync<PostgresException>(() => Database.ReadAsync(
            new DatabaseRead(null),
            async use =>
            {
                attempts++;
                use.Backend!.IsTerminated = byTheWatcher;
                if (!byTheWatcher)
                {
                    await leaving.CancelAsync();
                }

                return await AfterItsEndAsync(use);
            },
            leaving.Token));
        Assert.Equal(1, attempts);
    }

    /// <summary>A failure of the statement says nothing of its connection.</summary>
    [Fact]
    public async Task A_statement_that_fails_is_not_sent_again()
    {
        int attempts = 0;
        await Assert.ThrowsAsync<PostgresException>(() => Database.ReadAsync(
            async connection =>
            {
                attempts++;
                await using var command = new NpgsqlCommand("select 1 / 0", connection);
                return await command.ExecuteScalarAsync();
            },
            CancellationToken.None));
        Assert.Equal(1, attempts);
    }

    private ReadingDatabase Database => _server.Services.GetRequiredService<ReadingDatabase>();

    private async Task<object?> AfterItsEndAsync(DatabaseRead use)
    {
        await using NpgsqlDataSource direct = NpgsqlDataSource.Create(_database);
        await using NpgsqlCommand end = direct.CreateCommand("select pg_terminate_backend($1, 5000)");
        end.Parameters.Add(new() { Value = use.Connection.ProcessID });
        Assert.Equal(true, await end.ExecuteScalarAsync());
        await using var command = new NpgsqlCommand("select 1", use.Connection);
        return await command.ExecuteScalarAsync();
    }

    private async Task FillPoolAsync(int connections)
    {
        var pool = _server.Services.GetRequiredService<NpgsqlDataSource>();
        NpgsqlConnection[] open = await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => pool.OpenConnectionAsync().AsTask()));
        foreach (NpgsqlConnection connection in open)
        {
            await connection.DisposeAsync();
        }
    }

    private async Task<long> EndBackendsAsync()
    {
        await using NpgsqlDataSource direct = NpgsqlDataSource.Create(_database);
        await using NpgsqlCommand end = direct.CreateCommand(
            """
            with server as materialized (select pid from pg_stat_activity where application_name = 'cityhelper' and datname = current_database())
            select count(pg_terminate_backend(pid, 5000)) from server
            """);
        return (long)(await end.ExecuteScalarAsync())!;
    }
}
