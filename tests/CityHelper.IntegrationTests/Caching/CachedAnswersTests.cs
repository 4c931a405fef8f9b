using System.Globalization;
using System.Net;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Caching;

/// <summary>
/// Through random writes, imports, renames, compaction and rebuilt counters, an answer from the store has the bytes of the same answer read
/// anew.
/// </summary>
/// <remarks>
/// <c>CITYHELPER_CACHED_WRITES</c> sets the number of writes, <c>CITYHELPER_CACHED_SEED</c> selects them. Time is virtual: after each write
/// it goes on past the lag of `rows`. Table statistics stand still, since they decide whether durations are
/// estimated.
/// </remarks>
[Collection(PostgresCollection.Name)]
public sealed class CachedAnswersTests(PostgresFixture postgres, ITestOutputHelper output) : IAsyncLifetime
{
    private const int QuestionsPerWrite = 4;

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(ReadingFixture.Moment("2025-06-01T12:00:00Z"), TimeSpan.Zero));
    private readonly int _seed = Setting("SEED") ?? 15;
    private Random _random = null!;
    private TestServer _server = null!;
    private RandomChanges _changes = null!;

    public async Task InitializeAsync()
    {
        _random = new Random(_seed);
        string database = await ReadingFixture.CreateDatabaseAsync(postgres);
        List<long> requests = [.. Enumerable.Range(0, 40).Select(n => Engine.GlobalId.Parse(ReadingFixture.Id(n))!.Row)];
        _changes = await RandomChanges.ConnectAsync(database, _random, _time, requests, RequestRows.CategoryCodes);
        await _changes.ImportBoundaryAsync();
        _server = await TestServer.StartAsync(
            database, time: _time, statistics: real => BelievedStatistics.Larger(real, times: 1),
            settings: new Dictionary<string, string?> { ["Clients:default:DearAtOnce"] = "10" });
        await _changes.SettleAsync(_server);
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _changes.DisposeAsync();
    }

    [Fact]
    public async Task An_answer_from_the_store_has_the_bytes_of_one_read_anew()
    {
        int writes = Setting("WRITES") ?? 400;
        (int hits, int read, int asked) = (0, 0, 0);
        (string Operation, object Variables)[] questions = [.. Questions()];
        for (int i = 0; i < writes; i++)
        {
            string change = await _changes.ChangeAsync();
            await _changes.SettleAsync(_server);
            for (int j = 0; j < QuestionsPerWrite; j++)
            {
                (string operation, object variables) = questions[_random.Next(questions.Length)];
                string address = _server.PersistedUrl(operation, variables);
                CacheAnswer kept = await CacheAnswer.GetAsync(_server.Client, address);
                CacheAnswer fresh = await CacheAnswer.SendAsync(_server.Client, _server.PersistedPost(operation, variables));
                Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (kept.Status, fresh.Status));
                Assert.True(
                    kept.Body == fresh.Body,
                    $"seed {_seed}, write {i} ({change}): {kept.CacheStatus} {address}\n{kept.Caching}\n{kept.Body}\nanew:\n{fresh.Body}");
                asked++;
                hits += kept.CacheStatus == CacheAnswer.Hit ? 1 : 0;
                read += kept.CacheStatus == CacheAnswer.Stored ? 1 : 0;
            }
        }

        output.WriteLine($"{asked} questions, {hits} hits, {read} read");
        Assert.Empty(_server.Errors);

        // A cache that keeps nothing, or for ever, tests nothing.
        Assert.InRange(hits, asked / 10, asked * 9 / 10);
        Assert.Equal(asked, hits + read);
    }

    private static IEnumerable<(string Operation, object Variables)> Questions()
    {
        foreach (int n in Enumerable.Range(0, 12))
        {
            (double west, double south) = (-73.995 + n * 0.004, 40.738 + n * 0.002);
            object viewport = new { west, south, east = west + 0.002 * (1 + n), north = south + 0.0015 * (1 + n) };
            yield return ("ServiceRequestMap", new { city = "nyc", viewport });
            yield return ("ServiceRequestClusters", new { city = "nyc", viewport, zoom = 10 + n % 4 });
            yield return ("ServiceRequestStats", new { city = "nyc", within = new { viewport } });
            yield return ("ServiceRequestDetail", new { city = "nyc", id = ReadingFixture.Id(n) });
            yield return ("ServiceRequestHistory", new { id = ReadingFixture.Id(n) });
            yield return ("ServiceRequestDuplicates", new { city = "nyc", id = ReadingFixture.Id(n) });
            yield return ("NearbyServiceRequests", new { city = "nyc", to = new { longitude = west, latitude = south } });
            yield return (
                "ServiceRequestByExternalId",
                new { city = "nyc", externalId = (40_000_000 + n).ToString(CultureInfo.InvariantCulture) });
        }

        foreach (int id in new[] { 1, 2, 3 })
        {
            yield return ("BoundaryDetail", new { id = new Engine.GlobalId("Boundary", RequestRows.City, id).ToString() });
        }

        yield return ("ServiceRequestList", new { city = "nyc" });
        yield return ("ServiceRequestStats", new { city = "nyc" });
        yield return ("CategoryOverview", new { city = "nyc" });
        yield return ("CityFilters", new { city = "nyc" });
        yield return ("Cities", new { });
        yield return ("Boundaries", new { city = "nyc" });
    }

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable($"CITYHELPER_CACHED_{name}"), CultureInfo.InvariantCulture, out int value)
            ? value
            : null;
}
