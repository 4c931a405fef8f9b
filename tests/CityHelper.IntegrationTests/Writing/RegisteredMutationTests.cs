using System.Net;
using System.Text;
using System.Text.Json;
using CityHelper.Data;
using CityHelper.IntegrationTests.Clients;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using CityHelper.Server.Clients;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Writing;

/// <summary>Mutations that clients register by their hash, and how many reports a client may send, on a server in production.</summary>
[Collection(PostgresCollection.Name)]
public sealed class RegisteredMutationTests(PostgresFixture postgres) : IAsyncLifetime
{
    private const string Key = "key of an application that registers";
    private const string Host = "www.example.org";
    private const int ReportsPerMinute = 2;

    private const string Selection =
        "reportServiceRequest(input: $input) { cursor errors { __typename ... on TooManyReportsError { code retryAfterSeconds } } }";

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(WritingServer.Now, TimeSpan.Zero));
    private TestServer _server = null!;
    private NpgsqlDataSource _database = null!;

    public async Task InitializeAsync()
    {
        string database = await ReadingFixture.CreateDatabaseAsync(postgres);
        _database = CityHelperDatabase.CreateDataSource(database);
        _server = await TestServer.StartAsync(
            database,
            "Production",
            time: _time,
            settings: new Dictionary<string, string?>
            {
                ["Clients:civic:Mode"] = "Registration",
                ["Clients:civic:Writes"] = "All",
                ["Clients:civic:ApiKeySha256:0"] = ClientFixture.Hash(Key),
                ["Clients:web:Mode"] = "FreeText",
                ["Clients:web:Writes"] = "Report",
                ["Clients:web:Hosts:0"] = Host,
                ["Clients:web:ReportsPerMinute"] = $"{ReportsPerMinute}",
            });
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task A_mutation_is_registered_by_POST_and_runs_by_its_hash_alone()
    {
        string text = $"mutation Registered($input: ReportServiceRequestInput!) {{ {Selection} }}";
        object hash = ClientFixture.Persisted(ClientFixture.Hash(text));
        (_, JsonElement json) = await PostAsync(new { extensions = hash, variables = Report("apq-0") });
        Assert.Equal("HC0020", ClientFixture.Code(json));
        string before = await WritingServer.ContentAsync(_database);

        (HttpResponseMessage response, json) = await PostAsync(new { query = text, extensions = hash, variables = Report("apq-1") });
        AssertReported(response, json);
        Assert.True(json.GetProperty("extensions").GetProperty("persistedQuery").GetProperty("persisted").GetBoolean());
        (response, json) = await PostAsync(new { extensions = hash, variables = Report("apq-2") });
        AssertReported(response, json);
        Assert.NotEqual(before, await WritingServer.ContentAsync(_database));
    }

    /// <summary>A link that registers would make a link that writes.</summary>
    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    public async Task A_mutation_is_neither_registered_nor_run_by_GET(string method)
    {
        string text = $"mutation By{method}($input: ReportServiceRequestInput!) {{ {Selection} }}";
        object hash = ClientFixture.Persisted(ClientFixture.Hash(text));
        string before = await WritingServer.ContentAsync(_database);
        await RefusedAsync(method, text, hash);
        (_, JsonElement json) = await PostAsync(new { extensions = hash, variables = Report($"{method}-0") });
        Assert.Equal("HC0020", ClientFixture.Code(json));
        Assert.Equal(before, await WritingServer.ContentAsync(_database));

        // Nor once it is registered, with its text or without.
        AssertReported(await PostAsync(new { query = text, extensions = hash, variables = Report($"{method}-1") }));
        before = await WritingServer.ContentAsync(_database);
        await RefusedAsync(method, text, hash);
        await RefusedAsync(method, text: null, hash);
        Assert.Equal(before, await WritingServer.ContentAsync(_database));
    }

    [Fact]
    public async Task A_client_that_only_reports_may_do_so_as_often_as_its_rate_allows()
    {
        string text = $"mutation Rated($input: ReportServiceRequestInput!) {{ {Selection} }}";
        _time.Advance(TimeSpan.FromSeconds(20));
        for (int i = 0; i < ReportsPerMinute; i++)
        {
            // What writes nothing does not count: inputs that are refused, and reports that are sent again.
            for (int j = 0; j <= ReportsPerMinute; j++)
            {
                Assert.Contains("CategoryUnknownError", await PayloadAsync(text, "rate-unknown", "unicorns"), StringComparison.Ordinal);
                AssertReported(await PostAsync(new { query = text, variables = Report($"rate-{Math.Max(0, i - 1)}") }, Host));
            }

            AssertReported(await PostAsync(new { query = text, variables = Report($"rate-{i}") }, Host));
        }

        string before = await WritingServer.ContentAsync(_database);
        Assert.Equal(
            """{"cursor":null,"errors":[{"__typename":"TooManyReportsError","code":"TOO_MANY_REPORTS","retryAfterSeconds":40}]}""",
            await PayloadAsync(text, "rate-9"));
        Assert.Equal(before, await WritingServer.ContentAsync(_database));

        // Another client has a rate of its own.
        AssertReported(await PostAsync(new
        {
            query = text, extensions = ClientFixture.Persisted(ClientFixture.Hash(text)), variables = Report("rate-other"),
        }));

        _time.Advance(TimeSpan.FromSeconds(39));
        Assert.Contains("\"retryAfterSeconds\":1}", await PayloadAsync(text, "rate-9"), StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromSeconds(1));
        AssertReported(await PostAsync(new { query = text, variables = Report("rate-9") }, Host));
    }

    private static object Report(string key, string category = "rodent") => new
    {
        input = new { city = "nyc", category, address = "1 BROADWAY", idempotencyKey = key },
    };

    private static void AssertReported((HttpResponseMessage Response, JsonElement Json) answer) =>
        AssertReported(answer.Response, answer.Json);

    private static void AssertReported(HttpResponseMessage response, JsonElement json)
    {
        Assert.Equal((HttpStatusCode.OK, null), (response.StatusCode, ClientFixture.Code(json)));
        Assert.Contains("\"errors\":null", json.GetProperty("data").GetRawText(), StringComparison.Ordinal);
    }

    private async Task<string> PayloadAsync(string text, string key, string category = "rodent")
    {
        (_, JsonElement json) = await PostAsync(new { query = text, variables = Report(key, category) }, Host);
        return json.GetProperty("data").GetProperty("reportServiceRequest").GetRawText();
    }

    private async Task RefusedAsync(string method, string? text, object hash)
    {
        string query = text is null ? "" : $"query={Uri.EscapeDataString(text)}&";
        string extensions = Uri.EscapeDataString(JsonSerializer.Serialize(hash));
        string variables = Uri.EscapeDataString(JsonSerializer.Serialize(Report("by-link")));
        using var request = new HttpRequestMessage(
            new HttpMethod(method), $"/graphql?{query}extensions={extensions}&variables={variables}");
        request.Headers.Add(ClientDirectory.KeyHeader, Key);
        using HttpResponseMessage response = await _server.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal(["POST"], response.Content.Headers.Allow);
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
    }

    /// <summary>Posts as the client with the key, or as the one that is known by its host.</summary>
    private async Task<(HttpResponseMessage Response, JsonElement Json)> PostAsync(object body, string? host = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/graphql")
        {
            Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation("Accept", "application/graphql-response+json");
        request.Headers.Host = host;
        if (host is null)
        {
            request.Headers.Add(ClientDirectory.KeyHeader, Key);
        }

        return await _server.SendAsync(request);
    }
}
