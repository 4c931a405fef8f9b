using System.Globalization;
using CityHelper.Engine;
using CityHelper.Engine.Admission;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Subscriptions;
using Xunit;
using static CityHelper.Tests.Engine.Subscriptions.DispatchedStreams;

namespace CityHelper.Tests.Engine.Subscriptions;

/// <summary>Dispatcher, streams and replay over a log in memory, in virtual time.</summary>
public sealed class DispatcherTests : IDisposable
{
    private readonly DispatchedStreams _city = new();

    public void Dispose() => _city.Dispose();

    [Fact]
    public async Task Each_change_is_judged_before_and_after()
    {
        using EventStream stream = await _city.OpenAsync(status: "OPEN");
        Assert.Equal("RESYNC 0", await NextAsync(stream));
        _city.Change(1, before: null);
        _city.Change(1);
        _city.Change(1, after: "CLOSED");
        _city.Change(1, before: "CLOSED", after: "CLOSED");
        _city.Change(1, before: "CLOSED");
        _city.Change(1, after: null);
        Assert.Equal(["ENTERED 1", "UPDATED 2", "LEFT 3", "ENTERED 5", "LEFT 6"], await NextAsync(stream, 5));
    }

    /// <summary>
    /// Streams that join at random moments, from random places, while changes come: each gets what it asked for, once, in order. The log
    /// waits for readers that are close to a RESYNC, so none has one.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Whoever_joins_in_between_gets_each_change_once(int seed)
    {
        var random = new Random(seed);
        var progress = new List<Progress>();
        var readers = new List<Task<List<string>>>();
        for (int i = 0; i < 300; i++)
        {
            int changes = random.Next(4);
            for (int n = 0; n < changes; n++)
            {
                await ChangeAsync(progress, random.Next(50));
            }

            // Sometimes nothing of what it asks for is in memory any more.
            _city.RecentFrom = Math.Max(1, _city.Head - random.Next(100));
            progress.Add(new Progress(Math.Max(0, _city.Head - random.Next(40))));
            readers.Add(ReadAsync(progress[^1], until: 600));
        }

        while (_city.Head < 600)
        {
            await ChangeAsync(progress, row: 7);
        }

        for (int i = 0; i < readers.Count; i++)
        {
            int after = (int)progress[i].After;
            Assert.Equal(
                Enumerable.Range(after + 1, 600 - after).Select(n => $"UPDATED {n}").Prepend($"RESUMED {after}"), await readers[i]);
        }
    }

    [Fact]
    public async Task A_slow_reader_gets_one_resync_and_holds_up_nobody()
    {
        using EventStream slow = await _city.OpenAsync();
        using EventStream fast = await _city.OpenAsync();
        await NextAsync(fast);
        for (int i = 0; i < Limits.StreamEventsMax + 10; i++)
        {
            _city.Change(1);
            Assert.Equal($"UPDATED {i + 1}", await NextAsync(fast));
        }

        await _city.DispatchedAsync();
        Assert.Equal($"RESYNC {Limits.StreamEventsMax + 1}", (await NextAsync(slow, 1))[0]);
        Assert.Equal(Enumerable.Range(Limits.StreamEventsMax + 2, 9).Select(n => $"UPDATED {n}"), await NextAsync(slow, 9));
    }

    [Fact]
    public async Task More_missed_matches_than_are_replayed_are_one_resync_and_so_is_a_trimmed_log()
    {
        for (int i = 0; i < Limits.ReplayedMatchesMax + 1; i++)
        {
            _city.Change(1);
        }

        using EventStream all = await _city.OpenAsync(after: 1);
        Assert.Equal("RESUMED 1", await NextAsync(all));
        Assert.Equal("UPDATED 2", await NextAsync(all));
        using EventStream tooMany = await _city.OpenAsync(after: 0);
        Assert.Equal($"RESYNC {_city.Head}", await NextAsync(tooMany));

        // Few of many: what does not match costs nothing.
        using EventStream few = await _city.OpenAsync(after: 0, status: "CLOSED");
        Assert.Equal("RESUMED 0", await NextAsync(few));

        (_city.RecentFrom, _city.KeptFrom) = (500, 300);
        using EventStream trimmed = await _city.OpenAsync(after: 298);
        Assert.Equal($"RESYNC {_city.Head}", await NextAsync(trimmed));
        using EventStream kept = await _city.OpenAsync(after: 299);
        Assert.Equal(["RESUMED 299", "UPDATED 300"], await NextAsync(kept, 2));
    }

    [Fact]
    public async Task A_place_above_the_head_is_waited_for_a_second()
    {
        Task<EventStream> early = _city.OpenAsync(after: 2);
        _city.Change(1);
        _city.Change(1);
        using EventStream comes = await early;
        Assert.Equal("RESUMED 2", await NextAsync(comes));

        Task<EventStream> never = _city.OpenAsync(after: 9);
        while (!never.IsCompleted)
        {
            _city.Time.Advance(Limits.AheadWaitMax);
            await Task.Yield();
        }

        using EventStream late = await never;
        Assert.Equal("RESYNC 2", await NextAsync(late));
    }

    [Fact]
    public async Task A_bulk_change_is_a_resync_that_waits_its_turn_and_what_comes_after_it_waits_behind()
    {
        EventStream[] streams = [.. await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => _city.OpenAsync()))];
        foreach (EventStream stream in streams)
        {
            await NextAsync(stream);
        }

        _city.Change(1);
        long bulk = _city.Tell(RowChangeScope.Several);
        _city.Change(1);
        await _city.DispatchedAsync();
        DateTimeOffset start = _city.Time.GetUtcNow();
        Task<DateTimeOffset>[] readers = [.. streams.Select(async stream =>
        {
            // Nothing was taken before the import, so its RESYNC says it all.
            Assert.Equal([$"RESYNC {bulk}", $"UPDATED {bulk + 1}"], await NextAsync(stream, 2));
            return _city.Time.GetUtcNow();
        })];
        for (TimeSpan waited = TimeSpan.Zero; waited < Limits.ResyncSpread; waited += Limits.ResyncSpread / 20)
        {
            _city.Time.Advance(Limits.ResyncSpread / 20);
            await _city.DispatchedAsync();
        }

        DateTimeOffset[] moments = await Task.WhenAll(readers);
        Assert.All(moments, moment => Assert.InRange(moment - start, TimeSpan.Zero, Limits.ResyncSpread));
        Assert.InRange(moments.Distinct().Count(), 5, 21);
        Array.ForEach(streams, stream => stream.Dispose());
    }

    [Fact]
    public async Task What_waits_about_a_redacted_row_is_not_sent()
    {
        using EventStream stream = await _city.OpenAsync();
        await NextAsync(stream);
        _city.Change(1);
        _city.Change(2);
        _city.Tell(RowChangeScope.Redaction, row: 1);
        await _city.DispatchedAsync();
        Assert.Equal(["UPDATED 2", "LEFT 3"], await NextAsync(stream, 2));
    }

    [Fact]
    public async Task The_place_of_a_quiet_stream_is_that_of_the_dispatcher()
    {
        using EventStream stream = await _city.OpenAsync(status: "CLOSED");
        Assert.Null(stream.TryGetCursor());
        await NextAsync(stream);
        Assert.Null(stream.TryGetCursor());
        Task<StreamItem> next = stream.TakeAsync(CancellationToken.None).AsTask();
        _city.Change(1);
        await _city.DispatchedAsync();
        Assert.Equal(_city.Cursors.Sign(Tenant, new(1, 1)), stream.TryGetCursor());
        _city.Change(1, after: "CLOSED");
        Assert.Equal(2, (await next).Event!.Position.Number);
        Assert.Null(stream.TryGetCursor());
    }

    [Fact]
    public async Task Streams_end_when_the_server_stops_those_of_sockets_with_them_and_no_more_are_opened()
    {
        using EventStream alone = await _city.OpenAsync();
        using EventStream ofSocket = (await _city.TryOpenAsync(isOnSocket: true)).Stream!;
        await NextAsync(alone);
        await NextAsync(ofSocket);
        await _city.Streams.DrainAsync(CancellationToken.None);
        Assert.Equal("ServerStops", await NextAsync(alone));
        Assert.IsType<ServerStopsError>((await _city.TryOpenAsync()).Refused);
        _city.Change(1);
        Assert.Equal("UPDATED 1", await NextAsync(ofSocket));
    }

    /// <summary>The place of an event that could not be read must not be passed, though those behind it are there.</summary>
    [Fact]
    public async Task Nothing_behind_a_missed_event_that_cannot_be_read_is_sent_before_RESYNC()
    {
        for (int i = 0; i < 5; i++)
        {
            _city.Change(1);
        }

        using EventStream first = (await _city.TryOpenAsync(after: 5, withRow: true)).Stream!;
        foreach (long number in new[] { 4, 5 })
        {
            var key = new EventKey(first.Selection, new(1, number), RowChangeKind.Updated, Row: 1);
            var kept = new SharedEvent(key.Position, key.Kind, "cursor") { RowKey = 1 };
            kept.Complete("{}"u8.ToArray());
            _city.Tools.Keep(key, kept);
        }

        using EventStream stream = (await _city.TryOpenAsync(after: 2, withRow: true)).Stream!;
        Assert.Equal(["RESUMED 2", "RESYNC 5"], await NextAsync(stream, 2));
        using EventStream whole = (await _city.TryOpenAsync(after: 3, withRow: true)).Stream!;
        Assert.Equal(["RESUMED 3", "UPDATED 4", "UPDATED 5"], await NextAsync(whole, 3));
    }

    [Fact]
    public async Task A_change_that_a_redaction_has_emptied_is_RESYNC_in_its_turn()
    {
        using EventStream stream = await _city.OpenAsync(after: 0);
        Assert.Equal("RESUMED 0", await NextAsync(stream));
        for (int i = 0; i < 100; i++)
        {
            long before = _city.Change(1);
            _city.Change(1, before: null, after: null);
            _city.Change(1);
            string[] expected = [$"UPDATED {before}", $"RESYNC {before + 1}", $"UPDATED {before + 2}"];
            var told = new List<string>();
            while (told.Count == 0 || told[^1] != expected[2])
            {
                told.Add(await NextAsync(stream));
            }

            // A RESYNC empties the queue: who is not quick has not the event before it.
            Assert.Equal(expected[^told.Count..], told);
        }
    }

    [Fact]
    public async Task The_cursor_of_a_log_that_is_read_anew_is_told_behind_its_RESYNC()
    {
        using EventStream stream = await _city.OpenAsync();
        await NextAsync(stream);
        for (int position = 10; position < 2_000; position += 10)
        {
            _city.Streams.Reset(Tenant, new(1, position));
            string behind = _city.Cursors.Sign(Tenant, new(1, position));
            Task<string> next = NextAsync(stream);
            while (!next.IsCompleted)
            {
                Assert.NotEqual(behind, stream.TryGetCursor());
                _city.Time.Advance(TimeSpan.FromSeconds(1));
                await Task.Yield();
            }

            Assert.Equal($"RESYNC {position}", await next);
        }
    }

    [Fact]
    public async Task Whose_right_has_expired_is_ended()
    {
        using EventStream stream = await _city.OpenAsync();
        await NextAsync(stream);
        Assert.Equal(0, _city.Streams.EndRights(client => client == "somebody else"));
        Assert.Equal(1, _city.Streams.EndRights(client => client == "test"));
        Assert.Equal("RightExpired", await NextAsync(stream));
    }

    [Fact]
    public async Task Subscriptions_are_counted_by_share_by_what_they_hold_and_by_what_they_show()
    {
        using EventStream one = await _city.OpenAsync();
        var counts = new StreamCounts();
        var known = new ClientShare("civic", 1, 1);
        HeldByStream Held(ClientShare share, int positions = 0, string key = "same") =>
            new(share, one.Selection with { Key = key }, positions);

        for (int i = 0; i < Limits.StreamsOfClientMax; i++)
        {
            Assert.True(counts.TryEnter(Held(known)));
        }

        Assert.False(counts.TryEnter(Held(known)));
        Assert.True(counts.TryEnter(Held(ClientShare.Everybody, Limits.SubscriptionPositionsOfAllMax)));
        Assert.False(counts.TryEnter(Held(ClientShare.Everybody, 1)));
        counts.Leave(Held(ClientShare.Everybody, Limits.SubscriptionPositionsOfAllMax));
        counts.Leave(Held(known));
        Assert.True(counts.TryEnter(Held(known, 1)));
        Assert.Equal(Limits.StreamsOfClientMax, counts.Open);

        for (int i = 0; i < Limits.SelectionsOfClientMax; i++)
        {
            Assert.True(counts.TryEnter(Held(ClientShare.Everybody, key: $"{i}")));
        }

        Assert.False(counts.TryEnter(Held(ClientShare.Everybody, key: "another")));
        Assert.True(counts.TryEnter(Held(ClientShare.Everybody, key: "7")));
        counts.Leave(Held(ClientShare.Everybody, key: "8"));
        Assert.True(counts.TryEnter(Held(ClientShare.Everybody, key: "another")));
    }

    [Fact]
    public async Task New_subscriptions_are_admitted_at_a_rate_wait_for_it_and_are_refused_beyond()
    {
        for (int i = 0; i < Limits.StreamsBurst; i++)
        {
            (await _city.OpenAsync()).Dispose();
        }

        Task<(EventStream? Stream, RequestError? Refused)>[] waiting =
            [.. Enumerable.Range(0, Limits.StreamsWaitingMax).Select(_ => _city.TryOpenAsync())];
        Assert.IsType<OverloadedError>((await _city.TryOpenAsync()).Refused);
        Assert.DoesNotContain(waiting, task => task.IsCompleted);
        Assert.True(_city.Streams.Rate.TryReplenish());
        (EventStream? Stream, RequestError? Refused) first = await await Task.WhenAny(waiting);
        Assert.Null(first.Refused);
        first.Stream!.Dispose();
    }

    /// <summary>Ten thousand come back with a place that memory does not hold: the log is read by two at a time.</summary>
    [Fact]
    public async Task The_log_is_read_by_two_at_a_time()
    {
        for (int i = 0; i < 5; i++)
        {
            _city.Change(1);
        }

        await _city.DispatchedAsync();
        _city.RecentFrom = 100;
        (EventStream? Stream, RequestError? Refused)[] all = await Task.WhenAll(
            Enumerable.Range(0, Limits.StreamsBurst / 2).Select(_ => Task.Run(() => _city.TryOpenAsync(after: 0))));
        foreach ((EventStream? stream, _) in all)
        {
            Assert.Equal(["RESUMED 0", "UPDATED 1"], await NextAsync(stream!, 2));
            stream!.Dispose();
        }

        Assert.Equal(all.Length, _city.Reads);
        Assert.Equal(Limits.ReplaysFromLogMax, _city.ReadersMax);
    }

    [Fact]
    public async Task A_stopped_reader_leaves_nothing_behind()
    {
        for (int i = 0; i < 200; i++)
        {
            (await _city.OpenAsync(status: "OPEN")).Dispose();
        }

        Assert.Equal(0, _city.Streams.Count);
        _city.Change(1);
        using EventStream last = await _city.OpenAsync(after: 0);
        Assert.Equal(["RESUMED 0", "UPDATED 1"], await NextAsync(last, 2));
    }

    private async Task ChangeAsync(List<Progress> readers, long row)
    {
        while (readers.Exists(reader => _city.Head - reader.Last >= Limits.StreamEventsMax - 4))
        {
            await Task.Yield();
        }

        _city.Change(row);
    }

    private async Task<List<string>> ReadAsync(Progress progress, long until)
    {
        await Task.Yield();
        using EventStream stream = await _city.OpenAsync(progress.After);
        var told = new List<string>();
        while (progress.Last < until)
        {
            told.Add(await NextAsync(stream));
            progress.Last = long.Parse(told[^1].Split(' ')[1], CultureInfo.InvariantCulture);
        }

        return told;
    }

    /// <summary>How far a reader is.</summary>
    /// <param name="after">Where it began.</param>
    private sealed class Progress(long after)
    {
        private long _last = after;

        public long After { get; } = after;

        public long Last
        {
            get => Volatile.Read(ref _last);
            set => Volatile.Write(ref _last, value);
        }
    }
}
