using System.Globalization;
using System.Text.Json;
using CityHelper.Data;
using CityHelper.Data.Changes;
using CityHelper.IntegrationTests.Changes;
using CityHelper.Engine.Tags;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.IntegrationTests.Redis;
using CityHelper.Server.Caching;
using CityHelper.Server.Changes;
using CityHelper.Server.Redis;
using StackExchange.Redis;
using Xunit;

namespace CityHelper.IntegrationTests.Commands;

/// <summary>
/// <c>log tail</c>, <c>head</c>, <c>compare</c>, <c>refeed</c>, <c>raise-epoch</c> and <c>cache purge</c>, on a real log and a real copy.
/// </summary>
public sealed class LogCommandTests(PostgresFixture postgres, RedisFixture redis) : ChangeLogFixture(postgres)
{
    private const string Same = "The 5 events of the copy of nyc (1-1 to 1-5) are those of the log.\n";

    private static readonly string s_key = RedisChangeStream.KeyOf(CityId);

    [Fact]
    public async Task Head_tells_what_waits_and_tail_numbers_and_prints_it()
    {
        Assert.Equal(new CommandRun(0, "Epoch 1, number 0, event none; nothing waits for a number.\n", ""), await LogAsync("head"));
        for (int i = 1; i <= 12; i++)
        {
            await AppendAsync($"e{i}");
        }

        CommandRun head = await LogAsync("head");
        Assert.Matches(@"^Epoch 1, number 0, event none; the oldest unnumbered event is [0-9,]+ ms old\.\n$", head.Output);

        // A screen of the newest, or all behind a number.
        CommandRun tail = await LogAsync("tail");
        Assert.Equal((0, ""), (tail.Code, tail.Error));
        Assert.Equal(Enumerable.Range(3, 10).Select(n => $"{n} e{n}"), Told(tail));
        Assert.Equal(["12 e12"], Told(await LogAsync("tail", "--after", "11")));
        Assert.Empty(Told(await LogAsync("tail", "--after", "12")));

        Guid newest = (await ReadAsync())[^1].EventId;
        Assert.Equal(
            new CommandRun(0, $"Epoch 1, number 12, event {newest}; nothing waits for a number.\n", ""), await LogAsync("head"));
    }

    [Theory]
    [InlineData("tail")]
    [InlineData("head")]
    [InlineData("compare")]
    [InlineData("refeed")]
    public async Task A_city_that_is_not_there_is_named(string command) => Assert.Equal(
        new CommandRun(1, "", "There is no city `atlantis`: add it first with `cityhelper city add`.\n"),
        await CommandRun.OfAsync(Configuration(redis: null), "log", command, "--city", "atlantis"));

    [Theory]
    [InlineData("compare")]
    [InlineData("refeed")]
    public async Task Without_a_Redis_there_is_no_copy_to_work_on(string command)
    {
        CommandRun run = await LogAsync(command);
        Assert.Equal((1, ""), (run.Code, run.Output));
        Assert.StartsWith($"No Redis is configured: set {RedisConnection.ConnectionStringKey}", run.Error, StringComparison.Ordinal);

        run = await CommandRun.OfAsync(Configuration("127.0.0.1:1,connectTimeout=200"), "log", command, "--city", "nyc");
        Assert.Equal((1, ""), (run.Code, run.Output));
        Assert.Contains("Redis", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Compare_finds_an_entry_that_is_gone_and_one_that_is_changed_and_refeed_mends_them()
    {
        string at = await redis.CreateDatabaseAsync();
        await using ConnectionMultiplexer connection = await RedisConnection.ConnectAsync(at);
        IDatabase copy = connection.GetDatabase();
        Assert.Equal(new CommandRun(0, "The copy of nyc is empty: the next change begins it.\n", ""), await LogAsync(at, "compare"));
        for (int i = 1; i <= 5; i++)
        {
            await AppendAsync($"e{i}");
        }

        // Refeeding numbers what waits.
        Assert.Equal(new CommandRun(0, "The copy of nyc begins anew with 5 events.\n", ""), await LogAsync(at, "refeed"));
        Assert.Equal(new CommandRun(0, Same, ""), await LogAsync(at, "compare"));

        await copy.StreamDeleteAsync(s_key, ["1-3"]);
        await FoundAndMendedAsync(at, "1 events", 3);
        await copy.StreamDeleteAsync(s_key, ["1-2", "1-4"]);
        await FoundAndMendedAsync(at, "2 events", 2);

        // It ends before the log: no server copies, or another Redis is meant.
        await AppendAsync("e6");
        await NumberAsync();
        Assert.Equal(
            new CommandRun(
                1,
                "",
                "The copy of nyc ends at 1-5, its log at 1-6: no server copies, or the servers have another Redis than this command.\n"),
            await LogAsync(at, "compare"));
        await ExecuteAsync("delete from change where n = 6");

        // The same event with another content.
        ChangeEvent changed = (await ReadAsync())[3] with { Cause = "forged" };
        await ReplaceAsync(copy, 4, ChangeCloudEvents.ToJson(changed, "nyc"));
        await FoundAndMendedAsync(at, "1 events", 4);

        // Another event under its number; and what is no event.
        await ReplaceAsync(copy, 5, ChangeCloudEvents.ToJson((await ReadAsync())[4] with { EventId = Guid.CreateVersion7() }, "nyc"));
        await FoundAndMendedAsync(at, "1 events", 5);
        await ReplaceAsync(copy, 2, "{}");
        await FoundAndMendedAsync(at, "1 events", 2);
    }

    [Fact]
    public async Task A_copy_of_numbers_that_were_never_given_is_found_and_mended()
    {
        string at = await redis.CreateDatabaseAsync();
        await using ConnectionMultiplexer connection = await RedisConnection.ConnectAsync(at);
        await AppendAsync("e1");
        await NumberAsync();
        ChangeEvent corrupt = (await ReadAsync())[0] with { Epoch = int.MaxValue, Number = 9_000_000_000_000_000 };
        await connection.GetDatabase().StreamAddAsync(
            s_key, RedisChangeStream.EventField, ChangeCloudEvents.ToJson(corrupt, "nyc"), $"{corrupt.Epoch}-{corrupt.Number}");
        Assert.Equal(1, (await LogAsync(at, "compare")).Code);
        Assert.Equal(new CommandRun(0, "The copy of nyc begins anew with 1 events.\n", ""), await LogAsync(at, "refeed"));
        Assert.Equal(0, (await LogAsync(at, "compare")).Code);
    }

    [Fact]
    public async Task An_epoch_is_raised_with_a_reason()
    {
        CommandRun run = await CommandRun.OfAsync(Configuration(redis: null), "log", "raise-epoch", "--reason", "restored");
        int raised = (await Log.HeadsAsync(CancellationToken.None))[0].Epoch;
        Assert.Equal(
            new CommandRun(0, string.Create(CultureInfo.InvariantCulture, $"Epoch {raised} has begun; it was 1.\n"), ""), run);
        Assert.Equal(["1 restored"], await ToldAsync());
        Assert.Equal(["1 restored"], await ToldAsync(0));

        foreach (string[] wrong in new string[][] { [], ["--reason", ""], ["--reason", new('x', Data.Limits.NameCharsMax + 1)] })
        {
            Assert.NotEqual(0, (await CommandRun.OfAsync(Configuration(redis: null), ["log", "raise-epoch", .. wrong])).Code);
        }

        Assert.Equal(raised, (await Log.HeadsAsync(CancellationToken.None))[0].Epoch);
    }

    [Fact]
    public async Task A_purge_is_an_event_that_touches_everything()
    {
        CommandRun run = await PurgeAsync("--reason", "changed by hand");
        ChangeEvent purge = Assert.Single(await ReadAsync());
        Assert.Equal(new CommandRun(0, $"Event {purge.EventId} of nyc has the number 1.\n", ""), run);
        Assert.Equal((ChangeKind.Purge, true, true, "changed by hand"), (purge.Kind, purge.IsUrgent, purge.IsAll, purge.Cause));
        foreach (string[] wrong in new string[][] { [], ["--reason", ""], ["--reason", new('x', Data.Limits.NameCharsMax + 1)] })
        {
            Assert.NotEqual(0, (await PurgeAsync(wrong)).Code);
        }

        Assert.Single(await ReadAsync());
    }

    /// <summary>The event has the tag that was asked for, and no other but what comes with it.</summary>
    [Theory]
    [InlineData("nyc/r/-5", "r/-5")]
    [InlineData("c/14/4825/6160", "c/12/1206/1540 c/14/4825/6160 c/16/19300/24640 and 15 more")]
    [InlineData("ref", "ref")]
    [InlineData("boundary", "boundary")]
    [InlineData("rows", "bulk rows")]
    [InlineData("all", "all")]
    public async Task A_purge_of_a_tag_has_the_tag(string tag, string expected)
    {
        CommandRun run = await PurgeAsync("--reason", "changed by hand", "--tag", tag);
        Assert.Equal(0, run.Code);
        string[] tags = [.. ChangedTags.Of(Assert.Single(await ReadAsync())).Select(TagNames.Of).Order(StringComparer.Ordinal)];
        Assert.Equal(expected, string.Join(' ', tags.Take(3)) + (tags.Length > 3 ? $" and {tags.Length - 3} more" : ""));
    }

    [Theory]
    [InlineData("other/r/5")]
    [InlineData("c/13/1/1")]
    [InlineData("r/+5")]
    [InlineData("")]
    public async Task A_purge_of_no_tag_writes_nothing(string tag)
    {
        Assert.Equal(1, (await PurgeAsync("--reason", "changed by hand", "--tag", tag)).Code);
        Assert.Empty(await ReadAsync());
    }

    private async Task FoundAndMendedAsync(string at, string events, long first)
    {
        CommandRun found = await LogAsync(at, "compare");
        Assert.Equal((1, ""), (found.Code, found.Output));
        Assert.Equal(
            $"{events} of the copy of nyc (1-1 to 1-5) are missing or not those of the log, the first of them number {first}: run "
                + "`cityhelper log refeed --city nyc`.\n",
            found.Error);
        Assert.Equal(0, (await LogAsync(at, "refeed")).Code);
        Assert.Equal(new CommandRun(0, Same, ""), await LogAsync(at, "compare"));
    }

    /// <summary>Writes the copy again, with another text under a number.</summary>
    private static async Task ReplaceAsync(IDatabase copy, long number, string json)
    {
        StreamEntry[] entries = await copy.StreamRangeAsync(s_key);
        await copy.KeyDeleteAsync(s_key);
        foreach (StreamEntry entry in entries)
        {
            RedisValue value = entry.Id == $"1-{number}" ? json : entry[RedisChangeStream.EventField];
            await copy.StreamAddAsync(s_key, RedisChangeStream.EventField, value, entry.Id);
        }
    }

    private static IEnumerable<string> Told(CommandRun run) => run.Output
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("data"))
        .Select(data => $"{data.GetProperty("n").GetInt64()} {data.GetProperty("cause").GetString()}");

    private Dictionary<string, string?> Configuration(string? redis) => new()
    {
        [CityHelperDatabase.ConnectionStringKey] = ConnectionString,
        [RedisConnection.ConnectionStringKey] = redis,
    };

    private Task<CommandRun> PurgeAsync(params string[] arguments) =>
        CommandRun.OfAsync(Configuration(redis: null), ["cache", "purge", "--city", "nyc", .. arguments]);

    private Task<CommandRun> LogAsync(string command, params string[] arguments) =>
        CommandRun.OfAsync(Configuration(redis: null), ["log", command, "--city", "nyc", .. arguments]);

    private Task<CommandRun> LogAsync(string redis, string command) =>
        CommandRun.OfAsync(Configuration(redis), "log", command, "--city", "nyc");
}
