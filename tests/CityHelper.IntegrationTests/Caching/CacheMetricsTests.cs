using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using CityHelper.Data;
using CityHelper.Data.Changes;
using CityHelper.Data.ServiceRequests;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Caching;

/// <summary>What an operator sees of the response cache, by city.</summary>
[Collection(PostgresCollection.Name)]
public sealed partial class CacheMetricsTests(PostgresFixture postgres) : IAsyncLifetime
{
    private string _database = "";
    private NpgsqlDataSource _source = null!;
    private Uri _metrics = null!;
    private TestServer _server = null!;

    public async Task InitializeAsync()
    {
        _database = await ReadingFixture.CreateDatabaseAsync(postgres);
        _source = CityHelperDatabase.CreateDataSource(_database);
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        int port = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        _metrics = new Uri($"http://127.0.0.1:{port}/metrics");
        _server = await TestServer.StartAsync(_database, settings: new Dictionary<string, string?>
        {
            ["Metrics:Port"] = $"{port}",

            // The second execution at once is refused.
            ["Clients:default:CheapAtOnce"] = "1",
            ["Admission:CheapQueued"] = "0",
        });
        await PublishedHitTests.FollowedAsync(_server, RequestRows.City);
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _source.DisposeAsync();
    }

    [Fact]
    public async Task Outcomes_and_bytes_are_counted_for_each_city()
    {
        CacheAnswer stored = await AskAsync(10);
        await AssertAsync("miss", 1);
        await AskAsync(10);
        await CacheAnswer.GetAsync(_server.Client, Address(10), ("If-None-Match", stored.ETag));
        await AssertAsync("hit", 2);
        double bytes = await ValueAsync("cityhelper_cache_size_bytes");
        Assert.InRange(bytes, stored.Body.Length, 10 * stored.Body.Length);

        // An answer about the whole city may lack a change for five seconds, and says so.
        var writer = new RequestWriter(_source, new ChangeNumbering(new ChangeLog(_source)), TimeProvider.System);
        await writer.WriteAsync(
            RequestWrite.OfOne(
                RequestRows.City, Engine.GlobalId.Parse(ReadingFixture.Id(39))!.Row, null, "test",
                (known, _) => RequestDecisions.Correct(known, state => state with { Title = "another" })),
            CancellationToken.None);
        await Patience.UntilAsync(async () => (await AskAsync(10)).Headers.ContainsKey("Age") ? _server : null);
        await AssertAsync("stale", 1);
        CacheAnswer read = await Patience.UntilAsync(async () => await AskAsync(10) is { CacheStatus: CacheAnswer.Stored } a ? a : null);
        Assert.NotEqual(stored.Body, read.Body);
        await AssertAsync("invalidated", 1);

        Task<CacheAnswer>[] asking;
        await using (LockedTable held = await LockedTable.HoldAsync(_database, "service_request"))
        {
            asking = [AskAsync(11), AskAsync(11)];
            await held.WaitForAsync(1);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await AskAsync(12)).Status);
        }

        await Task.WhenAll(asking);
        await AssertAsync("joined", 1);
        await AssertAsync("refused", 1, "none");
    }

    private string Address(int first) => _server.PersistedUrl("ServiceRequestList", new { city = "nyc", first });

    private Task<CacheAnswer> AskAsync(int first) => CacheAnswer.GetAsync(_server.Client, Address(first));

    // The exporter answers scrapes of one third of a second alike.
    private async Task AssertAsync(string outcome, double count, string city = "nyc")
    {
        try
        {
            await Patience.UntilAsync(async () =>
                await ValueAsync("cityhelper_cache_answers_total", outcome, city) >= count ? _server : null);
        }
        catch (OperationCanceledException)
        {
            string text = await _server.Client.GetStringAsync(_metrics);
            string[] counted = [.. text.Split('\n').Where(line => line.StartsWith("cityhelper_cache", StringComparison.Ordinal))];
            Assert.Fail($"{outcome} of {city} is not {count}:\n{string.Join('\n', counted)}");
        }
    }

    private async Task<double> ValueAsync(string metric, string outcome = "", string city = "nyc")
    {
        string text = await _server.Client.GetStringAsync(_metrics);
        return text.Split('\n')
            .Where(line => line.StartsWith($"{metric}{{", StringComparison.Ordinal)
                && line.Contains($"cityhelper_tenant=\"{city}\"", StringComparison.Ordinal)
                && (outcome == "" || line.Contains($"cityhelper_cache_outcome=\"{outcome}\"", StringComparison.Ordinal)))
            .Select(line => double.Parse(Sample().Match(line).Groups[1].Value, CultureInfo.InvariantCulture)).SingleOrDefault();
    }

    [GeneratedRegex(@"\} (\S+)")]
    private static partial Regex Sample();
}
