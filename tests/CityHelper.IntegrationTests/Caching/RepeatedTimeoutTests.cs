using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using CityHelper.Data;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using Npgsql;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Caching;

/// <summary>A count that times out, asked by a thousand again and again, runs at most once a second at each server.</summary>
/// <remarks>
/// A run takes <see cref="Engine.Limits.CountTimeoutMs"/>, and its failure answers for a second more. So between two starts lie both: that
/// is asserted, because without the memory of failures runs would still lie two seconds apart.
/// </remarks>
[Collection(PostgresCollection.Name)]
public sealed class RepeatedTimeoutTests(PostgresFixture postgres, ITestOutputHelper output) : IAsyncLifetime
{
    private const int AskersPerServer = 500;
    private const int RunsSeen = 4;

    // Each asker: nobody who got an error asks again at once.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(500);

    // As docs/caching.md says.
    private static readonly TimeSpan s_promised = TimeSpan.FromSeconds(1);

    // PostgreSQL measures its timeout with another clock, in whole milliseconds.
    private static readonly TimeSpan s_clocks = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentQueue<long>[] _starts = [new(), new()];
    private readonly ConcurrentDictionary<(HttpStatusCode Status, string Body, string CacheControl), int> _answers = new();
    private string _database = "";
    private TestServer[] _servers = [];

    public async Task InitializeAsync()
    {
        _database = await ReadingFixture.CreateDatabaseAsync(postgres);
        _servers = [await TestServer.StartAsync(_database), await TestServer.StartAsync(_database)];
        foreach ((int i, TestServer server) in _servers.Index())
        {
            await PublishedHitTests.FollowedAsync(server, RequestRows.City);

            // What is looked up once in a server is known by now.
            await CacheAnswer.GetAsync(server.Client, server.PersistedUrl("ServiceRequestList", new { city = "nyc", first = 1 }));
            server.Sending = sql =>
            {
                // Each batch begins with this one.
                if (TestServer.ReadsLog(sql))
                {
                    _starts[i].Enqueue(Stopwatch.GetTimestamp());
                }
            };
        }
    }

    public async Task DisposeAsync()
    {
        foreach (TestServer server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_thousand_askers_of_a_count_that_times_out_are_one_run_at_a_time()
    {
        await MakeSlowAsync();
        await Task.WhenAll(_servers.Index().SelectMany(server =>
            Enumerable.Range(0, AskersPerServer).Select(_ => AskUntilSeenAsync(server.Item, _starts[server.Index]))));

        Assert.All(_starts, starts => Assert.All(
            starts.Zip(starts.Skip(1), Stopwatch.GetElapsedTime),
            between => Assert.True(
                between >= TimeSpan.FromMilliseconds(Engine.Limits.CountTimeoutMs) + s_promised - s_clocks,
                $"The next run began {between.TotalMilliseconds:0} ms after the one before.")));

        // Everybody was told what the runs were told, and that nobody may keep it.
        ((HttpStatusCode Status, string Body, string CacheControl) answer, int count) = Assert.Single(_answers);
        Assert.Equal((HttpStatusCode.OK, "no-store"), (answer.Status, answer.CacheControl));
        Assert.Contains(new Engine.CountTimeoutError().Message, answer.Body, StringComparison.Ordinal);
        Assert.InRange(count, 2 * AskersPerServer * RunsSeen, int.MaxValue);
        output.WriteLine($"{count} equal answers of {_starts[0].Count} and {_starts[1].Count} runs");
    }

    // Counters take a minute to read. A lock would not do: who prepares a statement waits for it too, under another timeout.
    private async Task MakeSlowAsync()
    {
        await using NpgsqlDataSource source = CityHelperDatabase.CreateDataSource(_database);
        source.Execute(
            """
            alter table service_request_count rename to counters;
            create view service_request_count as select c.* from counters c where (select true from pg_sleep(60))
            """);
    }

    // Until its server has begun the last run that is looked at, and told what came of it.
    private async Task AskUntilSeenAsync(TestServer server, ConcurrentQueue<long> starts)
    {
        string address = server.PersistedUrl("ServiceRequestStats", new { city = "nyc" });
        bool isSeen;
        do
        {
            isSeen = starts.Count >= RunsSeen;
            CacheAnswer answer = await CacheAnswer.GetAsync(server.Client, address);
            _answers.AddOrUpdate((answer.Status, answer.Body, answer.CacheControl), 1, (_, count) => count + 1);
            await Task.Delay(s_pause);
        }
        while (!isSeen);
    }
}
