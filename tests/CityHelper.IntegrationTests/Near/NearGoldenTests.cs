using System.Text.Json;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using Snapshooter;
using Snapshooter.Xunit;
using Xunit;

namespace CityHelper.IntegrationTests.Near;

/// <summary>The forty requests of <see cref="ReadingFixture"/>, with the clock at one of their days.</summary>
public sealed class NearFixture(PostgresFixture postgres) : IAsyncLifetime
{
    public TestServer Server { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Server = await TestServer.StartAsync(
            await ReadingFixture.DatabaseAsync(postgres),
            statistics: real => BelievedStatistics.Larger(real, 50_000),
            time: new StoppedClock(ReadingFixture.Moment("2025-01-20T12:00:00Z")));
    }

    public async Task DisposeAsync() => await Server.DisposeAsync();
}

/// <summary>Questions about near requests: answer and SQL as recorded.</summary>
[Collection(PostgresCollection.Name)]
public sealed class NearGoldenTests(NearFixture fixture) : IClassFixture<NearFixture>
{
    private const string Position = "{longitude: -73.97, latitude: 40.75}";

    private static readonly JsonSerializerOptions s_indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    [Theory]
    [InlineData(
        "nearest",
        "{ nearbyServiceRequests(city: \"nyc\", first: 3, to: "
            + Position
            + ", withinMetres: 1500) { edges { cursor distanceMetres node { externalId title } } pageInfo { hasNextPage hasPreviousPage "
            + "startCursor endCursor } } }")]
    [InlineData(
        "nearest_page_2",
        "{ nearbyServiceRequests(city: \"nyc\", first: 2, after: \"CURSOR\", to: "
            + Position
            + ", withinMetres: 1500) { edges { distanceMetres node { externalId updates(last: 1) { note } } } pageInfo { hasNextPage "
            + "hasPreviousPage } } }")]
    [InlineData(
        "nearest_open",
        "{ nearbyServiceRequests(city: \"nyc\", first: 2, to: "
            + Position
            + ", withinMetres: 1500, where: {status: {in: [OPEN, ASSIGNED]}, createdAt: {gte: \"2024-12-01T00:00:00Z\"}}) { nodes { "
            + "externalId status } } }")]
    [InlineData(
        "nearest_of_a_category",
        "{ nearbyServiceRequests(city: \"nyc\", first: 2, to: "
            + Position
            + ", withinMetres: 1500, where: {category: {code: {eq: \"rodent\"}}, id: {neq: \"U2VydmljZVJlcXVlc3Q6MTox\"}}) { nodes { "
            + "externalId category { code } } } }")]
    [InlineData(
        "nearest_by_name",
        "{ nearbyServiceRequests(city: \"nyc\", first: 2, to: "
            + Position
            + ", withinMetres: 1500, where: {externalId: {in: [\"40000021\", \"40000022\"]}}) { edges { distanceMetres node { externalId "
            + "} } } }")]
    [InlineData(
        "possible_duplicates",
        "{ serviceRequest(city: \"nyc\", externalId: \"40000010\") { possibleDuplicates(first: 2, withinMetres: 500, withinDays: 30) { "
            + "score distanceMetres serviceRequest { externalId title category { code } updates(last: 1) { note } } } } }")]
    [InlineData(
        "candidates",
        "{ duplicateCandidates(city: \"nyc\", category: \"heat-hot-water\", location: "
            + Position
            + ", description: \"loud music\", first: 2, withinMetres: 500, withinDays: 90) { score distanceMetres serviceRequest { "
            + "externalId title status createdAt } } }")]
    public async Task Question_is_answered_as_recorded(string name, string query)
    {
        if (query.Contains("CURSOR", StringComparison.Ordinal))
        {
            string first =
                "{ nearbyServiceRequests(city: \"nyc\", first: 3, to: " + Position + ", withinMetres: 1500) { pageInfo { endCursor } } }";
            string cursor = (await fixture.Server.DataAsync(first))
                .GetProperty("nearbyServiceRequests")
                .GetProperty("pageInfo")
                .GetProperty("endCursor")
                .GetString()!;
            query = query.Replace("CURSOR", cursor, StringComparison.Ordinal);
        }

        fixture.Server.TakeStatements();
        JsonElement answer = await fixture.Server.QueryAsync(query);
        JsonSerializer.Serialize(answer, s_indented).MatchSnapshot(new SnapshotNameExtension(name, "json"));
        string.Join("\n;\n", fixture.Server.TakeStatements().Where(s => !s.Contains("from city ", StringComparison.Ordinal)))
            .MatchSnapshot(new SnapshotNameExtension(name, "sql"));
    }
}
