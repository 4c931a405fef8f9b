using System.Net;
using CityHelper.Data.Migrations;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.Server;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Serving;

[Collection(PostgresCollection.Name)]
public sealed class HealthTests(PostgresFixture postgres)
{
    [Fact]
    public async Task A_server_is_ready_once_its_database_is_migrated()
    {
        string database = await postgres.CreateEmptyDatabaseAsync();
        await using TestServer server = await TestServer.StartAsync(database);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, "/health/live"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(server, "/health/ready"));

        await new Migrator(database).MigrateAsync();
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, "/health/ready"));
    }

    [Fact]
    public async Task Without_a_database_a_server_lives_and_says_what_to_do()
    {
        string nowhere = new NpgsqlConnectionStringBuilder(await postgres.CreateEmptyDatabaseAsync()) { Database = "gone", Timeout = 2 }.ConnectionString;
        await using TestServer server = await TestServer.StartAsync(nowhere);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, "/health/live"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(server, "/health/ready"));
        foreach (string query in new[] { "{ cities { slug } }", "{ serviceRequests(city: \"nyc\") { nodes { id } } }" })
        {
            System.Text.Json.JsonElement json = await server.QueryAsync(query);
            Assert.Equal("DATABASE_UNAVAILABLE", json.GetProperty("errors")[0].GetProperty("extensions").GetProperty("code").GetString());
        }
    }

    [Fact]
    public async Task Production_does_not_start_without_a_cursor_key()
    {
        ConfigurationException refused = await Assert.ThrowsAsync<ConfigurationException>(() => ServerApplication.BuildAsync(
            new() { EnvironmentName = "Production", Args = ["--CITYHELPER_DATABASE", "Host=none"] }));
        Assert.Contains("CITYHELPER_CURSOR_KEY", refused.Message, StringComparison.Ordinal);
    }

    private static async Task<HttpStatusCode> StatusAsync(TestServer server, string path)
    {
        using HttpResponseMessage response = await server.Client.GetAsync(path);
        return response.StatusCode;
    }
}
