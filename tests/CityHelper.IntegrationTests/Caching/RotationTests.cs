using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using CityHelper.Data;
using CityHelper.Engine.Caching;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Redis;
using CityHelper.IntegrationTests.Serving;
using CityHelper.Server.Security;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using StackExchange.Redis;
using Xunit;

namespace CityHelper.IntegrationTests.Caching;

/// <summary>
/// Two servers that share answers in Redis get another cursor key in two steps, or another build, one after the other. No cursor is
/// refused, and no server sends what was stored under another key or by another build.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class RotationTests(PostgresFixture postgres, RedisFixture fixture) : IAsyncLifetime
{
    private const int PageRows = 3;
    private const int Rows = 40;

    private static readonly byte[] s_old = [.. Enumerable.Repeat((byte)1, 32)];
    private static readonly byte[] s_new = [.. Enumerable.Repeat((byte)2, 32)];

    private readonly (TestServer Server, byte[] Key)?[] _servers = new (TestServer, byte[])?[2];
    private string _database = "";
    private string _redis = "";

    public async Task InitializeAsync()
    {
        _database = await ReadingFixture.CreateDatabaseAsync(postgres);
        _redis = await fixture.CreateDatabaseAsync();
    }

    public async Task DisposeAsync()
    {
        await StopAsync(0);
        await StopAsync(1);
    }

    /// <summary>
    /// The new key is the previous one at both servers, then the current one at both, then alone. Walks begin at every stage and turn a
    /// page at every later one, at the other server each time; they are over before the old key goes, as docs/configuration.md asks.
    /// </summary>
    [Fact]
    public async Task No_cursor_is_refused_while_the_key_changes_in_two_steps()
    {
        await StartAsync(0, s_old, previous: null);
        (int Server, byte[] Current, byte[]? Previous)[] stages =
        [
            (1, s_old, null), (0, s_old, s_new), (1, s_old, s_new), (0, s_new, s_old), (1, s_new, s_old),
        ];
        List<Walk> walks = [];
        foreach ((int server, byte[] current, byte[]? previous) in stages)
        {
            await StartAsync(server, current, previous);
            walks.AddRange([new Walk { Server = 0 }, new Walk { Server = 1 }]);
            foreach (Walk walk in walks)
            {
                await TurnAsync(walk);
            }
        }

        foreach (Walk walk in walks)
        {
            await EndAsync(walk);
        }

        await StartAsync(0, s_new, previous: null);
        await StartAsync(1, s_new, previous: null);
        await EndAsync(new Walk());
    }

    /// <summary>
    /// A server finds in Redis what another has shared, under its own name: only an equal one's answer has it, and only that one's is
    /// believed there. Between the two, rows change without an event: so the bytes tell whether an answer was taken or read.
    /// </summary>
    [Theory]
    [InlineData(false, "one")]
    [InlineData(true, "one")]
    [InlineData(false, "two")]
    public async Task An_answer_that_was_shared_under_another_key_or_by_another_build_is_not_sent(bool isOtherKey, string build)
    {
        Func<Task<TestServer>> startOther = () => isOtherKey ? StartAsync(1, s_new, s_old, build) : StartAsync(1, s_old, s_new, build);
        bool isEqual = !isOtherKey && build == "one";
        await using ConnectionMultiplexer connection = await ConnectionMultiplexer.ConnectAsync(_redis);
        IDatabase store = connection.GetDatabase();

        // Each reads the same question, before it knows that it is dear.
        await AskDearAsync(await startOther(), PageRows);
        RedisKey other = Assert.Single(await DearAnswer.KeysAsync(store, 1));
        TestServer one = await StartAsync(0, s_old, s_new, "one");
        CacheAnswer read = await AskDearAsync(one, PageRows);
        RedisKey own = Assert.Single(await DearAnswer.KeysAsync(store, isEqual ? 1 : 2), key => isEqual || key != other);
        await store.StringSetAsync(other, await store.StringGetAsync(own));
        await using (NpgsqlDataSource database = CityHelperDatabase.CreateDataSource(_database))
        {
            database.Execute("update service_request set title = 'silent'");
        }

        // Anew, so that it has nothing in memory. It asks Redis once it knows that the operation is dear.
        TestServer asked = await startOther();
        await AskDearAsync(asked, PageRows + 1);
        asked.TakeAllStatements();
        CacheAnswer answer = await CacheAnswer.GetAsync(asked.Client, Address(asked, PageRows));
        AssertSignedWith(isOtherKey ? s_new : s_old, answer);
        Assert.Equal(isEqual ? 0 : 1, asked.TakeAllStatements().Count(TestServer.ReadsLog));
        Assert.Equal(isEqual, answer.Body == read.Body);
        Assert.Equal(!isEqual, answer.Body.Contains("silent", StringComparison.Ordinal));
    }

    private static string Address(TestServer server, int first) =>
        server.PersistedUrl("ServiceRequestList", new { city = "nyc", first });

    /// <summary>The next page of a walk, twice: read and stored, and from the store.</summary>
    private async Task TurnAsync(Walk walk)
    {
        (TestServer server, byte[] key) = _servers[walk.Server]!.Value;
        string address = walk.After is null
            ? Address(server, PageRows)
            : server.PersistedUrl("ServiceRequestList", new { city = "nyc", first = PageRows, after = walk.After });
        CacheAnswer read = await CacheAnswer.GetAsync(server.Client, address);
        Assert.Equal(HttpStatusCode.OK, read.Status);
        Assert.DoesNotContain("\"errors\"", read.Body, StringComparison.Ordinal);
        AssertSignedWith(key, read);
        CacheAnswer hit = await CacheAnswer.GetAsync(server.Client, address);
        Assert.Equal((CacheAnswer.Hit, read.Body, read.Caching), (hit.CacheStatus, hit.Body, hit.Caching));
        JsonElement page = Page(read);
        walk.Ids.AddRange(page.GetProperty("nodes").EnumerateArray().Select(node => node.GetProperty("id").GetString()!));
        walk.After = page.GetProperty("pageInfo").GetProperty("endCursor").GetString();
        walk.IsOver = !page.GetProperty("pageInfo").GetProperty("hasNextPage").GetBoolean();
        walk.Server = 1 - walk.Server;
    }

    private async Task EndAsync(Walk walk)
    {
        while (!walk.IsOver)
        {
            await TurnAsync(walk);
        }

        Assert.Equal(Rows, walk.Ids.Count);
        Assert.Equal(Rows, walk.Ids.Distinct().Count());
    }

    private static JsonElement Page(CacheAnswer answer) =>
        JsonDocument.Parse(answer.Body).RootElement.GetProperty("data").GetProperty("serviceRequests");

    // The first byte of a cursor names its key.
    private static void AssertSignedWith(byte[] key, CacheAnswer answer)
    {
        foreach (string cursor in new[] { answer.Position!, Page(answer).GetProperty("pageInfo").GetProperty("endCursor").GetString()! })
        {
            Assert.Equal(SHA256.HashData(key)[0], Base64Url.DecodeFromChars(cursor)[0]);
        }
    }

    private async Task<TestServer> StartAsync(int place, byte[] key, byte[]? previous, string build = "one")
    {
        await StopAsync(place);
        TestServer server = await TestServer.StartAsync(
            _database,
            settings: new Dictionary<string, string?>
            {
                [CursorKeyStore.CurrentKey] = Convert.ToBase64String(key),
                [CursorKeyStore.PreviousKey] = previous is null ? null : Convert.ToBase64String(previous),
            },
            redis: _redis,
            services: services => services.AddSingleton(new ResponseCacheOptions { Build = build }));
        _servers[place] = (server, key);
        await PublishedHitTests.FollowedAsync(server, RequestRows.City);
        return server;
    }

    private async Task StopAsync(int place)
    {
        if (_servers[place] is { } running)
        {
            _servers[place] = null;
            await running.Server.DisposeAsync();
        }
    }

    private Task<CacheAnswer> AskDearAsync(TestServer server, int first) =>
        DearAnswer.GetAsync(_database, server, Address(server, first));

    /// <summary>Somebody who reads the list page by page, each at the other server.</summary>
    private sealed class Walk
    {
        /// <summary>Where the next page is asked for.</summary>
        public int Server { get; set; }

        public string? After { get; set; }

        public bool IsOver { get; set; }

        public List<string> Ids { get; } = [];
    }
}
