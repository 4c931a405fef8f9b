using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using CityHelper.Engine;
using CityHelper.Engine.Admission;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Telemetry;
using CityHelper.Engine.Transport;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using CityHelper.Server.Database;
using CityHelper.Server.Http;
using CityHelper.Server.Statistics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;
using static CityHelper.IntegrationTests.Attacks.AdmissionProbe;
using static CityHelper.IntegrationTests.Attacks.AttackedServer;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 33: more questions than the database can answer. Dear ones take only their own permits, wait a bounded time in a bounded
/// queue, and are then refused. A lock makes the database slow, the clock is a fake, and no statement reaches its time limit.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack33OverloadTests(PostgresFixture postgres) : IAsyncLifetime
{
    private const string Key = "civic app's key";
    private const string Cities = "{ cities { slug } }";
    private const string CheapText = "{ serviceRequests(city: \"nyc\") { nodes { id } } }";

    /// <summary>Dear because it counts.</summary>
    private const string Dear = "{ serviceRequests(city: \"nyc\", first: 1) { totalCount nodes { id } } }";

    private static readonly Dictionary<string, string?> s_shares = new()
    {
        ["Clients:default:CheapAtOnce"] = "4",
        ["Clients:default:DearAtOnce"] = "2",
        ["Clients:civic:Mode"] = "FreeText",
        ["Clients:civic:MaxFieldCost"] = "1000000",
        ["Clients:civic:MaxTypeCost"] = "1000000",
        ["Clients:civic:ApiKeySha256:0"] = Convert.ToHexStringLower(
            System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(Key))),
        ["Admission:DearQueued"] = "3",
        ["Admission:QueueMs"] = "1000",
        [HttpSettings.BatchingKey] = "4",
    };

    private static readonly StatementLimit s_patient = new(Milliseconds: 120_000);

    private readonly FakeTimeProvider _time = new(ReadingFixture.Moment("2025-06-01T00:00:00Z"));
    private string _database = "";

    public async Task InitializeAsync()
    {
        _database = await postgres.CreateDatabaseAsync();
        await RequestRows.AddCityAsync(_database, 2024, 2025);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Dear_requests_take_their_permits_and_nobody_elses()
    {
        await using TestServer server = await StartAsync(s_shares);
        using var refusals = new Refusals();
        await using LockedTable table = await LockedTable.HoldAsync(_database, "service_request");
        Task<Answer>[] running = [SendAsync(server, Dear), SendAsync(server, Dear)];
        await table.WaitForAsync(2);
        Task<Answer>[] waiting = [.. Enumerable.Range(0, 3).Select(_ => SendAsync(server, Dear))];
        await UntilAsync(server, () => LookAt(server, "default").DearQueued == 3);

        foreach (string accept in new[] { "application/graphql-response+json", "application/json" })
        {
            AssertRefused(await SendAsync(server, Dear, accept: accept));
        }

        Assert.Equal(["default dear queue_full", "default dear queue_full"], refusals.Taken);

        // Cheap questions run, published or not; a client with a key has its own permits; a busy server stays ready.
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(server, server.PersistedUrl("Cities"))).Status);
        Assert.Equal("nyc", (await server.DataAsync(Cities)).GetProperty("cities")[0].GetProperty("slug").GetString());
        Task<Answer> civic = SendAsync(server, Dear, Key);
        await table.WaitForAsync(3);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(server, "/health/ready")).Status);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(server, "/health/live")).Status);

        // A second in the queue is the limit.
        _time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.All(waiting, task => Assert.False(task.IsCompleted));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.All(await Task.WhenAll(waiting), AssertRefused);
        Assert.Equal(Enumerable.Repeat("default dear queue_time", 3), refusals.Taken.Skip(2));

        await table.DisposeAsync();
        Assert.All(
            await Task.WhenAll([.. running, civic]),
            answer => Assert.Equal((HttpStatusCode.OK, null), (answer.Status, CodeOf(answer.Json))));
        AssertAllFree(server);
        Assert.Empty(server.Errors);
    }

    /// <summary>The attack as found: 130 of them made a list of cities take nine seconds, and the server unready.</summary>
    [Fact]
    public async Task A_hundred_and_thirty_dear_requests_leave_a_list_of_cities_and_readiness_alone()
    {
        await using TestServer server = await StartAsync(new Dictionary<string, string?>
        {
            // The defaults of an unconfigured server.
            ["Clients:default:CheapAtOnce"] = Text(ClientShare.Everybody.CheapAtOnce),
            ["Clients:default:DearAtOnce"] = Text(ClientShare.Everybody.DearAtOnce),
            ["Admission:CheapQueued"] = Text(Limits.CheapQueued),
            ["Admission:DearQueued"] = Text(Limits.DearQueued),
            ["Admission:QueueMs"] = Text(Limits.QueueMs),
        });
        int atOnce = ClientShare.Everybody.DearAtOnce;
        await using LockedTable table = await LockedTable.HoldAsync(_database, "service_request");
        Task<Answer>[] asked = [.. Enumerable.Range(0, 130).Select(_ => SendAsync(server, Dear))];
        await table.WaitForAsync(atOnce);
        await UntilAsync(server, () => asked.Count(task => task.IsCompleted) >= 130 - atOnce - Limits.DearQueued);
        for (int i = 0; i < 20; i++)
        {
            await server.DataAsync(Cities);
            Assert.Equal(HttpStatusCode.OK, (await GetAsync(server, "/health/ready")).Status);
        }

        _time.Advance(TimeSpan.FromMilliseconds(Limits.QueueMs));
        await table.DisposeAsync();
        Answer[] answers = await Task.WhenAll(asked);
        Assert.Equal(atOnce, answers.Count(answer => answer.Status == HttpStatusCode.OK));
        Assert.All(answers.Where(answer => answer.Status != HttpStatusCode.OK), AssertRefused);
        AssertAllFree(server);
        Assert.Empty(server.Errors);
    }

    /// <summary>Lists, nodes, statistics, areas, cities that need a lookup first, and each request of an array.</summary>
    [Fact]
    public async Task Nothing_reaches_the_database_past_admission()
    {
        await using TestServer server = await StartAsync(new Dictionary<string, string?>(s_shares)
        {
            ["Clients:default:CheapAtOnce"] = "1",
            ["Clients:default:DearAtOnce"] = "1",
            ["Admission:CheapQueued"] = "0",
            ["Admission:DearQueued"] = "0",
        });
        await using LockedTable table = await LockedTable.HoldAsync(_database, "service_request");
        Task<Answer>[] running = [SendAsync(server, CheapText), SendAsync(server, Dear)];
        await table.WaitForAsync(2);
        long connections = await CountConnectionsAsync("cityhelper");
        server.TakeStatements();

        string request = new GlobalId("ServiceRequest", RequestRows.City, 1).ToString();
        string boundary = new GlobalId("Boundary", RequestRows.City, 1).ToString();
        foreach (string query in new[]
        {
            Cities,
            Dear,
            $"{{ node(id: \"{request}\") {{ id }} }}",
            $"{{ nodes(ids: [\"{request}\", \"{boundary}\"]) {{ id }} }}",
            "{ serviceRequestStats(city: \"nyc\") { total } }",
            $"{{ serviceRequestStats(city: \"nyc\", within: {{ boundary: \"{boundary}\" }}) {{ byMonth {{ count }} }} }}",
            "{ serviceRequests(city: \"nowhere\") { nodes { id } } }",
        })
        {
            AssertRefused(await SendAsync(server, query));
        }

        AssertRefused(await GetAsync(server, server.PersistedUrl("Cities")));
        (HttpResponseMessage array, JsonElement answers) = await server.PostAsync(
            JsonSerializer.Serialize(new[] { new { query = Cities }, new { query = Dear } }));
        Assert.All(answers.EnumerateArray(), answer => Assert.Equal("OVERLOADED", CodeOf(answer)));
        Assert.True(array.Headers.RetryAfter!.Delta >= TimeSpan.FromSeconds(1));

        Assert.Empty(server.TakeStatements());
        Assert.Equal(connections, await CountConnectionsAsync("cityhelper"));
        await table.DisposeAsync();
        await Task.WhenAll(running);
        AssertAllFree(server);
        Assert.Empty(server.Errors);
    }

    /// <summary>An explanation runs the statement, so it takes a permit like any other execution.</summary>
    [Fact]
    public async Task An_explanation_takes_a_permit()
    {
        await using TestServer server = await StartAsync(s_shares);
        CompiledOperation compiled = await server
            .Services.GetRequiredService<OperationRegistry>()
            .CompileAsync(CheapText, null, CancellationToken.None);
        await using LockedTable table = await LockedTable.HoldAsync(_database, "service_request");
        Task explaining = server
            .Services.GetRequiredService<OperationExplainer>()
            .ExplainAsync(compiled.Operation!, default, CancellationToken.None);
        await table.WaitForAsync(1);
        var admission = server.Services.GetRequiredService<AdmissionControl>();
        Assert.Equal(ClientShare.Everybody.CheapAtOnce - 1, admission.Snapshot(ClientShare.Everybody).CheapFree);
        await table.DisposeAsync();
        await explaining;
        Assert.Equal(ClientShare.Everybody.CheapAtOnce, admission.Snapshot(ClientShare.Everybody).CheapFree);
    }

    [Fact]
    public async Task Permits_come_back_however_an_execution_ends()
    {
        await using TestServer server = await StartAsync(s_shares);
        await using (LockedTable table = await LockedTable.HoldAsync(_database, "service_request"))
        {
            // Clients that leave: two while they run, one while it waits.
            RawConnection[] leaving = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => RawConnection.OpenAsync(server)));
            byte[] dear = RawConnection.Post(JsonSerializer.Serialize(new { query = Dear }));
            await Task.WhenAll(leaving.Take(2).Select(connection => connection.SendAsync(dear)));
            await table.WaitForAsync(2);
            await leaving[2].SendAsync(dear);
            await UntilAsync(server, () => LookAt(server, "default").DearQueued == 1);
            await Task.WhenAll(leaving.Select(connection => connection.DisposeAsync().AsTask()));
            await table.WaitForAsync(0);
            await UntilAsync(server, () => LookAt(server, "default") is { DearFree: 2, DearQueued: 0 });

            // Cancelled statements, as a time limit cancels them.
            Task<Answer>[] cancelled = [SendAsync(server, Dear), SendAsync(server, CheapText)];
            await table.WaitForAsync(2);
            await ExecuteAsync(
                "select pg_cancel_backend(pid) from pg_stat_activity where application_name = 'cityhelper' and datname = "
                    + "current_database() and wait_event_type = 'Lock'");
            Assert.All(await Task.WhenAll(cancelled), answer => Assert.Equal("HC0045", CodeOf(answer.Json)));

            // Requests past their time limit.
            Task<Answer>[] late = [SendAsync(server, Dear), SendAsync(server, CheapText)];
            await table.WaitForAsync(2);
            _time.Advance(TimeSpan.FromMilliseconds(Limits.RequestTimeoutMs));
            Assert.All(
                await Task.WhenAll(late),
                answer => Assert.Equal((HttpStatusCode.GatewayTimeout, "HC0045"), (answer.Status, CodeOf(answer.Json))));
            await table.WaitForAsync(0);
        }

        // Refused fields, and requests that do not run.
        Assert.Equal("CITY_NOT_FOUND", CodeOf((await SendAsync(server, "{ serviceRequests(city: \"nowhere\") { nodes { id } } }")).Json));
        using var costed = new HttpRequestMessage(HttpMethod.Post, "/graphql")
        {
            Content = new StringContent(JsonSerializer.Serialize(new { query = Dear }), Encoding.UTF8, "application/json"),
        };
        costed.Headers.Add("GraphQL-Cost", "validate");
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(costed)).Response.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(server, Dear)).Status);
        AssertAllFree(server);
    }

    /// <summary>The first pages of a site are answered while there are too many statistics questions.</summary>
    [Fact]
    public async Task Pages_and_maps_are_cheap_and_statistics_are_dear()
    {
        await using TestServer server = await StartAsync(new Dictionary<string, string?>(s_shares) { ["Admission:DearQueued"] = "0" });
        var admission = server.Services.GetRequiredService<AdmissionControl>();
        ClientShare share = ShareOf(server, "default");
        (AdmissionLease? all, _) = await admission.AdmitAsync(
            new AdmissionRequest(share, double.MaxValue, IsAggregate: true, IsPublished: true), CancellationToken.None);
        object viewport = new
        {
            west = -73.995,
            south = 40.745,
            east = -73.965,
            north = 40.765,
        };
        string[] cheap =
        [
            server.PersistedUrl("Cities"),
            server.PersistedUrl("CityFilters", new { city = "nyc" }),
            server.PersistedUrl("CategoryOverview", new { city = "nyc" }),
            server.PersistedUrl("Boundaries", new { city = "nyc" }),
            server.PersistedUrl("ServiceRequestMap", new { city = "nyc", viewport }),
            server.PersistedUrl("ServiceRequestList", new { city = "nyc" }),
            server.PersistedUrl("NearbyServiceRequests", new { city = "nyc", to = new { longitude = -73.98, latitude = 40.75 } }),
            server.PersistedUrl(
                "ServiceRequestDetail", new { city = "nyc", id = new GlobalId("ServiceRequest", RequestRows.City, 1).ToString() }),
        ];
        foreach (string url in cheap)
        {
            Assert.Equal((url, HttpStatusCode.OK), (url, (await GetAsync(server, url)).Status));
        }

        AssertRefused(await GetAsync(server, server.PersistedUrl("ServiceRequestStats", new { city = "nyc", within = new { viewport } })));
        AssertRefused(await GetAsync(server, server.PersistedUrl("ServiceRequestClusters", new { city = "nyc", viewport, zoom = 11 })));
        all!.Dispose();
        AssertAllFree(server);
    }

    /// <summary>A count nested in rows is as dear as one of a root: agencies cover the city. A request has few changes.</summary>
    [Fact]
    public async Task Counts_below_rows_are_dear_where_rows_may_be_many()
    {
        await using TestServer server = await StartAsync(new Dictionary<string, string?>(s_shares) { ["Admission:DearQueued"] = "0" });
        var admission = server.Services.GetRequiredService<AdmissionControl>();
        (AdmissionLease? all, _) = await admission.AdmitAsync(
            new AdmissionRequest(ShareOf(server, "default"), double.MaxValue, IsAggregate: true, IsPublished: true),
            CancellationToken.None);
        AssertRefused(
            await SendAsync(server, "{ city(slug: \"nyc\") { agencies(first: 5) { nodes { serviceRequests(first: 1) { totalCount } } } } }")
        );
        Assert.Equal(
            HttpStatusCode.OK,
            (
                await SendAsync(
                    server,
                    "{ city(slug: \"nyc\") { agencies(first: 5) { nodes { serviceRequests(first: 1) { nodes { id } pageInfo { hasNextPage "
                        + "} } } } } }")).Status);
        Assert.Equal(
            HttpStatusCode.OK,
            (await SendAsync(server, "{ serviceRequests(city: \"nyc\", first: 5) { nodes { history(first: 1) { totalCount } } } }")).Status
        );
        all!.Dispose();
        AssertAllFree(server);
    }

    /// <summary>
    /// Two servers with compacted counters and all permits taken, on a PostgreSQL with its default of 100 connections: neither gets the
    /// error about too many clients, and each still has a connection for itself.
    /// </summary>
    [Fact]
    public async Task Two_servers_with_all_permits_taken_fit_the_default_of_the_database()
    {
        const int Cheap = 30;
        const int DearAtOnce = CityHelper.Server.Limits.ReadingConnections - CityHelper.Server.Limits.ConnectionsOfStatistics - Cheap;
        NpgsqlConnection.ClearAllPools();
        var settings = new Dictionary<string, string?>
        {
            ["Clients:default:CheapAtOnce"] = Text(Cheap),
            ["Clients:default:DearAtOnce"] = Text(DearAtOnce),
        };
        await using TestServer first = await StartAsync(settings);
        await using TestServer second = await StartAsync(settings);
        foreach (TestServer server in new[] { first, second })
        {
            await server.Services.GetRequiredService<CounterCompaction>().CompactAsync(CancellationToken.None);
        }

        Task<Answer>[] asked;
        await using (LockedTable table = await LockedTable.HoldAsync(_database, "service_request"))
        {
            asked =
            [
                .. new[] { first, second }.SelectMany(server =>
                    Enumerable
                        .Range(0, Cheap + 10)
                        .Select(i => GetAsync(server, server.PersistedUrl("ServiceRequestList", new { city = "nyc", first = 1 + i })))
                        .Concat(Enumerable.Range(0, DearAtOnce + 10).Select(_ => SendAsync(server, Dear)))),
            ];
            for (int look = 0; await CountConnectionsAsync("cityhelper") < 2 * (Cheap + DearAtOnce); look++)
            {
                Assert.True(look < 1_000, "Not all places are taken.");
            }

            foreach (TestServer server in new[] { first, second })
            {
                // The connection through which the server reads its statistics.
                await using NpgsqlCommand own = server.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand("select 1");
                await own.ExecuteNonQueryAsync();
                Assert.Equal(HttpStatusCode.OK, (await GetAsync(server, "/health/ready")).Status);
            }

            Assert.InRange(
                await CountConnectionsAsync("cityhelper%"),
                2 * (CityHelper.Server.Limits.ReadingConnections + CityHelper.Server.Limits.ConnectionsOfHealth),
                CityHelper.Server.Limits.PostgresConnections - CityHelper.Server.Limits.ConnectionsOfOthers);
        }

        Assert.All(await Task.WhenAll(asked), answer => Assert.True(CodeOf(answer.Json) is null, answer.ToString()));
        Assert.All(
            new[] { first, second },
            server =>
                Assert.DoesNotContain(
                    server.Errors, error => error.Contains(PostgresErrorCodes.TooManyConnections, StringComparison.Ordinal)));
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private Task<TestServer> StartAsync(IReadOnlyDictionary<string, string?> settings) => TestServer.StartAsync(
        _database, time: _time, settings: settings, services: services => services.AddSingleton(s_patient));

    private async Task<long> CountConnectionsAsync(string application)
    {
        await using NpgsqlDataSource database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(_database) { Pooling = false });
        await using NpgsqlCommand command = database.CreateCommand(
            "select count(*) from pg_stat_activity where datname = current_database() and application_name like $1");
        command.Parameters.Add(new NpgsqlParameter { Value = application });
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using NpgsqlDataSource database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(_database) { Pooling = false });
        await using NpgsqlCommand command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The server's counts of refusals, as an exporter sees them.</summary>
    private sealed class Refusals : IDisposable
    {
        private readonly MeterListener _listener = new()
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == EngineTelemetry.Name && instrument.Name == "cityhelper.admission.refusals")
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };

        private readonly List<string> _taken = [];

        public Refusals()
        {
            _listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
            {
                string text = string.Join(' ', tags.ToArray().Select(tag => tag.Value));
                lock (_taken)
                {
                    _taken.AddRange(Enumerable.Repeat(text, (int)value));
                }
            });
            _listener.Start();
        }

        public IReadOnlyList<string> Taken
        {
            get
            {
                lock (_taken)
                {
                    return [.. _taken];
                }
            }
        }

        public void Dispose() => _listener.Dispose();
    }
}
