using System.Runtime.ExceptionServices;
using CityHelper.Engine;
using CityHelper.Engine.Bindings;
using CityHelper.Engine.Database;
using Npgsql;

namespace CityHelper.Server.Cities;

/// <summary>
/// Slug to partition key, from memory. Cities are few and never renamed, so the list is read again only when a slug is not in it, and
/// at most once a second after a slug that is nowhere: a flood of unknown slugs is not a flood of statements.
/// </summary>
public sealed class CitySlugs(ReadingDatabase database, TimeProvider time) : IPartitionDirectory, IDisposable
{
    private static readonly TimeSpan s_refreshPause = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _refreshing = new(1, 1);
    private IReadOnlyDictionary<string, short> _keys = new Dictionary<string, short>();
    private DateTimeOffset _missedAt = DateTimeOffset.MinValue;
    private ExceptionDispatchInfo? _failure;

    public async ValueTask<short?> FindAsync(string name, CancellationToken cancellation)
    {
        if (_keys.TryGetValue(name, out short key))
        {
            return key;
        }

        await RefreshAsync(name, cancellation);
        return _keys.TryGetValue(name, out key) ? key : null;
    }

    public RequestError NotFound(string name) => new CityNotFoundError(name);

    public void Dispose() => _refreshing.Dispose();

    private async Task RefreshAsync(string name, CancellationToken cancellation)
    {
        await _refreshing.WaitAsync(cancellation);
        try
        {
            if (_keys.ContainsKey(name))
            {
                // Another caller was here first.
                return;
            }

            if (time.GetUtcNow() - _missedAt < s_refreshPause)
            {
                _failure?.Throw();
                return;
            }

            // Before the statement: a database that is down is not asked for each request either.
            _missedAt = time.GetUtcNow();
            _failure = null;
            _keys = await ReadAsync(cancellation);
            if (_keys.ContainsKey(name))
            {
                // No miss, so the next unknown slug may look at once: it may be a city that was just added.
                _missedAt = DateTimeOffset.MinValue;
            }
        }
        catch (NpgsqlException cause)
        {
            // Remembered, because an unread list must not say that a city is not there.
            _failure = ExceptionDispatchInfo.Capture(cause);
            throw;
        }
        finally
        {
            _refreshing.Release();
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
