using System.Net;
using System.Text.Json;
using CityHelper.Engine;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.Server.Http;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>Work that no request waits for ends in PostgreSQL too.</summary>
[Collection(PostgresCollection.Name)]
public sealed class CancellationTests(PostgresFixture postgres) : IAsyncLifetime
{
    private const string Query = """{"query":"{ serviceRequests(city: \"nyc\") { nodes { id } } }"}""";

    private readonly FakeTimeProvider _time = new(ReadingFixture.Moment("2025-06-01T00:00:00Z"));
    private string _database = "";
    private TestServer _server = null!;

    public async Task InitializeAsync()
    {
        _database = await postgres.CreateDatabaseAsync();
        await RequestRows.AddCityAsync(_database, 2024, 2025);
        _server = await TestServer.StartAsync(
            _database,
            time: _time,
            settings: new Dictionary<string, string?> { [HttpSettings.BatchingKey] = "4", ["Clients:default:CheapAtOnce"] = "20" });
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task When_the_client_leaves_its_statement_is_cancelled()
    {
        await using LockedTable table = await LockedTable.HoldAsync(_database, "service_request");
        await using (RawConnection connection = await RawConnection.OpenAsync(_server))
        {
            await connection.SendAsync(RawConnection.Post(Query));
            await table.WaitForAsync(1);
        }

        await table.WaitForAsync(0);
        Assert.Empty(_server.Errors);
    }

    [Fact]
    public async Task When_the_time_is_over_the_client_is_told_and_the_statement_is_cancelled()
    {
        await using LockedTable table = await LockedTable.HoldAsync(_database, "service_request");
        foreach ((string accept, HttpStatusCode status) in new[]
        {
            ("application/graphql-response+json", HttpStatusCode.GatewayTimeout),
            ("application/json", HttpStatusCode.OK),
        })
        {
            Task<(HttpResponseMessage Response, JsonElement Json)> asked = _server.PostAsync(Query, accept);
            await table.WaitForAsync(1);
            _time.Advance(TimeSpan.FromMilliseconds(Limits.RequestTimeoutMs - 1));
            await table.WaitForAsync(1);
            _time.Advance(TimeSpan.FromMilliseconds(1));
            (HttpResponseMessage response, JsonElement json) = await asked;
            Assert.Equal(status, response.StatusCode);
            Assert.Equal("HC0045", Code(json));
            Assert.False(json.TryGetProperty("data", out _));
            await table.WaitForAsync(0);
        }

        Assert.Empty(_server.Errors);
    }

    [Fact]
    public async Task A_batch_has_the_time_of_one_request()
    {
        await using LockedTable table = await LockedTable.HoldAsync(_database, "service_request");
        _server.TakeStatements();
        Task<(HttpResponseMessage Response, JsonElement Json)> asked = _server.PostAsync(
            $$"""[{"query":"{ cities { slug } }"},{{Query}},{{Query}}]""");
        await table.WaitForAsync(1);
        _time.Advance(TimeSpan.FromMilliseconds(Limits.RequestTimeoutMs));
        (HttpResponseMessage response, JsonElement json) = await asked;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(json[0].TryGetProperty("data", out _));
        Assert.Equal("HC0045", Code(json[1]));
        Assert.Equal("HC0045", Code(json[2]));
        await table.WaitForAsync(0);
        Assert.Empty(_server.Errors);
    }

    /// <summary>If each of them lost a connection, the pool would be empty in the end.</summary>
    [Fact]
    public async Task Clients_that_leave_again_and_again_cost_no_connections()
    {
        for (int round = 0; round < 11; round++)
        {
            await using LockedTable table = await LockedTable.HoldAsync(_database, "service_request");
            RawConnection[] connections = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => RawConnection.OpenAsync(_server)));
            await Task.WhenAll(connections.Select(c => c.SendAsync(RawConnection.Post(Query))));
            await table.WaitForAsync(connections.Length);
            foreach (RawConnection connection in connections)
            {
                await connection.DisposeAsync();
            }

            await table.WaitForAsync(0);
        }

        await _server.DataAsync("{ serviceRequests(city: \"nyc\") { nodes { id } } }");
        Assert.Empty(_server.Errors);
    }

    private static string? Code(JsonElement answer) =>
        answer.GetProperty("errors")[0].GetProperty("extensions").GetProperty("code").GetString();
}
