using System.Globalization;
using System.Net;
using CityHelper.Data;
using CityHelper.Data.Boundaries;
using CityHelper.Data.Changes;
using CityHelper.Data.Cities;
using CityHelper.Data.Model;
using CityHelper.Data.ServiceRequests;
using CityHelper.Data.Statistics;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using NetTopologySuite.Geometries;
using Npgsql;
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
    private readonly List<long> _requests = [.. Enumerable.Range(0, 40).Select(n => Engine.GlobalId.Parse(ReadingFixture.Id(n))!.Row)];
    private Random _random = null!;
    private string _files = "";
    private TestServer _server = null!;
    private NpgsqlDataSource _database = null!;
    private RequestWriter _writer = null!;
    private CityEntry _city = null!;
    private int _shape;

    public async Task InitializeAsync()
    {
        _random = new Random(_seed);
        _files = Directory.CreateTempSubdirectory("cityhelper-areas-").FullName;
        string database = await ReadingFixture.CreateDatabaseAsync(postgres);
        _database = CityHelperDatabase.CreateDataSource(database);
        _city = (await new CityDirectory(_database, _time).FindAsync("nyc"))!;
        _writer = new RequestWriter(_database, new ChangeNumbering(new ChangeLog(_database)), _time);
        await ImportBoundaryAsync();
        _server = await TestServer.StartAsync(
            database, time: _time, statistics: real => BelievedStatistics.Larger(real, times: 1),
            settings: new Dictionary<string, string?> { ["Clients:default:DearAtOnce"] = "10" });
        await SettleAsync();
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _database.DisposeAsync();
        Directory.Delete(_files, recursive: true);
    }

    [Fact]
    public async Task An_answer_from_the_store_has_the_bytes_of_one_read_anew()
    {
        int writes = Setting("WRITES") ?? 400;
        (int hits, int read, int asked) = (0, 0, 0);
        (string Operation, object Variables)[] questions = [.. Questions()];
        for (int i = 0; i < writes; i++)
        {
            string change = await ChangeAsync();
            await SettleAsync();
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

    private async Task<string> ChangeAsync()
    {
        int kind = _random.Next(100);
        return kind switch
        {
            < 45 => await WriteAsync("status", RequestWrite.OfOne(
                RequestRows.City, AnyRequest(), null, "test",
                (known, at) => RequestDecisions.SetStatus(known, at, Any(Enum.GetValues<ServiceRequestStatus>()), $"note {at:O}"))),
            < 70 => await WriteAsync("moved", RequestWrite.OfOne(
                RequestRows.City, AnyRequest(), null, "test",
                (known, _) => RequestDecisions.Correct(known, state => state with { Location = AnyPoint(), Title = Word() }))),
            < 80 => await ReportAsync(),
            < 84 => await WriteAsync("merge", RequestWrites.Merge(RequestRows.City, AnyRequest(), null, AnyRequest(), null, "test")),
            < 86 => await WriteAsync("redaction", RequestWrites.Redact(RequestRows.City, AnyRequest(), null, "test")),
            < 89 => await BulkAsync(),
            < 92 => await RenameAsync(),
            < 94 => await ImportBoundaryAsync(),
            < 98 => await CompactAsync(),
            _ => await RebuildAsync(),
        };
    }

    private async Task<string> WriteAsync(string kind, RequestWrite write)
    {
        // A refusal changes nothing, and that must be seen too.
        await _writer.WriteAsync(write, CancellationToken.None);
        return kind;
    }

    private async Task<string> ReportAsync()
    {
        var report = new RequestState
        {
            CityId = RequestRows.City,
            Id = 0,
            Version = 1,
            Status = ServiceRequestStatus.Open,
            CategoryId = 0,
            Title = Word(),
            Location = AnyPoint(),
        };
        WriteOutcome outcome = await _writer.WriteAsync(
            RequestWrites.Report(RequestRows.City, Any(RequestRows.CategoryCodes), report, "test"), CancellationToken.None);
        _requests.Add(Assert.IsType<WriteOutcome.Done>(outcome).RequestId);
        return "report";
    }

    // As another service does: rows of two cells, in a transaction with the announcement of both.
    private async Task<string> BulkAsync()
    {
        await ExecuteAsync(
            $"""
            with changed as (
                update service_request set title = '{Word()}', version = version + 1
                where city_id = 1 and cell_14 in (select cell_14 from service_request where cell_14 is not null order by random() limit 2)
                returning cell_14)
            select announce_change(1::smallint, (select array_agg(distinct cell_14) from changed))
            """);
        return "bulk";
    }

    private async Task<string> RenameAsync()
    {
        await ExecuteAsync(
            $"""
            with renamed as (update category set name = '{Word()}' where city_id = 1 and id = {_random.Next(1, 4)} returning 1)
            insert into change_outbox (city_id, event_id, kind, cause) select 1, uuid_v7(), 'reference', 'test' from renamed
            """);
        return "rename";
    }

    private async Task<string> ImportBoundaryAsync()
    {
        double east = -73.96 - 0.002 * (_shape++ % 5);
        string path = Path.Combine(_files, $"{_shape}.geojson");
        await File.WriteAllTextAsync(path, string.Create(
            CultureInfo.InvariantCulture,
            $$$"""
            {"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"Area","code":"area"},"geometry":
            {"type":"Polygon","coordinates":[[[-74,40.73],[{{{east}}},40.73],[{{{east}}},40.77],[-74,40.77],[-74,40.73]]]}}]}
            """));
        BoundaryImportOutcome outcome = await new BoundaryImporter(_database)
            .ImportFileAsync(_city, path, new BoundaryImportOptions("area", "name", "code", Replace: false));
        Assert.Null(outcome.Failure);
        return "boundaries";
    }

    private async Task<string> CompactAsync()
    {
        await new RequestCounters(_database, _time).TryCompactAsync(RequestRows.City, CancellationToken.None);
        return "compaction";
    }

    private async Task<string> RebuildAsync()
    {
        await new RequestCounters(_database, _time).RebuildAsync(RequestRows.City);
        return "rebuilt counters";
    }

    // Past the lag of `rows`; the pulse that the clock sets off proves that everything is known. What waits for a number gets it first, as
    // every writer would give it, since a pulse leaves young events to their writers.
    private async Task SettleAsync()
    {
        await new ChangeNumbering(new ChangeLog(_database)).NumberAsync(RequestRows.City, null, null, CancellationToken.None);
        ChangeFollower follower = _server.Services.GetRequiredService<ChangeFollower>();
        for (int part = 0; part < 2; part++)
        {
            _time.Advance(Engine.Limits.RowsLag);
            await Patience.UntilAsync(() => follower.CityIds.Count > 1 && follower.CityIds.All(city =>
                follower.Freshness(city) is { } until && _time.GetElapsedTime(until) < TimeSpan.FromSeconds(1))
                    ? follower
                    : Tick());
        }
    }

    // A pulse may have been on its way when the clock went on.
    private ChangeFollower? Tick()
    {
        _time.Advance(Data.Limits.PulseInterval);
        return null;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = _database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private long AnyRequest() => _requests[_random.Next(_requests.Count)];

    private Point? AnyPoint() => _random.Next(10) == 0
        ? null
        : RequestRows.Point(-73.995 + _random.NextDouble() * 0.05, 40.738 + _random.NextDouble() * 0.03);

    private string Word() => $"word {_random.Next(1_000_000)}";

    private T Any<T>(IReadOnlyList<T> items) => items[_random.Next(items.Count)];

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable($"CITYHELPER_CACHED_{name}"), CultureInfo.InvariantCulture, out int value)
            ? value
            : null;
}
