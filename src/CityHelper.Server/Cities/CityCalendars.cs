using System.Collections.Concurrent;
using CityHelper.Engine.Database;
using CityHelper.Engine.Lookups;
using CityHelper.Engine.Schema.Bindings;
using Npgsql;

namespace CityHelper.Server.Cities;

/// <summary>
/// Time zones of cities, and whether their counters and packed blocks are usable. A zone does not change while servers run
/// (docs/decisions/0006), and usable counters stay usable. A city without them is read again at most once a second.
/// </summary>
public sealed class CityCalendars(ReadingDatabase database, TimeProvider time) : ITenantCalendars
{
    private static readonly TenantCalendar s_nowhere = new(TimeZoneInfo.Utc, IsCounted: false, IsPacked: false);

    private readonly ConcurrentDictionary<short, (TenantCalendar Calendar, DateTimeOffset ReadAt)> _known = new();
    private readonly Coalescer<short, TenantCalendar> _lookups = new();

    public async ValueTask<TenantCalendar> OfAsync(short tenant, CancellationToken cancellation) =>
        Known(tenant) ?? await _lookups.AskAsync(tenant, LookUpAsync, cancellation);

    private TenantCalendar? Known(short tenant) => _known.TryGetValue(tenant, out (TenantCalendar Calendar, DateTimeOffset ReadAt) known)
        && (known.Calendar is { IsCounted: true, IsPacked: true } || time.GetUtcNow() - known.ReadAt < Limits.CitiesRefreshPause)
            ? known.Calendar
            : null;

    private async Task<TenantCalendar> LookUpAsync(short tenant, CancellationToken cancellation)
    {
        if (Known(tenant) is { } known)
        {
            return known;
        }

        DateTimeOffset now = time.GetUtcNow();
        if (await ReadAsync(tenant, cancellation) is not { } read)
        {
            // An id may name a city that does not exist. Its statistics count no rows, so any time zone will do.
            return s_nowhere;
        }

        _known[tenant] = (read, now);
        return read;
    }

    private Task<TenantCalendar?> ReadAsync(short city, CancellationToken cancellation) =>
        database.ReadAsync(connection => ReadAsync(connection, city, cancellation), cancellation);

    private static async Task<TenantCalendar?> ReadAsync(NpgsqlConnection connection, short city, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "select time_zone, counted_at is not null, packed_at is not null from city where id = $1", connection);
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = city });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation)
            ? new TenantCalendar(TimeZoneInfo.FindSystemTimeZoneById(reader.GetString(0)), reader.GetBoolean(1), reader.GetBoolean(2))
            : null;
    }
}
