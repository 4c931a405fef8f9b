using System.Text.Json;
using CityHelper.Data;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Transport;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Near;

/// <summary>What near requests and duplicates touch, counted in a city of 200,000 requests.</summary>
[Collection(PostgresCollection.Name)]
public sealed class NearExplainTests(LargeHouse house, ITestOutputHelper output) : IClassFixture<LargeHouse>
{
    private const string Nearby =
        """
        query($metres: Float!, $where: ServiceRequestFilterInput, $longitude: Float = -73.9857, $latitude: Float = 40.7484) {
          nearbyServiceRequests(city: "nyc", first: 20, to: {longitude: $longitude, latitude: $latitude}, withinMetres: $metres, where: $where) {
            edges { cursor distanceMetres node { id title status createdAt } } pageInfo { hasNextPage endCursor } } }
        """;

    [Theory]
    [InlineData(200, "none", "walk", 80)]
    [InlineData(1_000, "none", "walk", 80)]
    [InlineData(5_000, "none", "walk", 80)]
    [InlineData(5_000, "frequent category", "walk", 350)]
    [InlineData(5_000, "rare category", null, 120)]
    [InlineData(5_000, "rare category and text", null, 150)]
    [InlineData(1_000, "by name", "sort", 40)]
    public async Task The_nearest_twenty_touch_few_buffers(double metres, string filter, string? form, int buffersMax)
    {
        object where = filter switch
        {
            "frequent category" => new { category = new { code = new { eq = await MostFrequentAsync() } } },
            "rare category" => new { category = new { code = new { eq = house.Rarest.Code } } },
            "rare category and text" => new { category = new { code = new { eq = house.Rarest.Code } }, title = new { contains = "a" } },
            "by name" => new { externalId = new { @in = new[] { "sample-1-00000007", "sample-1-00000008" } } },
            _ => new { },
        };
        await AssertBuffersAsync(Nearby, new { metres, where }, form, buffersMax);
    }

    /// <summary>Hundreds of requests at one address: all of them are looked at, for the newest come first.</summary>
    [Fact]
    public async Task The_nearest_of_a_place_with_hundreds_touch_each_of_them_once()
    {
        await using NpgsqlDataSource direct = CityHelperDatabase.CreateDataSource(house.Database);
        await using NpgsqlCommand command = direct.CreateCommand(
            "select st_x(location), st_y(location), count(*) from service_request where location is not null group by location order by 3 desc limit 1");
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        (double longitude, double latitude, long rows) = (reader.GetDouble(0), reader.GetDouble(1), reader.GetInt64(2));
        output.WriteLine($"{rows} rows");
        Assert.True(rows > 200, $"only {rows} rows at one place");
        await AssertBuffersAsync(Nearby, new { metres = 500, longitude, latitude }, "walk", (int)(rows * 1.2) + 150);
    }

    [Theory]
    [InlineData(1, 150)]
    [InlineData(40, 3_800)]
    public async Task The_duplicates_of_a_list_touch_few_buffers_each(int rows, int buffersMax) => await AssertBuffersAsync(
        "query($rows: Int!) { serviceRequests(city: \"nyc\", first: $rows) { nodes { title possibleDuplicates { score serviceRequest { title } } } } }", new { rows }, "walk", buffersMax);

    /// <summary>Where there are candidates: at the newest request of the category with most.</summary>
    [Fact]
    public async Task The_candidates_of_a_draft_touch_few_buffers()
    {
        string category = await MostFrequentAsync();
        JsonElement newest = (await house.Server.DataAsync(
            "query($code: String!) { serviceRequests(city: \"nyc\", first: 20, where: {category: {code: {eq: $code}}}) { nodes { location { coordinates } } } }",
            new { code = category })).GetProperty("serviceRequests").GetProperty("nodes");
        JsonElement at = newest.EnumerateArray().Select(n => n.GetProperty("location")).First(l => l.ValueKind != JsonValueKind.Null).GetProperty("coordinates");
        const string Query =
            """
            query($category: String!, $location: PositionInput!) {
              duplicateCandidates(city: "nyc", category: $category, location: $location, description: "loud") { score serviceRequest { title } } }
            """;
        var variables = new { category, location = new { longitude = at[0].GetDouble(), latitude = at[1].GetDouble() } };
        Assert.NotEmpty((await house.Server.DataAsync(Query, variables)).GetProperty("duplicateCandidates").EnumerateArray());
        await AssertBuffersAsync(Query, variables, "walk", 150);
    }

    private async Task<string> MostFrequentAsync()
    {
        await using NpgsqlDataSource direct = CityHelperDatabase.CreateDataSource(house.Database);
        await using NpgsqlCommand command = direct.CreateCommand(
            "select c.code from service_request r join category c using (city_id) where c.id = r.category_id group by 1 order by count(*) desc limit 1");
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private async Task AssertBuffersAsync(string query, object variables, string? form, int buffersMax)
    {
        var compiler = house.Server.Services.GetRequiredService<OperationCompiler>();
        Operation operation = (await compiler.CompileAsync(query, null, CancellationToken.None)).Operation!;
        var executor = house.Server.Services.GetRequiredService<OperationExplainer>();
        JsonElement json = JsonSerializer.SerializeToElement(variables);

        // The first run warms what later ones of a real server find: catalog caches, not data.
        await executor.ExplainAsync(operation, json, CancellationToken.None);
        IReadOnlyList<StatementExplanation> explanations = await executor.ExplainAsync(operation, json, CancellationToken.None);
        long buffers = explanations.Sum(e => Buffers(JsonDocument.Parse(e.Json).RootElement[0].GetProperty("Plan")));
        output.WriteLine($"{explanations[0].Form}: {buffers} buffers in {explanations.Count} statements\n{explanations[0].Sql}");

        // Where two forms cost about the same, the sample that ANALYZE took decides.
        Assert.Equal(form ?? explanations[0].Form, explanations[0].Form);
        Assert.InRange(buffers, 1, buffersMax);
    }

    private static long Buffers(JsonElement plan) =>
        plan.GetProperty("Shared Hit Blocks").GetInt64() + plan.GetProperty("Shared Read Blocks").GetInt64();
}
