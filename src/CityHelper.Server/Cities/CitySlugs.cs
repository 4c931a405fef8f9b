using System.Runtime.ExceptionServices;
using CityHelper.Engine;
using CityHelper.Engine.Database;
using CityHelper.Engine.Lookups;
using CityHelper.Engine.Schema.Bindings;
using Npgsql;

namespace CityHelper.Server.Cities;

/// <summary>
/// Slug to partition key, from memory. Cities are few and never renamed, so the list is read again only when a slug is not in it, and
/// at most once a second after a slug that is nowhere: a flood of unknown slugs is not a flood of statements.
/// </summary>
public sealed class CitySlugs(ReadingDatabase database, TimeProvider time) : IPartitionDirectory
{
    private const long Never = long.MinValue;

    private static readonly TimeSpan s_refreshPause = TimeSpan.FromSeconds(1);

    // One list, so one key: whatever slugs are asked for, they wait for the same look.
    private readonly Coalescer<string, IReadOnlyDictionary<string, short>> _looks = new();
    private IReadOnlyDictionary<string, short> _keys = new Dictionary<string, short>();
    private long _missedAt = Never;
    private ExceptionDispatchInfo? _failure;

    public async ValueTask<short?> FindAsync(string name, CancellationToken cancellation)
    {
        if (_keys.TryGetValue(name, out short key))
        {
            return key;
        }

        if (!(await _looks.AskAsync(nameof(_keys), (_, ending) => LookAsync(ending), cancellation)).TryGetValue(name, out key))
        {
            return null;
        }

        // No miss, so the next unknown slug may look at once: it may be a city that was just added.
        Volatile.Write(ref _missedAt, Never);
        return key;
    }

    public RequestError NotFound(string name) => new CityNotFoundError(name);

    private async Task<IReadOnlyDictionary<string, short>> LookAsync(CancellationToken cancellation)
    {
        if (Volatile.Read(ref _missedAt) is not Never and var missed && time.GetElapsedTime(missed) < s_refreshPause)
        {
            // An unread list must not say that a city is not there.
            _failure?.Throw();
            return _keys;
        }

        // Before the statement: a database that is down is not asked for each request either.
        Volatile.Write(ref _missedAt, time.GetTimestamp());
        _failure = null;
        try
        {
            return _keys = await ReadAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            // Nobody waited any more, and nothing was seen.
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
