using CityHelper.Data;
using CityHelper.Data.Model;
using CityHelper.Engine.Planning;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.Server.Schema;
using CityHelper.Server.Statistics;
using GraphQL.Types;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>What the server knows of the rows without reading them.</summary>
[Collection(PostgresCollection.Name)]
public sealed class TableStatisticsTests(PostgresFixture postgres) : IAsyncLifetime
{
    private readonly ServiceProvider _services = SchemaServices.CreateOffline();
    private readonly FakeTimeProvider _time = new();
    private string _database = "";
    private NpgsqlDataSource _source = null!;

    private ISchema Schema => _services.GetRequiredService<ISchema>();

    public async Task InitializeAsync()
    {
        _database = await postgres.CreateDatabaseAsync();
        _source = CityHelperDatabase.CreateDataSource(_database);
        await RequestRows.AddCityAsync(_database, 2024, 2025);
        await RequestRows.AddAsync(
            _database, Enumerable.Range(0, 200).Select(n => Request(n, ReadingFixture.Moment("2024-06-01T00:00:00Z"))));
    }

    public async Task DisposeAsync()
    {
        await _source.DisposeAsync();
        await _services.DisposeAsync();
    }

    [Fact]
    public async Task Rows_values_and_names_are_known_as_analyze_saw_them()
    {
        using var statistics = new TableStatistics(_source, Schema, _time, NullLogger<TableStatistics>.Instance);
        await statistics.RefreshAsync(CancellationToken.None);
        TenantStatistics known = statistics.Of("service_request", RequestRows.City)!;
        Assert.Equal([200.0, 0.0], known.Partitions.Select(l => l.Rows).Take(2));
        Assert.Equal(RequestId.Floor(ReadingFixture.Moment("2024-01-01T00:00:00Z")), known.Partitions[0].KeyFrom);
        Assert.Equal(RequestId.Floor(ReadingFixture.Moment("2025-01-01T00:00:00Z")), known.Partitions[0].KeyTo);
        Assert.InRange(
            known.Partitions[0].FirstKey,
            RequestId.Floor(ReadingFixture.Moment("2024-06-01T00:00:00Z")),
            RequestId.Floor(ReadingFixture.Moment("2024-06-01T00:00:01Z")));
        Assert.InRange(
            known.Partitions[0].LastKey, known.Partitions[0].FirstKey + 1, RequestId.Floor(ReadingFixture.Moment("2024-07-01T00:00:00Z")));
        Assert.Equal(0.9, known.Columns["status"].ShareOf("CLOSED"), 3);
        Assert.Equal(0.1, known.Columns["status"].ShareOf("OPEN"), 3);
        Assert.InRange(known.Columns["status"].ShareOf("PENDING"), 0, 0.01);
        Assert.Equal(0.25, known.Columns["category_id"].ShareOf("1"), 3);
        Assert.Equal("rodent", known.References["category"][3]["code"]);
        Assert.Null(known.References["category"][3]["agency_id"]);
        Assert.Null(statistics.Of("service_request", 99));
    }

    [Fact]
    public async Task They_are_read_anew_every_five_minutes_and_survive_a_database_that_is_away()
    {
        using var statistics = new TableStatistics(_source, Schema, _time, NullLogger<TableStatistics>.Instance);
        await statistics.StartAsync(CancellationToken.None);
        Assert.Equal(200, statistics.Of("service_request", RequestRows.City)!.Rows);

        await RequestRows.AddAsync(
            _database, Enumerable.Range(1_000, 100).Select(n => Request(n, ReadingFixture.Moment("2025-06-01T00:00:00Z"))));
        _time.Advance(TimeSpan.FromSeconds(Engine.Limits.StatisticsRefreshSeconds - 1));
        Assert.Equal(200, statistics.Of("service_request", RequestRows.City)!.Rows);
        _time.Advance(TimeSpan.FromSeconds(1));
        await Until(() => statistics.Of("service_request", RequestRows.City)!.Rows == 300);

        await _source.DisposeAsync();
        _time.Advance(TimeSpan.FromSeconds(Engine.Limits.StatisticsRefreshSeconds));
        Assert.Equal(300, statistics.Of("service_request", RequestRows.City)!.Rows);
        await statistics.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_server_starts_without_a_database_and_knows_nothing()
    {
        await using NpgsqlDataSource away = CityHelperDatabase.CreateDataSource(
            new NpgsqlConnectionStringBuilder(_database) { Port = 1 }.ConnectionString);
        using var statistics = new TableStatistics(away, Schema, _time, NullLogger<TableStatistics>.Instance);
        await statistics.StartAsync(CancellationToken.None);
        Assert.Null(statistics.Of("service_request", RequestRows.City));
        await statistics.StopAsync(CancellationToken.None);
    }

    // The read goes on in the background: waits for its result, not for a fixed time.
    private static async Task Until(Func<bool> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!holds())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private static ServiceRequest Request(int n, DateTime from)
    {
        DateTime created = from.AddMinutes(n);
        return new ServiceRequest
        {
            CityId = RequestRows.City,
            Id = RequestId.Floor(created) | RequestId.ImportedBit | (uint)n,
            CategoryId = n % 4 == 0 ? 1 : 2,
            Status = n % 10 == 0 ? ServiceRequestStatus.Open : ServiceRequestStatus.Closed,
            CreatedAt = created,
            UpdatedAt = created,
        };
    }
}
