using System.Net;
using CityHelper.Data;
using CityHelper.Data.Changes;
using CityHelper.IntegrationTests.Caching;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Redis;
using CityHelper.IntegrationTests.Serving;
using CityHelper.Server.Redis;
using Npgsql;
using StackExchange.Redis;
using Xunit;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// Attack 26: a Redis that is away, hangs, is full or loses entries makes answers wrong, or errors. It makes them slower, and that not for
/// long: after a call that timed out, no other is made for a while.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class Attack26RedisTests(PostgresFixture postgres) : IAsyncLifetime
{
    private const int Asked = 40;

    private string _database = "";
    private NpgsqlDataSource _source = null!;
    private RedisInstance _redis = null!;
    private ConnectionMultiplexer _admin = null!;
    private TestServer _first = null!;
    private TestServer _second = null!;
    private bool _hangs;

    public async Task InitializeAsync()
    {
        _database = await ReadingFixture.CreateDatabaseAsync(postgres);
        _source = CityHelperDatabase.CreateDataSource(_database);
        _redis = await RedisInstance.StartAsync("--ephemeral");
        _admin = await RedisConnection.ConnectAsync($"{_redis.ConnectionString},allowAdmin=true");
        _first = await TestServer.StartAsync(_database, redis: _redis.ConnectionString);
        _second = await TestServer.StartAsync(_database, redis: _redis.ConnectionString);
        foreach (TestServer server in new[] { _first, _second })
        {
            await PublishedHitTests.FollowedAsync(server, RequestRows.City);
            await AskDearAsync(server, 1);
        }
    }

    public async Task DisposeAsync()
    {
        await _first.DisposeAsync();
        await _second.DisposeAsync();
        await _admin.DisposeAsync();

        // One that hangs cannot be stopped, and one that was killed is not there.
        await (_hangs ? _redis.GoOnAsync() : Task.CompletedTask);
        await _redis.DisposeAsync();
        await _source.DisposeAsync();
    }

    [Theory]
    [InlineData("away")]
    [InlineData("hanging")]
    [InlineData("full")]
    [InlineData("flushed")]
    [InlineData("of another type")]
    public async Task Answers_stay_right_and_without_errors(string state)
    {
        // Shared while all is well, so that there is something to lose.
        foreach (int first in Enumerable.Range(2, 3))
        {
            await AskDearAsync(_first, first);
        }

        IDatabase store = _admin.GetDatabase();
        await Patience.UntilAsync(() => DearAnswer.Keys(store).Length >= 3 ? store : null);
        await BreakAsync(state, store);

        await AssertRightAsync();

        // An event is heard without Redis, and ends what both have kept.
        await new ChangeLog(_source).PurgeAsync(RequestRows.City, ChangePurge.All, "a test", CancellationToken.None);
        await ExecuteAsync("update service_request set title = 'another'");
        await new ChangeLog(_source).PurgeAsync(RequestRows.City, ChangePurge.All, "a test", CancellationToken.None);
        foreach (TestServer server in new[] { _first, _second })
        {
            await Patience.UntilAsync(async () =>
                (await AskAsync(server, 3)).Body.Contains("another", StringComparison.Ordinal) ? server : null);
        }

        await AssertRightAsync();
        Assert.All(new[] { _first, _second }, server => Assert.Empty(server.Errors));
    }

    private async Task AssertRightAsync()
    {
        foreach (int first in Enumerable.Range(2, Asked))
        {
            TestServer server = first % 2 == 0 ? _first : _second;
            CacheAnswer read = await CacheAnswer.SendAsync(server.Client, server.PersistedPost("ServiceRequestList", Variables(first)));
            CacheAnswer answer = await AskAsync(server, first);
            Assert.Equal((HttpStatusCode.OK, read.Body), (answer.Status, answer.Body));
        }
    }

    private async Task BreakAsync(string state, IDatabase store)
    {
        switch (state)
        {
            case "away":
                await _redis.KillAsync();
                break;
            case "hanging":
                _hangs = true;
                await _redis.HangAsync();
                break;
            case "full":
                await _admin.GetServers()[0].ConfigSetAsync("maxmemory", "1");
                break;
            case "flushed":
                await _admin.GetServers()[0].FlushAllDatabasesAsync();
                break;
            default:
                foreach (RedisKey key in DearAnswer.Keys(store))
                {
                    await store.KeyDeleteAsync(key);
                    await store.ListRightPushAsync(key, "no answer");
                }

                break;
        }
    }

    private static object Variables(int first) => new { city = "nyc", first };

    private static Task<CacheAnswer> AskAsync(TestServer server, int first) =>
        CacheAnswer.GetAsync(server.Client, server.PersistedUrl("ServiceRequestList", Variables(first)));

    private Task<CacheAnswer> AskDearAsync(TestServer server, int first) =>
        DearAnswer.GetAsync(_database, server, server.PersistedUrl("ServiceRequestList", Variables(first)));

    private async Task ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = _source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
