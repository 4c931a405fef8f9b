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
/// A production server for client libraries of npm: with Redis, clients of every mode, and operations both from its files and published.
/// </summary>
public sealed class NpmClientFixture(PostgresFixture postgres, RedisFixture redis) : IAsyncLifetime
{
    /// <summary>
    /// An operation as Apollo Client and urql print it, with the <c>__typename</c> that their caches add: they compute its id.
    /// </summary>
    private static readonly ManifestOperation s_printed = OperationsFolder.Of(
        "frontend", "FrontendCities", "query FrontendCities {\n  cities {\n    slug\n    name\n    __typename\n  }\n}");

    private string _database = "";
    private TestServer _server = null!;
    private string _settings = "";

    public async Task InitializeAsync()
    {
        _database = await ReadingFixture.DatabaseAsync(postgres);
        string shared = await redis.CreateDatabaseAsync();
        await OperationsFolder.PublishAsync(shared, s_printed);
        _server = await TestServer.StartAsync(_database, "Production", settings: ClientFixture.Settings, redis: shared);
        _settings = JsonSerializer.Serialize(new
        {
            url = new Uri(_server.Client.BaseAddress!, "/graphql"),
            manifest = Repository.PathOf("persisted-queries", OperationManifest.FileName),
            printed = s_printed.Body,
            keys = new { registration = ClientFixture.CivicKey, quota = ClientFixture.SmallKey },
            newestFirst = await NewestFirstAsync(),
        });
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
    }

    /// <summary>
    /// Runs a script, passing it the server's address, the published operations, the keys, and the ids of all requests.
    /// </summary>
    /// <param name="script">A file of <c>tests/clients</c>.</param>
    /// <returns>What it printed.</returns>
    public Task<string> RunAsync(string script) => NodeScript.RunAsync(script, _settings);

    private async Task<List<string>> NewestFirstAsync()
    {
        await using NpgsqlDataSource dataSource = CityHelperDatabase.CreateDataSource(_database);
        await using NpgsqlCommand all = dataSource.CreateCommand(
            "select city_id, id from service_request order by created_at desc, id desc");
        await using NpgsqlDataReader reader = await all.ExecuteReaderAsync();
        List<string> ids = [];
        while (await reader.ReadAsync())
        {
            ids.Add(new GlobalId("ServiceRequest", reader.GetInt16(0), reader.GetInt64(1)).ToString());
        }

        return ids;
    }
}
