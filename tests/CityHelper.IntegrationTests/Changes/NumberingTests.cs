using System.Globalization;
using System.Text.Json;
using CityHelper.Data.Changes;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Changes;

/// <summary>Numbering under load, and what it costs beside old snapshots.</summary>
public sealed class NumberingTests(PostgresFixture postgres) : ChangeLogFixture(postgres)
{
    private const int Requests = 5;

    /// <summary>
    /// Writers lock a request, take its next version, append its event last, and commit after a while of their own; some roll back.
    /// Whatever numberers see when, the log is dense, has each committed event once, and those of a request in the order of its commits.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task The_log_is_dense_and_in_the_order_of_commits(int seed)
    {
        await ExecuteAsync(
            $"""
            create table request (id bigint primary key, version integer not null);
            insert into request select n, 0 from generate_series(1, {Requests}) n
            """);
        using var done = new CancellationTokenSource();
        Task[] numberers = [.. Enumerable.Range(0, 4).Select(n => Task.Run(async () =>
        {
            var random = new Random((100 * seed) + n);
            while (!done.IsCancellationRequested)
            {
                await Log.NumberAsync(
                    CityId, null, random.Next(2) == 0 ? null : TimeSpan.FromMilliseconds(random.Next(1, 4)), CancellationToken.None);
            }
        }))];
        int[] committed = await Task.WhenAll(
            Enumerable.Range(0, 12).Select(n => Task.Run(() => WriteManyAsync(new Random((1_000 * seed) + n)))));
        await done.CancelAsync();
        await Task.WhenAll(numberers);
        await NumberAsync();

        IReadOnlyList<ChangeEvent> events = await ReadAsync();
        Assert.Equal(committed.Sum(), events.Count);
        Assert.InRange(events.Count, 300, 600);
        Assert.Equal(Enumerable.Range(1, events.Count).Select(n => (long)n), events.Select(e => e.Number));
        Assert.Equal(events.Count, events.Select(e => e.EventId).Distinct().Count());
        Assert.Equal(0, await CountAsync("change_outbox"));
        Dictionary<long, int> versions = (await RowsAsync("select id::text, version::text from request"))
            .Select(row => row.Split('|').Select(cell => int.Parse(cell, CultureInfo.InvariantCulture)).ToArray())
            .ToDictionary(row => (long)row[0], row => row[1]);
        foreach (IGrouping<long?, ChangeEvent> request in events.GroupBy(e => e.ServiceRequestId))
        {
            Assert.Equal(Enumerable.Range(1, versions[request.Key!.Value]), request.Select(e => e.Version!.Value));
        }
    }

    /// <summary>
    /// A rebuild holds its snapshot for minutes, and deleted rows stay in every index of the outbox. Numbering and pulse look behind the
    /// last numbering alone, so they read as much after 5,000 rows as after 50.
    /// </summary>
    [Fact]
    public async Task An_old_snapshot_makes_neither_numbering_nor_pulse_slower()
    {
        await using Session reader = await BeginAsync("begin isolation level repeatable read");
        await reader.RunAsync("select count(*) from change_outbox");
        await using Session writer = await BeginAsync();
        await writer.RunAsync(Appending("in progress"));

        (long numbering, long pulse) = await CostAfterAsync(50);
        (long numberingLater, long pulseLater) = await CostAfterAsync(5_000);

        // The rows are still in the indexes: somebody may still read them.
        Assert.InRange(await DeadRowsAsync(), 5_000, long.MaxValue);

        // The indexes grow by a level.
        Assert.InRange(numberingLater, 0, numbering + 20);
        Assert.InRange(pulseLater, 0, pulse + 10);

        // Autovacuum comes by, removes nothing, and tells the planner that the table is empty.
        await ExecuteAsync("vacuum analyze change_outbox");
        await ExecuteAsync("vacuum analyze change");
        (numberingLater, pulseLater) = await CostAfterAsync(50);
        Assert.InRange(await DeadRowsAsync(), 5_000, long.MaxValue);
        Assert.InRange(numberingLater, 0, numbering + 20);
        Assert.InRange(pulseLater, 0, pulse + 10);

        await writer.RunAsync("commit");
        await NumberAsync();
        Assert.Equal("in progress", (await ReadAsync())[^1].Cause);
    }

    private async Task<int> WriteManyAsync(Random random)
    {
        int committed = 0;
        for (int i = 0; i < 40; i++)
        {
            await using var connection = await Database.OpenConnectionAsync();
            bool commits = random.Next(10) > 0;
            string pause = (random.NextDouble() * 0.004).ToString("F4", CultureInfo.InvariantCulture);
            await using var command = new Npgsql.NpgsqlCommand(
                $"""
                begin;
                with changed as (
                    update request set version = version + 1 where id = {1 + random.Next(Requests)} returning id, version
                )
                insert into change_outbox (city_id, event_id, kind, cause, service_request_id, version)
                select {CityId}, uuid_v7(), 'request', 'test', id, version from changed;
                select pg_sleep({pause});
                {(commits ? "commit" : "rollback")}
                """, connection);
            await command.ExecuteNonQueryAsync();
            committed += commits ? 1 : 0;
        }

        return committed;
    }

    /// <summary>Writes and numbers so many events, in hundreds, then counts the pages that numbering one event and a pulse read.</summary>
    private async Task<(long Numbering, long Pulse)> CostAfterAsync(int events)
    {
        for (int i = 0; i < 50; i++)
        {
            await ExecuteAsync(
                $"""
                insert into change_outbox (city_id, event_id, kind, cause)
                select {CityId}, uuid_v7(), 'purge', 'one of many' from generate_series(1, {events / 50})
                """);
            await NumberAsync();
        }

        // The statistics that autovacuum would write in between, or not: the plans must not depend on them.
        await AppendAsync("measured");
        long pulse = await BuffersAsync("select * from change_pulse()");
        return (await BuffersAsync($"select * from number_changes({CityId}::smallint)"), pulse);
    }

    private async Task<long> BuffersAsync(string sql)
    {
        // A new session, without plans of earlier ones; the second run has its catalogue in memory.
        await using Session session = await BeginAsync("set jit = off");
        await session.RunAsync("select * from change_pulse()");
        await session.RunAsync("begin; select * from number_changes(1::smallint); rollback");
        string json = (string)(await session.RunAsync($"explain (analyze, buffers, format json) {sql}"))!;
        JsonElement plan = JsonDocument.Parse(json).RootElement[0].GetProperty("Plan");
        return plan.GetProperty("Shared Hit Blocks").GetInt64() + plan.GetProperty("Shared Read Blocks").GetInt64();
    }

    private async Task<long> DeadRowsAsync()
    {
        await ExecuteAsync("create extension if not exists pgstattuple");
        string rows = Assert.Single(await RowsAsync("select dead_tuple_count::text from pgstattuple('change_outbox')"));
        return long.Parse(rows, CultureInfo.InvariantCulture);
    }
}
