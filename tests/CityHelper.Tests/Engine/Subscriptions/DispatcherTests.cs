using System.Globalization;
using CityHelper.Engine;
using CityHelper.Engine.Admission;
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
        Assert.Null(stream.TryGetPlace());
        await NextAsync(stream);
        Assert.Null(stream.TryGetPlace());
        Task<StreamItem> next = stream.TakeAsync(CancellationToken.None).AsTask();
        _city.Change(1);
        await _city.DispatchedAsync();
        Assert.Equal(_city.Cursors.Sign(Tenant, new(1, 1)), stream.TryGetPlace());
        _city.Change(1, after: "CLOSED");
        Assert.Equal(2, (await next).Event!.Position.Number);
        Assert.Null(stream.TryGetPlace());
    }

    [Fact]
    public async Task Streams_end_in_random_order_when_the_server_stops_and_no_more_are_opened()
    {
        EventStream[] streams = [.. await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => _city.OpenAsync()))];
        foreach (EventStream stream in streams)
        {
            await NextAsync(stream);
        }

        var order = new List<int>();
        Task[] readers = [.. streams.Select(async (stream, i) =>
        {
            Assert.Equal("ServerStops", await NextAsync(stream));
            lock (order)
            {
                order.Add(i);
            }
        })];
        Task drained = _city.Streams.DrainAsync(CancellationToken.None);
        Assert.IsType<OverloadedError>((await _city.TryOpenAsync()).Refused);
        TimeSpan waited = TimeSpan.Zero;
        while (!drained.IsCompleted)
        {
            _city.Time.Advance(TimeSpan.FromMilliseconds(100));
            waited += TimeSpan.FromMilliseconds(100);
            await Task.Delay(1);
        }

        await Task.WhenAll(readers);
        Assert.InRange(waited, Limits.DrainTimeMax * 0.9, Limits.DrainTimeMax * 3);
        Assert.NotEqual(Enumerable.Range(0, 40), order);
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
    public void Subscriptions_are_counted_by_share_and_by_what_they_hold()
    {
        var counts = new StreamCounts();
        var known = new ClientShare("civic", 1, 1);
        for (int i = 0; i < Limits.StreamsOfClientMax; i++)
        {
            Assert.True(counts.TryEnter(known, 0));
        }

        Assert.False(counts.TryEnter(known, 0));
        Assert.True(counts.TryEnter(ClientShare.Everybody, Limits.SubscriptionPositionsOfAllMax));
        Assert.False(counts.TryEnter(ClientShare.Everybody, 1));
        counts.Leave(ClientShare.Everybody, Limits.SubscriptionPositionsOfAllMax);
        counts.Leave(known, 0);
        Assert.True(counts.TryEnter(known, 1));
        Assert.Equal(Limits.StreamsOfClientMax, counts.Open);
    }

    [Fact]
    public async Task New_subscriptions_are_admitted_at_a_rate()
    {
        int refused = 0;
        for (int i = 0; i < Limits.StreamsBurst + 500; i++)
        {
            (EventStream? stream, RequestError? error) = await _city.TryOpenAsync();
            stream?.Dispose();
            refused += error is null ? 0 : 1;
        }

        Assert.InRange(refused, 1, 500);
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
