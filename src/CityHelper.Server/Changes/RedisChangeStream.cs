using System.Collections.Concurrent;
using System.Globalization;
using CityHelper.Data.Changes;
using CityHelper.Engine.Telemetry;
using CityHelper.Server.Redis;
using CityHelper.Server.Telemetry;
using StackExchange.Redis;

namespace CityHelper.Server.Changes;

/// <summary>
/// The copy of the change log in Redis. An entry has the id <c>epoch-n</c> and one field, <c>event</c>: the CloudEvent as JSON.
/// </summary>
/// <remarks>
/// Any server may append, without a lock: a script appends an event only behind its predecessor, compared by number, event id and time of
/// numbering, so there are no holes, whoever appends, and no two histories in one stream. A stream holds events of one epoch,
/// <see cref="Limits.StreamKept"/> and <see cref="Limits.StreamEventsMax"/> events, and always its newest one: it is a witness.
/// </remarks>
/// <param name="redis">The shared Redis.</param>
/// <param name="cities">The slugs of cities, which events name.</param>
/// <param name="time">The clock by which old events are removed, and an epoch is one that can have been given.</param>
/// <param name="logger">Logs entries that are not events.</param>
internal sealed class RedisChangeStream(
    RedisConnection redis, ICityNames cities, TimeProvider time, ILogger<RedisChangeStream> logger) : IChangeStream
{
    /// <summary>The field of an entry that holds the event.</summary>
    public const string EventField = "event";

    /// <summary>
    /// What all scripts begin with. Their first argument is the latest epoch that can have been given. <c>last</c> is the last generated id
    /// of a stream: 0-0 without a stream, nil for what no server of ours wrote, such as a string, or an id with a later epoch: Redis drew
    /// it from its clock, or something is corrupt. Numbers of Lua are exact up to 2^53.
    /// </summary>
    private const string Prelude = """
        local function numbers(id)
          local epoch, n = string.match(id, '^(%d+)-(%d+)$')
          return tonumber(epoch), tonumber(n)
        end
        local function last(key)
          local kind = redis.call('type', key).ok
          if kind == 'none' then return '0-0' end
          if kind ~= 'stream' then return nil end
          local info = redis.call('xinfo', 'stream', key)
          for i = 1, #info, 2 do
            if info[i] == 'last-generated-id' then
              local epoch, n = numbers(info[i + 1])
              if epoch > tonumber(ARGV[1]) or n > 9007199254740991 then return nil end
              return info[i + 1]
            end
          end
          return nil
        end

        """;

    /// <summary>
    /// Reads the last generated id. What is not ours counts as an empty stream, which the next copier begins anew. Key: the stream.
    /// </summary>
    private const string TailScript = Prelude + "return last(KEYS[1]) or '0-0'";

    /// <summary>
    /// Removes entries from the front, as long as they were numbered before a time: a bounded number of them, and never the newest one.
    /// XTRIM cannot do that alone, because the ids hold no time. Entries are looked at in small steps: hardly more are old than were
    /// appended, and reading 200 each time took ten times as long as appending (measured).
    /// </summary>
    private const string Trim = """
        local function oldest_kept(key, newest, before, entries_max)
          local from, seen = '-', 0
          while true do
            for _, entry in ipairs(redis.call('xrange', key, from, '+', 'COUNT', 4)) do
              local at = string.match(entry[2][2] or '', '"numberedAt":"([^"]*)"')
              if entry[1] == newest or at and at >= before or seen == entries_max then return entry[1], seen end
              seen = seen + 1
              from = '(' .. entry[1]
            end
          end
        end
        local function trim(key, newest, before, entries_max)
          local id, seen = oldest_kept(key, newest, before, entries_max)
          if seen > 0 then redis.call('xtrim', key, 'MINID', '=', id) end
        end

        """;

    /// <summary>
    /// Appends, by the rules of <see cref="IChangeStream.AppendAsync"/>. Key: the stream. Arguments: the latest epoch, the most entries,
    /// the time before which entries are removed, how many of them, the channel and the message of the nudge, event id and time of
    /// numbering of the event before the first (empty when it is not known); then for each event its id in the stream, its event id, its
    /// time of numbering, its JSON, which is empty for a redaction. Answers 1, 0 for a gap, 2 for another event: what was appended before
    /// it stays.
    /// </summary>
    private const string AppendScript = Prelude + Trim + """
        local function holds(entry, event, at)
          local json = entry[2][2] or ''
          return string.find(json, '"id":"' .. event .. '"', 1, true) and string.find(json, '"numberedAt":"' .. at .. '"', 1, true)
        end
        local tail = last(KEYS[1])
        if not tail then return 0 end
        local tail_epoch, tail_n = numbers(tail)
        local newest = redis.call('xrevrange', KEYS[1], '+', '-', 'COUNT', 1)[1]
        local before_event, before_at = ARGV[7], ARGV[8]
        local appended, outcome = 0, 1
        for i = 9, #ARGV, 4 do
          local epoch, n = numbers(ARGV[i])
          if ARGV[i + 3] == '' and (epoch > tail_epoch or epoch == tail_epoch and n > tail_n) then return 0 end
        end
        for i = 9, #ARGV, 4 do
          local id, event, at, json = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
          local epoch, n = numbers(id)
          if epoch > tail_epoch or epoch == tail_epoch and n > tail_n + 1 then
            outcome = 0
            break
          elseif epoch == tail_epoch and n <= tail_n then
            local there = redis.call('xrange', KEYS[1], id, id)[1]
            if there and not holds(there, event, at) then
              outcome = 2
              break
            end
          elseif epoch == tail_epoch then
            if not newest or newest[1] ~= tail or before_event == '' then
              outcome = 0
              break
            elseif not holds(newest, before_event, before_at) then
              outcome = 2
              break
            end
            redis.call('xadd', KEYS[1], 'MAXLEN', '~', ARGV[2], id, 'event', json)
            tail, tail_n, newest, appended = id, n, { id, { 'event', json } }, appended + 1
          end
          before_event, before_at = event, at
        end
        if appended > 0 then
          trim(KEYS[1], tail, ARGV[3], appended + ARGV[4])
          redis.call('publish', ARGV[5], ARGV[6])
        end
        return outcome
        """;

    /// <summary>
    /// Adds events to a stream under a name of its own. Key: that name. Arguments: how long it may wait for its place, in milliseconds,
    /// then for each event its id and its JSON.
    /// </summary>
    private const string PrepareScript = """
        for i = 2, #ARGV, 2 do
          redis.call('xadd', KEYS[1], ARGV[i], 'event', ARGV[i + 1])
        end
        redis.call('pexpire', KEYS[1], ARGV[1])
        return 1
        """;

    /// <summary>
    /// Puts a prepared stream in the place of another, unless somebody changed that: the new one forgets the last generated id, so its
    /// first event may have any number, and it comes whole, with the redactions that no append takes. Keys: the stream, the prepared one.
    /// Arguments: the latest epoch, the id that the caller saw, the channel and the message of the nudge.
    /// </summary>
    private const string ResetScript = Prelude + """
        if (last(KEYS[1]) or '0-0') ~= ARGV[2] or redis.call('exists', KEYS[2]) == 0 then
          redis.call('del', KEYS[2])
          return 0
        end
        redis.call('rename', KEYS[2], KEYS[1])
        redis.call('persist', KEYS[1])
        redis.call('publish', ARGV[3], ARGV[4])
        return 1
        """;

    // The entry that was told last, by city: a reader meets it at each pulse until it is trimmed.
    private readonly ConcurrentDictionary<short, string> _told = new();

    /// <summary>The key of a city's stream. The braces are part of it: they keep a city's keys together in a cluster.</summary>
    public static string KeyOf(short cityId) => string.Create(CultureInfo.InvariantCulture, $"changes:{{{cityId}}}");

    /// <inheritdoc/>
    public async Task<StreamTail?> TailAsync(short cityId, CancellationToken cancellation)
    {
        (bool answered, RedisResult? last) = await redis.TryAsync(
            RedisUse.Read,
            database => database.ScriptEvaluateAsync(TailScript, [KeyOf(cityId)], [ChangeEpochs.Latest(time)]),
            cancellation);
        return answered ? PositionOf((string?)last ?? "") : null;
    }

    /// <inheritdoc/>
    public async Task<StreamAppend?> AppendAsync(
        short cityId, ChangeIdentity? behind, IReadOnlyList<ChangeEvent> events, CancellationToken cancellation)
    {
        RequireDense(cityId, events);
        if (events.Count == 0)
        {
            return StreamAppend.Done;
        }

        if (await SourceAsync(cityId, cancellation) is not (true, var slug))
        {
            return null;
        }

        foreach (ChangeEvent[] batch in events.Chunk(Limits.StreamBatchEvents))
        {
            if (await AppendBatchAsync(cityId, slug, behind, batch, cancellation) is not StreamAppend.Done and var other)
            {
                return other;
            }

            behind = batch[^1].Identity;
        }

        return StreamAppend.Done;
    }

    /// <inheritdoc/>
    public async Task<bool?> ResetAsync(
        short cityId, StreamTail seen, IReadOnlyList<ChangeEvent> events, CancellationToken cancellation)
    {
        RequireDense(cityId, events);
        if (await SourceAsync(cityId, cancellation) is not (true, var slug))
        {
            return null;
        }

        // In its own slot of a cluster: the braces are the same.
        string prepared = $"{KeyOf(cityId)}:{Guid.CreateVersion7()}";
        foreach (ChangeEvent[] batch in events.Chunk(Limits.StreamBatchEvents))
        {
            var arguments = new List<RedisValue> { (long)Limits.StreamPreparedKept.TotalMilliseconds };
            foreach (ChangeEvent change in batch)
            {
                arguments.Add(IdOf(change.Epoch, change.Number));
                arguments.Add(ChangeCloudEvents.ToJson(change, slug));
            }

            if (await RunAsync(PrepareScript, [prepared], arguments, cancellation) is null)
            {
                return null;
            }
        }

        RedisResult? done = await RunAsync(
            ResetScript,
            [KeyOf(cityId), prepared],
            [ChangeEpochs.Latest(time), IdOf(seen.Epoch, seen.Number), ChangeNudges.Channel, (int)cityId],
            cancellation);
        return done is null ? null : (bool)done;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<short, IReadOnlyList<ChangeEvent>>?> ReadAsync(
        IReadOnlyDictionary<short, StreamTail> positions, int max, CancellationToken cancellation)
    {
        var events = new Dictionary<short, IReadOnlyList<ChangeEvent>>();
        if (positions.Count == 0)
        {
            return events;
        }

        Dictionary<string, short> cityOf = positions.Keys.ToDictionary(KeyOf, StringComparer.Ordinal);
        StreamPosition[] from = [.. positions.Select(p => new StreamPosition(KeyOf(p.Key), IdOf(p.Value.Epoch, p.Value.Number)))];
        (bool answered, RedisStream[]? streams) = await redis.TryAsync(
            RedisUse.Read, database => database.StreamReadAsync(from, Math.Clamp(max, 1, Limits.StreamReadEvents)), cancellation);
        if (!answered)
        {
            return null;
        }

        foreach (RedisStream stream in streams ?? [])
        {
            if (cityOf.TryGetValue((string?)stream.Key ?? "", out short city) && Run(city, stream.Entries) is { Count: > 0 } run)
            {
                events.Add(city, run);
            }
        }

        return events;
    }

    private async Task<StreamAppend?> AppendBatchAsync(
        short cityId, string? slug, ChangeIdentity? behind, IReadOnlyList<ChangeEvent> events, CancellationToken cancellation)
    {
        DateTime kept = time.GetUtcNow().UtcDateTime - Limits.StreamKept;
        var arguments = new List<RedisValue>
        {
            ChangeEpochs.Latest(time), Limits.StreamEventsMax, ChangeCloudEvents.Time(kept), Limits.StreamTrimmedMax,
            ChangeNudges.Channel, (int)cityId,
            behind?.EventId.ToString() ?? "", behind is { } before ? ChangeCloudEvents.Time(before.NumberedAt) : "",
        };
        foreach (ChangeEvent change in events)
        {
            arguments.Add(IdOf(change.Epoch, change.Number));
            arguments.Add(change.EventId.ToString());
            arguments.Add(ChangeCloudEvents.Time(change.NumberedAt));
            arguments.Add(change.Kind == ChangeKind.Redaction ? "" : ChangeCloudEvents.ToJson(change, slug));
        }

        return await RunAsync(AppendScript, [KeyOf(cityId)], arguments, cancellation) is not { } done ? null : (int)done switch
        {
            0 => StreamAppend.Gap,
            1 => StreamAppend.Done,
            _ => StreamAppend.Different,
        };
    }

    /// <summary>Runs a script that writes; null when Redis does not answer.</summary>
    private async Task<RedisResult?> RunAsync(string script, RedisKey[] keys, List<RedisValue> arguments, CancellationToken cancellation)
    {
        (bool answered, RedisResult? done) = await redis.TryAsync(
            RedisUse.Write, database => database.ScriptEvaluateAsync(script, keys, [.. arguments]), cancellation);
        return answered ? done : null;
    }

    // A city whose slug cannot be read now is treated like a Redis that is away.
    private async ValueTask<(bool Known, string? Slug)> SourceAsync(short cityId, CancellationToken cancellation)
    {
        string? slug = cityId == 0 ? null : await cities.FindAsync(cityId, cancellation);
        return (cityId == 0 || slug is not null, slug);
    }

    // The events of entries, dense: up to the first entry that is none. Of bad ones in front, the answer begins behind them: the caller
    // sees that its next event is missing, and reads PostgreSQL.
    private List<ChangeEvent> Run(short city, StreamEntry[] entries)
    {
        var run = new List<ChangeEvent>(entries.Length);
        foreach (StreamEntry entry in entries)
        {
            ChangeEvent? change = Read(city, entry);
            if (change is not null && (run.Count == 0 || IsNext(run[^1], change)))
            {
                run.Add(change);
                continue;
            }

            if (change is null)
            {
                Tell(city, (string?)entry.Id ?? "");
            }

            if (run.Count > 0)
            {
                break;
            }
        }

        return run;
    }

    private static ChangeEvent? Read(short city, StreamEntry entry) =>
        entry.Values is [var field] && field.Name == EventField
        && ChangeCloudEventReader.Parse(((ReadOnlyMemory<byte>)field.Value).Span, city) is { } change
        && IdOf(change.Epoch, change.Number) == (string?)entry.Id
            ? change
            : null;

    private static bool IsNext(ChangeEvent before, ChangeEvent change) =>
        change.Epoch == before.Epoch && change.Number == before.Number + 1;

    private void Tell(short city, string id)
    {
        if (_told.GetValueOrDefault(city) != id)
        {
            _told[city] = id;
            LogMessages.StreamEntryIgnored(logger, id, KeyOf(city));
        }
    }

    private static void RequireDense(short cityId, IReadOnlyList<ChangeEvent> events)
    {
        for (int i = 0; i < events.Count; i++)
        {
            if (events[i].CityId != cityId || (i > 0 && !IsNext(events[i - 1], events[i])))
            {
                throw new ArgumentException("Events are appended in order, without holes, to the stream of their city.", nameof(events));
            }
        }
    }

    private static string IdOf(int epoch, long number) => string.Create(CultureInfo.InvariantCulture, $"{epoch}-{number}");

    private static StreamTail PositionOf(string id)
    {
        int dash = id.IndexOf('-', StringComparison.Ordinal);
        return dash > 0
            && int.TryParse(id.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture, out int epoch)
            && long.TryParse(id.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long number)
                ? new(epoch, number)
                : default;
    }
}

/// <summary>The log messages of the stream.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(EventIds.StreamEntryIgnored, LogLevel.Warning,
        "The entry {Id} of {Key} in Redis is no event of the change log: servers read PostgreSQL instead. Somebody else has written it; "
        + "delete the key, and the next change begins it anew")]
    public static partial void StreamEntryIgnored(ILogger logger, LogText id, LogText key);
}
