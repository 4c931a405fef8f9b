using System.Text.Json;
using CityHelper.Data;
using CityHelper.Engine;
using CityHelper.Engine.Clients;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Redis;
using CityHelper.IntegrationTests.Serving;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Clients;

/// <summary>
/// A server in production as client libraries of npm meet it: with Redis, with clients of every mode, with operations of its files and
/// published ones.
/// </summary>
public sealed class NpmClientHouse(PostgresFixture postgres, RedisFixture redis) : IAsyncLifetime
{
    /// <summary>
    /// An operation as Apollo Client and urql print it, with the <c>__typename</c> that their caches add: its id is what they compute.
    /// </summary>
    private static readonly ManifestOperation s_printed = OperationsFolder.Of(
        "frontend", "FrontendCities", "query FrontendCities {\n  cities {\n    slug\n    name\n    __typename\n  }\n}");

    private readonly ReadingHouse _rows = new(postgres);
    private TestServer _server = null!;
    private string _settings = "";

    public async Task InitializeAsync()
    {
        await _rows.InitializeAsync();
        string shared = await redis.CreateDatabaseAsync();
        await OperationsFolder.PublishAsync(shared, s_printed);
        _server = await TestServer.StartAsync(_rows.Database, "Production", settings: ClientHouse.Settings, redis: shared);
        _settings = JsonSerializer.Serialize(new
        {
            url = new Uri(_server.Client.BaseAddress!, "/graphql"),
            manifest = Repository.PathOf("persisted-queries", OperationManifest.FileName),
            printed = s_printed.Body,
            keys = new { registration = ClientHouse.CivicKey, quota = ClientHouse.SmallKey },
            newestFirst = await NewestFirstAsync(),
        });
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _rows.DisposeAsync();
    }

    /// <summary>
    /// Runs a script that is told where the server is, what is published, which keys there are, and the ids of all requests.
    /// </summary>
    /// <param name="script">A file of <c>tests/clients</c>.</param>
    /// <returns>What it printed.</returns>
    public Task<string> RunAsync(string script) => NodeScript.RunAsync(script, _settings);

    private async Task<List<string>> NewestFirstAsync()
    {
        await using NpgsqlDataSource dataSource = CityHelperDatabase.CreateDataSource(_rows.Database);
        await using NpgsqlCommand all = dataSource.CreateCommand("select city_id, id from service_request order by created_at desc, id desc");
        await using NpgsqlDataReader reader = await all.ExecuteReaderAsync();
        List<string> ids = [];
        while (await reader.ReadAsync())
        {
            ids.Add(new GlobalId("ServiceRequest", reader.GetInt16(0), reader.GetInt64(1)).ToString());
        }

        return ids;
    }
}
