using System.Net;
using CityHelper.Engine;
using CityHelper.Engine.Admission;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Database;
using CityHelper.IntegrationTests.Checks;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using CityHelper.Server.Clients;
using CityHelper.Server.Watching;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 37: statements that <c>statement_timeout</c>, the client's cancellation and even a termination do not end, until each connection
/// runs one. A watcher terminates each once, logs it, and suspends executions of its signature.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack37StuckStatementTests(PostgresFixture postgres) : IAsyncLifetime
{
    private const string Stuck = """{"query":"{ serviceRequests(city: \"nyc\", first: 1) { nodes { agency { code } } } }"}""";
    private const string Backwards = "{ serviceRequests(city: \"nyc\", last: 1) { nodes { agency { code } } } }";
    private const string Other = "{ serviceRequests(city: \"nyc\", first: 1) { nodes { id } } }";

    /// <summary>Rows of the database: enough for a page.</summary>
    private const int Requests = 500;

    /// <summary>Four minutes of checks, a twentieth of a second each: ten seconds of CPU time take longer on a shared machine.</summary>
    private const int LooksMax = 4_800;

    private readonly FakeTimeProvider _time = new(ReadingFixture.Moment("2026-06-01T00:00:00Z"));
    private string _database = "";
    private NpgsqlDataSource _direct = null!;

    public async Task InitializeAsync()
    {
        _database = await postgres.CreateCopyAsync("few requests", database => CheckDatabases.FillAsync(database, Requests));
        await StuckAgencies.InstallAsync(_database);
        _direct = NpgsqlDataSource.Create(_database);
    }

    public async Task DisposeAsync()
    {
        // Whatever failed, nothing may keep PostgreSQL from stopping.
        await StuckAgencies.ReleaseAsync(_database);
        await _direct.DisposeAsync();
    }

    /// <summary>A statement that catches its cancellation can be terminated; only the server that owns the backend does that.</summary>
    [Fact]
    public async Task What_ignores_its_cancellation_is_terminated_by_the_server_that_runs_it()
    {
        await using TestServer server = await TestServer.StartAsync(_database, time: _time);
        await using TestServer neighbour = await TestServer.StartAsync(_database, time: _time);
        await StuckAgencies.SetAsync(_database, "TRAP", seconds: 60);
        Task<(HttpResponseMessage Response, System.Text.Json.JsonElement Json)> asked = server.PostAsync(Stuck);
        await BusyForAsync(Limits.StatementTimeoutMs + Limits.WatchMarginMs);
        await CheckAsync(neighbour);
        Assert.Equal(1, await BusyAsync());

        await CheckAsync(server);
        Assert.Equal("HC0045", AttackedServer.CodeOf((await asked).Json));
        await NoneBusyAsync();
        await CheckAsync(server);
        Assert.Contains("serviceRequests=ordered-index-scan", Assert.Single(Terminations(server)), StringComparison.Ordinal);
        Assert.Empty(Terminations(neighbour));
        AssertOneLineEach(server);

        // Only the signature is suspended, and for a minute.
        (HttpResponseMessage refused, System.Text.Json.JsonElement json) = await server.PostAsync(Stuck);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "OPERATION_SUSPENDED"), (refused.StatusCode, AttackedServer.CodeOf(json)));
        Assert.Equal(TimeSpan.FromSeconds(60), refused.Headers.RetryAfter!.Delta);
        Assert.Equal("no-store", refused.Headers.CacheControl!.ToString());
        await server.DataAsync(Other);
        await StuckAgencies.SetAsync(_database, "NONE");
        await server.DataAsync(Backwards);
        _time.Advance(Limits.SuspendedFor - TimeSpan.FromMilliseconds(1));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await server.PostAsync(Stuck)).Response.StatusCode);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(AttackedServer.CodeOf((await server.PostAsync(Stuck)).Json));
    }

    /// <summary>
    /// A statement that nothing ends is terminated once, logged once a minute, and dropped when it ends. The client gets its error in time.
    /// </summary>
    [Fact]
    public async Task What_ignores_its_termination_is_left_alone_and_not_begun_again()
    {
        await using TestServer server = await TestServer.StartAsync(_database, time: _time);

        await StuckAgencies.HoldAsync(_database);
        await StuckAgencies.SetAsync(_database, "PROGRAM", seconds: 600);
        Task<(HttpResponseMessage Response, System.Text.Json.JsonElement Json)> asked = server.PostAsync(Stuck);
        await BusyForAsync(Limits.StatementTimeoutMs + Limits.WatchMarginMs);
        await CheckAsync(server);
        await CheckAsync(server);
        Assert.Single(Terminations(server));

        // Npgsql gives up the connection before the request times out; from then on only the watcher knows of the backend.
        Assert.Equal("HC0045", AttackedServer.CodeOf((await asked).Json));
        Assert.Equal(1, await BusyAsync());
        Assert.True(Assert.Single(Register(server).Uses).IsGivenUp);

        // It still loads the database, so its permit is free only when it ends, however many other requests come.
        Assert.Equal(Everybody(server).CheapAtOnce - 1, CheapFree(server));
        Assert.Equal("OPERATION_SUSPENDED", AttackedServer.CodeOf((await server.PostAsync(Stuck)).Json));
        await server.DataAsync(Other);
        AssertOneLineEach(server);

        _time.Advance(TimeSpan.FromSeconds(Limits.WatchReportSeconds));
        await CheckAsync(server);
        await CheckAsync(server);
        Assert.Single(server.Warnings, w => w.Contains("still runs", StringComparison.Ordinal));
        Assert.Single(Terminations(server));

        await StuckAgencies.ReleaseAsync(_database);
        await NoneBusyAsync();
        await CheckAsync(server);
        Assert.Empty(Register(server).Uses);
        Assert.Equal(Everybody(server).CheapAtOnce, CheapFree(server));
    }

    /// <summary>A failed call has terminated nothing: the next check retries, and suspends the signature then.</summary>
    [Fact]
    public async Task A_termination_that_failed_is_tried_again()
    {
        // Put into a schema before pg_catalog, where the watcher's first connection finds it.
        await ExecuteAsync(
            """
            do $$ begin execute format('alter database %I set search_path = public, pg_catalog', current_database()); end $$;
            create function public.pg_terminate_backend(integer) returns boolean language plpgsql
            as 'begin raise exception ''not now''; end';
            """);
        await using TestServer server = await TestServer.StartAsync(_database, time: _time);
        await StuckAgencies.SetAsync(_database, "TRAP", seconds: 60);
        Task<(HttpResponseMessage Response, System.Text.Json.JsonElement Json)> asked = server.PostAsync(Stuck);
        await BusyForAsync(Limits.StatementTimeoutMs + Limits.WatchMarginMs);
        PostgresException failed = await Assert.ThrowsAsync<PostgresException>(() => CheckAsync(server));
        Assert.Equal("not now", failed.MessageText);
        Assert.False(Assert.Single(Register(server).Uses).IsTerminated);

        await ExecuteAsync("drop function public.pg_terminate_backend(integer)");
        await CheckAsync(server);
        Assert.Equal("HC0045", AttackedServer.CodeOf((await asked).Json));
        Assert.Single(Terminations(server));
        await NoneBusyAsync();
        Assert.Equal("OPERATION_SUSPENDED", AttackedServer.CodeOf((await server.PostAsync(Stuck)).Json));
    }

    /// <summary>A server watches by itself.</summary>
    [Fact]
    public async Task A_server_looks_every_half_second()
    {
        await using TestServer server = await TestServer.StartAsync(_database);
        await StuckAgencies.SetAsync(_database, "TRAP", seconds: 60);
        (_, System.Text.Json.JsonElement json) = await server.PostAsync(Stuck);
        Assert.Equal("HC0045", AttackedServer.CodeOf(json));

        // The client may learn of the end a moment before the watcher does.
        for (int look = 0; look < LooksMax && Terminations(server).Count == 0; look++)
        {
            await PauseAsync();
        }

        Assert.Single(Terminations(server));
        await NoneBusyAsync();
    }

    /// <summary>A statement that PostgreSQL cancels is neither terminated nor suspended.</summary>
    [Fact]
    public async Task A_statement_that_is_cancelled_in_time_is_no_concern_of_the_watcher()
    {
        await using TestServer server = await TestServer.StartAsync(_database);
        await using (await LockedTable.HoldAsync(_database, "service_request"))
        {
            Assert.Equal("HC0045", AttackedServer.CodeOf((await server.PostAsync(Stuck)).Json));
        }

        Assert.Empty(Terminations(server));
        AssertOneLineEach(server);
        Assert.Null(AttackedServer.CodeOf((await server.PostAsync(Stuck)).Json));
        Assert.Empty(Register(server).Uses);
    }

    private static ClientShare Everybody(TestServer server) =>
        ((ClientDirectory)server.Services.GetRequiredService<IClientDirectory>()).Shares.Single(share => share.Name == "default");

    private static long CheapFree(TestServer server) =>
        server.Services.GetRequiredService<AdmissionControl>().Snapshot(Everybody(server)).CheapFree;

    private static Task CheckAsync(TestServer server) =>
        server.Services.GetRequiredService<BackendWatcher>().CheckAsync(CancellationToken.None);

    private static BackendRegister Register(TestServer server) => server.Services.GetRequiredService<BackendRegister>();

    private static IReadOnlyList<string> Terminations(TestServer server) =>
        [.. server.Warnings.Where(w => w.Contains("was terminated:", StringComparison.Ordinal))];

    // A hostile time-out logs one line, without a stack trace.
    private static void AssertOneLineEach(TestServer server)
    {
        Assert.Empty(server.Errors);
        Assert.Single(server.Warnings, w => w.StartsWith("A batch of ", StringComparison.Ordinal));
        Assert.All(server.Warnings, w => Assert.DoesNotContain('\n', w));
    }

    private Task<long> BusyAsync() => CountAsync(
        "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'cityhelper' and state = "
            + "'active'");

    // PostgreSQL's own clock measures, and pauses between two checks.
    private async Task BusyForAsync(int milliseconds)
    {
        string sql = FormattableString.Invariant(
            $"""
            select count(*) from pg_stat_activity
            where datname = current_database() and application_name = 'cityhelper' and state = 'active'
              and query_start < clock_timestamp() - {milliseconds + 50} * interval '1 millisecond'
            """);
        for (int look = 0; look < LooksMax; look++)
        {
            if (await CountAsync(sql) > 0)
            {
                return;
            }

            await PauseAsync();
        }

        Assert.Fail($"No statement was busy for {milliseconds} ms.");
    }

    private async Task NoneBusyAsync()
    {
        for (int look = 0; await BusyAsync() > 0; look++)
        {
            Assert.InRange(look, 0, LooksMax);
            await PauseAsync();
        }
    }

    private async Task ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = _direct.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private Task<long> PauseAsync() => CountAsync("select count(*) from (select pg_sleep(0.05)) pause");

    private async Task<long> CountAsync(string sql)
    {
        await using NpgsqlCommand command = _direct.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
