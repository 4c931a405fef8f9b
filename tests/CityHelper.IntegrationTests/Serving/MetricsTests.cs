using System.Net;
using System.Net.Sockets;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using Npgsql;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Serving;

[Collection(PostgresCollection.Name)]
public sealed class MetricsTests(ReadingFixture fixture, ITestOutputHelper output) : IClassFixture<ReadingFixture>
{
    private const string Duration = "cityhelper_graphql_request_duration_seconds";
    private const string Answered = "graphql_operation_type=\"query\",http_response_status_code=\"200\"";

    [Fact]
    public async Task Metrics_are_served_on_a_port_of_their_own_and_on_no_other()
    {
        int port = FreePort();
        await using TestServer server = await TestServer.StartAsync(
            fixture.Database, settings: new Dictionary<string, string?> { ["Metrics:Port"] = $"{port}" });
        await server.DataAsync("query MadeUp { cities { slug } }");
        await server.Client.GetStringAsync(new Uri(server.PersistedUrl("Cities"), UriKind.Relative));
        using var scraper = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };

        string text = await scraper.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        output.WriteLine(text);
        Assert.All(
            [
                $"{Duration}_count{{graphql_operation_name=\"Cities\",{Answered}",
                $"{Duration}_count{{graphql_operation_name=\"_OTHER\",{Answered}",
                $"{Duration}_bucket{{graphql_operation_name=\"Cities\",{Answered},le=\"0.0005\"",
                "cityhelper_admission_executions{cityhelper_admission_kind=\"cheap\",cityhelper_client=\"default\"",
                "http_server_request_duration_seconds_count{",
                "kestrel_active_connections{",
                "db_client_connection_max{",
                "dotnet_gc_collections_total{",
                "process_cpu_time_seconds_total{",
                "service_name=\"cityhelper\"",
            ],
            part => Assert.Contains(part, text, StringComparison.Ordinal));
        Assert.DoesNotContain("MadeUp", text, StringComparison.Ordinal);

        // Pools of other tests share this process and have no name: those of this database are named as the servers name them. The
        // tests' own connections to it have no application name.
        string database = new NpgsqlConnectionStringBuilder(fixture.Database).Database!;
        Assert.DoesNotContain(
            text.Split('\n'),
            line =>
                line.Contains($"Database={database}", StringComparison.Ordinal)
                && line.Contains("Application Name=cityhelper", StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(server.Client, "/metrics"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(scraper, "/graphql"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(scraper, "/health/ready"));
    }

    [Fact]
    public async Task Metrics_are_off_unless_a_port_is_set() =>
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(fixture.Server.Client, "/metrics"));

    [Fact]
    public async Task A_port_that_is_taken_stops_the_start()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        IOException refused = await Assert.ThrowsAsync<IOException>(() => TestServer.StartAsync(
            fixture.Database, settings: new Dictionary<string, string?> { ["Metrics:Port"] = $"{port}" }));
        Assert.Contains($"{port}", refused.Message, StringComparison.Ordinal);
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, string path)
    {
        using HttpResponseMessage answer = await client.GetAsync(new Uri(path, UriKind.Relative));
        return answer.StatusCode;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
