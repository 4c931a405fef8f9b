using CityHelper.Engine;
using CityHelper.Engine.Bindings;
using Npgsql;

namespace CityHelper.Server.Cities;

/// <summary>
/// Slug to partition key, from memory. Cities are few and never renamed, so the list is read again only when a slug is not in it, and
/// then at most once a second: a flood of unknown slugs is not a flood of statements.
/// </summary>
public sealed class CitySlugs(NpgsqlDataSource database, TimeProvider time) : IPartitionDirectory, IDisposable
{
    private static readonly TimeSpan s_refreshPause = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _refreshing = new(1, 1);
    private IReadOnlyDictionary<string, short> _keys = new Dictionary<string, short>();
    private DateTimeOffset _refreshedAt = DateTimeOffset.MinValue;

    public async ValueTask<short?> FindAsync(string name, CancellationToken cancellation)
    {
        if (_keys.TryGetValue(name, out short key))
        {
            return key;
        }

        await RefreshAsync(cancellation);
        return _keys.TryGetValue(name, out key) ? key : null;
    }

    public RequestError NotFound(string name) => new CityNotFoundError(name);

    public void Dispose() => _refreshing.Dispose();

    private async Task RefreshAsync(CancellationToken cancellation)
    {
        await _refreshing.WaitAsync(cancellation);
        try
        {
            if (time.GetUtcNow() - _refreshedAt < s_refreshPause)
            {
                return;
            }

            var keys = new Dictionary<string, short>(StringComparer.Ordinal);
            await using NpgsqlCommand command = database.CreateCommand("select slug, id from city");
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                keys.Add(reader.GetString(0), reader.GetInt16(1));
            }

            _keys = keys;
            _refreshedAt = time.GetUtcNow();
        }
        finally
        {
            _refreshing.Release();
        }
    }
}
