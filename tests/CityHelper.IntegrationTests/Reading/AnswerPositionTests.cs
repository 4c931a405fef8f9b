using System.Text.Json;
using CityHelper.Data;
using CityHelper.Engine;
using CityHelper.Engine.Cursors;
using CityHelper.IntegrationTests.Caching;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Microsoft.Extensions.DependencyInjection;
using CityHelper.Server.Cities;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Reading;

/// <summary>
/// The cursor of an answer that several batches read is that of the first. A cursor of a later batch would promise changes that rows of the
/// first do not have, and who follows the log from there would never see them.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class AnswerPositionTests(PostgresFixture postgres) : IAsyncLifetime
{
    private const string RowsSql = "serviceRequest(city: \"nyc\", id: \"REQUEST\") { title }";
    private const string NodeOfCity = "node(id: \"CITY\") { ... on City { cursor } }";

    private TestServer _server = null!;
    private NpgsqlDataSource _database = null!;
    private readonly Dictionary<int, Action> _before = [];
    private int _batches;

    public async Task InitializeAsync()
    {
        string database = await ReadingFixture.CreateDatabaseAsync(postgres);
        _database = CityHelperDatabase.CreateDataSource(database);
        Execute("insert into city select (jsonb_populate_record(c, '{\"id\": 2, \"slug\": \"other\"}')).* from city c where id = 1");
        Commit("as it was");
        _server = await TestServer.StartAsync(database);

        // Each batch of an answer with a cursor begins with this statement. The tests send one request at a time.
        _server.Sending = sql =>
        {
            if (TestServer.ReadsLog(sql) && _before.Remove(++_batches, out Action? act))
            {
                act();
            }
        };
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Theory]
    [InlineData($"{{ {RowsSql} {NodeOfCity} }}")]
    [InlineData($"{{ {NodeOfCity} {RowsSql} }}")]
    [InlineData($"{{ {RowsSql} {NodeOfCity} city(slug: \"nyc\") {{ c: cursor }} }}")]
    public async Task A_change_between_the_rows_and_the_node_is_behind_the_cursor(string query)
    {
        LogPosition before = Head();
        BeforeBatch(2, () => Commit("changed"));
        JsonElement data = await DataAsync(query);
        Assert.Equal(2, _batches);
        Assert.Equal("as it was", data.GetProperty("serviceRequest").GetProperty("title").GetString());
        Assert.Equal(before, Opened(data.GetProperty("node").GetProperty("cursor")));
        if (data.TryGetProperty("city", out JsonElement city))
        {
            Assert.Equal(before, Opened(city.GetProperty("c")));
        }

        Assert.True(Head().Number > before.Number);
        Assert.Equal("changed", (await DataAsync(query)).GetProperty("serviceRequest").GetProperty("title").GetString());
    }

    /// <summary>Numbers of two epochs do not compare: the database may have lost what the first batch read.</summary>
    [Fact]
    public async Task Epochs_that_differ_are_read_once_more()
    {
        LogPosition before = Head();
        BeforeBatch(2, () =>
        {
            Commit("changed");
            RaiseEpoch();
        });
        JsonElement data = await DataAsync($"{{ {RowsSql} {NodeOfCity} }}");
        Assert.Equal(4, _batches);
        Assert.Equal("changed", data.GetProperty("serviceRequest").GetProperty("title").GetString());
        LogPosition now = Opened(data.GetProperty("node").GetProperty("cursor"));
        Assert.True(now.Epoch > before.Epoch);
        Assert.Equal(Head(), now);
    }

    [Fact]
    public async Task Epochs_that_differ_again_are_an_error()
    {
        foreach (int batch in Enumerable.Range(1, Engine.Limits.ReadingsMax))
        {
            BeforeBatch(2 * batch, RaiseEpoch);
        }

        JsonElement json = await _server.QueryAsync(Named($"{{ {RowsSql} {NodeOfCity} }}"));
        Assert.Equal(2 * Engine.Limits.ReadingsMax, _batches);
        Assert.Equal(["node", "serviceRequest"], Paths(json));
        Assert.All(json.GetProperty("errors").EnumerateArray(), error => Assert.Equal(
            new DatabaseUnavailableError().Code, error.GetProperty("extensions").GetProperty("code").GetString()));
        Assert.Equal("""{"serviceRequest":null,"node":null}""", json.GetProperty("data").GetRawText());

        // The next request finds one epoch.
        Assert.Equal(Head(), Opened((await DataAsync($"{{ {NodeOfCity} }}")).GetProperty("node").GetProperty("cursor")));
    }

    /// <summary>Every answer has a position, whether it shows a cursor or not.</summary>
    [Fact]
    public async Task Every_batch_reads_the_position_first()
    {
        await DataAsync("{ serviceRequest(city: \"nyc\", id: \"REQUEST\") { title } node(id: \"CITY\") { ... on City { name } } }");
        IReadOnlyList<string> sent = _server.TakeAllStatements();
        Assert.Equal([true, false, true, false], sent.Select(TestServer.ReadsLog));
    }

    /// <summary>The statement without a parameter, which is planned once, as soon as the city is followed.</summary>
    [Fact]
    public async Task The_position_of_a_followed_city_is_read_by_its_own_statement()
    {
        await PublishedHitTests.FollowedAsync(_server, RequestRows.City);
        await DataAsync("{ serviceRequest(city: \"nyc\", id: \"REQUEST\") { title } }");
        _server.TakeAllStatements();
        await DataAsync("{ serviceRequest(city: \"nyc\", id: \"REQUEST\") { title } }");
        Assert.Equal([true, false], _server.TakeAllStatements().Select(TestServer.ReadsLogOfOne));
    }

    /// <summary>Of a city with events, of one without any, and of what belongs to none; in the first epoch and in a later one.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_statement_of_one_city_reads_what_that_of_several_reads(bool isLaterEpoch)
    {
        Execute("update boundary_revision set revision = 7 where city_id = 1");
        if (isLaterEpoch)
        {
            RaiseEpoch();
            Execute("insert into city select (jsonb_populate_record(c, '{\"id\": 3, \"slug\": \"later\"}')).* from city c where id = 1");
        }

        foreach (short city in (short[])[0, 1, 2, .. isLaterEpoch ? [3] : (short[])[]])
        {
            (short, int Epoch, long Number, long? Areas) several = await RowAsync(CityLog.Log.Sql, new short[] { city });
            Assert.Equal(several, await RowAsync(CityLog.Log.SqlOfOne(city, true)));
            Assert.Equal(several with { Areas = null }, await RowAsync(CityLog.Log.SqlOfOne(city, false)));
        }
    }

    private async Task<(short City, int Epoch, long Number, long? Areas)> RowAsync(string sql, params object[] parameters)
    {
        await using NpgsqlCommand command = _database.CreateCommand(sql);
        Array.ForEach(parameters, value => command.Parameters.Add(new() { Value = value }));
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync());
        var row = (
            reader.GetInt16(0), reader.GetInt32(1), reader.GetInt64(2), await reader.IsDBNullAsync(3) ? (long?)null : reader.GetInt64(3));
        Assert.False(await reader.ReadAsync());
        return row;
    }

    /// <summary>A row of positions and a row of the city, not one more for each city there is.</summary>
    [Theory]
    [InlineData("{ city(slug: \"nyc\") { cursor } }", 2)]
    [InlineData("{ city(slug: \"other\") { cursor } }", 2)]
    [InlineData("{ node(id: \"CITY\") { ... on City { cursor } } }", 2)]
    [InlineData("{ a: city(slug: \"nyc\") { cursor } b: city(slug: \"other\") { cursor } }", 4)]
    [InlineData("{ a: city(slug: \"nyc\") { cursor } b: city(slug: \"missing\") { cursor } }", 2)]
    [InlineData("{ city(slug: \"missing\") { cursor } }", 0)]
    public async Task The_positions_of_other_cities_are_not_read(string query, int rows)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/graphql");
        request.Content = System.Net.Http.Json.JsonContent.Create(new { query = Named(query) });
        request.Headers.Add("GraphQL-Cost", "report");
        JsonElement json = (await _server.SendAsync(request)).Json;
        Assert.False(json.TryGetProperty("errors", out _));
        Assert.Equal(rows, json.GetProperty("extensions").GetProperty("cost").GetProperty("rows").GetInt32());
    }

    private static IEnumerable<string> Paths(JsonElement json) => json.GetProperty("errors").EnumerateArray()
        .Select(error => error.GetProperty("path")[0].GetString()!).Order(StringComparer.Ordinal);

    private static string Named(string query) => query
        .Replace("REQUEST", ReadingFixture.Id(1), StringComparison.Ordinal)
        .Replace("CITY", new GlobalId("City", null, RequestRows.City).ToString(), StringComparison.Ordinal);

    private void BeforeBatch(int number, Action act) => _before.Add(number, act);

    private void Commit(string title) => _database.Commit(title);

    private void RaiseEpoch() => Execute("select raise_change_epoch(max(epoch), 'test') from change_epoch");

    private LogPosition Head() => _database.Head();

    // Not awaited: it runs while the server sends a batch.
    private void Execute(string sql) => _database.Execute(sql);

    private Task<JsonElement> DataAsync(string query) => _server.DataAsync(Named(query));

    private LogPosition Opened(JsonElement cursor) =>
        _server.Services.GetRequiredService<LogPositionCursors>().Open(RequestRows.City, cursor.GetString()!)!.Value;
}
