using System.Text.Json;
using CityHelper.Engine.Subscriptions;
using CityHelper.IntegrationTests.Clients;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using CityHelper.IntegrationTests.Writing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CityHelper.IntegrationTests.Subscriptions;

/// <summary>
/// A server over forty requests of its own, whose keyless client may send all texts and mutations, with some clients beside it.
/// </summary>
public sealed class SocketFixture(PostgresFixture postgres) : IAsyncLifetime
{
    /// <summary>The key of a client that may run published operations alone.</summary>
    public const string Key = "key of an app that runs published operations";

    /// <summary>A host that may have pages with sockets to the server.</summary>
    public const string Origin = "https://civic.example";

    /// <summary>The changes of the city, as the tests ask for them.</summary>
    public const string Changes =
        "subscription Changes($after: String) { onServiceRequestChanged(city: \"nyc\", after: $after) { kind cursor id status } }";

    public TestServer Server { get; private set; } = null!;

    public async Task InitializeAsync() => Server = await StartAsync(await ReadingFixture.CreateDatabaseAsync(postgres));

    public async Task DisposeAsync() => await Server.DisposeAsync();

    /// <summary>Starts another such server.</summary>
    public static Task<TestServer> StartAsync(string database) => TestServer.StartAsync(
        database,
        time: new StoppedClock(WritingServer.Now),
        settings: new Dictionary<string, string?>
        {
            ["Clients:app:Mode"] = "PersistedOnly",
            ["Clients:app:ApiKeySha256:0"] = ClientFixture.Hash(Key),
            ["Clients:app:Origins:0"] = Origin,
            ["Clients:named:Mode"] = "PersistedOnly",
        },
        services: services => services.AddSingleton(EventStreamOptions.Usual with { DrainTime = TimeSpan.Zero }));

    /// <summary>Subscribes to the changes of the city.</summary>
    /// <returns>The first event.</returns>
    internal static async Task<JsonElement> BeginAsync(RawSocket socket, string id, object? variables = null)
    {
        await socket.SubscribeAsync(id, Changes, variables);
        return Change(await socket.NextAsync(id));
    }

    /// <summary>A place in the log of the city, once the server follows it.</summary>
    public Task<string> CursorAsync() => CursorAsync(Server);

    /// <inheritdoc cref="CursorAsync()"/>
    public static async Task<string> CursorAsync(TestServer server)
    {
        for (int attempt = 0; ; attempt++)
        {
            await using RawSocket socket = await RawSocket.OpenKnownAsync(server);
            await socket.SubscribeAsync("first", Changes);
            try
            {
                return Change(await socket.NextAsync("first")).GetProperty("cursor").GetString()!;
            }
            catch (InvalidOperationException) when (attempt < 100)
            {
                // 1013: the server has just started.
                await Task.Delay(50);
            }
        }
    }

    /// <summary>The event of a payload.</summary>
    public static JsonElement Change(JsonElement payload) =>
        payload.GetProperty("data").GetProperty("onServiceRequestChanged");

    /// <summary>The id of a request, and a status that may follow its own.</summary>
    public async Task<(string Id, string Status)> RequestAsync()
    {
        JsonElement row = (await Server.DataAsync(
            "{ serviceRequests(city: \"nyc\", first: 1, where: { status: { in: [OPEN, IN_PROGRESS] } }) { nodes { id status } } }"))
            .GetProperty("serviceRequests").GetProperty("nodes")[0];
        return (row.GetProperty("id").GetString()!, row.GetProperty("status").GetString() == "OPEN" ? "IN_PROGRESS" : "OPEN");
    }
}
