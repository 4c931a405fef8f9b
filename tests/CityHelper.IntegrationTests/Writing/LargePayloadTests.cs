using System.Net;
using System.Text;
using System.Text.Json;
using CityHelper.Data;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using CityHelper.Server.Http;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Writing;

/// <summary>
/// Mutations whose payloads do not fit into a response were done all the same: the answer says so, and has an error in the place of rows. A
/// request error would say that nothing ran, and a client would send them again.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class LargePayloadTests(PostgresFixture postgres) : IAsyncLifetime
{
    private const int Notes = 100;
    private const int NoteChars = 8_000;

    private static readonly string s_id = ReadingFixture.Id(1);

    private TestServer _server = null!;
    private NpgsqlDataSource _database = null!;

    public async Task InitializeAsync()
    {
        string database = await ReadingFixture.CreateDatabaseAsync(postgres);
        _database = CityHelperDatabase.CreateDataSource(database);
        await using NpgsqlCommand notes = _database.CreateCommand(
            $"""
            insert into status_update (city_id, service_request_id, id, status, note, created_at)
            select 1, {Engine.GlobalId.Parse(s_id)!.Row}, id_floor(now()) + n, 'OPEN', repeat('字', {NoteChars}), now()
            from generate_series(1, {Notes}) n
            """);
        await notes.ExecuteNonQueryAsync();
        _server = await TestServer.StartAsync(
            database,
            settings: new Dictionary<string, string?> { ["Clients:default:DearAtOnce"] = "6", [HttpSettings.BatchingKey] = "4" });
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Theory]
    [InlineData(1, 2, true)]
    [InlineData(1, 5, false)]
    [InlineData(1, 8, false)]
    [InlineData(2, 3, false)]
    [InlineData(5, 1, false)]
    public async Task What_was_done_is_told_without_its_rows(int mutations, int lists, bool fits)
    {
        foreach (string? encoding in new[] { null, "gzip", "br" })
        {
            int before = await VersionAsync();
            using HttpRequestMessage request = Request($$"""{"query":{{JsonSerializer.Serialize(TextOf(mutations, lists))}}}""");
            if (encoding is not null)
            {
                request.Headers.Add("Accept-Encoding", encoding);
            }

            using HttpResponseMessage response = await _server.Client.SendAsync(request);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            using JsonDocument json = JsonDocument.Parse(await Encoded.ReadAsync(response));
            AssertTold(json.RootElement, mutations, fits);
            Assert.Equal(before + mutations, await VersionAsync());
        }
    }

    [Fact]
    public async Task So_it_is_in_a_batch()
    {
        int before = await VersionAsync();
        string one = $$"""{"query":{{JsonSerializer.Serialize(TextOf(1, 4))}}}""";
        using HttpRequestMessage request = Request($"[{one},{one},{one}]");
        using HttpResponseMessage response = await _server.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        JsonElement[] answers = [.. JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.EnumerateArray()];
        Assert.Equal(3, answers.Length);
        AssertTold(answers[0], 1, fits: true);
        AssertTold(answers[2], 1, fits: false);
        Assert.Equal(before + 3, await VersionAsync());
    }

    private static void AssertTold(JsonElement answer, int mutations, bool fits)
    {
        JsonElement data = answer.GetProperty("data");
        for (int m = 0; m < mutations; m++)
        {
            JsonElement payload = data.GetProperty($"m{m}");
            Assert.Equal(
                (fits ? JsonValueKind.Object : JsonValueKind.Null, JsonValueKind.String, JsonValueKind.Null),
                (payload.GetProperty("serviceRequest").ValueKind, payload.GetProperty("cursor").ValueKind,
                    payload.GetProperty("errors").ValueKind));
        }

        Assert.Equal(!fits, answer.TryGetProperty("errors", out JsonElement errors));
        if (!fits)
        {
            Assert.Equal(
                Enumerable.Range(0, mutations).Select(m => $"""["m{m}","serviceRequest"]"""),
                errors.EnumerateArray().Select(error => error.GetProperty("path").GetRawText()));
            Assert.All(
                errors.EnumerateArray(),
                error => Assert.Contains(
                    error.GetProperty("extensions").GetProperty("code").GetString(), new[] { "OVERLOADED", "RESPONSE_TOO_LARGE" }));
        }
    }

    private static string TextOf(int mutations, int lists)
    {
        string rows = string.Join(' ', Enumerable.Range(0, lists).Select(a => $"a{a}: history(first: {Notes}) {{ nodes {{ note }} }}"));
        IEnumerable<string> roots = Enumerable.Range(0, mutations).Select(m =>
            $"m{m}: addServiceRequestNote(input: {{id: \"{s_id}\", note: \"Again.\"}}) "
                + $"{{ serviceRequest {{ {rows} }} cursor errors {{ __typename }} }}");
        return $"mutation {{ {string.Join(' ', roots)} }}";
    }

    private static HttpRequestMessage Request(string json) => new(HttpMethod.Post, "/graphql")
    {
        Content = new StringContent(json, Encoding.UTF8, "application/json"),
    };

    private async Task<int> VersionAsync()
    {
        await using NpgsqlCommand command = _database.CreateCommand(
            $"select version from service_request where city_id = 1 and id = {Engine.GlobalId.Parse(s_id)!.Row}");
        return (int)(await command.ExecuteScalarAsync())!;
    }
}
