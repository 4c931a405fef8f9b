using System.Net;
using System.Text.Json;
using CityHelper.Engine.Clients;
using CityHelper.Engine.Documents;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Serving;
using CityHelper.Server.Redis;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;
using Xunit;

namespace CityHelper.IntegrationTests.Redis;

/// <summary>Servers over one database and one Redis, asked over HTTP.</summary>
[Collection(PostgresCollection.Name)]
public sealed class SharedOperationsTests(PostgresFixture postgres, RedisFixture fixture)
{
    // Far beyond every tested limit: it only keeps a broken test from hanging.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task What_is_published_while_two_servers_run_is_answered_by_both_at_once()
    {
        string redis = await fixture.CreateDatabaseAsync();
        string database = await postgres.CreateDatabaseAsync();
        await using TestServer one = await TestServer.StartAsync(database, redis: redis);
        await using TestServer two = await TestServer.StartAsync(database, redis: redis);
        ManifestOperation operation = OperationsFolder.Operation("Late");
        await OperationsFolder.PublishAsync(redis, operation);

        foreach (TestServer server in new[] { one, two })
        {
            Assert.Equal("data", await AskAsync(server, operation.Id));
            using HttpResponseMessage routed = await server.Client.GetAsync($"/graphql/persisted/{operation.Id}/Late");
            Assert.Equal(HttpStatusCode.OK, routed.StatusCode);
            using HttpResponseMessage misnamed = await server.Client.GetAsync($"/graphql/persisted/{operation.Id}/Early");
            Assert.Equal(HttpStatusCode.BadRequest, misnamed.StatusCode);
        }
    }

    [Fact]
    public async Task Of_many_requests_for_an_id_at_once_one_asks_Redis_whether_it_is_there_or_not()
    {
        string redis = await fixture.CreateDatabaseAsync();
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        await using TestServer server = await TestServer.StartAsync(await postgres.CreateDatabaseAsync(), time: time, redis: redis);
        await using ConnectionMultiplexer watch = await RedisConnection.ConnectAsync($"{redis},allowAdmin=true");
        ManifestOperation operation = OperationsFolder.Operation("Popular");
        await OperationsFolder.PublishAsync(redis, operation);

        int before = await RedisInstance.CallsAsync(watch, "getrange");
        string[] found = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => AskAsync(server, operation.Id)));
        string[] missed = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => AskAsync(server, OperationCompiler.IdOf("nowhere"))));
        Assert.All(found, answer => Assert.Equal("data", answer));
        Assert.All(missed, answer => Assert.Equal("HC0020", answer));

        // One for the operation; for the other id one to find it published, and one to find it registered.
        Assert.Equal(3, await RedisInstance.CallsAsync(watch, "getrange") - before);
    }

    [Fact]
    public async Task An_id_that_was_asked_for_too_early_is_looked_for_once_a_second()
    {
        string redis = await fixture.CreateDatabaseAsync();
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        await using TestServer server = await TestServer.StartAsync(await postgres.CreateDatabaseAsync(), time: time, redis: redis);
        ManifestOperation operation = OperationsFolder.Operation("Awaited");
        Assert.Equal("HC0020", await AskAsync(server, operation.Id));
        await OperationsFolder.PublishAsync(redis, operation);
        Assert.Equal("HC0020", await AskAsync(server, operation.Id));
        time.Advance(TimeSpan.FromMilliseconds(Engine.Limits.MissedIdMs));
        Assert.Equal("data", await AskAsync(server, operation.Id));
    }

    [Fact]
    public async Task A_value_that_is_not_the_text_of_its_id_is_not_executed()
    {
        string redis = await fixture.CreateDatabaseAsync();
        await using TestServer server = await TestServer.StartAsync(await postgres.CreateDatabaseAsync(), redis: redis);
        ManifestOperation operation = OperationsFolder.Operation("Genuine");
        await using (ConnectionMultiplexer connection = await RedisConnection.ConnectAsync(redis))
        {
            await connection.GetDatabase().StringSetAsync(operation.Id, "{ cities { slug name } }");
        }

        server.TakeStatements();
        Assert.Equal("HC0020", await AskAsync(server, operation.Id));
        Assert.Empty(server.TakeStatements());
        Assert.Contains("is not the text of its id", Assert.Single(server.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_published_operation_that_does_not_fit_the_schema_says_why()
    {
        string redis = await fixture.CreateDatabaseAsync();
        await using TestServer server = await TestServer.StartAsync(await postgres.CreateDatabaseAsync(), redis: redis);
        ManifestOperation operation = OperationsFolder.Of("web", "Newer", "query Newer { cities { mayor } }");
        await using (ConnectionMultiplexer connection = await RedisConnection.ConnectAsync(redis))
        {
            await connection.GetDatabase().StringSetAsync(operation.Id, operation.Body);
        }

        Assert.Equal("FIELDS_ON_CORRECT_TYPE", await AskAsync(server, operation.Id));
        Assert.Equal("FIELDS_ON_CORRECT_TYPE", await AskAsync(server, operation.Id));
    }

    /// <summary>
    /// A client without the right to read the schema gets no names from it in errors either, for example while servers of a new release
    /// replace old ones.
    /// </summary>
    [Theory]
    [InlineData("Development", true)]
    [InlineData("Production", false)]
    public async Task Names_are_suggested_to_those_alone_who_may_read_the_schema(string environment, bool isSuggested)
    {
        string redis = await fixture.CreateDatabaseAsync();
        await using TestServer server = await TestServer.StartAsync(await postgres.CreateDatabaseAsync(), environment, redis: redis);
        ManifestOperation operation = OperationsFolder.Of("web", "Newer", "query Newer { citie { slug } }");
        await using (ConnectionMultiplexer connection = await RedisConnection.ConnectAsync(redis))
        {
            await connection.GetDatabase().StringSetAsync(operation.Id, operation.Body);
        }

        (_, JsonElement json) = await server.PostAsync(JsonSerializer.Serialize(new { id = operation.Id }));
        Assert.Equal(
            isSuggested,
            json.GetProperty("errors")[0].GetProperty("message").GetString()!.Contains("Did you mean", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_registered_text_that_is_used_every_day_lives_on_in_Redis()
    {
        string redis = await fixture.CreateDatabaseAsync();
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        await using TestServer server = await TestServer.StartAsync(await postgres.CreateDatabaseAsync(), time: time, redis: redis);
        await using ConnectionMultiplexer watch = await RedisConnection.ConnectAsync(redis);
        const string Text = "{ cities { slug } }";
        string id = OperationCompiler.IdOf(Text);
        await server.DataOfHashAsync(id, Text);
        await watch.GetDatabase().KeyExpireAsync($"apq:{id}", TimeSpan.FromMinutes(1));

        // From memory, for a day after the last read from Redis, however often it is used.
        time.Advance(Engine.Limits.RegisteredFor / 2);
        await server.DataOfHashAsync(id);
        Assert.InRange((await watch.GetDatabase().KeyTimeToLiveAsync($"apq:{id}"))!.Value, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        time.Advance(Engine.Limits.RegisteredFor / 2);
        await server.DataOfHashAsync(id);
        await UntilAsync(async () =>
            await watch.GetDatabase().KeyTimeToLiveAsync($"apq:{id}") > Server.Limits.RegisteredTextKept - TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_text_that_was_registered_while_Redis_was_away_is_registered_there_a_day_later()
    {
        await using RedisInstance redis = await RedisInstance.StartAsync();
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        await using TestServer server = await TestServer.StartAsync(
            await postgres.CreateDatabaseAsync(), time: time, redis: redis.ConnectionString);
        await redis.KillAsync();
        const string Text = "{ cities { slug } }";
        string id = OperationCompiler.IdOf(Text);
        await server.DataOfHashAsync(id, Text);
        await redis.StartAgainAsync();
        await server.DataOfHashAsync(id);
        await UntilAsync(async () =>
        {
            // Until the connection is back, it stays in memory for another day.
            time.Advance(Engine.Limits.RegisteredFor);
            await server.DataOfHashAsync(id, Text);
            await using ConnectionMultiplexer watch = await RedisConnection.ConnectAsync(redis.ConnectionString);
            return await watch.GetDatabase().KeyExistsAsync($"apq:{id}");
        });
    }

    [Fact]
    public async Task While_Redis_is_away_files_are_served_and_afterwards_everything_again()
    {
        await using RedisInstance redis = await RedisInstance.StartAsync();
        await using TestServer server = await TestServer.StartAsync(await postgres.CreateDatabaseAsync(), redis: redis.ConnectionString);
        ManifestOperation known = OperationsFolder.Operation("Known");
        ManifestOperation unknown = OperationsFolder.Operation("NotAskedYet");
        await OperationsFolder.PublishAsync(redis.ConnectionString, known, unknown);
        Assert.Equal("data", await AskAsync(server, known.Id));

        await redis.KillAsync();
        using HttpResponseMessage fromFile = await server.Client.GetAsync(server.PersistedUrl("Cities"));
        Assert.Equal(HttpStatusCode.OK, fromFile.StatusCode);
        Assert.Equal("data", await AskAsync(server, known.Id));
        Assert.Equal("HC0020", await AskAsync(server, unknown.Id));
        string[] answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => AskAsync(server, OperationCompiler.IdOf($"{i}"))));
        Assert.All(answers, answer => Assert.Equal("HC0020", answer));
        Assert.Empty(server.Errors);

        // Another operation than those asked for meanwhile, and one published before the crash.
        await redis.StartAgainAsync();
        ManifestOperation late = OperationsFolder.Operation("Late");
        await OperationsFolder.PublishAsync(redis.ConnectionString, late);
        await UntilAsync(async () => await AskAsync(server, late.Id) == "data");
        await UntilAsync(async () => await AskAsync(server, unknown.Id) == "data");
    }

    [Fact]
    public async Task Health_tells_whether_Redis_is_there_and_readiness_does_not_need_it()
    {
        await using RedisInstance redis = await RedisInstance.StartAsync("--ephemeral");
        string database = await postgres.CreateDatabaseAsync();
        await using TestServer server = await TestServer.StartAsync(database, redis: redis.ConnectionString);
        Assert.Equal(
            (
                HttpStatusCode.OK,
                """{"status":"Healthy","checks":{"changes":{"status":"Healthy","description":null}"""
                    + ""","database":{"status":"Healthy","description":null}"""
                    + ""","indexes":{"status":"Healthy","description":null},"redis":{"status":"Healthy","description":null}"""
                    + ""","stopping":{"status":"Healthy","description":null}}}"""),
            await HealthAsync(server));

        await redis.KillAsync();
        Assert.Equal(
            (
                HttpStatusCode.OK,
                """{"status":"Degraded","checks":{"changes":{"status":"Healthy","description":null}"""
                    + ""","database":{"status":"Healthy","description":null}"""
                    + ""","indexes":{"status":"Healthy","description":null}"""
                    + ""","redis":{"status":"Degraded","description":"Redis does not answer: operations come from the files alone."}"""
                    + ""","stopping":{"status":"Healthy","description":null}}}"""),
            await HealthAsync(server));
        using HttpResponseMessage ready = await server.Client.GetAsync("/health/ready");
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);

        await using TestServer alone = await TestServer.StartAsync(database);
        Assert.Equal(
            (
                HttpStatusCode.OK,
                """{"status":"Healthy","checks":{"changes":{"status":"Healthy","description":null}"""
                    + ""","database":{"status":"Healthy","description":null}"""
                    + ""","indexes":{"status":"Healthy","description":null},"stopping":{"status":"Healthy","description":null}}}"""),
            await HealthAsync(alone));
    }

    // "data", or the code of the first error.
    private static async Task<string> AskAsync(TestServer server, string id)
    {
        (_, JsonElement json) = await server.PostAsync(JsonSerializer.Serialize(new { id })).WaitAsync(s_patience);
        return json.TryGetProperty("errors", out JsonElement errors)
            ? errors[0].GetProperty("extensions").GetProperty("code").GetString()!
            : "data";
    }

    private static async Task<(HttpStatusCode Status, string Body)> HealthAsync(TestServer server)
    {
        using HttpResponseMessage response = await server.Client.GetAsync("/health");
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var patience = new CancellationTokenSource(s_patience);
        while (!await holds())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), patience.Token);
        }
    }
}
