using System.Globalization;
using CityHelper.Server.Redis;
using StackExchange.Redis;

namespace CityHelper.Server.Changes;

/// <summary>
/// The inboxes in Redis: a stream for each city, read by one consumer group, so that each entry goes to one server, and a stream of refused
/// entries beside it. An entry stays in the group's list of pending ones until it is done; of a server that died, another claims it.
/// </summary>
/// <param name="redis">The shared Redis.</param>
/// <param name="consumer">The name of this server in the group: its own in each process.</param>
internal sealed class InboxStream(RedisConnection redis, string consumer)
{
    private const string Group = "cityhelper";

    /// <summary>
    /// Reads: first what other consumers left, then what is new. An oversized entry goes to the dead letters here, without its content: it
    /// never reaches a server. Consumers that hold nothing and were not seen for long are forgotten. Keys: the inbox, its dead letters.
    /// Arguments: the group, the consumer, the most entries, the idle milliseconds of claimed ones, where the claiming goes on, the most
    /// bytes, the most values of an entry, the most dead letters, the idle milliseconds of forgotten consumers. Answers where the claiming
    /// goes on, the entries, the number of oversized ones.
    /// </summary>
    private const string ReadScript = """
        local key, dead, group, consumer = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
        local count, idle, cursor = tonumber(ARGV[3]), ARGV[4], ARGV[5]
        local bytes_max, values_max, dead_max, forgotten = tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8], tonumber(ARGV[9])
        if redis.call('type', key).ok ~= 'stream' then return {'0-0', {}, 0} end

        -- Who may add can choose an id of the far future, and behind the last possible one nothing can be added.
        if redis.call('xlen', key) == 0 then
          local info = redis.call('xinfo', 'stream', key)
          for i = 1, #info, 2 do
            if info[i] == 'last-generated-id'
                and tonumber(string.match(info[i + 1], '^%d+')) > (redis.call('time')[1] + 60) * 1000 then
              redis.call('del', key)
              return {'0-0', {}, 0}
            end
          end
        end

        local is_there = false
        for _, known in ipairs(redis.call('xinfo', 'groups', key)) do
          if known[2] == group then is_there = true end
        end
        if not is_there then redis.call('xgroup', 'create', key, group, '0') end
        for _, known in ipairs(redis.call('xinfo', 'consumers', key, group)) do
          if known[2] ~= consumer and known[4] == 0 and known[6] > forgotten then
            redis.call('xgroup', 'delconsumer', key, group, known[2])
          end
        end

        local entries, oversized = {}, 0
        local function take(entry)
          local id, values, bytes = entry[1], entry[2], 0
          if not values then return end
          for _, value in ipairs(values) do bytes = bytes + #value end
          if bytes <= bytes_max and #values <= values_max then
            entries[#entries + 1] = entry
            return
          end
          redis.call('xadd', dead, 'MAXLEN', '~', dead_max, '*', 'reason', 'oversized', 'entry', id, 'bytes', bytes)
          redis.call('xack', key, group, id)
          redis.call('xdel', key, id)
          oversized = oversized + 1
        end
        local claimed = redis.call('xautoclaim', key, group, consumer, idle, cursor, 'COUNT', count)
        for _, entry in ipairs(claimed[2]) do if entry then take(entry) end end
        local left = count - #claimed[2]
        if left > 0 then
          local new = redis.call('xreadgroup', 'GROUP', group, consumer, 'COUNT', left, 'STREAMS', key, '>')
          if new then
            for _, entry in ipairs(new[1][2]) do take(entry) end
          end
        end
        return {claimed[1], entries, oversized}
        """;

    /// <summary>
    /// Moves an entry to the dead letters, unless another server did. Keys: the inbox, its dead letters. Arguments: the group, the entry,
    /// the most dead letters, then fields and values.
    /// </summary>
    private const string RefuseScript = """
        if #redis.call('xpending', KEYS[1], ARGV[1], ARGV[2], ARGV[2], 1) == 0 then return 0 end
        redis.call('xadd', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', unpack(ARGV, 4))
        redis.call('xack', KEYS[1], ARGV[1], ARGV[2])
        redis.call('xdel', KEYS[1], ARGV[2])
        return 1
        """;

    /// <summary>Removes entries that are done. Key: the inbox. Arguments: the group, the entries.</summary>
    private const string DoneScript = """
        if redis.call('type', KEYS[1]).ok ~= 'stream' then return 0 end
        redis.pcall('xack', KEYS[1], ARGV[1], unpack(ARGV, 2))
        return redis.call('xdel', KEYS[1], unpack(ARGV, 2))
        """;

    private readonly Dictionary<short, string> _claiming = [];

    /// <summary>How long an entry waits until it is thought to be left: tests set less.</summary>
    public TimeSpan ClaimAfter { get; init; } = Limits.InboxClaimAfter;

    /// <summary>The key of a city's inbox. The braces are part of it.</summary>
    public static string KeyOf(short cityId) => string.Create(CultureInfo.InvariantCulture, $"inbox:{{{cityId}}}");

    /// <summary>The key of a city's refused entries.</summary>
    public static string DeadKeyOf(short cityId) => string.Create(CultureInfo.InvariantCulture, $"inbox-dead:{{{cityId}}}");

    /// <summary>Reads entries that no other server has. They stay pending until they are done or refused.</summary>
    /// <param name="cityId">The city.</param>
    /// <param name="max">The most entries.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The entries, and how many were oversized and are gone; null when Redis does not answer.</returns>
    public async Task<(IReadOnlyList<InboxEntry> Entries, int Oversized)?> ReadAsync(short cityId, int max, CancellationToken cancellation)
    {
        RedisValue[] arguments =
        [
            Group, consumer, max, (long)ClaimAfter.TotalMilliseconds, _claiming.GetValueOrDefault(cityId, "0-0"),
            Limits.InboxEntryBytesMax, Limits.InboxEntryValuesMax, Limits.DeadLettersMax, (long)Limits.InboxConsumerKept.TotalMilliseconds,
        ];
        (bool answered, RedisResult? result) = await redis.TryAsync(
            RedisUse.Write,
            database => database.ScriptEvaluateAsync(ReadScript, [KeyOf(cityId), DeadKeyOf(cityId)], arguments),
            cancellation);
        if (!answered || result is null)
        {
            return null;
        }

        _claiming[cityId] = (string?)result[0] ?? "0-0";
        return ([.. Enumerable.Range(0, result[1].Length).Select(i => EntryOf(result[1][i]))], (int)result[2]);
    }

    /// <summary>Moves an entry to the dead letters.</summary>
    /// <returns>Whether Redis answered.</returns>
    public async Task<bool> RefuseAsync(short cityId, InboxEntry entry, string reason, CancellationToken cancellation)
    {
        List<RedisValue> arguments = [Group, entry.Id, Limits.DeadLettersMax, "reason", reason, "entry", entry.Id];
        foreach (NameValueEntry field in entry.Fields)
        {
            arguments.Add(Cut(field.Name));
            arguments.Add(Cut(field.Value));
        }

        (bool answered, _) = await redis.TryAsync(
            RedisUse.Write,
            database => database.ScriptEvaluateAsync(RefuseScript, [KeyOf(cityId), DeadKeyOf(cityId)], [.. arguments]),
            cancellation);
        return answered;
    }

    /// <summary>Removes entries that are announced twice.</summary>
    /// <returns>Whether Redis answered.</returns>
    public async Task<bool> DoneAsync(short cityId, IEnumerable<string> ids, CancellationToken cancellation)
    {
        RedisValue[] arguments = [Group, .. ids.Select(id => (RedisValue)id)];
        (bool answered, _) = await redis.TryAsync(
            RedisUse.Write, database => database.ScriptEvaluateAsync(DoneScript, [KeyOf(cityId)], arguments), cancellation);
        return answered;
    }

    private static InboxEntry EntryOf(RedisResult entry)
    {
        RedisResult values = entry[1];
        return new(
            (string)entry[0]!,
            [.. Enumerable.Range(0, values.Length / 2)
                .Select(i => new NameValueEntry((RedisValue)values[2 * i], (RedisValue)values[2 * i + 1]))]);
    }

    // Dead letters are for people: the beginning of each value is enough to recognise it.
    private static RedisValue Cut(RedisValue value)
    {
        byte[] bytes = (byte[]?)value ?? [];
        return bytes.Length <= Limits.DeadLetterValueBytesMax ? value : bytes[..Limits.DeadLetterValueBytesMax];
    }
}
