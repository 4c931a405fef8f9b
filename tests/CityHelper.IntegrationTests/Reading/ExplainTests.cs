using System.Text.Json;
using CityHelper.Data;
using CityHelper.Data.Cities;
using CityHelper.Data.Import;
using CityHelper.Data.Import.NewYork;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Operations;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Reading;

/// <summary>A server over 200,000 generated requests.</summary>
public sealed class LargeHouse(PostgresFixture postgres) : IAsyncLifetime
{
    private const int Rows = 200_000;

    public TestServer Server { get; private set; } = null!;

    /// <summary>The code of the rarest category, with the number of its requests.</summary>
    public (string Code, long Requests) Rarest { get; private set; }

    public async Task InitializeAsync()
    {
        string database = await postgres.CreateDatabaseAsync();
        await using NpgsqlDataSource direct = CityHelperDatabase.CreateDataSource(database);
        var cities = new CityDirectory(direct, TimeProvider.System);
        await cities.AddAsync(NewYork.Facts);
        ImportOutcome outcome = await new Importer(direct, TimeProvider.System, Path.GetTempPath())
            .GenerateAsync((await cities.FindAsync("nyc"))!, new GeneratorOptions(Rows, 1, GeneratorOptions.DefaultUntilUtc));
        Assert.Equal(Rows, outcome.Summary!.Inserted);
        await using NpgsqlCommand rarest = direct.CreateCommand(
            "select c.code, count(*) from service_request r join category c using (city_id) where c.id = r.category_id group by 1 order by 2, 1 limit 1");
        await using (NpgsqlDataReader reader = await rarest.ExecuteReaderAsync())
        {
            await reader.ReadAsync();
            Rarest = (reader.GetString(0), reader.GetInt64(1));
        }

        Server = await TestServer.StartAsync(database);
    }

    public async Task DisposeAsync() => await Server.DisposeAsync();
}

/// <summary>What PostgreSQL touches, counted: buffers do not depend on how busy the machine is.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ExplainTests(LargeHouse house, ITestOutputHelper output) : IClassFixture<LargeHouse>
{
    private const int BuffersMax = 1_000;

    private const string Map =
        """
        query($where: ServiceRequestFilterInput, $view: ViewportInput!) {
          serviceRequests(city: "nyc", first: 50, within: {viewport: $view}, where: $where) {
            nodes { id title status createdAt category { code name } location { coordinates } } } }
        """;

    private static readonly object s_midtown = new { west = -73.995, south = 40.745, east = -73.965, north = 40.765 };

    [Theory]
    [InlineData("none")]
    [InlineData("status")]
    [InlineData("rare category")]
    [InlineData("rare category and status")]
    [InlineData("last year")]
    public async Task The_newest_fifty_of_a_viewport_touch_few_buffers(string filter)
    {
        object where = filter switch
        {
            "status" => new { status = new { eq = "PENDING" } },
            "rare category" => new { category = new { code = new { eq = house.Rarest.Code } } },
            "rare category and status" => new { category = new { code = new { eq = house.Rarest.Code } }, status = new { eq = "CLOSED" } },
            "last year" => new { createdAt = new { lt = "2025-06-01T00:00:00Z" } },
            _ => new { },
        };
        JsonElement plan = Assert.Single(await ExplainAsync(Map, new { view = s_midtown, where }));
        long buffers = Buffers(plan);
        output.WriteLine($"{filter}: {buffers} buffers (rarest category: {house.Rarest})");
        Assert.InRange(buffers, 1, BuffersMax - 1);
    }

    [Fact]
    public async Task A_request_by_id_touches_one_partition()
    {
        JsonElement data = await house.Server.DataAsync("{ serviceRequests(city: \"nyc\", first: 1) { nodes { id } } }");
        string id = data.GetProperty("serviceRequests").GetProperty("nodes")[0].GetProperty("id").GetString()!;
        const string Detail = "query($id: ID!) { serviceRequest(city: \"nyc\", id: $id) { title status category { name } updates { status } } }";
        foreach (JsonElement plan in await ExplainAsync(Detail, new { id }))
        {
            string[] leaves = [.. Relations(plan).Where(r => r.StartsWith("service_request_nyc_", StringComparison.Ordinal)).Distinct()];
            output.WriteLine($"{string.Join(", ", Relations(plan))}: {Buffers(plan)} buffers");
            Assert.Single(leaves);
        }
    }

    [Fact]
    public async Task Bounds_on_the_creation_time_prune_partitions()
    {
        JsonElement plan = Assert.Single(await ExplainAsync(
            "query($where: ServiceRequestFilterInput) { serviceRequests(city: \"nyc\", first: 10, where: $where) { nodes { id } } }",
            new { where = new { createdAt = new { gte = "2024-03-01T00:00:00Z", lt = "2024-09-01T00:00:00Z" } } }));
        Assert.Equal(["service_request_nyc_2024"], Relations(plan));
    }

    private async Task<List<JsonElement>> ExplainAsync(string query, object variables)
    {
        var compiler = house.Server.Services.GetRequiredService<OperationCompiler>();
        Operation operation = (await compiler.CompileAsync(query, null, CancellationToken.None)).Operation!;
        var executor = house.Server.Services.GetRequiredService<OperationExecutor>();
        JsonElement json = JsonSerializer.SerializeToElement(variables);

        // The first run warms what later ones of a real server find: catalog caches, not data.
        await executor.ExplainAsync(operation, json, CancellationToken.None);
        return [.. (await executor.ExplainAsync(operation, json, CancellationToken.None))
            .Select(e => JsonDocument.Parse(e.Json).RootElement[0].GetProperty("Plan"))];
    }

    private static long Buffers(JsonElement plan) =>
        plan.GetProperty("Shared Hit Blocks").GetInt64() + plan.GetProperty("Shared Read Blocks").GetInt64();

    /// <summary>The tables of the plan's scans, executed or not.</summary>
    private static IEnumerable<string> Relations(JsonElement plan)
    {
        if (plan.TryGetProperty("Relation Name", out JsonElement name))
        {
            yield return name.GetString()!;
        }

        if (plan.TryGetProperty("Plans", out JsonElement children))
        {
            foreach (string relation in children.EnumerateArray().SelectMany(Relations))
            {
                yield return relation;
            }
        }
    }
}
