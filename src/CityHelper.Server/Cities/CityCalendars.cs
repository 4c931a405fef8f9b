using System.Collections.Concurrent;
using CityHelper.Engine.Database;
using CityHelper.Engine.Lookups;
using CityHelper.Engine.Schema.Bindings;
using Npgsql;

namespace CityHelper.Server.Cities;

/// <summary>
/// The time zones of cities, and whether their counters are true. A zone does not change while servers run (docs/decisions/0006), and
/// counters that are true stay so; a city whose are not yet is looked at again at most once a second.
/// </summary>
public sealed class CityCalendars(ReadingDatabase database, TimeProvider time) : IPartitionCalendars
{
    private static readonly TimeSpan s_refreshPause = TimeSpan.FromSeconds(1);

    private static readonly PartitionCalendar s_nowhere = new(TimeZoneInfo.Utc, IsCounted: false, IsPacked: false);

    private readonly ConcurrentDictionary<short, (PartitionCalendar Calendar, DateTimeOffset ReadAt)> _known = new();
    private readonly Coalescer<short, PartitionCalendar> _looks = new();

    public async ValueTask<PartitionCalendar> OfAsync(short partition, CancellationToken cancellation) =>
        Known(partition) ?? await _looks.AskAsync(partition, LookAsync, cancellation);

    private PartitionCalendar? Known(short partition) => _known.TryGetValue(partition, out (PartitionCalendar Calendar, DateTimeOffset ReadAt) known)
        && (known.Calendar is { IsCounted: true, IsPacked: true } || time.GetUtcNow() - known.ReadAt < s_refreshPause)
            ? known.Calendar
            : null;

    private async Task<PartitionCalendar> LookAsync(short partition, CancellationToken cancellation)
    {
        if (Known(partition) is { } known)
        {
            return known;
        }

        DateTimeOffset now = time.GetUtcNow();
        if (await ReadAsync(partition, cancellation) is not { } read)
        {
            // An id may name a city that there is not; its figures are those of no rows, on whatever days.
            return s_nowhere;
        }

        _known[partition] = (read, now);
        return read;
    }

    private Task<PartitionCalendar?> ReadAsync(short city, CancellationToken cancellation) =>
        database.ReadAsync(connection => ReadAsync(connection, city, cancellation), cancellation);

    private static async Task<PartitionCalendar?> ReadAsync(NpgsqlConnection connection, short city, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select time_zone, counted_at is not null, packed_at is not null from city where id = $1", connection);
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = city });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation)
            ? new PartitionCalendar(TimeZoneInfo.FindSystemTimeZoneById(reader.GetString(0)), reader.GetBoolean(1), reader.GetBoolean(2))
            : null;
    }
}
