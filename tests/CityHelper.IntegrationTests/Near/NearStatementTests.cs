using CityHelper.Data;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using CityHelper.Server.Database;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Near;

/// <summary>The statements for near requests and duplicates: how many, with which columns, over which connections.</summary>
[Collection(PostgresCollection.Name)]
public sealed class NearStatementTests(ReadingFixture fixture) : IClassFixture<ReadingFixture>
{
    private const string Nearby =
        "nearbyServiceRequests(city: \"nyc\", first: ROWS, to: {longitude: -73.98, latitude: 40.75}, withinMetres: 5000)";

    [Theory]
    [InlineData(
        "{ serviceRequests(city: \"nyc\", first: ROWS) { nodes { id possibleDuplicates(withinMetres: 200, withinDays: 30) { score "
            + "serviceRequest { title category { name } } } } } }",
        2)]
    [InlineData(
        "{ serviceRequests(city: \"nyc\", first: ROWS) { nodes { possibleDuplicates(withinMetres: 200, withinDays: 30) { serviceRequest { "
            + "updates(last: 1) { note } possibleDuplicates(first: 2) { score } } } } } }",
        4)]
    [InlineData(
        "{ "
            + Nearby
            + " { edges { cursor distanceMetres node { title } } nodes { category { name } } pageInfo { hasNextPage hasPreviousPage } } }",
        1)]
    [InlineData("{ " + Nearby + " { nodes { updates(last: 1) { note } possibleDuplicates { score } } } }", 3)]
    [InlineData(
        "{ duplicateCandidates(city: \"nyc\", first: ROWS, category: \"rodent\", location: {longitude: -73.98, latitude: 40.75}) { score "
            + "serviceRequest { title } } }",
        2)]
    public async Task The_number_of_statements_does_not_depend_on_the_number_of_rows(string query, int statements)
    {
        await fixture.Server.DataAsync("{ serviceRequests(city: \"nyc\", first: 0) { nodes { id } } }");
        foreach (string rows in new[] { "1", "5", "40" })
        {
            fixture.Server.TakeStatements();
            await fixture.Server.DataAsync(query.Replace("ROWS", rows, StringComparison.Ordinal));

            // If the initial key range leaves a page short, the same statements read the rest.
            string[] sent = [.. fixture.Server.TakeStatements().Distinct()];
            Assert.Equal(statements, sent.Length);
            Assert.Empty(sent.Select(StatementRules.Unbound).OfType<string>());
        }
    }

    /// <summary>Reads only the selected columns, and those for distance and score.</summary>
    [Fact]
    public async Task Only_what_is_selected_is_read()
    {
        (string Query, string[] Columns)[] cases =
        [
            ("{ " + Nearby + " { nodes { title } } }", ["city_id", "id", "location", "title"]),
            ("{ " + Nearby + " { edges { distanceMetres } } }", ["city_id", "id", "location"]),
            ("{ serviceRequest(city: \"nyc\", externalId: \"40000003\") { possibleDuplicates { score } } }",
                ["category_id", "cell_16", "city_id", "created_at", "description", "id", "location", "title"]),
            ("{ serviceRequest(city: \"nyc\", externalId: \"40000003\") { possibleDuplicates { serviceRequest { address } } } }",
                ["address", "category_id", "cell_16", "city_id", "created_at", "description", "id", "location", "title"]),
            ("{ duplicateCandidates(city: \"nyc\", category: \"rodent\", location: {longitude: -73.98, latitude: 40.75}) { distanceMetres "
                + "} }",
                ["category_id", "cell_16", "city_id", "created_at", "description", "id", "location", "status", "title"]),
        ];
        foreach ((string query, string[] columns) in cases)
        {
            fixture.Server.TakeStatements();
            await fixture.Server.DataAsync(query.Replace("ROWS", "5", StringComparison.Ordinal));
            Assert.Equal(columns, SqlReads.Of(fixture.Server.TakeStatements())["service_request"]);
        }
    }

    /// <summary>The library for distances on the spheroid is loaded when the connection opens, not during a request.</summary>
    [Fact]
    public async Task A_connection_is_warm_when_it_is_handed_out()
    {
        await using AsyncServiceScope scope = fixture.Server.Services.CreateAsyncScope();
        await using NpgsqlDataSource direct = CityHelperDatabase.CreateDataSource(fixture.Database);
        var reading = scope.ServiceProvider.GetRequiredService<NpgsqlDataSource>();

        // More than the server has opened so far, so that one is new; none has run a statement yet.
        var connections = new List<NpgsqlConnection>();
        try
        {
            int warm = 0;
            for (int i = 0; i < 20; i++)
            {
                NpgsqlConnection connection = i % 2 == 0 ? await reading.OpenConnectionAsync() : reading.OpenConnection();
                connections.Add(connection);
                await using NpgsqlCommand last = direct.CreateCommand("select query from pg_stat_activity where pid = $1");
                last.Parameters.Add(new() { Value = connection.ProcessID });
                warm += (string?)await last.ExecuteScalarAsync() == ReadingConnections.WarmingSql ? 1 : 0;
            }

            Assert.InRange(warm, 10, 20);
        }
        finally
        {
            foreach (NpgsqlConnection connection in connections)
            {
                await connection.DisposeAsync();
            }
        }
    }

    /// <summary>
    /// A database without migrations has no distances; its connections open nevertheless, so that the server can report what is missing.
    /// </summary>
    [Fact]
    public async Task A_connection_opens_where_there_is_no_PostGIS()
    {
        var settings = new NpgsqlConnectionStringBuilder(fixture.Database) { Database = "postgres" };
        await using NpgsqlDataSource reading = ReadingConnections.Create(
            settings.ConnectionString, 2, fixture.Server.Services.GetRequiredService<Microsoft.Extensions.Logging.ILoggerFactory>());
        await using NpgsqlCommand command = reading.CreateCommand("select 1");
        Assert.Equal(1, await command.ExecuteScalarAsync());
        using NpgsqlConnection connection = reading.OpenConnection();
        Assert.Equal(System.Data.ConnectionState.Open, connection.State);
    }
}
