using System.Globalization;
using System.Text.Json;
using CityHelper.Data;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using Npgsql;
using Snapshooter;
using Snapshooter.Xunit;
using Xunit;

namespace CityHelper.IntegrationTests.Reading;

/// <summary>The request that a duplicate points at: one look-up by its key for each row, in the statement of the rows.</summary>
[Collection(PostgresCollection.Name)]
public sealed class DuplicateOfTests(PostgresFixture postgres) : IAsyncLifetime
{
    private TestServer _server = null!;
    private string _database = "";

    public async Task InitializeAsync()
    {
        _database = await ReadingFixture.CreateDatabaseAsync(postgres);
        _server = await ReadingFixture.StartServerAsync(_database);
        await PointAsync(3, 2);
        await PointAsync(4, 2);
        await PointAsync(2, 1);
        await ExecuteAsync($"update service_request set duplicate_of = 77 where id = {KeyOf(5)}");
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("row", "{ nodes { id duplicateOf { id title status category { code } } } }", 1)]
    [InlineData("list", "{ nodes { duplicateOf { id updates(last: 2) { status } boundaries { code } } } }", 3)]
    [InlineData("chain", "{ nodes { a: duplicateOf { id } duplicateOf { duplicateOf { id agency { code } } } } }", 1)]
    public async Task The_statement_of_the_rows_reads_it(string name, string selection, int statements)
    {
        string query = $"query($first: Int) {{ serviceRequests(city: \"nyc\", first: $first) {selection} }}";
        string recorded = "";
        foreach (int first in new[] { 40, 1, 5 })
        {
            _server.TakeStatements();
            await _server.DataAsync(query, new { first });
            string[] sent = [.. _server.TakeStatements().Distinct()];
            Assert.Equal(statements, sent.Length);
            Assert.Empty(sent.Select(StatementRules.Unbound).OfType<string>());
            recorded = string.Join("\n;\n", sent);
        }

        recorded.MatchSnapshot(new SnapshotNameExtension(name, "sql"));
    }

    [Fact]
    public async Task It_is_the_other_request_and_null_where_there_is_none()
    {
        const string Query =
            "query($id: ID!) { serviceRequest(city: \"nyc\", id: $id) { duplicateOf { id duplicateOf { id duplicateOf { id } } } } }";
        Assert.Equal(
            $$$"""{"id":"{{{ReadingFixture.Id(2)}}}","duplicateOf":{"id":"{{{ReadingFixture.Id(1)}}}","duplicateOf":null}}""",
            await ReadAsync(Query, 3));
        Assert.Equal("null", await ReadAsync(Query, 1));

        // It points at a request that is gone.
        Assert.Equal("null", await ReadAsync(Query, 5));
    }

    [Fact]
    public async Task It_is_followed_so_many_times_and_no_further()
    {
        (int Depth, string? Code)[] cases = [(Engine.Limits.KeyedRowsMax, null), (Engine.Limits.KeyedRowsMax + 1, "OPERATION_TOO_LARGE")];
        foreach ((int depth, string? code) in cases)
        {
            string nested = Enumerable.Range(0, depth).Aggregate("id", (inner, _) => $"duplicateOf {{ {inner} }}");
            JsonElement json = await _server.QueryAsync($"{{ serviceRequests(city: \"nyc\") {{ nodes {{ {nested} }} }} }}");
            bool isRefused = json.TryGetProperty("errors", out JsonElement errors);
            Assert.Equal(code, isRefused ? errors[0].GetProperty("extensions").GetProperty("code").GetString() : null);
        }
    }

    private static string KeyOf(int n) =>
        Engine.GlobalId.Parse(ReadingFixture.Id(n))!.Row.ToString(CultureInfo.InvariantCulture);

    private async Task<string> ReadAsync(string query, int n) =>
        (await _server.DataAsync(query, new { id = ReadingFixture.Id(n) }))
            .GetProperty("serviceRequest").GetProperty("duplicateOf").GetRawText();

    private Task PointAsync(int n, int other) =>
        ExecuteAsync($"update service_request set duplicate_of = {KeyOf(other)} where id = {KeyOf(n)}");

    private async Task ExecuteAsync(string sql)
    {
        await using NpgsqlDataSource database = CityHelperDatabase.CreateDataSource(_database);
        await using NpgsqlCommand command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
