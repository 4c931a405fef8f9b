using System.Text.Json;
using CityHelper.Data;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Reading;

/// <summary>Nulls in the database where the schema promises values: the null propagates, and the error names its path.</summary>
[Collection(PostgresCollection.Name)]
public sealed class BrokenRowTests(PostgresFixture postgres) : IAsyncLifetime
{
    private string _database = "";
    private TestServer _server = null!;

    public async Task InitializeAsync()
    {
        _database = await ReadingFixture.CreateDatabaseAsync(postgres);
        _server = await ReadingFixture.StartServerAsync(_database);

        // Request 38 is the second newest, of category `rodent`; it has the updates ASSIGNED and IN_PROGRESS.
        await ExecuteAsync("alter table category alter column name drop not null");
        await ExecuteAsync("alter table status_update alter column created_at drop not null");
        await ExecuteAsync("update category set name = null where code = 'rodent'");
        await ExecuteAsync(
            """
            update status_update u set created_at = null from service_request r
            where u.city_id = r.city_id and u.service_request_id = r.id and r.external_id = '40000038' and u.status = 'IN_PROGRESS'
            """);
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await postgres.DropDatabaseAsync(_database);
    }

    [Theory]
    [InlineData(
        "{ serviceRequest(city: \"nyc\", externalId: \"40000038\") { id category { name } } cities { slug } }",
        """{"serviceRequest":null,"cities":[{"slug":"nyc"}]}""",
        """["serviceRequest","category","name"]""")]
    [InlineData(
        "{ serviceRequests(city: \"nyc\", first: 3) { nodes { c: category { n: name } } pageInfo { hasNextPage } } }",
        """{"serviceRequests":{"nodes":null,"pageInfo":{"hasNextPage":true}}}""",
        """["serviceRequests","nodes",1,"c","n"]""")]
    [InlineData(
        "{ a: serviceRequests(city: \"nyc\", first: 3) { e: edges { node { category { name } } } nodes { externalId } } }",
        """{"a":{"e":null,"nodes":[{"externalId":"40000039"},{"externalId":"40000038"},{"externalId":"40000037"}]}}""",
        """["a","e",1,"node","category","name"]""")]
    [InlineData(
        "{ serviceRequests(city: \"nyc\", first: 3) { nodes { updates { createdAt } } } }",
        """{"serviceRequests":{"nodes":null}}""",
        """["serviceRequests","nodes",1,"updates",1,"createdAt"]""")]
    [InlineData(
        "{ serviceRequest(city: \"nyc\", externalId: \"40000038\") { updates { status createdAt } } }",
        """{"serviceRequest":null}""",
        """["serviceRequest","updates",1,"createdAt"]""")]
    [InlineData(
        "{ serviceRequest(city: \"nyc\", externalId: \"40000038\") { updates(last: -1) { status } } }",
        """{"serviceRequest":null}""",
        """["serviceRequest","updates"]""")]
    public async Task A_null_travels_up_to_the_nearest_field_that_may_be_null(string query, string data, string path)
    {
        JsonElement json = await _server.QueryAsync(query);
        Assert.Equal(data, json.GetProperty("data").GetRawText());
        JsonElement error = Assert.Single(json.GetProperty("errors").EnumerateArray());
        Assert.Equal(path, error.GetProperty("path").GetRawText());
        Assert.Equal(["errors", "data"], json.EnumerateObject().Select(m => m.Name));
    }

    [Fact]
    public async Task A_count_that_takes_too_long_fails_alone()
    {
        await SlowDownAsync();
        await using TestServer server = await TestServer.StartAsync(_database);
        JsonElement json = await server.QueryAsync(
            """
            { a: serviceRequests(city: "nyc", first: 1, within: {viewport: {west: -75, south: 40, east: -73, north: 41}}) {
                nodes { externalId } }
              b: serviceRequests(city: "nyc", first: 1, within: {viewport: {west: -75, south: 40, east: -73, north: 41}}) { totalCount } }
            """);
        Assert.Equal("""{"a":{"nodes":[{"externalId":"40000038"}]},"b":null}""", json.GetProperty("data").GetRawText());
        JsonElement error = Assert.Single(json.GetProperty("errors").EnumerateArray());
        Assert.Equal("""["b","totalCount"]""", error.GetProperty("path").GetRawText());
        Assert.Equal("HC0045", error.GetProperty("extensions").GetProperty("code").GetString());
    }

    [Fact]
    public async Task An_answer_that_would_be_too_large_is_refused()
    {
        await ExecuteAsync("update service_request set description = repeat('x', 100000)");
        JsonElement json = await _server.QueryAsync(
            "{ serviceRequests(city: \"nyc\", first: 40) { nodes { a: description b: description c: description d: description e: "
                + "description } } }");
        JsonElement error = Assert.Single(json.GetProperty("errors").EnumerateArray());
        Assert.Equal("RESPONSE_TOO_LARGE", error.GetProperty("extensions").GetProperty("code").GetString());
        Assert.False(json.TryGetProperty("data", out _));

        // The refused response left nothing behind that would break a smaller one.
        await _server.DataAsync("{ serviceRequests(city: \"nyc\", first: 40) { nodes { a: description } } }");
    }

    [Fact]
    public async Task A_statement_that_takes_too_long_is_ended_and_says_so()
    {
        await SlowDownAsync();
        await using TestServer server = await TestServer.StartAsync(_database);
        JsonElement json = await server.QueryAsync(
            "{ serviceRequests(city: \"nyc\", first: 50, within: {viewport: {west: -75, south: 40, east: -73, north: 41}}) { nodes { "
                + "externalId } } }");
        JsonElement error = Assert.Single(json.GetProperty("errors").EnumerateArray());
        Assert.Equal("HC0045", error.GetProperty("extensions").GetProperty("code").GetString());
        Assert.Equal("""{"serviceRequests":null}""", json.GetProperty("data").GetRawText());
    }

    // This schema's functions hide those of the exact test, and sleep for each row: a page of one is quick, a count is not.
    private async Task SlowDownAsync()
    {
        await ExecuteAsync("create schema slow");
        await ExecuteAsync(
            """
            create function slow.st_x(p public.geometry) returns float8 language plpgsql volatile as
            $$ begin perform pg_sleep(0.2); return public.st_x(p); end $$
            """);
        await ExecuteAsync(
            $"alter database {new NpgsqlConnectionStringBuilder(_database).Database} set search_path = slow, public");
    }

    private async Task ExecuteAsync(string sql)
    {
        await using NpgsqlDataSource direct = CityHelperDatabase.CreateDataSource(_database);
        await using NpgsqlCommand command = direct.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
