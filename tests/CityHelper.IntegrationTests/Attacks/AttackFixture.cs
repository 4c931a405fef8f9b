using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CityHelper.Data;
using CityHelper.Data.Boundaries;
using CityHelper.Data.Cities;
using CityHelper.Data.Import.NewYork;
using CityHelper.Data.Statistics;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.IntegrationTests.Checks;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// A server to attack: 50,000 generated requests of <c>nyc</c> with boundaries, statistics compacted, tables analyzed. It allows free text
/// within a server's default cost limits.
/// </summary>
/// <remarks>
/// <para>Use it as a class fixture, put the attack into <see cref="AttackAsync{T}"/>, and assert its answers:</para>
/// <code>
/// [Collection(PostgresCollection.Name)]
/// public sealed class Attack99ExampleTests(AttackFixture fixture) : IClassFixture&lt;AttackFixture&gt;
/// {
///     [Fact]
///     public async Task Something_dear_is_refused()
///     {
///         AttackAnswer answer = await fixture.AttackAsync(() => fixture.SendAsync("{ ... }", new { ... }));
///         Assert.Equal("CODE", answer.Code);
///     }
/// }
/// </code>
/// <para>
/// <see cref="AttackAsync{T}"/> runs the attack. It fails when a backend was busy beyond its limit, when one still works for a request that
/// has ended, when an idle one keeps too much memory, or when a list of cities was slow meanwhile. <see cref="SendAsync"/>
/// sends text, <see cref="SendPersistedAsync"/> a published operation, <see cref="PostAsync"/> any body, <see cref="SendRawAsync"/> bytes;
/// <see cref="ConcurrentlyAsync{T}"/> sends many at once.
/// </para>
/// </remarks>
public sealed class AttackFixture(PostgresFixture postgres) : IAsyncLifetime
{
    /// <summary>Rows of the database.</summary>
    public const int Requests = 50_000;

    /// <summary>A server's default cost limits: TestServer sets higher ones, which other tests need.</summary>
    private static readonly Dictionary<string, string?> s_settings = new()
    {
        ["Clients:default:MaxFieldCost"] = null,
        ["Clients:default:MaxTypeCost"] = null,
        ["Clients:unlimited:Mode"] = "FreeText",
        ["Clients:unlimited:ApiKeySha256:0"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(WithoutCostLimitKey))),
        ["Clients:unlimited:MaxFieldCost"] = "1000000",
        ["Clients:unlimited:MaxTypeCost"] = "1000000",
    };

    private const string WithoutCostLimitKey = "unlimited";

    private ListProbe _probe = null!;

    public TestServer Server { get; private set; } = null!;

    public string Database { get; private set; } = "";

    /// <summary>How long the list of cities takes without other load.</summary>
    public TimeSpan Quiet => _probe.Quiet;

    /// <summary>A new copy of the attacked database, for another kind of server.</summary>
    /// <returns>Its connection string.</returns>
    public static Task<string> CreateDatabaseAsync(PostgresFixture postgres) => postgres.CreateCopyAsync("attacked", FillAsync);

    public async Task InitializeAsync()
    {
        Database = await CreateDatabaseAsync(postgres);
        Server = await TestServer.StartAsync(Database, settings: s_settings);
        _probe = await ListProbe.StartAsync(Server.Client.BaseAddress!);
    }

    public async Task DisposeAsync()
    {
        _probe.Dispose();
        await Server.DisposeAsync();
    }

    /// <summary>Runs an attack, watches the database and a list of cities meanwhile, and checks both afterwards.</summary>
    /// <param name="attack">Sends the requests and waits for all answers.</param>
    /// <returns>The result of the attack.</returns>
    /// <exception cref="AttackSucceededException">The server suffered; the message says how.</exception>
    public async Task<T> AttackAsync<T>(Func<Task<T>> attack)
    {
        await using var backends = await BackendWatch.StartAsync(Database, readsMemory: postgres.IsPrivate);
        _probe.Begin();
        T answers;
        try
        {
            answers = await attack();
        }
        finally
        {
            await _probe.EndAsync();
        }

        string[] complaints = [.. await backends.EndAsync(), .. await _probe.ComplaintsAsync()];
        return complaints.Length == 0 ? answers : throw new AttackSucceededException(complaints);
    }

    /// <summary>Sends a text with its variables.</summary>
    public Task<AttackAnswer> SendAsync(string query, object? variables = null) =>
        PostAsync(JsonSerializer.Serialize(new { query, variables }));

    /// <summary>Sends a text as a client without cost limits, to reach the checks that come after them.</summary>
    public Task<AttackAnswer> SendWithoutCostLimitAsync(string query, object? variables = null) =>
        PostAsync(JsonSerializer.Serialize(new { query, variables }), WithoutCostLimitKey);

    /// <summary>Sends a text as <see cref="SendWithoutCostLimitAsync"/> does, and disconnects when a backend is busy with it.</summary>
    /// <returns>Whether a backend was busy before the answer came.</returns>
    public async Task<bool> LeaveAsync(string query, object? variables = null)
    {
        await using NpgsqlDataSource database = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(Database) { Pooling = false, CommandTimeout = 60 });
        await using NpgsqlConnection looking = await database.OpenConnectionAsync();
        await using var busy = new NpgsqlCommand(
            """
            select exists (
                select from pg_stat_activity
                where datname = current_database() and application_name = 'cityhelper' and state = 'active'
                    and query ~ 'service_request|boundary')
            """, looking);
        await using RawConnection client = await RawConnection.OpenAsync(Server);
        await client.SendAsync(RawConnection.Post(JsonSerializer.Serialize(new { query, variables }), $"X-API-Key: {WithoutCostLimitKey}"));
        Task<RawAnswer> answer = client.ReadAsync();
        while (!answer.IsCompleted)
        {
            if (await busy.ExecuteScalarAsync() is true)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Sends a published operation by its id, with variables of any size.</summary>
    /// <param name="operation">Its name: <c>ServiceRequestMap</c>.</param>
    /// <param name="variables">Its variables.</param>
    public Task<AttackAnswer> SendPersistedAsync(string operation, object? variables = null)
    {
        Operation published = Server.Services.GetRequiredService<OperationRegistry>().Published.Single(o => o.Name == operation);
        return PostAsync(JsonSerializer.Serialize(new { id = published.Id, variables }));
    }

    /// <summary>Sends a JSON body.</summary>
    /// <param name="body">The body.</param>
    /// <param name="key">An API key; none when left out.</param>
    public async Task<AttackAnswer> PostAsync(string body, string? key = null)
    {
        long start = Stopwatch.GetTimestamp();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/graphql")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation("Accept", "application/graphql-response+json");
        if (key is not null)
        {
            request.Headers.Add("X-API-Key", key);
        }

        (HttpResponseMessage response, JsonElement json) = await Server.SendAsync(request);
        using (response)
        {
            return new AttackAnswer(
                response.StatusCode,
                json.ValueKind == JsonValueKind.Object ? AttackedServer.CodeOf(json) : null,
                json,
                Stopwatch.GetElapsedTime(start));
        }
    }

    /// <summary>Sends bytes over a new connection; the response must not be compressed or chunked.</summary>
    internal async Task<RawAnswer> SendRawAsync(ReadOnlyMemory<byte> bytes)
    {
        await using RawConnection connection = await RawConnection.OpenAsync(Server);
        await connection.SendAsync(bytes);
        return await connection.ReadAsync();
    }

    /// <summary>Sends several requests at once.</summary>
    /// <param name="count">How many.</param>
    /// <param name="send">Sends one, given its number.</param>
    public static Task<T[]> ConcurrentlyAsync<T>(int count, Func<int, Task<T>> send) =>
        Task.WhenAll(Enumerable.Range(0, count).Select(send));

    private static async Task FillAsync(string database)
    {
        await CheckDatabases.FillAsync(database, Requests);
        if (SharedData.Folder is null)
        {
            await BoundaryRows.AddAsync(database, BoundaryRows.Manhattan);
        }
        else
        {
            await ImportBoundariesAsync(database);
        }

        await using (NpgsqlDataSource direct = CityHelperDatabase.CreateDataSource(database))
        {
            await new BoundaryCounters(direct, TimeProvider.System).BackfillAsync(RequestRows.City);
        }

        await CheckDatabases.ExecuteAsync(database, "vacuum analyze");
    }

    // The boroughs have up to 36,092 positions.
    private static async Task ImportBoundariesAsync(string database)
    {
        await using NpgsqlDataSource direct = CityHelperDatabase.CreateDataSource(database);
        CityEntry city = (await new CityDirectory(direct, TimeProvider.System).FindAsync(NewYork.Facts.Slug))!;
        foreach ((string kind, string file) in new[]
        {
            ("community-district", "nyc-community-districts.geojson"),
            ("neighborhood", "nyc-neighborhoods.geojson"),
            ("borough", "nyc-boroughs-full.geojson.gz"),
        })
        {
            BoundaryImportOutcome outcome = await new BoundaryImporter(direct)
                .ImportFileAsync(city, SharedData.PathOf("boundaries", file), new BoundaryImportOptions(kind, null, null, false));
            Assert.Null(outcome.Failure);
        }
    }
}

/// <summary>The server's answer.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">The code of the first error; null without one.</param>
/// <param name="Json">The body.</param>
/// <param name="Time">From sending until the body was read.</param>
public sealed record AttackAnswer(HttpStatusCode Status, string? Code, JsonElement Json, TimeSpan Time);

/// <summary>An attack affected other clients or the server.</summary>
public sealed class AttackSucceededException(IReadOnlyList<string> complaints) : Exception(string.Join('\n', complaints));
