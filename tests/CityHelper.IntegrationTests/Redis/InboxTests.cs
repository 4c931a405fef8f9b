using CityHelper.Data;
using CityHelper.IntegrationTests.Postgres;
using CityHelper.Server.Changes;
using Npgsql;
using StackExchange.Redis;
using Xunit;

namespace CityHelper.IntegrationTests.Redis;

/// <summary>What services without the database announce, and what is refused: attack 25.</summary>
public sealed class InboxTests(PostgresFixture postgres, RedisFixture redis) : InboxFixture(postgres, redis)
{
    private const long Cell = (14L << 58) | (4825L << 29) | 6160;

    private static readonly Guid s_id = Guid.Parse("0195530d-4400-7000-8000-0000000000aa");

    [Fact]
    public async Task An_announcement_is_made_at_once_and_again_after_five_seconds()
    {
        Reader reader = await ReaderAsync();
        await AddAsync(SignedEntry(s_id, cells: "14/4825/6161 14/4825/6160 14/4825/6161"));
        await reader.PassAsync();
        (Guid id, string cause, long[]? cells) = Assert.Single(await EventsAsync());
        Assert.Equal((s_id, "inbox:parks"), (id, cause));
        Assert.Equal([Cell, Cell + 1], cells!);

        Time.Advance(Server.Limits.InboxAgainAfter - TimeSpan.FromMilliseconds(1));
        await reader.PassAsync();
        Assert.Single(await EventsAsync());
        Assert.Equal(1, await Redis.StreamLengthAsync(Inbox));

        Time.Advance(TimeSpan.FromMilliseconds(1));
        await reader.PassAsync();
        List<(Guid Id, string Cause, long[]? Cells)> events = await EventsAsync();
        Assert.Equal(2, events.Count);
        Assert.NotEqual(s_id, events[1].Id);
        Assert.Equal(8, events[1].Id.Version);
        Assert.Equal([Cell, Cell + 1], events[1].Cells!);
        Assert.Equal(0, await Redis.StreamLengthAsync(Inbox));
        Assert.Empty(await DeadAsync());
    }

    [Fact]
    public async Task All_stands_for_the_whole_city()
    {
        Reader reader = await ReaderAsync();
        await AddAsync(SignedEntry(s_id));
        await reader.PassAsync();
        Assert.Null(Assert.Single(await EventsAsync()).Cells);
    }

    [Fact]
    public async Task The_largest_announcement_is_taken()
    {
        Reader reader = await ReaderAsync();
        await AddAsync(SignedEntry(s_id, cells: string.Join(' ', Enumerable.Range(0, 256).Select(i => $"14/{16_128 + i}/16383"))));
        await reader.PassAsync();
        Assert.Equal(256, Assert.Single(await EventsAsync()).Cells!.Length);
    }

    public static TheoryData<string, string> Refusals => new()
    {
        { "unsigned", "no signature" },
        { "unsigned", "empty signature" },
        { "wrong-signature", "forged signature" },
        { "wrong-signature", "another's key" },
        { "wrong-signature", "signed for another city" },
        { "wrong-signature", "changed cells" },
        { "wrong-signature", "signature in capitals" },
        { "unknown-source", "unknown source" },
        { "unknown-city", "not its city" },
        { "too-old", "too old" },
        { "in-future", "in future" },
        { "malformed", "no event id" },
        { "malformed", "no UUID" },
        { "malformed", "no time" },
        { "malformed", "257 cells" },
        { "malformed", "zoom 15" },
        { "malformed", "no cells" },
        { "malformed", "outside the world" },
        { "malformed", "another field" },
        { "malformed", "a field twice" },
        { "malformed", "binary" },
        { "oversized", "many bytes" },
        { "oversized", "many fields" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task What_is_not_as_it_must_be_is_refused_with_its_reason(string reason, string what)
    {
        Reader reader = await ReaderAsync();
        await AddAsync(Refused(what));
        await AddAsync(SignedEntry(s_id));
        await reader.PassAsync();
        Dictionary<string, string> dead = Assert.Single(await DeadAsync());
        Assert.Equal(reason, dead["reason"]);
        Assert.All(dead.Values, value => Assert.InRange(value.Length, 0, Server.Limits.DeadLetterValueBytesMax));
        Assert.Equal((1, 1), (reader.Ingester.Refused, reader.Log.Count($"the last one as {reason}")));

        // The one behind it is not held up.
        Assert.Equal(s_id, Assert.Single(await EventsAsync()).Id);
        Time.Advance(Server.Limits.InboxAgainAfter);
        await reader.PassAsync();
        Assert.Equal(0, await Redis.StreamLengthAsync(Inbox));
        Assert.Single(await DeadAsync());
    }

    [Fact]
    public async Task A_flood_of_refused_entries_leaves_a_bounded_number_of_dead_letters()
    {
        Reader reader = await ReaderAsync();
        await Task.WhenAll(Enumerable.Range(0, 1_500).Select(_ => AddAsync(new NameValueEntry("a", "b"))));
        for (int i = 0; i < 150; i++)
        {
            await reader.PassAsync();
        }

        Assert.Equal((1_500, 0), (reader.Ingester.Refused, await Redis.StreamLengthAsync(Inbox)));
        Assert.InRange((await DeadAsync()).Count, Server.Limits.DeadLettersMax, Server.Limits.DeadLettersMax + 200);
    }

    [Fact]
    public async Task One_event_id_is_one_event_however_often_it_is_sent()
    {
        Reader reader = await ReaderAsync();
        await AddAsync(SignedEntry(s_id));
        await AddAsync(SignedEntry(s_id));
        await PassesAsync(reader);
        await AddAsync(SignedEntry(s_id));
        await PassesAsync(reader);
        Assert.Equal(2, (await EventsAsync()).Count);
        Assert.Equal(0, await Redis.StreamLengthAsync(Inbox));
    }

    [Fact]
    public async Task Of_two_servers_one_announces_each_entry()
    {
        Reader[] readers = [await ReaderAsync(), await ReaderAsync()];
        Guid[] ids = [.. Enumerable.Range(0, 100).Select(_ => Guid.CreateVersion7())];
        await Task.WhenAll(ids.Select(id => AddAsync(SignedEntry(id))));
        for (int i = 0; i < 6; i++)
        {
            await Task.WhenAll(readers.Select(reader => reader.PassAsync()));
        }

        Assert.Equal(ids.Order(), (await EventsAsync()).Select(change => change.Id).Order());
        Time.Advance(Server.Limits.InboxAgainAfter);
        await Task.WhenAll(readers.Select(reader => reader.PassAsync()));
        Assert.Equal(200, (await EventsAsync()).Count);
        Assert.Equal(0, await Redis.StreamLengthAsync(Inbox));
        Assert.Equal(0, (await Redis.StreamPendingAsync(Inbox, "cityhelper")).PendingMessageCount);
    }

    [Fact]
    public async Task What_a_dead_server_left_another_announces_again()
    {
        Reader dead = await ReaderAsync();
        await AddAsync(SignedEntry(s_id));
        await dead.PassAsync();
        Time.Advance(Server.Limits.InboxAgainAfter);

        Reader early = await ReaderAsync();
        await PassesAsync(early);
        Assert.Single(await EventsAsync());

        Reader other = await ReaderAsync(claimAfter: TimeSpan.Zero);
        await PassesAsync(other);
        Assert.Equal(2, (await EventsAsync()).Count);
        Assert.Equal(0, await Redis.StreamLengthAsync(Inbox));

        // It was not dead: what it does once more is the same.
        await PassesAsync(dead);
        Assert.Equal(2, (await EventsAsync()).Count);
    }

    [Fact]
    public async Task A_server_takes_so_many_at_once_and_the_rest_waits()
    {
        Reader reader = await ReaderAsync();
        await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => AddAsync(SignedEntry(Guid.NewGuid()))));
        await reader.PassAsync();
        Assert.Equal(Server.Limits.InboxEntriesPerStep, (await EventsAsync()).Count);
        for (int i = 0; i < 30; i++)
        {
            await reader.PassAsync();
        }

        Assert.Equal(Server.Limits.InboxHeldMax, (await EventsAsync()).Count);
        Assert.Equal(300, await Redis.StreamLengthAsync(Inbox));
    }

    [Fact]
    public async Task Without_the_database_entries_wait_and_it_is_told_once()
    {
        await using NpgsqlDataSource nobody = CityHelperDatabase.CreateDataSource("Host=127.0.0.1;Port=1;Username=nobody;Timeout=2");
        Reader failing = await ReaderAsync(database: nobody);
        await AddAsync(SignedEntry(s_id));
        await failing.PassAsync();
        await failing.PassAsync();
        Assert.Equal(1, failing.Log.Count("cannot be announced"));
        Assert.Equal(1, await Redis.StreamLengthAsync(Inbox));

        await PassesAsync(await ReaderAsync(claimAfter: TimeSpan.Zero));
        Assert.Equal(2, (await EventsAsync()).Count);
    }

    [Fact]
    public async Task A_Redis_that_lost_everything_is_read_again()
    {
        Reader reader = await ReaderAsync();
        await AddAsync(SignedEntry(s_id));
        await reader.PassAsync();
        await Redis.KeyDeleteAsync(Inbox);
        await PassesAsync(reader);
        Assert.Equal(2, (await EventsAsync()).Count);

        await AddAsync(SignedEntry(Guid.NewGuid()));
        await reader.PassAsync();
        Assert.Equal(3, (await EventsAsync()).Count);
    }

    private async Task PassesAsync(Reader reader)
    {
        await reader.PassAsync();
        Time.Advance(Server.Limits.InboxAgainAfter);
        await reader.PassAsync();
    }

    private NameValueEntry[] Refused(string what)
    {
        var id = Guid.NewGuid();
        return what switch
        {
            "no signature" => SignedEntry(id)[..4],
            "empty signature" => With(SignedEntry(id), "signature", ""),
            "forged signature" => With(SignedEntry(id), "signature", new string('0', 64)),
            "another's key" => SignedEntry(id, key: KeyOf(Elsewhere)),
            "signed for another city" => SignedEntry(id, city: (short)(City + 1)),
            "changed cells" => With(SignedEntry(id, cells: "14/1/1"), "cells", "all"),
            "signature in capitals" => With(SignedEntry(id), "signature", ((string)SignedEntry(id)[4].Value!).ToUpperInvariant()),
            "unknown source" => SignedEntry(id, source: "nobody"),
            "not its city" => SignedEntry(id, source: Elsewhere),
            "too old" => SignedEntry(id, age: Server.Limits.InboxAgeMax + TimeSpan.FromSeconds(1)),
            "in future" => SignedEntry(id, age: -Server.Limits.InboxAheadMax - TimeSpan.FromSeconds(1)),
            "no event id" => [.. SignedEntry(id).Where(field => field.Name != "event_id")],
            "no UUID" => Resigned(SignedEntry(id), "event_id", "1"),
            "no time" => Resigned(SignedEntry(id), "time", "yesterday"),
            "257 cells" => SignedEntry(id, cells: string.Join(' ', Enumerable.Range(0, 257).Select(i => $"14/{i}/1"))),
            "zoom 15" => SignedEntry(id, cells: "15/1/1"),
            "no cells" => SignedEntry(id, cells: ""),
            "outside the world" => SignedEntry(id, cells: "14/16384/1"),
            "another field" => [.. SignedEntry(id), new("extra", "1")],
            "a field twice" => [.. SignedEntry(id), new("cells", "all")],
            "binary" => With(SignedEntry(id), "source", (RedisValue)new byte[] { 0xFF, 0x00, 0xC0 })[..3],
            "many bytes" => SignedEntry(id, cells: new string('x', 4 << 20)),
            "many fields" => [.. Enumerable.Range(0, 11).Select(i => new NameValueEntry($"{i}", ""))],
            _ => throw new ArgumentOutOfRangeException(nameof(what), what, null),
        };
    }

    private static NameValueEntry[] With(NameValueEntry[] fields, string name, RedisValue value) =>
        [.. fields.Select(field => field.Name == name ? new NameValueEntry(name, value) : field)];

    private NameValueEntry[] Resigned(NameValueEntry[] fields, string name, string value)
    {
        NameValueEntry[] changed = With(fields, name, value);
        string Of(string field) => (string)changed.Single(entry => entry.Name == field).Value!;
        return With(changed, "signature", InboxSignature.Of(KeyOf(Parks), City, Parks, Of("event_id"), Of("time"), Of("cells")));
    }
}
