using System.Runtime.ExceptionServices;
using CityHelper.Engine;
using CityHelper.Engine.Database;
using CityHelper.Engine.Lookups;
using CityHelper.Engine.Schema.Bindings;
using Npgsql;

namespace CityHelper.Server.Cities;

/// <summary>
/// Maps slugs to tenant ids, from memory. Cities are few and never renamed, so the list is read again only for an unknown slug, and at most
/// once a second after a miss: a flood of unknown slugs causes no flood of statements.
/// </summary>
public sealed class CitySlugs(ReadingDatabase database, TimeProvider time) : ITenantDirectory
{
    private const long Never = long.MinValue;

    // One list, so one key: requests for any slug wait for the same lookup.
    private readonly Coalescer<string, IReadOnlyDictionary<string, short>> _lookups = new();
    private IReadOnlyDictionary<string, short> _keys = new Dictionary<string, short>();
    private IReadOnlyDictionary<short, string> _names = new Dictionary<short, string>();
    private long _missedAt = Never;
    private ExceptionDispatchInfo? _failure;

    public async ValueTask<short?> FindAsync(string name, CancellationToken cancellation)
    {
        if (_keys.TryGetValue(name, out short key))
        {
            return key;
        }

        if (!(await _lookups.AskAsync(nameof(_keys), (_, ending) => LookUpAsync(ending), cancellation)).TryGetValue(name, out key))
        {
            return null;
        }

        // A hit clears the miss: the next unknown slug is looked up at once, because it may be a city that was just added.
        Volatile.Write(ref _missedAt, Never);
        return key;
    }

    public async ValueTask<bool> HasAsync(short key, CancellationToken cancellation) =>
        _names.ContainsKey(key)
        || (await _lookups.AskAsync(nameof(_keys), (_, ending) => LookUpAsync(ending), cancellation)).Values.Contains(key);

    /// <summary>The slug of a city; null when no city has the id, or the list cannot be read.</summary>
    public async ValueTask<string?> NameAsync(short key, CancellationToken cancellation)
    {
        if (_names.TryGetValue(key, out string? name))
        {
            return name;
        }

        try
        {
            await _lookups.AskAsync(nameof(_keys), (_, ending) => LookUpAsync(ending), cancellation);
        }
        catch (NpgsqlException)
        {
            // Whoever needs the list for an answer tells of it.
        }

        return _names.GetValueOrDefault(key);
    }

    /// <summary>The slugs of all cities, read now.</summary>
    /// <exception cref="NpgsqlException">The database does not answer.</exception>
    public async Task<IReadOnlyDictionary<short, string>> NamesAsync(CancellationToken cancellation) =>
        (await ReadAsync(cancellation)).ToDictionary(city => city.Value, city => city.Key);

    public RequestError NotFound(string name) => new CityNotFoundError(name);

    private async Task<IReadOnlyDictionary<string, short>> LookUpAsync(CancellationToken cancellation)
    {
        if (Volatile.Read(ref _missedAt) is not Never and var missed && time.GetElapsedTime(missed) < Limits.CitiesRefreshPause)
        {
            // A list that could not be read must not report a city as missing.
            _failure?.Throw();
            return _keys;
        }

        // Set before the statement, so that a database that is down is not queried for each request either.
        Volatile.Write(ref _missedAt, time.GetTimestamp());
        _failure = null;
        try
        {
            _keys = await ReadAsync(cancellation);
            _names = _keys.ToDictionary(city => city.Value, city => city.Key);
            return _keys;
        }
        catch (OperationCanceledException)
        {
            // Nobody waits any longer and nothing was read, so this is no miss.
            Volatile.Write(ref _missedAt, Never);
            throw;
        }
        catch (NpgsqlException cause)
        {
            _failure = ExceptionDispatchInfo.Capture(cause);
            throw;
        }
    }

    private Task<IReadOnlyDictionary<string, short>> ReadAsync(CancellationToken cancellation) =>
        database.ReadAsync(connection => ReadAsync(connection, cancellation), cancellation);

    private static async Task<IReadOnlyDictionary<string, short>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var keys = new Dictionary<string, short>(StringComparer.Ordinal);
        await using var command = new NpgsqlCommand("select slug, id from city", connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            keys.Add(reader.GetString(0), reader.GetInt16(1));
        }

        return keys;
    }
}
