using CityHelper.Data.Changes;
using CityHelper.Data.Cities;
using CityHelper.Data.Import.NewYork;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Changes;

/// <summary>Epochs begin once, in every city's log, in front of all that waits for a number.</summary>
public sealed class EpochTests(PostgresFixture postgres) : ChangeLogFixture(postgres)
{
    [Fact]
    public async Task An_epoch_is_one_event_of_each_city_before_all_that_waits()
    {
        await AddCityAsync("second");
        await ExecuteAsync("delete from change_outbox; delete from change");
        foreach (short city in new short[] { 0, 1, 2 })
        {
            await AppendAsync("numbered", city);
            await NumberAsync(city);
            await AppendAsync("waits", city);
        }

        await using Session open = await BeginAsync();
        await open.RunAsync(Appending("open"));
        await NumberAsync(0);
        int raised = await Log.RaiseEpochAsync(1, "test", witness: null, CancellationToken.None);
        // From the clock: a promotion may lose the epoch that the last one began, and counted up by one it would be given again.
        Assert.InRange(raised, 50_000_000, int.MaxValue);
        await open.RunAsync("commit");

        await NumberAsync();
        Assert.Equal(["1 numbered", "2 waits", "3 test"], await ToldAsync(0));
        Assert.Equal(["1 numbered", "2 test", "3 waits", "4 open"], await ToldAsync(1));
        Assert.Equal(["1 numbered", "2 test", "3 waits"], await ToldAsync(2));
        foreach (short city in new short[] { 0, 1, 2 })
        {
            IReadOnlyList<ChangeEvent> events = await ReadAsync(city);
            ChangeEvent epoch = Assert.Single(events, e => e.Kind == ChangeKind.Epoch);
            Assert.Equal(("test", raised, true), (epoch.Cause, epoch.Epoch, epoch.IsAll));
            Assert.All(events, e => Assert.Equal(e.Number < epoch.Number ? 1 : raised, e.Epoch));
        }

        Assert.Equal(["1|the log begins", $"{raised}|test"], await RowsAsync(
            "select epoch::text, reason from change_epoch order by epoch"));
        Assert.All(await Log.HeadsAsync(CancellationToken.None), h => Assert.Equal((raised, null), (h.Epoch, h.OldestUnnumbered)));
    }

    [Fact]
    public async Task Many_who_raise_at_once_begin_one_epoch()
    {
        await AddCityAsync("second");
        await AppendAsync("waits");
        int[] epochs = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => Task.Run(
            () => Log.RaiseEpochAsync(1, "test", witness: null, CancellationToken.None))));
        int raised = Assert.Single(epochs.Distinct());
        foreach (short city in new short[] { 0, 1, 2 })
        {
            Assert.Single(await ReadAsync(city), e => e.Kind == ChangeKind.Epoch);
        }

        // Who knows an older one changes nothing. Who knows a later one knows what the database has forgotten.
        Assert.Equal(raised, await Log.RaiseEpochAsync(1, "late", witness: null, CancellationToken.None));
        Assert.Equal(raised + 101, await Log.RaiseEpochAsync(raised + 100, "forgotten", witness: null, CancellationToken.None));
    }

    /// <summary>Numberers hold the epoch while they number: no event gets an old epoch behind the event of the new one.</summary>
    [Fact]
    public async Task Numbering_and_raising_at_once_leave_epochs_in_order()
    {
        using var done = new CancellationTokenSource();
        Task[] numberers = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                await AppendAsync("write");
                await NumberAsync();
            }
        }))];
        List<int> raised = [1];
        while (raised.Count < 8)
        {
            raised.Add(await Log.RaiseEpochAsync(raised[^1], "test", witness: null, CancellationToken.None));
        }

        await done.CancelAsync();
        await Task.WhenAll(numberers);
        await NumberAsync();
        IReadOnlyList<ChangeEvent> events = await ReadAsync();
        Assert.Equal(Enumerable.Range(1, events.Count).Select(n => (long)n), events.Select(e => e.Number));
        int current = 1;
        foreach (ChangeEvent change in events)
        {
            current = change.Kind == ChangeKind.Epoch ? change.Epoch : current;
            Assert.Equal(current, change.Epoch);
        }

        Assert.Equal(raised.Skip(1), events.Where(e => e.Kind == ChangeKind.Epoch).Select(e => e.Epoch));
    }

    [Fact]
    public async Task Another_timeline_is_told_and_nothing_is_numbered_until_the_epoch_is_raised()
    {
        await AppendAsync("waits");
        await ExecuteAsync("update change_epoch set timeline = timeline + 1");
        Assert.Equal(new Numbering(null, 1, 0, IsOtherTimeline: true), await NumberAsync());
        Assert.Empty(await ReadAsync());

        Numbering numbered = (await new ChangeNumbering(Log).NumberAsync(CityId, null, null, CancellationToken.None))!;
        Assert.Equal(new Numbering(null, numbered.Epoch, 2, IsOtherTimeline: false), numbered);
        Assert.True(numbered.Epoch > 1);
        Assert.Equal(["1 timeline", "2 waits"], await ToldAsync());

        // Where the server does not tell its timeline, numbering goes on.
        await ExecuteAsync("update change_epoch set timeline = null");
        await AppendAsync("next");
        Assert.Equal(numbered with { Head = 3 }, await NumberAsync());
    }

    [Fact]
    public async Task A_witness_is_held_lost_or_says_nothing()
    {
        foreach (string cause in new[] { "a", "b", "c", "d" })
        {
            await AppendAsync(cause);
        }

        await NumberAsync();
        IReadOnlyList<ChangeEvent> events = await ReadAsync();
        ChangeIdentity other = new(Guid.CreateVersion7(), events[0].NumberedAt);
        Assert.Equal(WitnessFinding.Held, await CheckAsync(1, 1, events[0].Identity));
        Assert.Equal(WitnessFinding.Held, await CheckAsync(1, 4, events[3].Identity));
        Assert.Equal(WitnessFinding.Lost, await CheckAsync(1, 3, events[3].Identity));
        Assert.Equal(WitnessFinding.Lost, await CheckAsync(1, 4, other));
        Assert.Equal(WitnessFinding.Lost, await CheckAsync(1, 5, other));

        // After a restore the same event may be numbered anew, under its old number.
        Assert.Equal(
            WitnessFinding.Lost,
            await CheckAsync(1, 4, events[3].Identity with { NumberedAt = events[3].NumberedAt.AddMicroseconds(-1) }));

        // Of an epoch that the database does not know, and of one that is over.
        Assert.Equal(WitnessFinding.Lost, await CheckAsync(2, 1, events[0].Identity));
        Assert.Equal(WitnessFinding.Unknown, await CheckAsync(0, 9, events[0].Identity));

        // The log no longer reaches back.
        await ExecuteAsync("delete from change where n < 3");
        Assert.Equal(WitnessFinding.Unknown, await CheckAsync(1, 2, events[1].Identity));
        Assert.Equal(WitnessFinding.Unknown, await CheckAsync(1, 2, other));
        Assert.Equal(WitnessFinding.Lost, await CheckAsync(1, 3, other));

        // An empty log has lost whatever somebody holds.
        await ExecuteAsync("delete from change");
        Assert.Equal(WitnessFinding.Lost, await CheckAsync(1, 1, events[0].Identity));
    }

    [Fact]
    public async Task A_false_witness_begins_no_epoch_and_a_true_one_does()
    {
        await AppendAsync("a");
        await NumberAsync();
        ChangeIdentity known = (await ReadAsync())[0].Identity;
        ChangeIdentity lost = known with { EventId = Guid.CreateVersion7() };
        Assert.Equal(1, await Log.RaiseEpochAsync(1, "witness", new(CityId, 1, 1, known), CancellationToken.None));
        Assert.Equal(["1 a"], await ToldAsync());
        int raised = await Log.RaiseEpochAsync(1, "witness", new(CityId, 1, 2, lost), CancellationToken.None);
        Assert.True(raised > 1);
        Assert.Equal(["1 a", "2 witness"], await ToldAsync());

        // The witness of the old epoch says nothing any more, nor does one who still believes in it.
        Assert.Equal(WitnessFinding.Unknown, await CheckAsync(1, 2, lost));
        Assert.Equal(raised, await Log.RaiseEpochAsync(1, "witness", new(CityId, 1, 2, lost), CancellationToken.None));
    }

    /// <summary>
    /// Epochs come from the clock: what a corrupt stream tells of is not believed, or the epoch above it would be the last.
    /// </summary>
    [Fact]
    public async Task An_epoch_that_the_clock_cannot_have_given_is_not_believed()
    {
        await AppendAsync("a");
        await NumberAsync();
        ChangeIdentity any = (await ReadAsync())[0].Identity;
        foreach (int impossible in new[] { int.MaxValue, int.MaxValue - 1, ChangeEpochs.Latest(TimeProvider.System) + 60 })
        {
            Assert.Equal(WitnessFinding.Unknown, await CheckAsync(impossible, 1, any));
            Assert.Equal(1, await Log.RaiseEpochAsync(impossible, "witness", new(CityId, impossible, 1, any), CancellationToken.None));
            Assert.Equal(1, await Log.RaiseEpochAsync(impossible, "test", witness: null, CancellationToken.None));
        }

        Assert.Equal(["1 a"], await ToldAsync());
        int possible = ChangeEpochs.Latest(TimeProvider.System) - 60;
        Assert.Equal(WitnessFinding.Lost, await CheckAsync(possible, 1, any));
        var forgotten = new Witness(CityId, possible, 1, any);
        Assert.Equal(possible + 1, await Log.RaiseEpochAsync(possible, "witness", forgotten, CancellationToken.None));

        // An epoch that the database has is one, whatever the clock says now.
        await ExecuteAsync("update change_epoch set epoch = 1000000000 where epoch > 1");
        Assert.Equal(1_000_000_001, await Log.RaiseEpochAsync(1_000_000_000, "test", witness: null, CancellationToken.None));
    }

    private Task<WitnessFinding> CheckAsync(int epoch, long number, ChangeIdentity identity) =>
        Log.CheckAsync(new Witness(CityId, epoch, number, identity), CancellationToken.None);

    private Task AddCityAsync(string slug) => new CityDirectory(Database, Time).AddAsync(NewYork.Facts with { Slug = slug });
}
