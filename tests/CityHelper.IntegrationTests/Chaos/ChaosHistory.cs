using CityHelper.Data.Changes;
using CityHelper.Data.Model;
using Npgsql;
using StackExchange.Redis;
using Xunit;

namespace CityHelper.IntegrationTests.Chaos;

/// <summary>Checks of what is left when all is quiet: log, rows, copy and followers tell one history.</summary>
/// <param name="database">The primary.</param>
/// <param name="log">The log in it.</param>
internal sealed class ChaosHistory(NpgsqlDataSource database, ChangeLog log)
{
    /// <summary>Dense numbers from 1 on, each event once, epochs that only rise and begin with their event.</summary>
    public async Task<IReadOnlyList<ChangeEvent>> LogAsync(short city)
    {
        IReadOnlyList<ChangeEvent> events = await log.ReadAsync(city, 0, int.MaxValue, CancellationToken.None);
        Assert.Equal(Enumerable.Range(1, events.Count).Select(n => (long)n), events.Select(e => e.Number));
        Assert.Equal(events.Count, events.Select(e => e.EventId).Distinct().Count());
        for (int i = 1; i < events.Count; i++)
        {
            Assert.Equal(events[i].Epoch > events[i - 1].Epoch, events[i].Kind == ChangeKind.Epoch);
            Assert.True(events[i].Epoch >= events[i - 1].Epoch);
        }

        return events;
    }

    /// <summary>
    /// A request's events are in the order of its commits: each has the next version and the state that the last one left.
    /// </summary>
    public async Task AssertChainedAsync(short city, IReadOnlyList<ChangeEvent> events, IReadOnlyCollection<long> requests)
    {
        foreach (long request in requests)
        {
            // The import that brought it in was one event for all.
            (int? Version, ServiceRequestStatus? Status) last = (1, null);
            foreach (ChangeEvent change in events.Where(e => e.Kind == ChangeKind.Request && e.ServiceRequestId == request))
            {
                Assert.Equal(last.Version + 1, change.Version);
                Assert.True(last.Status is null || last.Status == change.Before!.Status, $"{change} behind {last}");
                last = (change.Version, change.After!.Status);
            }

            await using NpgsqlCommand row = database.CreateCommand(
                "select version, status from service_request where city_id = $1 and id = $2");
            row.Parameters.Add(new() { Value = city });
            row.Parameters.Add(new() { Value = request });
            await using NpgsqlDataReader reader = await row.ExecuteReaderAsync();
            Assert.True(await reader.ReadAsync());
            Assert.Equal(last.Version, reader.GetInt32(0));
            Assert.True(last.Status is null || last.Status == reader.GetFieldValue<ServiceRequestStatus>(1));
        }
    }

    /// <summary>The history holds each confirmed note, and none twice.</summary>
    public async Task AssertNotesAsync(ChaosNotes notes)
    {
        var held = new Dictionary<string, long>();
        await using NpgsqlCommand command = database.CreateCommand(
            "select note, count(*) from status_update where note is not null group by note");
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            held.Add(reader.GetString(0), reader.GetInt64(1));
        }

        Assert.DoesNotContain(held, note => note.Value > 1);
        Assert.DoesNotContain(notes.Kept(), note => !held.ContainsKey(note));
    }

    /// <summary>An answer read at a position holds everything that is numbered up to it.</summary>
    public static void AssertReadAt(short city, IReadOnlyList<ChangeEvent> events, IEnumerable<ChaosWriters.ReadAt> reads)
    {
        ILookup<long?, ChangeEvent> changes = events.Where(e => e.Kind == ChangeKind.Request).ToLookup(e => e.ServiceRequestId);
        foreach (ChaosWriters.ReadAt read in reads.Where(read => read.City == city))
        {
            Assert.True(read.Number <= events.Count, $"{read} is of a position that was never given");
            int numbered = changes[read.Id].Where(e => e.Number <= read.Number).Select(e => e.Version ?? 0).DefaultIfEmpty(1).Max();
            Assert.True(numbered <= read.Version, $"{read} does not hold version {numbered}");
        }
    }

    /// <summary>The copy is the end of the log, dense, of the present epoch alone.</summary>
    public static async Task AssertCopiedAsync(IDatabase redis, string key, IReadOnlyList<ChangeEvent> events)
    {
        StreamEntry[] entries = await redis.StreamRangeAsync(key);
        Assert.NotEmpty(entries);
        ChangeEvent[] end = [.. events.TakeLast(entries.Length)];
        Assert.Equal(end.Select(e => $"{e.Epoch}-{e.Number}"), entries.Select(entry => (string)entry.Id!));
        Assert.Equal(events[^1].Epoch, end[0].Epoch);
        Assert.All(end.Zip(entries), pair => Assert.Contains(pair.First.EventId.ToString(), (string)pair.Second.Values[0].Value!));
    }

    /// <summary>A follower was told each event of the present epoch once, in order.</summary>
    public static void AssertFollowed(FollowerRecord follower, short city, IReadOnlyList<ChangeEvent> events)
    {
        Assert.Empty(follower.Broken);
        int epoch = events[^1].Epoch;
        IReadOnlyList<ChangeEvent> told = follower.Events(city);
        Assert.Equal(
            events.Where(e => e.Epoch == epoch && e.Number >= told[0].Number).Select(e => (e.Number, e.EventId)),
            told.Select(e => (e.Number, e.EventId)));
        // Read anew when the epoch began, or, without one, when the server started: the log was not empty then.
        Assert.True(told[0].Kind == ChangeKind.Epoch || follower.Resets == 3, $"{told[0]} is the first of {follower.Resets} resets");
    }
}
