using System.Net;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Redis;
using CityHelper.IntegrationTests.Serving;
using StackExchange.Redis;
using Xunit;

namespace CityHelper.IntegrationTests.Caching;

/// <summary>What was dear is read by one of two servers, and what lies in Redis is believed only when it is what they wrote.</summary>
[Collection(PostgresCollection.Name)]
public sealed class SharedAnswersTests(PostgresFixture postgres, RedisFixture redis) : IAsyncLifetime
{
    // At each of the two servers: a thousand.
    private const int Askers = 500;

    private string _database = "";
    private string _redis = "";
    private TestServer _first = null!;
    private TestServer _second = null!;

    public async Task InitializeAsync()
    {
        _database = await ReadingFixture.CreateDatabaseAsync(postgres);
        _redis = await redis.CreateDatabaseAsync();
        _first = await TestServer.StartAsync(_database, redis: _redis);
        _second = await TestServer.StartAsync(_database, redis: _redis);
        await PublishedHitTests.FollowedAsync(_first, RequestRows.City);
        await PublishedHitTests.FollowedAsync(_second, RequestRows.City);
    }

    public async Task DisposeAsync()
    {
        await _first.DisposeAsync();
        await _second.DisposeAsync();
    }

    private string Address(int first) => _first.PersistedUrl("ServiceRequestList", new { city = "nyc", first });

    [Fact]
    public async Task A_stampede_on_two_servers_is_one_execution_where_the_operation_is_dear()
    {
        await MakeDearAsync();
        Task<CacheAnswer>[] asking;
        await using (LockedTable held = await LockedTable.HoldAsync(_database, "service_request"))
        {
            asking =
            [
                .. Enumerable.Range(0, Askers).SelectMany(_ => new[] { _first, _second })
                    .Select(server => CacheAnswer.GetAsync(server.Client, Address(50))),
            ];
            await held.WaitForAsync(1);
        }

        CacheAnswer[] answers = await Task.WhenAll(asking);
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        Assert.Single(answers.Select(answer => answer.Body).Distinct());
        Assert.Equal(1, Executions());
    }

    /// <summary>The first question of an operation: nobody knows yet that it is dear.</summary>
    [Fact]
    public async Task Otherwise_each_server_executes_once()
    {
        CacheAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, Askers).SelectMany(_ => new[] { _first, _second })
            .Select(server => CacheAnswer.GetAsync(server.Client, Address(51))));
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        Assert.InRange(Executions(), 1, 2);
    }

    [Fact]
    public async Task Random_and_swapped_entries_are_never_sent()
    {
        await MakeDearAsync();
        CacheAnswer one = await DearAsync(_first, 52);
        CacheAnswer other = await DearAsync(_first, 53);
        await using ConnectionMultiplexer connection = await ConnectionMultiplexer.ConnectAsync(_redis);
        IDatabase store = connection.GetDatabase();
        RedisKey[] keys = await DearAnswer.KeysAsync(store, 4);
        RedisValue[] values = await store.StringGetAsync(keys);
        for (int i = 0; i < keys.Length; i++)
        {
            await store.StringSetAsync(keys[i], i == 0 ? new byte[500] : values[i - 1]);
        }

        // The second server has neither in memory: it asks Redis, believes nothing, and reads.
        Assert.Equal(one.Body, (await CacheAnswer.GetAsync(_second.Client, Address(52))).Body);
        Assert.Equal(other.Body, (await CacheAnswer.GetAsync(_second.Client, Address(53))).Body);
        Assert.Equal(2, Executions());
    }

    [Fact]
    public async Task The_other_server_sends_what_one_has_read_until_a_change()
    {
        await MakeDearAsync();
        CacheAnswer read = await DearAsync(_first, 54);
        await using ConnectionMultiplexer connection = await ConnectionMultiplexer.ConnectAsync(_redis);
        await DearAnswer.KeysAsync(connection.GetDatabase(), 3);
        CacheAnswer shared = await CacheAnswer.GetAsync(_second.Client, Address(54));
        Assert.Equal((CacheAnswer.Shared, read.Body, read.Caching), (shared.CacheStatus, shared.Body, shared.Caching));
        Assert.Equal(0, Executions());
    }

    // Statements since the last count, of both servers: each batch begins with this one.
    private int Executions() =>
        _first.TakeAllStatements().Concat(_second.TakeAllStatements()).Count(TestServer.ReadsLog);

    // Both servers meet a dear answer of the operation, so both ask Redis from then on.
    private async Task MakeDearAsync()
    {
        await DearAsync(_first, 1);
        await DearAsync(_second, 2);
        Executions();
    }

    private async Task<CacheAnswer> DearAsync(TestServer server, int first)
    {
        CacheAnswer answer = await DearAnswer.GetAsync(_database, server, Address(first));
        Executions();
        return answer;
    }
}
