using System.Globalization;
using System.Text.Json;
using CityHelper.Data;
using CityHelper.Data.Changes;
using CityHelper.Engine;
using CityHelper.Engine.Subscriptions;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using CityHelper.IntegrationTests.Writing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Subscriptions;

/// <summary>A server whose clients subscribe and write, over forty requests of its own.</summary>
public sealed class SubscriptionServer(PostgresFixture postgres) : IAsyncLifetime
{
    /// <summary>Each stream of HTTP/1.1 is a connection, and the storm has thousands.</summary>
    public const string Connections = "20000";

    private static readonly TimeSpan s_short = TimeSpan.FromMilliseconds(200);

    private int _key;

    public string ConnectionString { get; private set; } = "";

    public TestServer Server { get; private set; } = null!;

    public NpgsqlDataSource Database { get; private set; } = null!;

    public HttpClient Client => Server.Client;

    /// <summary>The subscriptions of the server.</summary>
    public EventStreams Streams => Server.Services.GetRequiredService<EventStreams>();

    public async Task InitializeAsync()
    {
        ConnectionString = await ReadingFixture.CreateDatabaseAsync(postgres);
        Database = CityHelperDatabase.CreateDataSource(ConnectionString);
        Server = await StartAsync();
    }

    /// <summary>Starts a further server over the same database.</summary>
    /// <param name="keepAlive">How long a stream may be silent.</param>
    public Task<TestServer> StartAsync(TimeSpan? keepAlive = null) => TestServer.StartAsync(
        ConnectionString,
        time: new StoppedClock(WritingServer.Now),
        settings: new Dictionary<string, string?> { ["Http:Connections"] = Connections },
        services: services => services.AddSingleton(new EventStreamOptions(
            s_short, s_short, keepAlive ?? Engine.Limits.KeepAliveInterval)));

    /// <summary>Stops the server and starts another.</summary>
    /// <param name="between">SQL that is run while there is none.</param>
    public async Task RestartAsync(string? between = null)
    {
        await Server.DisposeAsync();
        if (between is not null)
        {
            await ExecuteAsync(between);
        }

        Server = await StartAsync();
    }

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        await Database.DisposeAsync();
    }

    /// <summary>Sends a mutation that must be done.</summary>
    /// <returns>Its payload.</returns>
    public async Task<JsonElement> WriteAsync(string mutation, object input)
    {
        JsonElement payload = (await Server.DataAsync(WritingServer.TextOf(mutation), new { input })).GetProperty(mutation);
        return payload.GetProperty("errors").ValueKind == JsonValueKind.Null
            ? payload
            : throw new InvalidOperationException($"{mutation} was refused: {payload}");
    }

    /// <summary>Reports a request.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> ReportAsync(
        double longitude = -73.98, double latitude = 40.75, string category = "noise-residential", string title = "Loud")
    {
        JsonElement payload = await WriteAsync("reportServiceRequest", new
        {
            city = "nyc",
            category,
            title,
            location = new { longitude, latitude },
            idempotencyKey = string.Create(CultureInfo.InvariantCulture, $"report {++_key}"),
        });
        return payload.GetProperty("serviceRequest").GetProperty("id").GetString()!;
    }

    /// <summary>Sets the status of a request.</summary>
    /// <returns>The cursor of the change.</returns>
    public async Task<string> SetStatusAsync(string id, string status) =>
        (await WriteAsync("updateServiceRequestStatus", new { id, status, note = $"note {++_key}" })).GetProperty("cursor").GetString()!;

    /// <summary>Moves a request.</summary>
    public Task MoveAsync(string id, double longitude, double latitude) => WriteAsync(
        "correctServiceRequest", new { id, location = new { longitude, latitude } });

    /// <summary>The city's place in the log.</summary>
    public async Task<string> CursorAsync() =>
        (await Server.DataAsync("{ city(slug: \"nyc\") { cursor } }")).GetProperty("city").GetProperty("cursor").GetString()!;

    /// <summary>Appends an event that another service or an operator would, and numbers it.</summary>
    public async Task AppendAsync(string columns, string values)
    {
        await ExecuteAsync($"insert into change_outbox (city_id, event_id, cause, {columns}) values (1, uuid_v7(), 'test', {values})");
        await new ChangeLog(Database).NumberAsync(RequestRows.City, null, null, CancellationToken.None);
    }

    public async Task ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Waits until the server has no subscription.</summary>
    public Task NoStreamsAsync() => Patience.UntilAsync(() => Streams.Count == 0 ? "none" : null);

    /// <summary>The key in a global id.</summary>
    public static long KeyOf(string id) => GlobalId.Parse(id)!.Row;
}
