using System.Diagnostics;
using System.Net;
using CityHelper.Data;
using CityHelper.Data.Changes;
using CityHelper.Data.ServiceRequests;
using CityHelper.IntegrationTests.Commands;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Redis;
using CityHelper.IntegrationTests.Serving;
using Npgsql;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Caching;

/// <summary>A purge of a city under load costs less than the load itself.</summary>
/// <remarks>
/// <para>
/// Two servers answer drawn questions, 200 a second, while ten changes a second end some of the answers: maps, details, lists and
/// statistics, and details of requests that never change. Compared are batches sent to PostgreSQL: those of the five seconds that begin
/// with the purge, and those of the five seconds before it. Five seconds are the lag of answers about all rows
/// (<see cref="Engine.Limits.RowsLag"/>): in this time every answer that the changes touch is executed at least once without a purge,
/// and what the purge makes executed sooner is no extra work. A longer time would hide the purge in more steady work, a shorter one would
/// count what would have been executed a moment later.
/// </para>
/// <para>Answers that no change touches are hits before the purge, are executed after it, and are hits again.</para>
/// </remarks>
[Collection(PostgresCollection.Name)]
[System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class PurgeUnderLoadTests(PostgresFixture postgres, RedisFixture redis, ITestOutputHelper output) : IAsyncLifetime
{
    private const int Askers = 20;
    private const int Changed = 28;
    private const int Requests = 40;

    private static readonly TimeSpan s_askInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_changeInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_window = Engine.Limits.RowsLag;

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private Seen _seen = new();
    private string _database = "";
    private TestServer[] _servers = [];
    private NpgsqlDataSource _source = null!;

    private static (string Operation, object Variables)[] Questions { get; } =
    [
        .. Enumerable.Range(0, 14).Select(n => ("ServiceRequestMap", (object)new { city = "nyc", viewport = ViewportAt(2 * n) })),
        .. Enumerable.Range(0, Changed).Select(n => ("ServiceRequestDetail", DetailOf(n))),
        .. Enumerable.Range(1, 3).Select(n => ("ServiceRequestList", (object)new { city = "nyc", first = 10 * n })),
        ("ServiceRequestStats", new { city = "nyc" }),
        ("CategoryOverview", new { city = "nyc" }),
    ];

    // Of requests that nothing changes.
    private static (string Operation, object Variables)[] QuietQuestions { get; } =
        [.. Enumerable.Range(Changed, Requests - Changed).Select(n => ("ServiceRequestDetail", DetailOf(n)))];

    public async Task InitializeAsync()
    {
        _database = await ReadingFixture.CreateDatabaseAsync(postgres);
        _source = CityHelperDatabase.CreateDataSource(_database);
        string shared = await redis.CreateDatabaseAsync();
        _servers = [await TestServer.StartAsync(_database, redis: shared), await TestServer.StartAsync(_database, redis: shared)];
        foreach (TestServer server in _servers)
        {
            await PublishedHitTests.FollowedAsync(server, RequestRows.City);
        }
    }

    public async Task DisposeAsync()
    {
        foreach (TestServer server in _servers)
        {
            await server.DisposeAsync();
        }

        await _source.DisposeAsync();
        _stop.Dispose();
    }

    [Fact]
    public async Task A_purge_of_the_city_costs_less_than_twice_the_steady_executions()
    {
        foreach ((TestServer server, (string operation, object variables)) in Everywhere(Questions.Concat(QuietQuestions)))
        {
            await AskAsync(server, operation, variables, isQuiet: false);
        }

        Task[] load = [ChangeAsync(), .. Enumerable.Range(0, Askers).Select(n => AskAllAsync(new Random(n)))];
        await WindowAsync(() => Task.CompletedTask);
        Seen before = await WindowAsync(() => Task.CompletedTask);
        Seen after = await WindowAsync(PurgeAsync);
        await _stop.CancelAsync();
        await Task.WhenAll(load);

        // A question that was not drawn since is executed now.
        foreach ((TestServer server, (string operation, object variables)) in Everywhere(QuietQuestions))
        {
            await AskAsync(server, operation, variables, isQuiet: true);
        }

        output.WriteLine($"before {before}, after the purge {after}, loadavg {await File.ReadAllTextAsync("/proc/loadavg")}");
        Assert.InRange(before.Hits, before.Asked / 4, before.Asked);
        Assert.InRange(before.Executions, 1, int.MaxValue);
        Assert.Equal(0, before.Quiet);

        // By one of the servers for both, where reading takes so long that they share it; and by each twice, where it is asked for again
        // before the server has followed the log to where it was read.
        Assert.InRange(after.Quiet + _seen.Quiet, QuietQuestions.Length, 2 * _servers.Length * QuietQuestions.Length);
        Assert.True(
            after.Executions < 2 * before.Executions,
            $"{after.Executions} executions after the purge, {before.Executions} before it");
    }

    private static object DetailOf(int n) => new { city = "nyc", id = ReadingFixture.Id(n) };

    // Two to four of the forty requests lie in it.
    private static object ViewportAt(int n)
    {
        (double west, double south) = (-73.9905 + n * 0.001, 40.7395 + n * 0.0005);
        return new { west, south, east = west + 0.003, north = south + 0.002 };
    }

    private IEnumerable<(TestServer Server, (string Operation, object Variables) Question)> Everywhere(
        IEnumerable<(string Operation, object Variables)> questions) =>
        questions.SelectMany(question => _servers.Select(server => (server, question)));

    /// <summary>What is seen in the time of a window that begins with an act.</summary>
    private async Task<Seen> WindowAsync(Func<Task> act)
    {
        Take();
        var end = Task.Delay(s_window);
        await act();
        await end;
        return Take();
    }

    private Seen Take()
    {
        lock (_gate)
        {
            Seen seen = _seen with
            {
                // Each batch begins with this one.
                Executions = _servers.Sum(server => server.TakeAllStatements().Count(TestServer.ReadsLog)),
            };
            _seen = new Seen();
            return seen;
        }
    }

    private async Task PurgeAsync()
    {
        CommandRun purge = await CommandRun.OfAsync(
            new Dictionary<string, string?> { [CityHelperDatabase.ConnectionStringKey] = _database },
            "cache", "purge", "--city", "nyc", "--reason", "a test");
        Assert.True(purge.Code == 0, purge.Output + purge.Error);
    }

    private async Task AskAllAsync(Random dice)
    {
        (string Operation, object Variables)[] questions = [.. Questions, .. QuietQuestions];
        await EachAsync(s_askInterval, async () =>
        {
            int drawn = dice.Next(questions.Length);
            await AskAsync(
                _servers[dice.Next(_servers.Length)], questions[drawn].Operation, questions[drawn].Variables, drawn >= Questions.Length);
        });
    }

    private async Task AskAsync(TestServer server, string operation, object variables, bool isQuiet)
    {
        CacheAnswer answer = await CacheAnswer.GetAsync(server.Client, server.PersistedUrl(operation, variables));
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.NotEqual("", answer.CacheStatus);
        lock (_gate)
        {
            _seen = _seen with
            {
                Asked = _seen.Asked + 1,
                Hits = _seen.Hits + (answer.CacheStatus == CacheAnswer.Hit ? 1 : 0),
                Quiet = _seen.Quiet + (isQuiet && answer.CacheStatus == CacheAnswer.Stored ? 1 : 0),
            };
        }
    }

    private async Task ChangeAsync()
    {
        var writer = new RequestWriter(_source, new ChangeNumbering(new ChangeLog(_source)), TimeProvider.System);
        var dice = new Random(0);
        await EachAsync(s_changeInterval, async () =>
        {
            RequestWrite write = RequestWrite.OfOne(
                RequestRows.City, Engine.GlobalId.Parse(ReadingFixture.Id(dice.Next(Changed)))!.Row, null, "test",
                (known, _) => RequestDecisions.Correct(known, state => state with { Title = $"Loud {state.Version}" }));
            Assert.IsType<WriteOutcome.Done>(await writer.WriteAsync(write, CancellationToken.None));
        });
    }

    // At a rate, however long a step takes.
    private async Task EachAsync(TimeSpan interval, Func<Task> step)
    {
        var time = Stopwatch.StartNew();
        for (int steps = 1; !_stop.IsCancellationRequested; steps++)
        {
            await step();
            if (interval * steps - time.Elapsed is { Ticks: > 0 } rest)
            {
                await Task.Delay(rest);
            }
        }
    }

    /// <summary>What was seen in a window.</summary>
    private sealed record Seen
    {
        public int Asked { get; init; }

        public int Hits { get; init; }

        /// <summary>Answers of quiet questions that were executed.</summary>
        public int Quiet { get; init; }

        public int Executions { get; init; }

        public override string ToString() => $"{Executions} executions and {Hits} hits of {Asked} answers";
    }
}
