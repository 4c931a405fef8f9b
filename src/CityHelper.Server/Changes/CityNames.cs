using Npgsql;

namespace CityHelper.Server.Changes;

/// <summary>The slugs of cities by their ids.</summary>
internal interface ICityNames
{
    /// <summary>The slug of a city.</summary>
    /// <returns>Null when no city has this id, or the database does not answer.</returns>
    ValueTask<string?> FindAsync(short cityId, CancellationToken cancellation);

    /// <summary>All cities. When the database does not answer, those that were there before.</summary>
    ValueTask<IReadOnlyDictionary<short, string>> AllAsync(CancellationToken cancellation);
}

/// <summary>
/// Reads the slugs of cities from the primary and remembers them: cities are few and never renamed. They are read again for an id that is
/// not known, at most once a second, and after <see cref="Limits.CityNamesKept"/>.
/// </summary>
/// <param name="database">A pool of the primary.</param>
/// <param name="time">Measures how old the list is.</param>
internal sealed class CityNames(NpgsqlDataSource database, TimeProvider time) : ICityNames, IDisposable
{
    private readonly SemaphoreSlim _reading = new(1);
    private IReadOnlyDictionary<short, string> _names = new Dictionary<short, string>();
    private long? _readAt;

    public void Dispose() => _reading.Dispose();

    public async ValueTask<string?> FindAsync(short cityId, CancellationToken cancellation)
    {
        if (!_names.ContainsKey(cityId))
        {
            await RefreshAsync(Limits.CitiesRefreshPause, cancellation);
        }

        return _names.GetValueOrDefault(cityId);
    }

    public async ValueTask<IReadOnlyDictionary<short, string>> AllAsync(CancellationToken cancellation)
    {
        await RefreshAsync(Limits.CityNamesKept, cancellation);
        return _names;
    }

    private async Task RefreshAsync(TimeSpan age, CancellationToken cancellation)
    {
        await _reading.WaitAsync(cancellation);
        try
        {
            if (_readAt is { } readAt && time.GetElapsedTime(readAt) < age)
            {
                return;
            }

            // Before the statement: a database that is away is not asked at every call either.
            _readAt = time.GetTimestamp();
            _names = await ReadAsync(cancellation);
        }
        catch (NpgsqlException)
        {
            // The old list stays: ids and slugs do not change.
        }
        finally
        {
            _reading.Release();
        }
    }

    private async Task<IReadOnlyDictionary<short, string>> ReadAsync(CancellationToken cancellation)
    {
        var names = new Dictionary<short, string>();
        await using NpgsqlCommand command = database.CreateCommand("select id, slug from city");
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            names.Add(reader.GetInt16(0), reader.GetString(1));
        }

        return names;
    }
}
