using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.Server.Redis;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;
using Xunit;

namespace CityHelper.IntegrationTests.Redis;

/// <summary>The store's behaviour when its Redis is down, hangs or is full.</summary>
[Collection(PostgresCollection.Name)]
public sealed class RedisOutageTests
{
    // Far beyond every tested limit: it only keeps a broken test from hanging.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_Redis_that_is_away_is_told_once_and_so_is_its_return()
    {
        await using RedisInstance redis = await RedisInstance.StartAsync("--ephemeral");
        await using StoreFixture fixture = await StoreFixture.OpenAsync(redis.ConnectionString, TimeProvider.System);
        await RegisterAsync(fixture, "{ a }", Registration.Kept);

        await redis.KillAsync();
        for (int i = 0; i < 50; i++)
        {
            Assert.Null(await fixture.Store.FindPublishedAsync(Id($"{i}"), CancellationToken.None));
            await RegisterAsync(fixture, $"{{ a{i} }}", Registration.Unavailable);
        }

        Assert.Equal((1, 1), (fixture.Log.Count("Redis fails to Read"), fixture.Log.Count("Redis fails to Write")));
        Assert.Equal(0, fixture.Log.Count("Redis is back"));

        await redis.StartAgainAsync();
        using var patience = new CancellationTokenSource(s_patience);
        while (await fixture.Store.RegisterAsync("app", Id("{ b }"), "{ b }", 10, patience.Token) != Registration.Kept)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), patience.Token);
        }

        Assert.Equal("{ b }", await fixture.Store.FindRegisteredAsync(Id("{ b }"), CancellationToken.None));
        Assert.Equal((1, 1), (fixture.Log.Count("Redis is back to Read"), fixture.Log.Count("Redis is back to Write")));
    }

    [Fact]
    public async Task A_server_that_starts_before_its_Redis_finds_it_later()
    {
        RedisInstance redis = await RedisInstance.StartAsync("--ephemeral");
        await using (redis)
        {
            await redis.KillAsync();
            await using StoreFixture fixture = await StoreFixture.OpenAsync(redis.ConnectionString, TimeProvider.System);
            await RegisterAsync(fixture, "{ a }", Registration.Unavailable);
            await redis.StartAgainAsync();
            using var patience = new CancellationTokenSource(s_patience);
            while (await fixture.Store.RegisterAsync("app", Id("{ a }"), "{ a }", 10, patience.Token) != Registration.Kept)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), patience.Token);
            }
        }
    }

    [Fact]
    public async Task Of_a_Redis_that_hangs_nothing_more_is_asked_until_it_had_a_rest()
    {
        var rests = new FakeTimeProvider();
        await using RedisInstance redis = await RedisInstance.StartAsync("--ephemeral");
        await using ConnectionMultiplexer watch = await RedisConnection.ConnectAsync($"{redis.ConnectionString},allowAdmin=true");
        await using StoreFixture fixture = await StoreFixture.OpenAsync(redis.ConnectionString, TimeProvider.System, rests);

        await redis.HangAsync();
        for (int i = 0; i < 100; i++)
        {
            Assert.Null(await fixture.Store.FindPublishedAsync(Id($"{i}"), CancellationToken.None).AsTask().WaitAsync(s_patience));
        }

        await redis.GoOnAsync();
        Assert.Equal(1, await RedisInstance.CallsAsync(watch, "getrange"));
        Assert.Equal(1, fixture.Log.Count("Redis fails to Read"));

        await RegisterAsync(fixture, "{ a }", Registration.Unavailable);
        rests.Advance(TimeSpan.FromMilliseconds(Server.Limits.RedisRestMs));
        await RegisterAsync(fixture, "{ a }", Registration.Kept);
    }

    [Fact]
    public async Task A_command_waits_for_a_slow_answer_that_a_server_does_without()
    {
        await using RedisInstance redis = await RedisInstance.StartAsync("--ephemeral");
        await using ConnectionMultiplexer admin = await RedisConnection.ConnectAsync($"{redis.ConnectionString},allowAdmin=true");
        await using RedisConnection server = await OpenAsync(redis, Server.Limits.RedisCallMs);
        await using RedisConnection command = await OpenAsync(redis, Server.Limits.RedisCommandMs);
        int pauseMs = (Server.Limits.RedisCallMs + Server.Limits.RedisCommandMs) / 2;
        await admin.GetServers()[0].ExecuteAsync("CLIENT", "PAUSE", pauseMs);

        (bool Answered, bool)[] answers = await Task.WhenAll(AskAsync(server), AskAsync(command));
        Assert.Equal([false, true], answers.Select(answer => answer.Answered));

        static Task<(bool Answered, bool)> AskAsync(RedisConnection of) =>
            of.TryAsync(RedisUse.Read, database => database.KeyExistsAsync("a"), CancellationToken.None).AsTask();
    }

    [Fact]
    public async Task A_full_Redis_keeps_what_is_published_and_evicts_what_was_registered()
    {
        await using RedisInstance redis = await RedisInstance.StartAsync("--ephemeral");
        await using ConnectionMultiplexer admin = await RedisConnection.ConnectAsync($"{redis.ConnectionString},allowAdmin=true");
        await using StoreFixture fixture = await StoreFixture.OpenAsync(redis.ConnectionString, TimeProvider.System);
        ManifestOperation published = OperationsFolder.Operation("Published");
        await OperationsFolder.PublishAsync(redis.ConnectionString, published);
        await RegisterAsync(fixture, "{ a }", Registration.Kept);

        // Less than an empty Redis uses: everything evictable is evicted, and then every write fails.
        IServer server = admin.GetServers()[0];
        await server.ConfigSetAsync("maxmemory", "1");
        await RegisterAsync(fixture, "{ b }", Registration.Unavailable);
        await RegisterAsync(fixture, "{ c }", Registration.Unavailable);
        Assert.Null(await fixture.Store.FindRegisteredAsync(Id("{ a }"), CancellationToken.None));
        Assert.Equal(published.Body, (await fixture.Store.FindPublishedAsync(published.Id, CancellationToken.None))?.Text);
        Assert.Equal((0, 1), (fixture.Log.Count("Redis fails to Read"), fixture.Log.Count("Redis fails to Write")));

        using var folder = new OperationsFolder(redis.ConnectionString, OperationsFolder.Operation("Late"));
        Commands.CommandRun refused = await folder.PublishAsync();
        Assert.Equal((1, ""), (refused.Code, refused.Output));
        Assert.StartsWith("Redis refused: OOM", refused.Error, StringComparison.Ordinal);

        await server.ConfigSetAsync("maxmemory", "100mb");
        await RegisterAsync(fixture, "{ b }", Registration.Kept);
        Assert.Equal(1, fixture.Log.Count("Redis is back to Write"));
    }

    private static async Task<RedisConnection> OpenAsync(RedisInstance redis, int callMs)
    {
        var connection = new RedisConnection(redis.ConnectionString, TimeProvider.System, NullLogger<RedisConnection>.Instance, callMs);
        await connection.StartAsync(CancellationToken.None);
        return connection;
    }

    private static string Id(string text) => OperationCompiler.IdOf(text);

    private static async Task RegisterAsync(StoreFixture fixture, string text, Registration expected) =>
        Assert.Equal(
            expected, await fixture.Store.RegisterAsync("app", Id(text), text, 10, CancellationToken.None).AsTask().WaitAsync(s_patience));
}
