using System.Globalization;
using System.Text;
using CityHelper.Data.Changes;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.Server.Changes;
using CityHelper.Server.Redis;
using CloudNative.CloudEvents;
using CloudNative.CloudEvents.SystemTextJson;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;
using Xunit;

namespace CityHelper.IntegrationTests.Redis;

/// <summary>The copy of the log in a real Redis: what is appended, refused, begun anew, read.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ChangeStreamTests(RedisFixture redis) : IAsyncLifetime
{
    private const short City = StreamServer.City;

    private static readonly string s_key = RedisChangeStream.KeyOf(City);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly StreamServer[] _servers = new StreamServer[2];
    private ConnectionMultiplexer _connection = null!;

    private IDatabase Database => _connection.GetDatabase();

    private RedisChangeStream Stream => _servers[0].Stream;

    private RedisChangeStream Other => _servers[1].Stream;

    public async Task InitializeAsync()
    {
        string database = await redis.CreateDatabaseAsync();
        _connection = await RedisConnection.ConnectAsync(database);
        for (int i = 0; i < _servers.Length; i++)
        {
            _servers[i] = await StreamServer.OpenAsync(database, _time);
        }
    }

    public async Task DisposeAsync()
    {
        foreach (StreamServer server in _servers)
        {
            await server.DisposeAsync();
        }

        await _connection.DisposeAsync();
    }

    [Fact]
    public async Task Events_are_appended_in_order_and_read_as_they_were()
    {
        Assert.Equal(new StreamTail(0, 0), await TailAsync());
        Assert.Equal(StreamAppend.Gap, await AppendAsync(Events(1, 1)));
        Assert.True(await ResetAsync(default, Events(1, 2)));
        Assert.Equal(StreamAppend.Done, await AppendAsync(Events(3, 1_200)));
        Assert.Equal(new StreamTail(1, 1_200), await TailAsync());

        IReadOnlyList<ChangeEvent> read = await ReadAsync(1, 0);
        Assert.Equal(1L.To(1_000), read.Select(change => change.Number));
        Assert.Equal(1_001L.To(1_200), (await ReadAsync(1, 1_000)).Select(change => change.Number));
        Assert.Equal([6L, 7L], (await ReadAsync(1, 5, max: 2)).Select(change => change.Number));
        Assert.Empty(await ReadAsync(1, 1_200));
        Assert.Equal(Events(1, 1_000).Select(change => ChangeCloudEvents.ToJson(change, "city-7")),
            read.Select(change => ChangeCloudEvents.ToJson(change, "city-7")));
    }

    [Fact]
    public async Task Cities_are_read_at_once()
    {
        ChangeEvent other = Events(5, 5)[0] with { CityId = City + 1 };
        await ResetAsync(default, Events(1, 3));
        await Stream.ResetAsync(City + 1, default, [other], CancellationToken.None);
        IReadOnlyDictionary<short, IReadOnlyList<ChangeEvent>> read = (await Stream.ReadAsync(
            new Dictionary<short, StreamTail> { [City] = new(1, 1), [City + 1] = new(1, 4), [City + 2] = default },
            10,
            CancellationToken.None))!;
        Assert.Equal([City, City + 1], read.Keys.Order().Select(key => (int)key));
        Assert.Equal((2, 1), (read[City].Count, read[City + 1].Count));
        Assert.Empty((await Stream.ReadAsync(new Dictionary<short, StreamTail>(), 10, CancellationToken.None))!);
    }

    [Fact]
    public async Task What_is_there_is_not_appended_again_and_nothing_follows_a_hole()
    {
        await ResetAsync(default, Events(1, 5));
        Assert.Equal(StreamAppend.Gap, await AppendAsync(Events(7, 8)));
        Assert.Equal(StreamAppend.Done, await AppendAsync(Events(2, 4)));
        Assert.Equal(StreamAppend.Done, await AppendAsync(Events(3, 8)));
        Assert.Equal(1L.To(8), (await ReadAsync(1, 0)).Select(change => change.Number));
        Assert.Equal(8, await Database.StreamLengthAsync(s_key));
        await Assert.ThrowsAsync<ArgumentException>(() => AppendAsync([.. Events(9, 9), .. Events(11, 11)]));
    }

    /// <summary>What is appended with it, and what is there, may still be what it redacts.</summary>
    [Fact]
    public async Task A_redaction_comes_with_a_stream_that_is_begun_anew_and_by_no_append()
    {
        await ResetAsync(default, Events(1, 3));
        ChangeEvent[] events = Events(2, 6);
        events[2] = events[2] with { Kind = ChangeKind.Redaction };
        Assert.Equal(StreamAppend.Gap, await AppendAsync(events));
        Assert.Equal(new StreamTail(1, 3), await TailAsync());

        // Of 1,200, in one step.
        ChangeEvent[] whole = Events(1, 1_200);
        whole[3] = events[2];
        whole[900] = whole[900] with { Kind = ChangeKind.Redaction };
        Assert.True(await ResetAsync(new(1, 3), whole));
        Assert.Equal(
            1L.To(1_200), [.. (await ReadAsync(1, 0)).Concat(await ReadAsync(1, 1_000)).Select(change => change.Number)]);
        Assert.Equal(StreamAppend.Done, await AppendAsync([.. whole[2..], .. Events(1_201, 1_202)]));
        Assert.Equal(new StreamTail(1, 1_202), await TailAsync());

        // Nothing is left of what was prepared, and the stream does not expire.
        Assert.Equal([s_key], (await _connection.GetServers()[0].KeysAsync(Database.Database).ToListAsync()).Select(key => (string?)key));
        Assert.Null(await Database.KeyTimeToLiveAsync(s_key));
        Assert.False(await ResetAsync(new(1, 3), whole));
        Assert.Single(await _connection.GetServers()[0].KeysAsync(Database.Database).ToListAsync());
    }

    [Fact]
    public async Task An_event_of_another_history_is_not_taken_for_the_one_that_is_there()
    {
        await ResetAsync(default, Events(1, 5));
        Assert.Equal(StreamAppend.Different, await AppendAsync(Events(4, 6, history: 1), history: 1));

        // Nor does one follow the event of another: numbers alone would join two histories.
        Assert.Equal(StreamAppend.Different, await AppendAsync(Events(6, 6, history: 1), history: 1));
        Assert.Equal(StreamAppend.Gap, await Answers.OfAsync(() => Stream.AppendAsync(City, null, Events(6, 6), CancellationToken.None)));
        Assert.Equal(new StreamTail(1, 5), await TailAsync());
    }

    [Fact]
    public async Task A_later_epoch_begins_the_stream_anew_and_an_earlier_one_is_left_behind()
    {
        await ResetAsync(default, Events(1, 5));

        // The primary that wrote 4 and 5 is gone; the promoted one begins an epoch behind its own 3.
        ChangeEvent epoch = StreamServer.Events(2, 4, 4, _time.GetUtcNow())[0] with { Kind = ChangeKind.Epoch, IsAll = true };
        ChangeEvent[] later = [epoch, .. StreamServer.Events(2, 5, 6, _time.GetUtcNow())];
        Assert.Equal(StreamAppend.Gap, await AppendAsync(later));
        Assert.True(await ResetAsync(new(1, 5), later));
        Assert.Equal(StreamAppend.Done, await AppendAsync([epoch]));

        // The old one still writes.
        Assert.Equal(StreamAppend.Done, await AppendAsync(Events(6, 7)));
        Assert.Equal(["2-4", "2-5", "2-6"], (await Database.StreamRangeAsync(s_key)).Select(entry => (string?)entry.Id));
        await Assert.ThrowsAsync<ArgumentException>(() => AppendAsync([.. Events(3, 3), epoch]));
    }

    [Fact]
    public async Task Two_copiers_at_once_leave_no_hole_and_append_nothing_twice()
    {
        const int Last = 4_000;
        Assert.True(await ResetAsync(default, Events(1, 1)));
        ChangeEvent[] all = Events(1, Last);
        await Task.WhenAll(_servers.Select((server, i) => Task.Run(() => CopyAsync(server.Stream, all, new Random(i)))));
        StreamEntry[] entries = await Database.StreamRangeAsync(s_key);
        Assert.Equal(1L.To(Last).Select(n => $"1-{n}"), entries.Select(entry => (string?)entry.Id));
        Assert.Equal(
            Last, entries.Select(entry => ChangeCloudEventReader.Parse((byte[])entry["event"]!, City)!.EventId).Distinct().Count());
    }

    [Fact]
    public async Task A_stream_is_begun_anew_only_by_who_saw_its_end()
    {
        await ResetAsync(default, Events(1, 5));
        StreamTail seen = await TailAsync();
        await AppendAsync(Events(6, 6));
        Assert.False(await ResetAsync(seen, Events(9, 9)));
        Assert.False(await ResetAsync(default, Events(9, 9)));
        Assert.True(await ResetAsync(new(1, 6), Events(9, 1_700)));
        Assert.Equal("1-9", (string?)(await Database.StreamRangeAsync(s_key, count: 1))[0].Id);
        Assert.Equal(new StreamTail(1, 1_700), await TailAsync());

        // A late copier, which saw the stream before: what is not above the end is left out.
        Assert.Equal(StreamAppend.Done, await StreamServer.AppendAsync(Other, Events(7, 10)));
        Assert.False(await Other.ResetAsync(City, new(1, 6), Events(7, 10), CancellationToken.None));
        Assert.Equal(9L.To(1_700).Count(), await Database.StreamLengthAsync(s_key));
    }

    [Fact]
    public async Task Of_two_that_begin_an_empty_stream_one_does()
    {
        bool?[] begun = await Task.WhenAll(_servers.Select((server, i) =>
            server.Stream.ResetAsync(City, default, Events(5 + i, 9), CancellationToken.None)));
        Assert.Equal(1, begun.Count(done => done == true));
        Assert.Equal(new StreamTail(1, 9), await TailAsync());
    }

    [Fact]
    public async Task Old_events_are_removed_and_the_newest_stays()
    {
        ChangeEvent[] first = Events(1, 300);
        await ResetAsync(default, first);
        _time.Advance(Server.Limits.StreamKept + TimeSpan.FromSeconds(1));
        ChangeEvent[] next = Events(301, 302);
        await AppendBehindAsync(first[^1], next[0]);
        Assert.Equal(301 - Server.Limits.StreamTrimmedMax - 1, await Database.StreamLengthAsync(s_key));
        await AppendBehindAsync(next[0], next[1]);
        Assert.Equal([301L, 302L], (await ReadAsync(1, 0)).Select(change => change.Number));

        DateTimeOffset old = _time.GetUtcNow() - 2 * Server.Limits.StreamKept;
        ChangeEvent[] late = StreamServer.Events(1, 303, 402, old);
        await AppendBehindAsync(next[1], late[..98]);
        Assert.Equal(new StreamTail(1, 400), await TailAsync());
        _time.Advance(2 * Server.Limits.StreamKept);
        await AppendBehindAsync(late[97], late[98..]);
        Assert.Equal([402L], (await ReadAsync(1, 0)).Select(change => change.Number));
        await AppendBehindAsync(late[97], late[98..]);
        Assert.Equal([402L], (await ReadAsync(1, 0)).Select(change => change.Number));
    }

    [Fact]
    public async Task No_more_events_are_kept_than_is_said()
    {
        await ResetAsync(default, Events(1, 1));
        await AppendAsync(Events(2, Server.Limits.StreamEventsMax + 1_000));
        Assert.InRange(await Database.StreamLengthAsync(s_key), Server.Limits.StreamEventsMax, Server.Limits.StreamEventsMax + 500);
    }

    [Fact]
    public async Task A_bad_entry_is_not_held_and_told_once()
    {
        await ResetAsync(default, Events(1, 3));
        await Database.StreamAddAsync(s_key, "event", "{}", "1-4");
        await Database.StreamAddAsync(s_key, "event", ChangeCloudEvents.ToJson(Events(6, 6)[0], "nyc"), "1-5");
        await Database.StreamAddAsync(s_key, "event", ChangeCloudEvents.ToJson(Events(6, 6)[0], "nyc"), "1-6");
        await Database.StreamAddAsync(s_key, "other", "", "1-7");
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal([1L, 2L, 3L], (await ReadAsync(1, 0)).Select(change => change.Number));
        }

        Assert.Equal(1, _servers[0].Log.Count("is no event of the change log"));

        // Behind the bad ones, so that the caller sees that its next one is missing.
        Assert.Equal([6L], (await ReadAsync(1, 3)).Select(change => change.Number));
        Assert.Empty(await ReadAsync(1, 6));
        Assert.Equal(StreamAppend.Different, await AppendAsync(Events(4, 6)));
    }

    [Fact]
    public async Task A_key_that_is_no_stream_of_ours_counts_as_empty_and_is_begun_anew()
    {
        await Database.StringSetAsync(s_key, "other");
        Assert.Equal(new StreamTail(0, 0), await TailAsync());
        Assert.Equal(StreamAppend.Gap, await AppendAsync(Events(1, 1)));
        Assert.True(await ResetAsync(default, Events(1, 1)));

        await Database.StreamAddAsync(s_key, "event", "", "*");
        Assert.Equal(new StreamTail(0, 0), await TailAsync());
        Assert.Equal(StreamAppend.Gap, await AppendAsync(Events(2, 2)));
        Assert.True(await ResetAsync(default, Events(2, 2)));
        Assert.Equal(new StreamTail(1, 2), await TailAsync());
    }

    /// <summary>Epochs come from the clock. One that is a day ahead was never given: a witness of it would be the last epoch.</summary>
    [Fact]
    public async Task A_stream_of_an_epoch_that_cannot_have_been_given_is_begun_anew()
    {
        int latest = ChangeEpochs.Latest(_time);
        Assert.True(await ResetAsync(default, Events(1, 3)));
        await Database.StreamAddAsync(s_key, "event", ChangeCloudEvents.ToJson(EpochEvent(latest), "city-7"), $"{latest}-4");
        Assert.Equal(new StreamTail(latest, 4), await TailAsync());
        foreach (int epoch in new[] { latest + 1, int.MaxValue })
        {
            await Database.StreamAddAsync(s_key, "event", ChangeCloudEvents.ToJson(EpochEvent(epoch), "city-7"), $"{epoch}-4");
            Assert.Equal(default, await TailAsync());
            Assert.Equal(StreamAppend.Gap, await AppendAsync(Events(4, 4)));
            Assert.False(await ResetAsync(new(epoch, 4), Events(4, 4)));
            Assert.True(await ResetAsync(default, Events(4, 4)));
            Assert.Equal(StreamAppend.Done, await AppendAsync(Events(5, 6)));
            Assert.Equal(new StreamTail(1, 6), await TailAsync());
        }

        ChangeEvent EpochEvent(int epoch) => Events(4, 4)[0] with { Epoch = epoch };
    }

    [Fact]
    public async Task A_city_without_a_name_has_no_stream_now_and_city_0_needs_none()
    {
        ChangeEvent change = Events(1, 1)[0];
        Assert.Null(await Stream.ResetAsync(99, default, [change with { CityId = 99 }], CancellationToken.None));
        Assert.True(await Stream.ResetAsync(0, default, [change with { CityId = 0 }], CancellationToken.None));
    }

    [Fact]
    public async Task A_nudge_arrives()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await using IAsyncEnumerator<short> nudges =
            new ChangeNudges(_servers[1].Connection, TimeProvider.System).ListenAsync(patience.Token).GetAsyncEnumerator(patience.Token);
        Task<bool> first = nudges.MoveNextAsync().AsTask();
        await NudgedAsync(first, patience.Token);
        Assert.Equal(City, nudges.Current);
    }

    [Fact]
    public async Task CloudEvents_of_the_library_are_what_entries_hold()
    {
        var formatter = new JsonEventFormatter();
        CloudEventAttribute[] extensions = [CloudEventAttribute.CreateExtension("sequence", CloudEventAttributeType.String)];
        foreach (ChangeKind kind in Enum.GetValues<ChangeKind>())
        {
            string json = ChangeCloudEvents.ToJson(EventExamples.Of(kind) with { CityId = City }, "city-7");
            CloudEvent read = formatter.DecodeStructuredModeMessage(Encoding.UTF8.GetBytes(json), null, extensions);
            Assert.True(read.IsValid);
            Assert.Equal((ChangeCloudEvents.TypeOf(kind), CloudEventsSpecVersion.V1_0), (read.Type, read.SpecVersion));
            Assert.Equal("/cities/city-7", read.Source!.ToString());
            Assert.Equal(
                EventExamples.Of(kind).Number, long.Parse(((string)read["sequence"]!).Split('-')[1], CultureInfo.InvariantCulture));
        }
    }

    private static async Task CopyAsync(RedisChangeStream stream, ChangeEvent[] all, Random random)
    {
        while (true)
        {
            StreamTail tail = await Answers.OfAsync(() => stream.TailAsync(City, CancellationToken.None));
            ChangeEvent[] next = [.. all.Skip((int)tail.Number).Take(random.Next(1, 30))];
            if (next.Length == 0)
            {
                return;
            }

            Assert.Equal(StreamAppend.Done, await Answers.OfAsync(() => StreamServer.AppendAsync(stream, next)));
        }
    }

    // Subscribing takes a moment, and what was published before it is lost.
    private async Task NudgedAsync(Task<bool> nudged, CancellationToken patience)
    {
        for (long n = 1; !nudged.IsCompleted; n++)
        {
            await ResetAsync(await TailAsync(), Events(n, n));
            await Task.WhenAny(nudged, Task.Delay(TimeSpan.FromMilliseconds(20), patience));
            patience.ThrowIfCancellationRequested();
        }

        Assert.True(await nudged);
    }

    private ChangeEvent[] Events(long from, long to, int history = 0) => StreamServer.Events(1, from, to, _time.GetUtcNow(), history);

    private Task<StreamTail> TailAsync() => Answers.OfAsync(() => Stream.TailAsync(City, CancellationToken.None));

    private Task<StreamAppend> AppendAsync(ChangeEvent[] events, int history = 0) =>
        Answers.OfAsync(() => StreamServer.AppendAsync(Stream, events, history));

    private async Task AppendBehindAsync(ChangeEvent before, params ChangeEvent[] events) => Assert.Equal(
        StreamAppend.Done,
        await Answers.OfAsync(() => Stream.AppendAsync(City, before.Identity, events, CancellationToken.None)));

    private Task<bool> ResetAsync(StreamTail seen, ChangeEvent[] events) =>
        Answers.OfAsync(() => Stream.ResetAsync(City, seen, events, CancellationToken.None));

    private async Task<IReadOnlyList<ChangeEvent>> ReadAsync(int epoch, long after, int max = 5_000) =>
        (await Stream.ReadAsync(new Dictionary<short, StreamTail> { [City] = new(epoch, after) }, max, CancellationToken.None))!
            .GetValueOrDefault(City, []);
}
