using System.Globalization;
using CityHelper.Data;
using CityHelper.Data.Boundaries;
using CityHelper.Data.Changes;
using CityHelper.Data.Cities;
using CityHelper.Data.Model;
using CityHelper.Data.ServiceRequests;
using CityHelper.Data.Statistics;
using CityHelper.IntegrationTests.Serving;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using NetTopologySuite.Geometries;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Caching;

/// <summary>
/// Random changes of New York around Midtown, of every kind that the log tells: by the writers of the product, and as another service makes
/// them. Beside them compaction and rebuilt counters, which change no answer.
/// </summary>
internal sealed class RandomChanges : IAsyncDisposable
{
    private readonly string _files = Directory.CreateTempSubdirectory("cityhelper-areas-").FullName;
    private readonly NpgsqlDataSource _database;
    private readonly CityEntry _city;
    private readonly Random _random;
    private readonly FakeTimeProvider _time;
    private readonly RequestWriter _writer;
    private int _shape;

    private RandomChanges(NpgsqlDataSource database, CityEntry city, Random random, FakeTimeProvider time)
    {
        (_database, _city, _random, _time) = (database, city, random, time);
        _writer = new RequestWriter(database, new ChangeNumbering(new ChangeLog(database)), time);
    }

    /// <summary>The keys of the requests that are changed; reported ones are added.</summary>
    public required List<long> Requests { get; init; }

    /// <summary>Codes of categories that may be reported.</summary>
    public required IReadOnlyList<string> Categories { get; init; }

    /// <summary>Connects to a database that has the city.</summary>
    /// <param name="database">Its connection string.</param>
    /// <param name="random">Selects the changes.</param>
    /// <param name="time">The clock of writers and server.</param>
    /// <param name="requests">See <see cref="Requests"/>.</param>
    /// <param name="categories">See <see cref="Categories"/>.</param>
    public static async Task<RandomChanges> ConnectAsync(
        string database, Random random, FakeTimeProvider time, List<long> requests, IReadOnlyList<string> categories)
    {
        NpgsqlDataSource source = CityHelperDatabase.CreateDataSource(database);
        CityEntry city = (await new CityDirectory(source, time).FindAsync("nyc"))!;
        return new RandomChanges(source, city, random, time) { Requests = requests, Categories = categories };
    }

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        Directory.Delete(_files, recursive: true);
    }

    /// <summary>Makes one change and commits it.</summary>
    /// <returns>Its kind.</returns>
    public async Task<string> ChangeAsync()
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
            RequestWrites.Report(RequestRows.City, Any(Categories), report, "test"), CancellationToken.None);
        Requests.Add(Assert.IsType<WriteOutcome.Done>(outcome).RequestId);
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

    /// <summary>Imports one area, which has another shape each time.</summary>
    public async Task<string> ImportBoundaryAsync()
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

    /// <summary>Events of the log behind a position, once all are numbered.</summary>
    /// <param name="after">The number of the last event that is known.</param>
    public async Task<IReadOnlyList<ChangeEvent>> EventsAsync(long after)
    {
        await NumberAsync();
        return await new ChangeLog(_database).ReadAsync(RequestRows.City, after + 1, int.MaxValue, CancellationToken.None);
    }

    /// <summary>
    /// Takes the clock past the lag of `rows`, until the server knows everything. What waits for a number gets it first, as every writer
    /// would give it, since a pulse leaves young events to their writers.
    /// </summary>
    public async Task SettleAsync(TestServer server)
    {
        await NumberAsync();
        ChangeFollower follower = server.Services.GetRequiredService<ChangeFollower>();
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

    private Task NumberAsync() =>
        new ChangeNumbering(new ChangeLog(_database)).NumberAsync(RequestRows.City, null, null, CancellationToken.None);

    private async Task ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = _database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private long AnyRequest() => Requests[_random.Next(Requests.Count)];

    private Point? AnyPoint() => _random.Next(10) == 0
        ? null
        : RequestRows.Point(-73.995 + _random.NextDouble() * 0.05, 40.738 + _random.NextDouble() * 0.03);

    private string Word() => $"word {_random.Next(1_000_000)}";

    private T Any<T>(IReadOnlyList<T> items) => items[_random.Next(items.Count)];
}
