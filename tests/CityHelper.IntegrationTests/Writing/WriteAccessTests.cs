using System.Net;
using System.Text;
using System.Text.Json;
using CityHelper.Data;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.IntegrationTests.Clients;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Redis;
using CityHelper.IntegrationTests.Serving;
using CityHelper.Server;
using CityHelper.Server.Clients;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Writing;

/// <summary>Who may send which mutation, over every route of a server in production.</summary>
[Collection(PostgresCollection.Name)]
public sealed class WriteAccessTests(PostgresFixture postgres) : IAsyncLifetime, IDisposable
{
    private const string Staff = "key of the staff's application";
    private const string Intake = "key of an application that reports";
    private const string Analyst = "key of an analyst, who reads";

    private const string Report =
        "mutation Report($input: ReportServiceRequestInput!) { reportServiceRequest(input: $input) { cursor errors { __typename } } }";

    private const string Status =
        "mutation Status($input: UpdateServiceRequestStatusInput!) "
            + "{ updateServiceRequestStatus(input: $input) { cursor errors { __typename } } }";

    private OperationsFolder _operations = null!;
    private TestServer _server = null!;
    private NpgsqlDataSource _database = null!;

    public async Task InitializeAsync()
    {
        _operations = new OperationsFolder(redis: null, Published("Report", Report), Published("Status", Status));
        string database = await ReadingFixture.CreateDatabaseAsync(postgres);
        _database = CityHelperDatabase.CreateDataSource(database);
        _server = await TestServer.StartAsync(
            database,
            "Production",
            time: new StoppedClock(WritingServer.Now),
            settings: new Dictionary<string, string?>
            {
                [ServerApplication.OperationsKey] = _operations.Path,
                ["Clients:staff:Mode"] = "FreeText",
                ["Clients:staff:Writes"] = "All",
                ["Clients:staff:ApiKeySha256:0"] = ClientFixture.Hash(Staff),
                ["Clients:intake:Mode"] = "FreeText",
                ["Clients:intake:Writes"] = "Report",
                ["Clients:intake:ApiKeySha256:0"] = ClientFixture.Hash(Intake),
                ["Clients:analyst:Mode"] = "FreeText",
                ["Clients:analyst:ApiKeySha256:0"] = ClientFixture.Hash(Analyst),
                ["Clients:web:Mode"] = "PersistedOnly",
                ["Clients:web:Writes"] = "Report",
                ["Clients:web:Hosts:0"] = "www.example.org",
            });
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _database.DisposeAsync();
    }

    public void Dispose() => _operations.Dispose();

    [Theory]
    [InlineData(null, null, false, false)]
    [InlineData(Analyst, null, false, false)]
    [InlineData(Intake, null, true, false)]
    [InlineData(Staff, null, true, true)]
    // An application without a key, known by the host that it calls.
    [InlineData(null, "www.example.org", true, false)]
    public async Task A_client_sends_what_its_access_allows(string? key, string? host, bool mayReport, bool mayChange)
    {
        foreach ((string text, bool may, object input) in new[]
        {
            (Report, mayReport, (object)ReportOf(Guid.NewGuid().ToString())),
            (Status, mayChange, new { id = ReadingFixture.Id(1), status = "PENDING", note = "Seen." }),
        })
        {
            string id = OperationCompiler.IdOf(text);
            string name = text == Report ? "Report" : "Status";
            var routes = new List<(string Path, object Body)>
            {
                ("/graphql", new { id, variables = new { input } }),
                ("/graphql", new { documentId = id, variables = new { input } }),
                ("/graphql", new { extensions = ClientFixture.Persisted(id), variables = new { input } }),
                ($"/graphql/persisted/{id}/{name}", new { variables = new { input } }),
            };
            if (key is not null)
            {
                routes.Add(("/graphql", new { query = text, variables = new { input } }));
            }

            foreach ((string path, object body) in routes)
            {
                string before = await WritingServer.ContentAsync(_database);
                (HttpResponseMessage response, JsonElement json) = await PostAsync(path, body, key, host);
                Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
                if (may)
                {
                    Assert.Equal((HttpStatusCode.OK, null), (response.StatusCode, ClientFixture.Code(json)));
                    Assert.Contains("\"errors\":null", json.GetRawText(), StringComparison.Ordinal);
                }
                else
                {
                    Assert.Equal((HttpStatusCode.BadRequest, "AUTH_NOT_AUTHORIZED"), (response.StatusCode, ClientFixture.Code(json)));
                    Assert.Equal(before, await WritingServer.ContentAsync(_database));
                }
            }
        }
    }

    /// <summary>A browser, a link or a cache can send a GET to anybody: it never writes, whatever the client may.</summary>
    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    public async Task GET_and_HEAD_write_on_no_route(string method)
    {
        string before = await WritingServer.ContentAsync(_database);
        string id = OperationCompiler.IdOf(Status);
        string variables = Uri.EscapeDataString(JsonSerializer.Serialize(
            new { input = new { id = ReadingFixture.Id(1), status = "PENDING", note = "Seen." } }));
        string hash = Uri.EscapeDataString(JsonSerializer.Serialize(ClientFixture.Persisted(id)));
        foreach (string path in new[]
        {
            $"/graphql?query={Uri.EscapeDataString(Status)}&variables={variables}",
            $"/graphql?id={id}&variables={variables}",
            $"/graphql?documentId={id}&variables={variables}",
            $"/graphql?extensions={hash}&variables={variables}",
            $"/graphql?query={Uri.EscapeDataString(Status)}&extensions={hash}&variables={variables}",
            $"/graphql/persisted/{id}/Status?variables={variables}",
            $"/graphql/persisted/{id}/Report?variables={variables}",
        })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path);
            request.Headers.Add(ClientDirectory.KeyHeader, Staff);
            using HttpResponseMessage response = await _server.Client.SendAsync(request);
            Assert.False(response.IsSuccessStatusCode, path);
            if (!path.EndsWith("Report?variables=" + variables, StringComparison.Ordinal))
            {
                Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
            }

            Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        }

        Assert.Equal(before, await WritingServer.ContentAsync(_database));
    }

    [Fact]
    public async Task A_published_mutation_of_a_client_without_access_is_not_validated_into_being()
    {
        string before = await WritingServer.ContentAsync(_database);
        foreach ((string? key, string text) in new[] { (Staff, Status), (Intake, Report), (Staff, Report) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/graphql");
            request.Content = Json(new { query = text, variables = new { input = text == Report ? ReportOf("v") : StatusOf() } });
            request.Headers.Add(ClientDirectory.KeyHeader, key);
            request.Headers.Add("GraphQL-Cost", "validate");
            (HttpResponseMessage response, JsonElement json) = await _server.SendAsync(request);
            Assert.Equal((HttpStatusCode.OK, null), (response.StatusCode, ClientFixture.Code(json)));
        }

        Assert.Equal(before, await WritingServer.ContentAsync(_database));
    }

    [Fact]
    public async Task Two_clients_may_use_the_same_key_of_idempotency()
    {
        object body = new { query = Report, variables = new { input = ReportOf("shared") } };
        for (int i = 0; i < 2; i++)
        {
            foreach (string key in new[] { Staff, Intake })
            {
                (_, JsonElement json) = await PostAsync("/graphql", body, key, host: null);
                Assert.Null(ClientFixture.Code(json));
            }
        }

        await using NpgsqlCommand count = _database.CreateCommand(
            "select string_agg(client, ',' order by client) || (select count(*) from service_request where id % (1 << 22) < 1 << 21)"
                + " from idempotency_key");
        Assert.Equal("intake,staff2", await count.ExecuteScalarAsync());
    }

    private static ManifestOperation Published(string name, string text) =>
        new(OperationCompiler.IdOf(text), name, "mutation", "web", new Engine.Cost.CostMetrics(20, 20), "no-store", text)
        {
            Plan = "looked at",
        };

    private static object ReportOf(string key) =>
        new { city = "nyc", category = "rodent", address = "1 BROADWAY", idempotencyKey = key };

    private static object StatusOf() => new { id = ReadingFixture.Id(1), status = "PENDING" };

    private static StringContent Json(object body) => new(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");

    private async Task<(HttpResponseMessage Response, JsonElement Json)> PostAsync(string path, object body, string? key, string? host)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = Json(body) };
        request.Headers.TryAddWithoutValidation("Accept", "application/graphql-response+json");
        request.Headers.Host = host;
        if (key is not null)
        {
            request.Headers.Add(ClientDirectory.KeyHeader, key);
        }

        return await _server.SendAsync(request);
    }
}
