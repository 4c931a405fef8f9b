using System.Text.Json;
using CityHelper.Data;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Reading;

/// <summary>Rows that change while somebody pages through them.</summary>
[Collection(PostgresCollection.Name)]
public sealed class MovedRowTests(PostgresFixture postgres)
{
    private const string Selection = "edges { cursor node { externalId } } pageInfo { hasPreviousPage }";

    /// <summary>A cursor is a keyset position: its row may have left the list since.</summary>
    [Theory]
    [InlineData("")]
    [InlineData(", order: [{updatedAt: DESC}]")]
    [InlineData(", order: [{category: {code: ASC}}, {createdAt: DESC}]")]
    public async Task A_cursor_still_works_when_its_row_has_left_the_list(string order)
    {
        string database = await ReadingFixture.CreateDatabaseAsync(postgres);
        await using (TestServer server = await ReadingFixture.StartServerAsync(database))
        {
            string question = "where: {status: {eq: OPEN}}" + order;
            JsonElement[] before = [.. (await PageAsync(server, "first: 3", question)).GetProperty("edges").EnumerateArray()];
            string cursor = before[0].GetProperty("cursor").GetString()!;
            await CloseAsync(database, NumberOf(before[0]));

            JsonElement after = await PageAsync(server, $"first: 2, after: \"{cursor}\"", question);
            Assert.Equal(before.Skip(1).Select(NumberOf), after.GetProperty("edges").EnumerateArray().Select(NumberOf));
            Assert.False(after.GetProperty("pageInfo").GetProperty("hasPreviousPage").GetBoolean());
        }

        await postgres.DropDatabaseAsync(database);
    }

    private static string NumberOf(JsonElement edge) => edge.GetProperty("node").GetProperty("externalId").GetString()!;

    private static async Task CloseAsync(string database, string externalId)
    {
        await using NpgsqlDataSource direct = CityHelperDatabase.CreateDataSource(database);
        await using NpgsqlCommand close = direct.CreateCommand("update service_request set status = 'CLOSED' where external_id = $1");
        close.Parameters.Add(new() { Value = externalId });
        Assert.Equal(1, await close.ExecuteNonQueryAsync());
    }

    private static async Task<JsonElement> PageAsync(TestServer server, string page, string question)
    {
        JsonElement data = await server.DataAsync($"{{ c: serviceRequests(city: \"nyc\", {page}, {question}) {{ {Selection} }} }}");
        return data.GetProperty("c");
    }
}
