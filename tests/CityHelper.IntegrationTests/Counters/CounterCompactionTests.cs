using CityHelper.IntegrationTests.Postgres;
using CityHelper.Server.Database;
using CityHelper.Server.Statistics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Counters;

/// <summary>The server's job that compacts other writers' deltas.</summary>
public sealed class CounterCompactionTests(PostgresFixture postgres) : CounterFixture(postgres)
{
    [Fact]
    public async Task Deltas_of_other_writers_are_compacted_by_whichever_server_comes_first()
    {
        await ImportAsync(WriteRows("", [.. Enumerable.Range(1, 20).Select(n => $"{n},6/{n}/24 8:00,Noise")]));
        await using var oneConnections = new WritingConnections(ConnectionString, NullLoggerFactory.Instance);
        using CounterCompaction one = new CounterCompaction(oneConnections, Time, NullLogger<CounterCompaction>.Instance);
        await using var otherConnections = new WritingConnections(ConnectionString, NullLoggerFactory.Instance);
        using CounterCompaction other = new CounterCompaction(otherConnections, Time, NullLogger<CounterCompaction>.Instance);
        await one.StartAsync(CancellationToken.None);
        await other.StartAsync(CancellationToken.None);
        await using NpgsqlConnection connection = await Database.OpenConnectionAsync();
        for (int n = 1; n <= 20; n++)
        {
            await ChangeAsync(connection, $"{n}", "status = 'PENDING'");
            Time.Advance(Data.Limits.CompactionInterval);
        }

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await DeltasAsync() > 0)
        {
            patience.Token.ThrowIfCancellationRequested();
            Time.Advance(Data.Limits.CompactionInterval);
        }

        await AssertTrueAsync();
        Assert.Equal(
            ["PENDING|20"],
            await RowsAsync("select status::text, sum(requests)::text from service_request_count where span = 'DAY' group by status"));
        await one.StopAsync(CancellationToken.None);
        await other.StopAsync(CancellationToken.None);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_database_that_is_away_or_of_an_older_schema_is_said_once_and_waited_for(bool away)
    {
        if (!away)
        {
            await RowsAsync("select ''; alter table service_request_delta rename to service_request_delta_away");
        }

        string database = away ? new NpgsqlConnectionStringBuilder(ConnectionString) { Port = 1 }.ConnectionString : ConnectionString;
        var log = new Warnings();
        await using var jobConnections = new WritingConnections(database, NullLoggerFactory.Instance);
        using CounterCompaction job = new CounterCompaction(jobConnections, Time, log);
        await job.StartAsync(CancellationToken.None);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (log.Count == 0)
        {
            patience.Token.ThrowIfCancellationRequested();
            Time.Advance(Data.Limits.CompactionInterval);
            await Task.Yield();
        }

        for (int n = 0; n < 20; n++)
        {
            Time.Advance(Data.Limits.CompactionInterval);
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => job.CompactAsync(CancellationToken.None));
        }

        Assert.Equal(1, log.Count);
        Assert.False(job.ExecuteTask!.IsCompleted);
        await job.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_city_that_cannot_be_compacted_is_logged_once_and_does_not_stop_the_others()
    {
        const string Broken = "select ''; alter table service_request_count add constraint broken check (city_id <> 1)";
        await RowsAsync(
            $"""
            {Broken};
            insert into service_request_delta (city_id, day, category_id, agency_id, status, requests, longitude, latitude)
            select n, '2024-06-01', 1, 0, 'OPEN', 1, 0, 0 from generate_series(1, 3) n;
            insert into city (id, slug, name, time_zone, bounds, centre)
            select n, 'other' || n, name, time_zone, bounds, centre from city cross join generate_series(2, 3) n
            """);
        var log = new Warnings();
        await using var jobConnections = new WritingConnections(ConnectionString, NullLoggerFactory.Instance);
        using CounterCompaction job = new CounterCompaction(jobConnections, Time, log);
        for (int n = 0; n < 3; n++)
        {
            await job.CompactAsync(CancellationToken.None);
            Assert.Equal(["1"], await RowsAsync("select city_id::text from service_request_delta"));
        }

        Assert.Equal(1, log.Count);

        // Repaired and broken again: it is logged again.
        await RowsAsync("select ''; alter table service_request_count drop constraint broken");
        await job.CompactAsync(CancellationToken.None);
        Assert.Equal(0, await DeltasAsync());
        await RowsAsync("select ''; delete from service_request_count where city_id = 1");
        await RowsAsync(
            $"""
            {Broken};
            insert into service_request_delta (city_id, day, category_id, agency_id, status, requests, longitude, latitude)
            values (1, '2024-06-01', 1, 0, 'OPEN', 1, 0, 0)
            """);
        await job.CompactAsync(CancellationToken.None);
        Assert.Equal(2, log.Count);
    }

    private sealed class Warnings : ILogger<CounterCompaction>
    {
        private int _count;

        public int Count => _count;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Warning)
            {
                Interlocked.Increment(ref _count);
            }
        }
    }
}
