using CityHelper.Engine.Bindings;
using Npgsql;

namespace CityHelper.Server.Cities;

/// <summary>
/// The time zones of cities, and whether their counters are true. A zone does not change while servers run (decision 6), and counters that are true
/// stay so; those that are not yet are asked for again at most once a second.
/// </summary>
public sealed class CityCalendars(NpgsqlDataSource database, TimeProvider time) : IPartitionCalendars, IDisposable
{
    private static readonly TimeSpan s_refreshPause = TimeSpan.FromSeconds(1);

    private static readonly PartitionCalendar s_nowhere = new(TimeZoneInfo.Utc, IsCounted: false);

    private readonly SemaphoreSlim _refreshing = new(1, 1);
    private IReadOnlyDictionary<short, PartitionCalendar> _calendars = new Dictionary<short, PartitionCalendar>();
    private DateTimeOffset _readAt = DateTimeOffset.MinValue;

    public async ValueTask<PartitionCalendar> OfAsync(short partition, CancellationToken cancellation)
    {
        if (_calendars.TryGetValue(partition, out PartitionCalendar? known) && (known.IsCounted || time.GetUtcNow() - _readAt < s_refreshPause))
        {
            return known;
        }

        await _refreshing.WaitAsync(cancellation);
        try
        {
            if (!_calendars.ContainsKey(partition) || time.GetUtcNow() - _readAt >= s_refreshPause)
            {
                _calendars = await ReadAsync(cancellation);
                _readAt = time.GetUtcNow();
            }
        }
        finally
        {
            _refreshing.Release();
        }

        // An id may name a city that there is not; its figures are those of no rows, on whatever days.
        return _calendars.GetValueOrDefault(partition) ?? s_nowhere;
    }

    public void Dispose() => _refreshing.Dispose();

    private async Task<IReadOnlyDictionary<short, PartitionCalendar>> ReadAsync(CancellationToken cancellation)
    {
        var calendars = new Dictionary<short, PartitionCalendar>();
        await using NpgsqlCommand command = database.CreateCommand("select id, time_zone, counted_at is not null from city");
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            calendars.Add(reader.GetInt16(0), new PartitionCalendar(TimeZoneInfo.FindSystemTimeZoneById(reader.GetString(1)), reader.GetBoolean(2)));
        }

        return calendars;
    }
}
