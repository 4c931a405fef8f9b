using System.Text.Json;
using CityHelper.Data.Migrations;
using CityHelper.Engine.Database;
using CityHelper.IntegrationTests.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>Pooled connections that PostgreSQL has closed cost no answer; completed or cancelled reads are not repeated.</summary>
[Collection(PostgresCollection.Name)]
public sealed class StaleConnectionTests(PostgresFixture postgres) : IAsyncLifetime
{
    private const string List = "{ serviceRequests(city: \"nyc\") { nodes { id } } }";

    private readonly FakeTimeProvider _time = new(Reading.ReadingFixture.Moment("2025-06-01T00:00:00Z"));
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
            Assert.InRange(await EndBackendsAsync(), 5, int.MaxValue);
            JsonElement[] answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => _server.DataAsync(List)));
            Assert.All(answers, a => Assert.Equal(0, a.GetProperty("serviceRequests").GetProperty("nodes").GetArrayLength()));
            Assert.Empty(_server.Errors);

            // Each of the five connections was met at most once, and at least one was.
            Assert.InRange(_server.Warnings.Count(w => w.Contains("was dead", StringComparison.Ordinal)), round, 5 * round);
        }
    }

    /// <summary>Lookups before the batch use the same connections.</summary>
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

            // While it is down, the error says so.
            Assert.Equal("DATABASE_UNAVAILABLE", Attacks.AttackedServer.CodeOf(await server.QueryAsync(List)));
            await EngScript.RunAsync("postgres", "start", folder, "--ephemeral");
            await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => server.DataAsync(List)));

            // The same if no request came while it was down.
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

    /// <summary>
    /// Two concurrent reads may disturb each other: one takes a dead connection while the other still clears the pool. Here it dies after
    /// the pool was cleared.
    /// </summary>
    [Fact]
    public async Task The_second_try_meets_no_dead_connection_either()
    {
        await FillPoolAsync(3);
        await EndBackendsAsync();
        var pool = _server.Services.GetRequiredService<NpgsqlDataSource>();
        long ended = 0;
        var cleared = new Told(() =>
        {
            FillPoolAsync(3).GetAwaiter().GetResult();
            ended += EndBackendsAsync().GetAwaiter().GetResult();
        });
        var database = new ReadingDatabase(pool, _server.Services.GetRequiredService<BackendRegister>(), cleared);
        Assert.Equal(1, await database.ReadAsync(
            async connection => await new NpgsqlCommand("select 1", connection).ExecuteScalarAsync(),
            CancellationToken.None));
        Assert.Equal(3, ended);
    }

    [Fact]
    public async Task It_is_tried_once_more_and_not_twice() => Assert.Equal(2, await AttemptsAsync(_ => Task.CompletedTask));

    [Fact]
    public async Task What_was_read_is_not_read_again() => Assert.Equal(1, await AttemptsAsync(use =>
    {
        use.HasBegun = true;
        return Task.CompletedTask;
    }));

    /// <summary>A statement ended by the watcher would only have to be ended again; one without a waiting client is not repeated.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_ended_on_purpose_is_not_read_again(bool byTheWatcher)
    {
        using var leaving = new CancellationTokenSource();
        int attempts = await AttemptsAsync(
            async use =>
            {
                use.Backend!.IsTerminated = byTheWatcher;
                if (!byTheWatcher)
                {
                    await leaving.CancelAsync();
                }
            },
            cancellation: leaving.Token);
        Assert.Equal(1, attempts);
    }

    /// <summary>A failed statement does not mean a dead connection.</summary>
    [Fact]
    public async Task A_statement_that_fails_is_not_sent_again() =>
        Assert.Equal(1, await AttemptsAsync(_ => Task.CompletedTask, endsBackend: false));

    /// <summary>Makes a read that fails on every attempt, because its backend is ended or because of the statement.</summary>
    /// <returns>The number of attempts.</returns>
    private async Task<int> AttemptsAsync(
        Func<DatabaseRead, Task> before, bool endsBackend = true, CancellationToken cancellation = default)
    {
        // Opened first: a connection counts as stale for a second of its use, and opening another one must not take from that.
        await using NpgsqlDataSource direct = NpgsqlDataSource.Create(_database);
        await using NpgsqlConnection ending = await direct.OpenConnectionAsync(CancellationToken.None);
        int attempts = 0;
        await Assert.ThrowsAsync<PostgresException>(() =>
            _server
                .Services.GetRequiredService<ReadingDatabase>()
                .ReadAsync(
                    new DatabaseRead(null),
                    async use =>
                    {
                        attempts++;
                        await before(use);
                        if (endsBackend)
                        {
                            await using var end = new NpgsqlCommand("select pg_terminate_backend($1, 5000)", ending)
                            {
                                Parameters = { new() { Value = use.Connection.ProcessID } },
                            };
                            Assert.Equal(true, await end.ExecuteScalarAsync(CancellationToken.None));
                        }

                await using var command = new NpgsqlCommand("select 1 / 0", use.Connection);
                return await command.ExecuteScalarAsync(CancellationToken.None);
            },
            cancellation));
        return attempts;
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
            with server as materialized (
                select pid from pg_stat_activity where application_name = 'cityhelper' and datname = current_database())
            select count(pg_terminate_backend(pid, 5000)) from server
            """);
        return (long)(await end.ExecuteScalarAsync())!;
    }

    /// <summary>Runs an action once, when a message is logged.</summary>
    private sealed class Told(Action act) : ILogger<ReadingDatabase>
    {
        private Action? _act = act;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter) => Interlocked.Exchange(ref _act, null)?.Invoke();
    }
}
