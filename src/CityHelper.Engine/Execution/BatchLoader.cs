using GraphQL.DataLoader;

namespace CityHelper.Engine.Execution;

/// <summary>
/// A DataLoader: collects the keys that one level of an answer asks for, and fetches them in as few calls as its bound allows. One per
/// request and kind of value; a key is fetched once however often it is asked for. GraphQL.NET's executor awaits the results level by
/// level.
/// </summary>
/// <param name="fetch">Fetches the values of different keys; a key that has none is left out.</param>
/// <remarks>Not thread-safe: one request, one level at a time.</remarks>
public sealed class BatchLoader<TKey, TValue>(
    Func<IReadOnlyCollection<TKey>, CancellationToken, Task<IReadOnlyDictionary<TKey, TValue>>> fetch)
    where TKey : notnull
    where TValue : class
{
    private readonly Dictionary<TKey, TValue?> _known = [];
    private readonly HashSet<TKey> _waiting = [];

    /// <summary>Asks for a value; it is fetched with all others that are asked for before the first result is awaited.</summary>
    /// <returns>Its value is null when there is none.</returns>
    public IDataLoaderResult<TValue?> Load(TKey key)
    {
        if (!_known.ContainsKey(key))
        {
            _waiting.Add(key);
        }

        return new Result(this, key);
    }

    /// <summary>Fetches what was asked for, at most <see cref="Limits.LoaderKeysMax"/> keys a call.</summary>
    public async Task DispatchAsync(CancellationToken cancellation)
    {
        TKey[] keys = [.. _waiting];
        _waiting.Clear();
        foreach (TKey[] chunk in keys.Chunk(Limits.LoaderKeysMax))
        {
            IReadOnlyDictionary<TKey, TValue> values = await fetch(chunk, cancellation);
            foreach (TKey key in chunk)
            {
                _known[key] = values.GetValueOrDefault(key);
            }
        }
    }

    private sealed class Result(BatchLoader<TKey, TValue> loader, TKey key) : IDataLoaderResult<TValue?>
    {
        public async Task<TValue?> GetResultAsync(CancellationToken cancellationToken = default)
        {
            if (!loader._known.ContainsKey(key))
            {
                await loader.DispatchAsync(cancellationToken);
            }

            return loader._known[key];
        }

        async Task<object?> IDataLoaderResult.GetResultAsync(CancellationToken cancellationToken) => await GetResultAsync(cancellationToken);
    }
}
