using CityHelper.Data.Changes;
using CityHelper.IntegrationTests.Postgres;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Changes;

/// <summary>Numbering, transaction by transaction: nothing that was committed is missed, and nothing is numbered twice.</summary>
public sealed class ChangeLogTests(PostgresFixture postgres) : ChangeLogFixture(postgres)
{
    [Fact]
    public async Task An_event_that_is_committed_after_a_later_one_was_numbered_is_found()
    {
        await using Session late = await BeginAsync();
        await late.RunAsync(Appending("late"));
        await AppendAsync("early");
        Assert.Equal(["1 early"], await NumberedAsync());
        await late.RunAsync("commit");
        Assert.Equal(["1 early", "2 late"], await NumberedAsync());
        Assert.Equal(0, await CountAsync("change_outbox"));
    }

    /// <summary>A transaction may have its id long before it writes an event, and hold its event through many numberings.</summary>
    [Fact]
    public async Task Transactions_are_found_whenever_they_wrote_and_however_long_they_last()
    {
        await using Session idle = await BeginAsync();
        await idle.RunAsync("select pg_current_xact_id()");
        await using Session waiting = await BeginAsync();
        await waiting.RunAsync(Appending("waiting"));
        await using Session reader = await BeginAsync("begin isolation level repeatable read");
        await reader.RunAsync("select count(*) from change_outbox");
        for (int n = 1; n <= 5; n++)
        {
            await AppendAsync($"{n}");
            await NumberAsync();
        }

        await idle.RunAsync(Appending("idle"));
        await NumberAsync();
        await waiting.RunAsync("commit");
        await NumberAsync();
        await AppendAsync("6");
        await NumberAsync();
        await idle.RunAsync("commit");
        await using Session young = await BeginAsync();
        await young.RunAsync(Appending("young"));
        await NumberAsync();
        await young.RunAsync("commit");
        Assert.Equal(
            ["1 1", "2 2", "3 3", "4 4", "5 5", "6 waiting", "7 6", "8 idle", "9 young"], await NumberedAsync());

        // Whoever looks with an old snapshot sees neither half of a numbering.
        Assert.Equal(0L, await reader.RunAsync("select (select count(*) from change_outbox) + (select count(*) from change)"));
    }

    [Fact]
    public async Task A_savepoint_hides_nothing_and_a_rollback_leaves_nothing()
    {
        await using Session writer = await BeginAsync();
        await writer.RunAsync($"savepoint a; {Appending("kept")}; savepoint b; {Appending("undone")}; rollback to b");
        await AppendAsync("other");
        Assert.Equal(["1 other"], await NumberedAsync());
        await writer.RunAsync($"savepoint c; {Appending("later")}; release c");
        await NumberAsync();
        await writer.RunAsync("commit");
        await using Session undone = await BeginAsync();
        await undone.RunAsync(Appending("never"));
        await NumberAsync();
        await undone.RunAsync("rollback");
        Assert.Equal(["1 other", "2 kept", "3 later"], await NumberedAsync());
    }

    [Fact]
    public async Task A_transaction_may_number_between_its_own_events()
    {
        await using Session writer = await BeginAsync();
        await writer.RunAsync(Appending("before"));
        Assert.Equal(1L, await writer.RunAsync("select head from number_changes(1::smallint)"));
        await writer.RunAsync(Appending("between"));
        await writer.RunAsync("select number_changes(1::smallint)");
        await writer.RunAsync(Appending("after"));
        await writer.RunAsync("commit");
        Assert.Equal(["1 before", "2 between", "3 after"], await NumberedAsync());

        // The same, undone: numbers are given again, since nobody saw them.
        await writer.RunAsync($"begin; {Appending("undone")}");
        Assert.Equal(4L, await writer.RunAsync("select head from number_changes(1::smallint)"));
        await writer.RunAsync("rollback");
        await AppendAsync("next");
        Assert.Equal(["1 before", "2 between", "3 after", "4 next"], await NumberedAsync());
    }

    /// <summary>A numberer that waits for another must see what was committed meanwhile.</summary>
    [Fact]
    public async Task A_numberer_that_waited_goes_on_behind_the_one_it_waited_for()
    {
        await AppendAsync("first");
        await using Session holder = await BeginAsync();
        await holder.RunAsync("select number_changes(1::smallint)");
        Task<IReadOnlyList<string>> waiting = NumberedAsync();
        await LockWaits.UntilAsync(ConnectionString, TimeSpan.Zero, waiting);
        await AppendAsync("second");
        await holder.RunAsync("commit");
        Assert.Equal(["1 first", "2 second"], await waiting);
    }

    [Fact]
    public async Task Who_may_not_wait_long_gets_no_number()
    {
        await AppendAsync("first");
        await using Session holder = await BeginAsync();
        await holder.RunAsync("select number_changes(1::smallint)");
        Assert.Null(await Log.NumberAsync(CityId, null, TimeSpan.FromMilliseconds(5), CancellationToken.None));

        // Another city is not concerned.
        Assert.Equal(0, (await Log.NumberAsync(0, null, TimeSpan.FromMilliseconds(5), CancellationToken.None))!.Head);
        await holder.RunAsync("commit");
        Assert.Equal(1, (await Log.NumberAsync(CityId, null, TimeSpan.FromSeconds(5), CancellationToken.None))!.Head);
    }

    [Theory]
    [InlineData("repeatable read")]
    [InlineData("serializable")]
    public async Task An_isolation_that_keeps_its_snapshot_is_refused(string isolation)
    {
        await AppendAsync("first");
        await using Session session = await BeginAsync($"begin isolation level {isolation}");
        var refused = await Assert.ThrowsAsync<PostgresException>(() => session.RunAsync("select number_changes(1::smallint)"));
        Assert.Contains("read committed", refused.MessageText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_asynchronous_commit_is_made_synchronous()
    {
        await AppendAsync("first");
        await using Session session = await BeginAsync("begin; set local synchronous_commit = off");
        await session.RunAsync("select number_changes(1::smallint)");
        Assert.Equal("on", await session.RunAsync("select current_setting('synchronous_commit')"));
        await session.RunAsync("rollback");
        Assert.Equal("on", await session.RunAsync("select current_setting('synchronous_commit')"));
    }

    [Fact]
    public async Task An_event_that_is_announced_again_is_one_event()
    {
        Guid id = Guid.CreateVersion7();
        for (int i = 0; i < 3; i++)
        {
            await ExecuteAsync($"select announce_change(1::smallint, array[5, 6]::bigint[], 'crm', '{id}')");
        }

        Numbering first = (await NumberAsync(eventId: id))!;
        Assert.Equal((1, 1, false), (first.Number, first.Head, first.IsOtherTimeline));

        // Again when it has its number, before and after another event.
        await AppendAsync("other");
        await ExecuteAsync($"select announce_change(1::smallint, array[5, 6]::bigint[], 'crm', '{id}')");
        Numbering again = (await NumberAsync(eventId: id))!;
        Assert.Equal((1, 2), (again.Number, again.Head));
        Assert.Equal(["1 crm", "2 other"], await ToldAsync());
        Assert.Equal(0, await CountAsync("change_outbox"));

        ChangeEvent announced = (await ReadAsync())[0];
        Assert.Equal((ChangeKind.Bulk, false), (announced.Kind, announced.IsAll));
        Assert.Equal([5L, 6L], announced.Cells);
        await ExecuteAsync("select announce_change(1::smallint)");
        await NumberAsync();
        ChangeEvent all = (await ReadAsync())[^1];
        Assert.Equal((true, "service"), (all.IsAll, all.Cause));
        Assert.Empty(all.Cells);
    }

    /// <summary>The same event in another city is another event.</summary>
    [Fact]
    public async Task Cities_are_numbered_alone()
    {
        Guid id = Guid.CreateVersion7();
        foreach (int city in new[] { 0, 1 })
        {
            await ExecuteAsync($"select announce_change({city}::smallint, null, 'crm', '{id}')");
        }

        Assert.Equal(["1 crm"], await NumberedAsync(0));
        Assert.Empty(await ToldAsync(1));
        Assert.Equal(["1 crm"], await NumberedAsync(1));
        Assert.Null((await NumberAsync(1, Guid.CreateVersion7()))!.Number);
    }

    [Fact]
    public async Task The_pulse_tells_heads_and_the_age_of_what_waits()
    {
        Assert.Equal(
            [(0, 1, 0L, null, null), (1, 1, 0L, null, null)],
            (await Log.HeadsAsync(CancellationToken.None)).Select(h => ((int)h.CityId, h.Epoch, h.Number, h.Newest, h.OldestUnnumbered)));
        await AppendAsync("a");
        await AppendAsync("b");
        await ExecuteAsync("update change_outbox set recorded_at = recorded_at - interval '1 minute' where cause = 'a'");
        CityHead head = (await Log.HeadsAsync(CancellationToken.None))[1];
        Assert.Equal((0L, null), (head.Number, head.Newest));
        Assert.InRange(head.OldestUnnumbered!.Value.TotalSeconds, 60, 90);

        await NumberAsync();
        head = (await Log.HeadsAsync(CancellationToken.None))[1];
        Assert.Equal((2L, (await ReadAsync())[^1].Identity, null), (head.Number, head.Newest!.Value, head.OldestUnnumbered));

        // One that nobody sees yet, and one that was committed after it.
        await using Session late = await BeginAsync();
        await late.RunAsync(Appending("late"));
        await AppendAsync("c");
        await NumberAsync();
        Assert.Null((await Log.HeadsAsync(CancellationToken.None))[1].OldestUnnumbered);
        await late.RunAsync("commit");
        Assert.InRange((await Log.HeadsAsync(CancellationToken.None))[1].OldestUnnumbered!.Value.TotalMilliseconds, 0, 30_000);
        Assert.Null((await Log.HeadsAsync(CancellationToken.None))[0].OldestUnnumbered);
    }

    [Fact]
    public async Task The_newest_event_is_never_trimmed()
    {
        foreach (string cause in new[] { "a", "b", "c", "d" })
        {
            await AppendAsync(cause);
        }

        await AppendAsync("zero", 0);
        await NumberAsync(0);
        await NumberAsync();
        Assert.Equal(0, await Log.TrimAsync(CityId, CancellationToken.None));
        await ExecuteAsync("update change set numbered_at = numbered_at - interval '25 hours' where n < 3");
        Assert.Equal(2, await Log.TrimAsync(CityId, CancellationToken.None));
        Assert.Equal(["3 c", "4 d"], await ToldAsync());
        await ExecuteAsync("update change set numbered_at = numbered_at - interval '25 hours'");
        Assert.Equal(1, await Log.TrimAsync(CityId, CancellationToken.None));
        Assert.Equal(["4 d"], await ToldAsync());
        Assert.Equal(["1 zero"], await ToldAsync(0));
        await AppendAsync("e");
        Assert.Equal(["4 d", "5 e"], await NumberedAsync());
        Assert.Equal(["4 d", "5 e"], await RecentAsync(TimeSpan.FromDays(30)));
        Assert.Equal(["5 e"], await RecentAsync(TimeSpan.FromHours(1)));
        Assert.Equal(["5 e"], await RecentAsync(TimeSpan.Zero));

        async Task<IEnumerable<string>> RecentAsync(TimeSpan age) =>
            (await Log.ReadRecentAsync(CityId, age, 5, CancellationToken.None)).Select(e => $"{e.Number} {e.Cause}");
    }
}
