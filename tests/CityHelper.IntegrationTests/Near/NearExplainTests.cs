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

/// <summary>Buffers read for near requests and duplicates, in a city of 200,000 requests.</summary>
[Collection(PostgresCollection.Name)]
public sealed class NearExplainTests(LargeFixture fixture, ITestOutputHelper output) : IClassFixture<LargeFixture>
{
    private const string Nearby =
        """
        query($metres: Float!, $where: ServiceRequestFilterInput, $longitude: Float = -73.9857, $latitude: Float = 40.7484) {
          nearbyServiceRequests(
            city: "nyc", first: 20, to: {longitude: $longitude, latitude: $latitude}, withinMetres: $metres, where: $where) {
            edges { cursor distanceMetres node { id title status createdAt } } pageInfo { hasNextPage endCursor } } }
        """;

    [Theory]
    [InlineData(200, "none", "ordered-index-scan", 80)]
    [InlineData(1_000, "none", "ordered-index-scan", 80)]
    [InlineData(5_000, "none", "ordered-index-scan", 80)]
    [InlineData(5_000, "frequent category", "ordered-index-scan", 350)]
    [InlineData(5_000, "rare category", null, 120)]
    [InlineData(5_000, "rare category and text", null, 150)]
    [InlineData(1_000, "by name", "sort", 40)]
    public async Task The_nearest_twenty_touch_few_buffers(double metres, string filter, string? accessPath, int buffersMax)
    {
        object where = filter switch
        {
            "frequent category" => new { category = new { code = new { eq = await MostFrequentAsync() } } },
            "rare category" => new { category = new { code = new { eq = fixture.Rarest.Code } } },
            "rare category and text" => new { category = new { code = new { eq = fixture.Rarest.Code } }, title = new { contains = "a" } },
            "by name" => new { externalId = new { @in = new[] { "sample-1-00000007", "sample-1-00000008" } } },
            _ => new { },
        };
        await AssertBuffersAsync(Nearby, new { metres, where }, accessPath, buffersMax);
    }

    /// <summary>Hundreds of requests at one address: all are read, because the newest come first.</summary>
    [Fact]
    public async Task The_nearest_of_a_place_with_hundreds_touch_each_of_them_once()
    {
        await using NpgsqlDataSource direct = CityHelperDatabase.CreateDataSource(fixture.Database);
        await using NpgsqlCommand command = direct.CreateCommand(
            "select st_x(location), st_y(location), count(*) from service_request where location is not null group by location order by 3 "
                + "desc limit 1");
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        (double longitude, double latitude, long rows) = (reader.GetDouble(0), reader.GetDouble(1), reader.GetInt64(2));
        output.WriteLine($"{rows} rows");
        Assert.True(rows > 200, $"only {rows} rows at one place");
        await AssertBuffersAsync(Nearby, new { metres = 500, longitude, latitude }, "ordered-index-scan", (int)(rows * 1.2) + 150);
    }

    [Theory]
    [InlineData(1, 150)]
    [InlineData(40, 3_800)]
    public async Task The_duplicates_of_a_list_touch_few_buffers_each(int rows, int buffersMax) =>
        await AssertBuffersAsync(
            "query($rows: Int!) { serviceRequests(city: \"nyc\", first: $rows) { nodes { title possibleDuplicates { score serviceRequest "
                + "{ title } } } } }",
            new { rows },
            "ordered-index-scan",
            buffersMax);

    /// <summary>At the newest request of the largest category, where candidates exist.</summary>
    [Fact]
    public async Task The_candidates_of_a_draft_touch_few_buffers()
    {
        string category = await MostFrequentAsync();
        JsonElement newest = (await fixture.Server.DataAsync(
            "query($code: String!) { serviceRequests(city: \"nyc\", first: 20, where: {category: {code: {eq: $code}}}) { nodes { location "
                + "{ coordinates } } } }",
            new { code = category })).GetProperty("serviceRequests").GetProperty("nodes");
        JsonElement at = newest.EnumerateArray()
            .Select(n => n.GetProperty("location"))
            .First(l => l.ValueKind != JsonValueKind.Null)
            .GetProperty("coordinates");
        const string Query =
            """
            query($category: String!, $location: PositionInput!) {
              duplicateCandidates(city: "nyc", category: $category, location: $location, description: "loud") {
                score serviceRequest { title } } }
            """;
        var variables = new { category, location = new { longitude = at[0].GetDouble(), latitude = at[1].GetDouble() } };
        Assert.NotEmpty((await fixture.Server.DataAsync(Query, variables)).GetProperty("duplicateCandidates").EnumerateArray());
        await AssertBuffersAsync(Query, variables, "ordered-index-scan", 150);
    }

    private async Task<string> MostFrequentAsync()
    {
        await using NpgsqlDataSource direct = CityHelperDatabase.CreateDataSource(fixture.Database);
        await using NpgsqlCommand command = direct.CreateCommand(
            "select c.code from service_request r join category c using (city_id) where c.id = r.category_id group by 1 order by count(*) "
                + "desc limit 1");
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private async Task AssertBuffersAsync(string query, object variables, string? accessPath, int buffersMax)
    {
        var compiler = fixture.Server.Services.GetRequiredService<OperationCompiler>();
        Operation operation = (await compiler.CompileAsync(query, null, CancellationToken.None)).Operation!;
        var executor = fixture.Server.Services.GetRequiredService<OperationExplainer>();
        JsonElement json = JsonSerializer.SerializeToElement(variables);

        // The first run warms the catalog caches, which a real server has warm too; it warms no data.
        await executor.ExplainAsync(operation, json, CancellationToken.None);
        IReadOnlyList<StatementExplanation> explanations = await executor.ExplainAsync(operation, json, CancellationToken.None);
        long buffers = explanations.Sum(e => Buffers(JsonDocument.Parse(e.Json).RootElement[0].GetProperty("Plan")));
        output.WriteLine($"{explanations[0].AccessPath}: {buffers} buffers in {explanations.Count} statements\n{explanations[0].Sql}");

        // Where two access paths cost about the same, the sample that ANALYZE took decides.
        Assert.Equal(accessPath ?? explanations[0].AccessPath, explanations[0].AccessPath);
        Assert.InRange(buffers, 1, buffersMax);
    }

    private static long Buffers(JsonElement plan) =>
        plan.GetProperty("Shared Hit Blocks").GetInt64() + plan.GetProperty("Shared Read Blocks").GetInt64();
}
