using CityHelper.Engine.Clients;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Redis;
using CityHelper.Server.Redis;
using StackExchange.Redis;
using Xunit;

namespace CityHelper.IntegrationTests.Commands;

/// <summary><c>operations publish</c> and <c>operations list</c> against a real Redis.</summary>
[Collection(PostgresCollection.Name)]
public sealed class OperationsCommandTests(RedisFixture redis) : IAsyncLifetime
{
    private static readonly ManifestOperation s_first = OperationsFolder.Operation("First");
    private static readonly ManifestOperation s_second = OperationsFolder.Operation("Second");

    private string _redis = "";
    private ConnectionMultiplexer _connection = null!;

    private IDatabase Database => _connection.GetDatabase();

    public async Task InitializeAsync()
    {
        _redis = await redis.CreateDatabaseAsync();
        _connection = await RedisConnection.ConnectAsync(_redis);
    }

    public async Task DisposeAsync() => await _connection.DisposeAsync();

    [Fact]
    public async Task Publishing_writes_a_string_per_operation_and_repeating_it_changes_nothing()
    {
        using var folder = new OperationsFolder(_redis, s_first, s_second);
        Assert.Equal(
            new CommandRun(0, $"{s_first.Id}  web/First  published\n{s_second.Id}  web/Second  published\n", ""),
            await folder.PublishAsync());
        Assert.Equal(
            new CommandRun(0, $"{s_first.Id}  web/First  unchanged\n{s_second.Id}  web/Second  unchanged\n", ""),
            await folder.PublishAsync());

        Assert.Equal(s_first.Body, await Database.StringGetAsync(s_first.Id));
        Assert.Null(await Database.KeyTimeToLiveAsync(s_first.Id));
        Assert.Equal([new HashEntry("web", "First")], await Database.HashGetAllAsync($"operation:{s_first.Id}"));
    }

    [Fact]
    public async Task What_has_no_plan_audit_is_not_published_unless_one_insists()
    {
        using var folder = new OperationsFolder(_redis, s_first, s_second with { Plan = null });
        CommandRun run = await folder.PublishAsync();
        Assert.Equal((1, ""), (run.Code, run.Output));
        Assert.Equal(
            "Nothing is published, because operations have no plan audit: web/Second. Run `cityhelper operations check --update` "
                + "over the largest city that there is, or publish with --unaudited.\n",
            run.Error);
        Assert.False(await Database.KeyExistsAsync(s_first.Id));
        Assert.Equal(
            new CommandRun(0, $"{s_first.Id}  web/First  published\n{s_second.Id}  web/Second  published\n", ""),
            await folder.PublishAsync("--unaudited"));
    }

    /// <summary>The manifest no longer lists it, but installed clients still use it.</summary>
    [Fact]
    public async Task A_schema_is_held_against_what_was_published_before_too()
    {
        ManifestOperation gone = OperationsFolder.Of("app", "Old", "query Old { cities { slug timeZone } }");
        await OperationsFolder.PublishAsync(_redis, s_first, gone);
        using var folder = new OperationsFolder(_redis, s_first);
        string schema = await File.ReadAllTextAsync(Repository.PathOf("schema", "schema.graphql"));
        string path = Path.Combine(folder.Path, "next.graphql");
        await File.WriteAllTextAsync(path, schema.Replace("  timeZone: String!", "  zone: String!", StringComparison.Ordinal));
        CommandRun run = await folder.DiffAsync(Repository.PathOf("schema", "schema.graphql"), path);
        Assert.Equal((1, ""), (run.Code, run.Error));
        Assert.Contains($"invalid    app/Old ({gone.Id[..8]}, published before): ", run.Output, StringComparison.Ordinal);
        Assert.EndsWith("1 of 2 persisted operations do not validate\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_id_with_another_text_is_refused_and_left_and_the_others_are_published()
    {
        await Database.StringSetAsync(s_first.Id, "{ another }");
        using var folder = new OperationsFolder(_redis, s_first, s_second);
        CommandRun run = await folder.PublishAsync();
        Assert.Equal((1, $"{s_first.Id}  web/First  refused\n{s_second.Id}  web/Second  published\n"), (run.Code, run.Output));
        Assert.StartsWith("1 of 2 operations are refused: Redis holds another text under their id.", run.Error, StringComparison.Ordinal);
        Assert.Equal("{ another }", await Database.StringGetAsync(s_first.Id));
        Assert.False(await Database.KeyExistsAsync($"operation:{s_first.Id}"));

        CommandRun list = await folder.ListAsync();
        Assert.Equal((0, $"{s_first.Id}  web/First  file\n{s_second.Id}  web/Second  both\n"), (list.Code, list.Output));
        Assert.Equal($"Redis holds another text under {s_first.Id}: servers do not run it. Delete the key.\n", list.Error);
    }

    [Fact]
    public async Task Nothing_is_published_when_one_operation_does_not_fit_the_schema()
    {
        ManifestOperation wrong = OperationsFolder.Of("web", "Wrong", "query Wrong { cities { mayor } }");
        using var folder = new OperationsFolder(_redis, s_first, wrong);
        CommandRun run = await folder.PublishAsync();
        Assert.Equal((1, ""), (run.Code, run.Output));
        Assert.StartsWith(
            "Nothing is published, because operations do not fit the schema:\nweb/Wrong: Cannot query field 'mayor'",
            run.Error,
            StringComparison.Ordinal);
        Assert.False(await Database.KeyExistsAsync(s_first.Id));
    }

    [Fact]
    public async Task What_another_tool_has_put_there_is_listed_and_loses_its_time_to_live_when_it_is_published()
    {
        await Database.StringSetAsync(s_first.Id, s_first.Body, TimeSpan.FromHours(1));
        using var folder = new OperationsFolder(_redis, s_first);
        Assert.Equal(
            new CommandRun(0, $"{s_first.Id}  (without a name)  redis\n{s_first.Id}  web/First  file\n", ""), await folder.ListAsync());

        Assert.Equal(new CommandRun(0, $"{s_first.Id}  web/First  published\n", ""), await folder.PublishAsync());
        Assert.Null(await Database.KeyTimeToLiveAsync(s_first.Id));
        Assert.Equal(new CommandRun(0, $"{s_first.Id}  web/First  both\n", ""), await folder.ListAsync());
    }

    [Fact]
    public async Task Clients_share_a_text_and_are_listed_one_by_one()
    {
        await OperationsFolder.PublishAsync(_redis, s_first, s_first with { Client = "ios" });
        using var folder = new OperationsFolder(_redis, s_second);
        Assert.Equal(
            new CommandRun(0, $"{s_first.Id}  ios/First  redis\n{s_first.Id}  web/First  redis\n{s_second.Id}  web/Second  file\n", ""),
            await folder.ListAsync());
        Assert.Equal(new CommandRun(0, $"{s_first.Id}  ios/First  redis\n", ""), await folder.ListAsync("--client", "ios"));
    }

    [Fact]
    public async Task Other_keys_are_not_listed()
    {
        await Database.StringSetAsync("apq:" + s_first.Id, s_first.Body);
        await Database.StringSetAsync(s_first.Id[1..], s_first.Body);
        await Database.HashSetAsync(s_second.Id, "not", "a string");
        using var folder = new OperationsFolder(_redis);
        Assert.Equal(
            new CommandRun(0, "", $"Redis holds another text under {s_second.Id}: servers do not run it. Delete the key.\n"),
            await folder.ListAsync());
    }

    [Fact]
    public async Task Without_Redis_the_list_is_that_of_the_file_and_publishing_says_what_to_set()
    {
        using var folder = new OperationsFolder(redis: null, s_first);
        Assert.Equal(
            new CommandRun(
                0,
                $"{s_first.Id}  web/First  file\n",
                "No Redis is configured (CITYHELPER_REDIS): these are the operations of the file alone.\n"),
            await folder.ListAsync());
        Assert.Equal(
            new CommandRun(
                1, "", "No Redis is configured: set CITYHELPER_REDIS to a connection string such as 127.0.0.1:6379,password=….\n"),
            await folder.PublishAsync());
    }

    [Theory]
    [InlineData("127.0.0.1:1", "Redis does not answer at 127.0.0.1:1. Is CITYHELPER_REDIS right?")]
    [InlineData("127.0.0.1:1,foo=1", "CITYHELPER_REDIS is not a connection string: it looks like 127.0.0.1:6379,password=….")]
    [InlineData("password=x", "CITYHELPER_REDIS names no server: it looks like 127.0.0.1:6379,password=….")]
    public async Task A_Redis_that_is_not_there_is_said(string connectionString, string sentence)
    {
        using var folder = new OperationsFolder(connectionString, s_first);
        Assert.Equal(new CommandRun(1, "", sentence + "\n"), await folder.PublishAsync());
        Assert.Equal(new CommandRun(1, "", sentence + "\n"), await folder.ListAsync());
    }

    [Fact]
    public async Task A_wrong_password_is_said_and_not_repeated()
    {
        string server = _redis.Split(',')[0];
        using var folder = new OperationsFolder($"{server},password=secret", s_first);
        Assert.Equal(
            new CommandRun(1, "", $"Redis accepts no such password at {server}. Is CITYHELPER_REDIS right?\n"),
            await folder.PublishAsync());
    }

    [Fact]
    public async Task A_folder_without_a_manifest_is_said()
    {
        CommandRun run = await CommandRun.OfAsync([], "operations", "publish", "/nowhere");
        Assert.Equal(
            new CommandRun(
                1, "", "There is no /nowhere/manifest.json: build it with `cityhelper operations build`, or name another folder.\n"),
            run);
    }
}
