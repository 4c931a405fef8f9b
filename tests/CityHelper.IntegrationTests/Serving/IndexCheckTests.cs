using System.Text.Json;
using CityHelper.Data;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.IntegrationTests.Postgres;
using GraphQL.Types;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>At its start a server compares the planner's indexes with the database's catalogue.</summary>
[Collection(PostgresCollection.Name)]
public sealed class IndexCheckTests(PostgresFixture postgres)
{
    [Fact]
    public async Task A_migrated_database_has_every_index_that_plans_count_on()
    {
        await using TestServer server = await TestServer.StartAsync(await postgres.CreateDatabaseAsync());
        Assert.Equal(("Healthy", null), await IndexesAsync(server));
        Assert.Equal(
            [
                "service_request (city_id, agency_id, id) include (status, category_id)",
                "service_request (city_id, category_id, id) include (status, agency_id, location)",
                "service_request (city_id, cell_12, id) include (status, category_id, agency_id)",
                "service_request (city_id, cell_14, id) include (status, category_id, agency_id)",
                "service_request (city_id, cell_16, id) include (status, category_id, agency_id)",
                "service_request (city_id, status, id) include (category_id, agency_id, location)",
                "service_request (city_id, updated_at, id) include (status, category_id, agency_id)",
                "service_request_external_id (city_id, external_id)",
                "status_update (city_id, service_request_id, id)",
            ],
            RequiredIndex.Of(server.Services.GetRequiredService<ISchema>()).Select(index => index.ToString()));
    }

    [Theory]
    [InlineData("", "is missing: run")]
    [InlineData(
        "create index replaced on service_request (city_id, updated_at desc, id desc) include (status)",
        "The index replaced on service_request (city_id, updated_at, id) include (status, category_id, agency_id) lacks category_id, "
            + "agency_id.")]
    [InlineData(
        "create index replaced on only service_request (city_id, updated_at desc, id desc) include (status, category_id, agency_id)",
        "is not valid: a partition lacks its part of it")]
    [InlineData(
        "create index replaced on service_request (city_id, updated_at desc, id desc) include (status, category_id, agency_id) where id "
            + "> 0",
        "is missing: run")]
    [InlineData(
        "create index replaced on service_request (updated_at, city_id, id) include (status, category_id, agency_id)", "is missing: run")]
    public async Task An_index_that_is_not_as_plans_count_on_is_named_and_keeps_nobody_from_serving(string instead, string problem)
    {
        string database = await postgres.CreateDatabaseAsync();
        await using NpgsqlDataSource direct = CityHelperDatabase.CreateDataSource(database);
        await new Data.Cities.CityDirectory(direct, TimeProvider.System).AddAsync(Data.Import.NewYork.NewYork.Facts);
        await using (NpgsqlCommand find = direct.CreateCommand(
            "select indexrelid::regclass::text from pg_index where indrelid = 'service_request'::regclass and pg_get_indexdef(indexrelid) "
                + "like '%(city_id, updated_at DESC%'"))
        {
            var index = (string)(await find.ExecuteScalarAsync())!;
            await using NpgsqlCommand drop = direct.CreateCommand($"drop index {index}; {instead}");
            await drop.ExecuteNonQueryAsync();
        }

        await using TestServer server = await TestServer.StartAsync(database);
        (string status, string? description) = await IndexesAsync(server);
        Assert.Equal("Degraded", status);
        Assert.Contains(problem, description, StringComparison.Ordinal);
        Assert.Contains(
            "service_request (city_id, updated_at, id) include (status, category_id, agency_id)", description, StringComparison.Ordinal);
        Assert.Single(
            server.Warnings,
            warning => warning.StartsWith("The index", StringComparison.Ordinal) && warning.Contains(problem, StringComparison.Ordinal));
        using HttpResponseMessage ready = await server.Client.GetAsync("/health/ready");
        Assert.True(ready.IsSuccessStatusCode);
        Assert.Equal("nyc", (await server.DataAsync("{ cities { slug } }")).GetProperty("cities")[0].GetProperty("slug").GetString());
    }

    private static async Task<(string Status, string? Description)> IndexesAsync(TestServer server)
    {
        using HttpResponseMessage response = await server.Client.GetAsync("/health");
        Assert.True(response.IsSuccessStatusCode);
        JsonElement check = JsonDocument
            .Parse(await response.Content.ReadAsStringAsync())
            .RootElement.GetProperty("checks")
            .GetProperty("indexes");
        return (check.GetProperty("status").GetString()!, check.GetProperty("description").GetString());
    }
}
