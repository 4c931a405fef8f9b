using System.Text;
using System.Text.Json;
using CityHelper.Engine;
using CityHelper.Engine.Cursors;
using CityHelper.Engine.Database;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Tags;
using CityHelper.IntegrationTests.Reading;
using CityHelper.IntegrationTests.Serving;
using CityHelper.IntegrationTests.Writing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Replicas;

/// <summary>
/// Queries are read from streaming standbys. One that is held back shows the titles of the past, so each answer tells where it was read.
/// </summary>
public sealed class ReplicaReadTests(ReplicaFixture fixture) : IClassFixture<ReplicaFixture>, IAsyncLifetime
{
    private static readonly string s_id = ReadingFixture.Id(1);
    private static readonly string s_rows = $"serviceRequest(city: \"nyc\", id: \"{s_id}\") {{ title }}";
    private static readonly string s_node = $"node(id: \"{new GlobalId("City", null, RequestRows.City)}\") {{ ... on City {{ cursor }} }}";
    private static readonly string s_one = $"{{ {s_rows} }}";
    private static readonly string s_two = $"{{ {s_rows} {s_node} }}";

    private readonly ReadCounts _counts = ReadCounts.Begin();
    private TestServer? _server;

    private TestServer Server => _server!;

    /// <summary>Both standbys are where the primary is, and show whatever comes.</summary>
    public async Task InitializeAsync()
    {
        fixture.Commit("before");
        await fixture.First.CatchUpAsync();
        await fixture.Second.CatchUpAsync();
    }

    public async Task DisposeAsync()
    {
        _counts.Dispose();
        await (_server?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    /// <summary>The look-up of the city before it, and all that the server reads for itself, is read from the primary.</summary>
    [Fact]
    public async Task A_question_is_answered_by_a_replica()
    {
        await StartAsync(fixture.First.Address);
        await fixture.First.HoldBackAsync();
        fixture.Commit("after");
        Assert.Equal("before", await TitleAsync());
        Assert.Equal(1, _counts.OfReplicas);
        Assert.InRange(_counts.OfPrimary, 1, int.MaxValue);
        Assert.Empty(_counts.Unmet);

        await fixture.First.CatchUpAsync();
        Assert.Equal("after", await TitleAsync());
        Assert.Equal(2, _counts.OfReplicas);
    }

    [Fact]
    public async Task Without_the_setting_all_is_read_from_the_primary()
    {
        _server = await TestServer.StartAsync(fixture.Primary);
        await fixture.First.HoldBackAsync();
        fixture.Commit("after");
        Assert.Equal("after", await TitleAsync());
        using OperationResult needed = await ExecuteAsync(s_one, fixture.Head());
        Assert.Equal("after", Title(needed));
        Assert.Equal(0, _counts.OfReplicas);
        Assert.Empty(_counts.Unmet);
    }

    [Fact]
    public async Task An_answer_below_the_needed_position_is_read_again_from_the_primary()
    {
        await StartAsync(fixture.First.Address);
        LogPosition before = fixture.Head();
        await fixture.First.HoldBackAsync();
        fixture.Commit("after");
        LogPosition after = fixture.Head();

        using OperationResult old = await ExecuteAsync(s_one, before);
        Assert.Equal(("before", before), (Title(old), old.Read!.Position));
        Assert.Empty(_counts.Unmet);

        using OperationResult late = await ExecuteAsync(s_one, after);
        Assert.Equal(("after", after), (Title(late), late.Read!.Position));
        Assert.Equal(["behind"], _counts.Unmet);
        Assert.Equal(2, _counts.OfReplicas);

        // What was read in vain was read all the same.
        Assert.Equal(2 * Statements(old), Statements(late));

        // Where nobody knows what the answer must have, nobody could tell that a replica lacks it.
        using OperationResult unknown = await ExecuteAsync(s_one, null);
        Assert.Equal(("after", after), (Title(unknown), unknown.Read!.Position));
        Assert.Equal(2, _counts.OfReplicas);
    }

    /// <summary>Whatever is asked, and whoever asks: nobody gets less than the server has heard.</summary>
    [Fact]
    public async Task A_change_that_the_server_knows_is_in_every_answer()
    {
        await StartAsync(fixture.First.Address, TimeProvider.System);
        await fixture.First.HoldBackAsync();
        fixture.Commit("after");
        LogPosition after = fixture.Head();
        var tables = Server.Services.GetRequiredService<TagTables>();
        await Patience.UntilAsync(() => tables.Of(RequestRows.City)?.Needed([Tag.All.Slot]) >= after ? tables : null);
        Assert.Equal("after", await TitleAsync());
        Assert.Equal(["behind"], _counts.Unmet);
    }

    /// <summary>Numbers of two epochs do not compare.</summary>
    [Fact]
    public async Task An_earlier_epoch_is_below_and_a_later_one_is_not()
    {
        await StartAsync(fixture.First.Address);
        await fixture.First.HoldBackAsync();
        fixture.Commit("after");
        LogPosition after = fixture.Head();
        using OperationResult replica = await ExecuteAsync(s_one, new LogPosition(after.Epoch - 1, after.Number + 100));
        Assert.Equal("before", Title(replica));

        // The primary's answer is as late as any can be, so it is not read a third time.
        using OperationResult primary = await ExecuteAsync(s_one, new LogPosition(after.Epoch + 1, 0));
        Assert.Equal(("after", after), (Title(primary), primary.Read!.Position));
        Assert.Equal(["behind"], _counts.Unmet);
    }

    [Fact]
    public async Task Of_two_batches_from_a_replica_the_position_is_that_of_the_first()
    {
        await StartAsync(fixture.First.Address);
        LogPosition before = fixture.Head();
        BeforeBatch(2, () =>
        {
            fixture.Commit("after");
            fixture.First.CatchUpAsync().GetAwaiter().GetResult();
        });
        JsonElement data = await Server.DataAsync(s_two);
        Assert.Equal(("before", before), (Title(data), Cursor(data)));
        Assert.Equal(2, _counts.OfReplicas);
        Assert.Empty(_counts.Unmet);
    }

    /// <summary>
    /// Replicas take turns, so with one that is held back every second answer of two batches begins at the other one, and its second batch
    /// lacks what the first one had.
    /// </summary>
    [Fact]
    public async Task A_second_batch_from_a_replica_behind_the_first_is_read_again_from_the_primary()
    {
        await StartAsync($"{fixture.First.Address},{fixture.Second.Address}");
        LogPosition before = fixture.Head();
        await fixture.Second.HoldBackAsync();
        fixture.Commit("after");
        await fixture.First.CatchUpAsync();
        List<(string, LogPosition)> answers = [];
        foreach (int _ in Enumerable.Range(0, 2))
        {
            JsonElement data = await Server.DataAsync(s_two);
            answers.Add((Title(data), Cursor(data)));

            // A third batch, so that the next answer begins at the other replica.
            await TitleAsync();
        }

        Assert.Equal([("after", fixture.Head()), ("before", before)], answers.OrderByDescending(answer => answer.Item2));
        Assert.Equal(["torn"], _counts.Unmet);
        Assert.Equal(6, _counts.OfReplicas);
    }

    [Fact]
    public async Task A_replica_that_is_far_behind_is_left_alone_until_it_has_caught_up()
    {
        var time = new FakeTimeProvider(ReadingFixture.Moment("2025-06-01T00:00:00Z"));
        await StartAsync(fixture.First.Address, time);
        await fixture.First.HoldBackAsync();
        fixture.Commit("after");
        LogPosition needed = fixture.Head();
        await NeededAsync(needed, replicas: 1, unmet: 1);
        time.Advance(Engine.Limits.ReplicaFarAfter / 2);
        await NeededAsync(needed, replicas: 2, unmet: 2);
        time.Advance(Engine.Limits.ReplicaFarAfter / 2);
        await NeededAsync(needed, replicas: 3, unmet: 3);
        Assert.Single(Server.Warnings, w => w.Contains($"{fixture.First.Address} is far behind", StringComparison.Ordinal));

        // From now on nothing is read twice, and what needs no position is not read from it either.
        await NeededAsync(needed, replicas: 3, unmet: 3);
        Assert.Equal("after", await TitleAsync());
        Assert.Equal(3, _counts.OfReplicas);

        time.Advance(Engine.Limits.ReplicaRest);
        await NeededAsync(needed, replicas: 4, unmet: 4);
        await NeededAsync(needed, replicas: 4, unmet: 4);

        await fixture.First.CatchUpAsync();
        time.Advance(Engine.Limits.ReplicaRest);
        await NeededAsync(needed, replicas: 5, unmet: 4);
        await NeededAsync(needed, replicas: 6, unmet: 4);
        Assert.Single(Server.Warnings, w => w.Contains("is far behind", StringComparison.Ordinal));
    }

    /// <summary>The other one is still read from.</summary>
    [Fact]
    public async Task Of_two_replicas_only_the_far_one_is_left_alone()
    {
        var time = new FakeTimeProvider(ReadingFixture.Moment("2025-06-01T00:00:00Z"));
        await StartAsync($"{fixture.First.Address},{fixture.Second.Address}", time);
        await fixture.Second.HoldBackAsync();
        fixture.Commit("after");
        await fixture.First.CatchUpAsync();
        LogPosition needed = fixture.Head();
        await NeededAsync(needed, replicas: 1, unmet: 0);
        await NeededAsync(needed, replicas: 2, unmet: 1);
        time.Advance(Engine.Limits.ReplicaFarAfter);
        await NeededAsync(needed, replicas: 3, unmet: 1);
        await NeededAsync(needed, replicas: 4, unmet: 2);
        foreach (int read in Enumerable.Range(5, 4))
        {
            await NeededAsync(needed, replicas: read, unmet: 2);
        }
    }

    /// <summary>A replica would not have the row of the payload yet.</summary>
    [Fact]
    public async Task Mutations_and_their_payloads_are_read_from_the_primary()
    {
        await StartAsync(fixture.First.Address, new StoppedClock(WritingServer.Now));
        await fixture.First.HoldBackAsync();
        string text = WritingServer.TextOf("addServiceRequestNote", "serviceRequest { version updates(last: 1) { note } } cursor");
        JsonElement payload = (await Server.DataAsync(text, new { input = new { id = s_id, note = "Seen." } }))
            .GetProperty("addServiceRequestNote");
        Assert.Equal(
            "Seen.", payload.GetProperty("serviceRequest").GetProperty("updates")[0].GetProperty("note").GetString());
        Assert.Equal(0, _counts.OfReplicas);
    }

    /// <summary>The watcher looks where the statement runs: the primary has processes with the same ids.</summary>
    [Fact]
    public async Task A_statement_that_outlives_its_limit_is_ended_on_the_replica()
    {
        await StartAsync(fixture.First.Address, TimeProvider.System);
        var use = new DatabaseRead(null) { Source = new ReadSource(mayUseReplicas: true) };
        PostgresException ended = await Assert.ThrowsAsync<PostgresException>(() =>
            Server.Services.GetRequiredService<ReadingDatabase>().ReadAsync(use, SleepAsync, CancellationToken.None));
        Assert.Equal(PostgresErrorCodes.AdminShutdown, ended.SqlState);
        Assert.Equal(fixture.First.Address, use.Replica!.ToString());
        Assert.True(use.IsTimeout(ended));

        // The watcher reports after the statement has ended.
        await Patience.UntilAsync(() =>
            Server.Warnings.SingleOrDefault(w => w.Contains("was terminated: a look-up", StringComparison.Ordinal)));

        static async Task<object?> SleepAsync(DatabaseRead use)
        {
            await using var unlimited = new NpgsqlCommand("set statement_timeout = 0", use.Connection);
            await unlimited.ExecuteNonQueryAsync();

            // Npgsql would give up after some seconds.
            await using var sleep = new NpgsqlCommand("select pg_sleep(60)", use.Connection) { CommandTimeout = 60 };
            return await sleep.ExecuteScalarAsync();
        }
    }

    /// <summary>A standby that was promoted, or a primary that is named by mistake: both would have positions of their own.</summary>
    [Fact]
    public async Task Only_standbys_are_replicas()
    {
        var primary = new NpgsqlConnectionStringBuilder(fixture.Primary);
        await StartAsync($"{primary.Host}:{primary.Port}");
        Assert.Equal("before", await TitleAsync());
        Assert.Equal("before", await TitleAsync());
        Assert.Equal(0, _counts.OfReplicas);
        AssertAwayOnce();
    }

    [Fact]
    public async Task A_replica_that_refuses_the_password_costs_no_answer()
    {
        _server = await fixture.StartServerAsync(fixture.First.Address, password: "wrong");
        Assert.Equal("before", await TitleAsync());
        Assert.Equal("before", await TitleAsync());
        Assert.Equal(0, _counts.OfReplicas);
        AssertAwayOnce();
    }

    [Fact]
    public async Task A_replica_that_is_killed_costs_no_answer_and_is_used_again_when_it_is_back()
    {
        await StartAsync(fixture.First.Address, TimeProvider.System);
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => TitleAsync()));
        Assert.Equal(5, _counts.OfReplicas);
        fixture.First.Kill();
        fixture.Commit("after");
        string[] titles = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => TitleAsync()));
        Assert.All(titles, title => Assert.Equal("after", title));
        Assert.Equal("after", await TitleAsync());
        Assert.Empty(Server.Errors);

        await fixture.First.StartAgainAsync();
        int before = _counts.OfReplicas;
        await Patience.UntilAsync(async () =>
        {
            await TitleAsync();
            return _counts.OfReplicas > before ? Server : null;
        });
        Assert.Empty(Server.Errors);
    }

    /// <summary>Rows of its first batch are not mixed with those of the primary: all is read again.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_replica_that_is_killed_before_a_batch_costs_no_answer(int batch)
    {
        await StartAsync(fixture.First.Address);
        await fixture.First.HoldBackAsync();
        fixture.Commit("after");
        BeforeBatch(batch, fixture.First.Kill);
        JsonElement data = await Server.DataAsync(s_two);
        Assert.Equal(("after", fixture.Head()), (Title(data), Cursor(data)));
        Assert.Equal(["failed"], _counts.Unmet);
        Assert.Equal(batch, _counts.OfReplicas);
        Assert.Empty(Server.Errors);
        Assert.Single(Server.Warnings, w => w.Contains($"{fixture.First.Address} failed", StringComparison.Ordinal));
        await fixture.First.StartAgainAsync();
    }

    // The clock stands still once the server follows the log: so it does not hear of later changes, and may be answered by a replica that
    // lacks them.
    private async Task StartAsync(string hosts, TimeProvider? time = null)
    {
        _server = await fixture.StartServerAsync(hosts, time ?? new FakeTimeProvider(ReadingFixture.Moment("2025-06-01T00:00:00Z")));
        var tables = Server.Services.GetRequiredService<TagTables>();
        await Patience.UntilAsync(() => tables.Of(RequestRows.City)?.Needed([]) is not null ? tables : null);
    }

    // Every batch of an answer begins with the statement of positions. A test sends one request at a time.
    private void BeforeBatch(int number, Action act)
    {
        int batches = 0;
        Server.Sending = sql =>
        {
            if (TestServer.ReadsLog(sql) && ++batches == number)
            {
                act();
            }
        };
    }

    /// <summary>Asks for an answer at a position, which must have it.</summary>
    /// <param name="needed">The position.</param>
    /// <param name="replicas">How many batches were read from replicas by then.</param>
    /// <param name="unmet">How many of their answers were read again by then.</param>
    private async Task NeededAsync(LogPosition needed, int replicas, int unmet)
    {
        using OperationResult result = await ExecuteAsync(s_one, needed);
        Assert.Equal(("after", needed), (Title(result), result.Read!.Position));
        Assert.Equal(replicas, _counts.OfReplicas);
        Assert.Equal(Enumerable.Repeat("behind", unmet), _counts.Unmet);
    }

    private void AssertAwayOnce() =>
        Assert.Single(Server.Warnings, w => w.Contains("No replica can be read from", StringComparison.Ordinal));

    private Task<OperationResult> ExecuteAsync(string query, LogPosition? needed) =>
        ReplicaFixture.ExecuteAsync(Server, query, needed);

    private async Task<string> TitleAsync() => Title(await Server.DataAsync(s_one));

    private static string Title(JsonElement data) => data.GetProperty("serviceRequest").GetProperty("title").GetString()!;

    private static string Title(OperationResult result) => Title(Parsed(result).GetProperty("data"));

    private static int Statements(OperationResult result) =>
        Parsed(result).GetProperty("extensions").GetProperty("cost").GetProperty("statements").GetInt32();

    private static JsonElement Parsed(OperationResult result) =>
        JsonDocument.Parse(Encoding.UTF8.GetString(result.Json.ToArray())).RootElement;

    private LogPosition Cursor(JsonElement data) => Server.Services.GetRequiredService<LogPositionCursors>()
        .Open(RequestRows.City, data.GetProperty("node").GetProperty("cursor").GetString()!)!.Value;
}
